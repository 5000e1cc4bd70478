/** Files that a command writes for the user. */
import { writeFile } from 'node:fs/promises';
import { CliError } from './exit.js';

/**
 * Writes a file. It overwrites an existing one only if `force` is set.
 * @throws {CliError} The file exists already, or the path cannot be written.
 */
export async function writeOutputFile(file: string, text: string, force: boolean): Promise<void> {
  await writeFile(file, text, { flag: force ? 'w' : 'wx' }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new CliError(
      code === 'EEXIST'
        ? `${file} exists already; give another name, or --force to overwrite it`
        : `cannot write ${file} (${code}); give a path that can be written`,
    );
  });
}
