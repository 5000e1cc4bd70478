/** Programs on PATH and in the cache directory. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The end of an executable's name on this system. */
export const exe = process.platform === 'win32' ? '.exe' : '';

/** The directory of what was got: `TRYON_CACHE_DIR`, else `temporal-tryon` in `XDG_CACHE_HOME` or `~/.cache`. It may be deleted. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.TRYON_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'temporal-tryon');
}

/** The path of the first executable of that name on `env.PATH`; `undefined` if there is none. */
export async function lookUp(name: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    if (dir !== '' && (await isExecutable(join(dir, name)))) return join(dir, name);
  }
  return undefined;
}

/** Whether a file is there and may be run. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Fills a folder of the cache: in a separate directory, then renamed once, so another process never finds half a file.
 * @param fill - puts the files into the directory that it gets
 */
export async function fillCache(
  folder: string,
  env: NodeJS.ProcessEnv,
  fill: (dir: string) => Promise<void>,
): Promise<void> {
  await mkdir(cacheDir(env), { recursive: true });
  const dir = await mkdtemp(join(cacheDir(env), 'getting-'));
  try {
    await fill(dir);
    // What an older or a failed run left there.
    await rm(join(cacheDir(env), folder), { recursive: true, force: true });
    await rename(dir, join(cacheDir(env), folder));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * Runs a program to its end.
 * @param user - ids of the user and the group to run as; default: those of this process
 * @returns its standard output
 * @throws {Error} with the last line of its standard error if it cannot be run or fails
 */
export async function outputOf(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  user: { uid?: number; gid?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, ...user, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(out.join(''));
      const lastLine = err.join('').trim().split('\n').at(-1);
      reject(new Error(lastLine || `${program} ended with ${code ?? signal}`));
    });
  });
}
