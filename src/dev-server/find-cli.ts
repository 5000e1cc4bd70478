/**
 * Finds or gets a Temporal server for the demo, `npm run server` and the tests: the Temporal CLI, whose `temporal server start-dev` is a whole
 * server in one process, or a program like it, which is built from `./go`.
 */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { firstLine } from '../error-text.js';
import { childEnv } from './child-env.js';
import { builtFile, cliBuild, devServerBuild, type GoBuild, goBuild, serverVersions } from './go-build.js';
import { cacheDir, exe, fillCache, isExecutable, lookUp, outputOf } from './program-cache.js';

export { cliVersion, serverVersions } from './go-build.js';
export { cacheDir, lookUp, outputOf } from './program-cache.js';

/** Where a program came from. */
export type CliSource = 'path' | 'cache' | 'download' | 'go';

/** Options of {@link findTemporalCli} and {@link findDevServer}; every field has a default. */
export interface FindCliOptions {
  /** Read for `PATH`, `TRYON_DEV_SERVER`, `TRYON_CACHE_DIR`, `XDG_CACHE_HOME`; default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Gets each line of progress; default: none is reported. */
  log?: (line: string) => void;
  /** Downloads the CLI into a directory and returns its path; default: as the Temporal SDK does. */
  download?: (dir: string) => Promise<string>;
}

/** A program that was found, and where it came from. */
export interface Found {
  readonly path: string;
  readonly how: CliSource;
}

/** A dev server: a program, and its arguments before those that all dev servers take. */
export interface DevServerProgram extends Found {
  readonly args: readonly string[];
}

/** No Temporal server was found or could be started. The message is one line with the remedy. */
export class TemporalServerError extends Error {
  override name = 'TemporalServerError';
}

/** One way to a program: gives it, or rejects with the reason why not. */
type Way<T> = () => Promise<T>;

const cliFile = `temporal${exe}`;

/**
 * Finds the Temporal CLI, or installs it in the cache. It tries, in this order: `temporal` on PATH, the cache, the SDK's download, and a build with
 * Go, which takes some minutes and logs progress.
 * @returns the executable's path, and where it came from
 * @throws {TemporalServerError} if every way failed; the message has the result of each
 */
export async function findTemporalCli(options: FindCliOptions = {}): Promise<Found> {
  const { onPath, downloadedBefore, downloaded } = cliWays(options);
  const { builtBefore, built } = buildWays(cliBuild, 'temporal', options);
  return firstOf([onPath, downloadedBefore, builtBefore, downloaded, built]);
}

/**
 * Finds a dev server, or gets one. It tries, in this order: the CLI on PATH or downloaded before, a server that was built before, the SDK's
 * download, and a build with Go, which takes some minutes and logs progress: the newest of {@link serverVersions}, else the oldest, for which an
 * older Go will do. `TRYON_DEV_SERVER` names one of these versions: then that one is built and used, whatever else there is.
 * @throws {TemporalServerError} if every way failed; the message has the result of each
 */
export async function findDevServer(options: FindCliOptions = {}): Promise<DevServerProgram> {
  const { env = process.env, log = () => {} } = options;
  const [newest, oldest] = serverVersions;
  const cli = (way: Way<Found>) => async () => ({ ...(await way()), args: ['server', 'start-dev'] });
  const own = (way: Way<Found>) => async () => ({ ...(await way()), args: [] });
  const newestWays = buildWays(devServerBuild, 'dev-server', options);
  const oldestWays = buildWays(cliBuild, 'temporal', options);
  const byVersion = new Map<string, Way<DevServerProgram>[]>([
    [newest, [own(newestWays.builtBefore), own(newestWays.built)]],
    [oldest, [cli(oldestWays.builtBefore), cli(oldestWays.built)]],
  ]);
  const wanted = env.TRYON_DEV_SERVER;
  if (wanted) {
    const ways = byVersion.get(wanted);
    if (ways !== undefined) return firstOf(ways);
    throw new TemporalServerError(`TRYON_DEV_SERVER is ${wanted}; give ${serverVersions.join(' or ')}, or unset it`);
  }
  const { onPath, downloadedBefore, downloaded } = cliWays(options);
  const newestBuilt = async () => {
    try {
      return await newestWays.built();
    } catch (error) {
      log(`${firstLine(error)}; falling back to server ${oldest}`);
      throw error;
    }
  };
  return firstOf([
    ...[cli(onPath), cli(downloadedBefore), own(newestWays.builtBefore), cli(downloaded), own(newestBuilt)],
    ...[cli(oldestWays.builtBefore), cli(oldestWays.built)],
  ]);
}

async function firstOf<T>(ways: readonly Way<T>[]): Promise<T> {
  const reasons = new Set<string>();
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      reasons.add(firstLine(error));
    }
  }
  throw new TemporalServerError(
    'no Temporal server: set TEMPORAL_ADDRESS, or install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.26.8 ' +
      `(https://go.dev/dl); tried: ${[...reasons].join('; ')}`,
  );
}

function cliWays({ env = process.env, download = downloadBySdk }: FindCliOptions) {
  const path = join(cacheDir(env), 'download', cliFile);
  return {
    async onPath(): Promise<Found> {
      const path = await lookUp(cliFile, env);
      if (path === undefined) throw new Error('no temporal on PATH');
      if (/temporal version/i.test(await outputOf(path, ['--version'], childEnv(env, 'program'))))
        return { path, how: 'path' };
      throw new Error(`${path} is not the Temporal CLI`);
    },
    async downloadedBefore(): Promise<Found> {
      if (await isExecutable(path)) return { path, how: 'cache' };
      throw new Error(`no ${path}`);
    },
    async downloaded(): Promise<Found> {
      try {
        await fillCache('download', env, async (dir) => rename(await download(dir), join(dir, cliFile)));
        return { path, how: 'download' };
      } catch (error) {
        throw new Error(`download: ${firstLine(error)}`);
      }
    },
  };
}

function buildWays(build: GoBuild, file: string, options: FindCliOptions) {
  const found = (how: CliSource) => async (): Promise<Found> => ({
    path: await builtFile(build, file, options.env),
    how,
  });
  return {
    builtBefore: found('cache'),
    async built(): Promise<Found> {
      await goBuild(build, options);
      return found('go')();
    },
  };
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
