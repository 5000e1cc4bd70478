/**
 * Finds or gets the Temporal CLI, whose `temporal server start-dev` is a whole Temporal server in one process. The order:
 * `temporal` on PATH, one in the cache directory, the SDK's own download, `go install`.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { firstLine } from '../error-text.js';

/** The newest CLI tag that `go install` takes: later ones have `replace` lines in their go.mod, which it refuses. */
export const cliVersion = 'v1.5.1';

/** How the CLI was come by. */
export type CliSource = 'path' | 'cache' | 'download' | 'go';

/** What the search may be given; every field has a default. */
export interface FindCliOptions {
  /** Read for `PATH`, `TRYON_CACHE_DIR`, `XDG_CACHE_HOME`; default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Takes one line of progress at a time; default: nothing is told. */
  log?: (line: string) => void;
  /** Gets the CLI as the Temporal SDK does, into the directory given, and returns its path. Tests replace it. */
  download?: (dir: string) => Promise<string>;
}

/** No Temporal server could be found or started. The message is one line and names the remedy. */
export class TemporalServerError extends Error {
  override name = 'TemporalServerError';
}

const executableName = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/**
 * Where what was fetched is kept: `TRYON_CACHE_DIR`, else `temporal-tryon` in `XDG_CACHE_HOME` or `~/.cache`. It can be
 * deleted at any time.
 */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.TRYON_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'temporal-tryon');
}

/**
 * Finds the Temporal CLI, or gets it into the cache; the last resort, a build by Go, takes some minutes and says so.
 * @returns the executable's path, and how it was come by
 * @throws TemporalServerError when every way failed; its message says what each came to
 */
export async function findTemporalCli(options: FindCliOptions = {}): Promise<{ path: string; how: CliSource }> {
  const { env = process.env, log = () => {}, download = downloadBySdk } = options;
  const tried: string[] = [];

  const onPath = await lookUp(executableName, env);
  if (onPath !== undefined) {
    if (/temporal version/i.test(await outputOf(onPath, ['--version'], env))) return { path: onPath, how: 'path' };
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
    // A directory of its own, then one rename: two processes that do this at once do not meet half a file.
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

/** The first executable of that name on `env.PATH`. */
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

/** The SDK starts what it downloads, so a server of its own is up for a moment. With no network it fails at once. */
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
    await outputOf(go, ['install', target], { ...env, GOBIN: dir, CGO_ENABLED: '0' });
  } finally {
    clearInterval(progress);
  }
  return join(dir, executableName);
}

/**
 * Runs a program to its end.
 * @returns its standard output
 * @throws Error with the last line of its standard error when it cannot be run or fails
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
