/** Reads the request that `submit` and `job` send. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import type { ApiName } from '../contract.js';
import { CliError, exitCodes } from './exit.js';

/** The API that `--api` or `--pro` names; `undefined`: the default one. */
export const apiOption = ({
  api,
  pro,
}: {
  readonly api?: ApiName | undefined;
  readonly pro?: boolean | undefined;
}): ApiName | undefined => api ?? (pro === true ? 'tryon-pro' : undefined);

/**
 * The text of a file, or of standard input for `-`.
 * @param option - that named the file, for the error
 * @throws {CliError} if it cannot be read
 */
export async function readText(file: string, option: string, what = 'a file'): Promise<string> {
  try {
    return file === '-' ? await textOf(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(`${nameOf(file)} cannot be read (${code}); give ${what} with ${option}`, exitCodes.usage);
  }
}

const nameOf = (file: string): string => (file === '-' ? 'standard input' : file);

/**
 * The JSON text of a request, as it is in the file, or in standard input for `-`: numbers keep their digits.
 * @throws {CliError} if it cannot be read, or is no object and no list
 */
export async function readRequest(file: string): Promise<string> {
  const text = await readText(file, '--request', 'a JSON file');
  try {
    const json = text.replace(/^\ufeff/, '').trim();
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return json;
  } catch {
    // The error below is for all texts that are not a request.
  }
  throw new CliError(`${nameOf(file)} is not the JSON of an object or a list of objects; correct it`, exitCodes.usage);
}
