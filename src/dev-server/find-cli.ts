/**
 * Finds or installs the Temporal CLI, whose `temporal server start-dev` is a whole Temporal server in one process. It tries, in this order:
 * `temporal` on PATH, the cache directory, the SDK's download, `go install`.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { firstLine } from '../error-text.js';
import { childEnv } from './child-env.js';

/** The newest CLI tag that `go install` takes: later ones have `replace` lines in their go.mod, which it refuses. */
export const cliVersion = 'v1.5.1';

/** Where the CLI came from. */
export type CliSource = 'path' | 'cache' | 'download' | 'go';

/** Options of {@link findTemporalCli}; every field has a default. */
export interface FindCliOptions {
  /** Read for `PATH`, `TRYON_CACHE_DIR`, `XDG_CACHE_HOME`; default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Gets each line of progress; default: none is reported. */
  log?: (line: string) => void;
  /** Downloads the CLI into a directory and returns its path; default: as the Temporal SDK does. */
  download?: (dir: string) => Promise<string>;
}

/** No Temporal server was found or could be started. The message is one line with the remedy. */
export class TemporalServerError extends Error {
  override name = 'TemporalServerError';
}

const executableName = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/** The directory of what was downloaded: `TRYON_CACHE_DIR`, else `temporal-tryon` in `XDG_CACHE_HOME` or `~/.cache`. It may be deleted. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.TRYON_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'temporal-tryon');
}

/**
 * Finds the Temporal CLI, or installs it in the cache. The last resort is a build with Go, which takes some minutes and logs progress.
 * @returns the executable's path, and where it came from
 * @throws {TemporalServerError} if every way failed; the message has the result of each
 */
export async function findTemporalCli(options: FindCliOptions = {}): Promise<{ path: string; how: CliSource }> {
  const { env = process.env, log = () => {}, download = downloadBySdk } = options;
  const tried: string[] = [];

  const onPath = await lookUp(executableName, env);
  if (onPath !== undefined) {
    if (/temporal version/i.test(await outputOf(onPath, ['--version'], childEnv(env, 'program'))))
      return { path: onPath, how: 'path' };
    tried.push(`${onPath} is not the Temporal CLI`);
  } else {
    tried.push('no temporal on PATH');
  }

  const bin = join(cacheDir(env), 'bin');
  const cached = join(bin, executableName);
  if (await isExecutable(cached)) return { path: cached, how: 'cache' };
  tried.push(`none in ${bin}`);
  await mkdir(bin, { recursive: true });

  const ways: [CliSource, string, (dir: string) => Promise<string>][] = [
    ['download', 'download', download],
    ['go', 'go install', (dir) => buildByGo(dir, env, log)],
  ];
  for (const [how, name, get] of ways) {
    // In a separate directory, then one rename: another process never finds half a file.
    const dir = await mkdtemp(join(cacheDir(env), 'getting-'));
    try {
      await rename(await get(dir), cached);
      return { path: cached, how };
    } catch (error) {
      tried.push(`${name}: ${firstLine(error)}`);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
  throw new TemporalServerError(
    'no Temporal server: set TEMPORAL_ADDRESS, or install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.25 ' +
      `(https://go.dev/dl); tried: ${tried.join('; ')}`,
  );
}

/** The path of the first executable of that name on `env.PATH`; `undefined` if there is none. */
export async function lookUp(name: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    if (dir !== '' && (await isExecutable(join(dir, name)))) return join(dir, name);
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The SDK starts what it downloads: its own server runs for a moment. Without a network this fails at once. */
async function downloadBySdk(dir: string): Promise<string> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing').catch(() => {
    throw new Error('@temporalio/testing is not installed');
  });
  const server = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: dir } },
  });
  await server.teardown();
  const [file] = await readdir(dir);
  if (file === undefined) throw new Error('nothing was downloaded');
  return join(dir, file);
}

async function buildByGo(dir: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const go = await lookUp(process.platform === 'win32' ? 'go.exe' : 'go', env);
  if (go === undefined) throw new Error('no go on PATH');
  const target = `github.com/temporalio/cli/cmd/temporal@${cliVersion}`;
  log(`building the Temporal CLI, once: go install ${target} (some minutes)`);
  const startedMs = Date.now();
  const progress = setInterval(() => {
    log(`still building the Temporal CLI: ${Math.round((Date.now() - startedMs) / 1000)} s`);
  }, 15_000);
  try {
    await outputOf(go, ['install', target], { ...childEnv(env, 'go'), GOBIN: dir, CGO_ENABLED: '0' });
  } finally {
    clearInterval(progress);
  }
  return join(dir, executableName);
}

/**
 * Runs a program to its end.
 * @returns its standard output
 * @throws {Error} with the last line of its standard error if it cannot be run or fails
 */
export async function outputOf(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
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
