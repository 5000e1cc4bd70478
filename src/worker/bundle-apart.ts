/** Bundles the workflows at a worker's start in a process that ends with it: the bundler would stay in the worker's memory, some 40 MB. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The whole takes 2.7 MB. */
const MAX_BYTES = 64 * 2 ** 20;

/** The bundle of the workflows, without interceptors. */
export async function bundleApart(): Promise<{ readonly code: string }> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./bundle-program.${extension}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program], {
    maxBuffer: MAX_BYTES,
  });
  return { code: stdout };
}
