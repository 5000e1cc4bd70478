/** Programs that are built with Go, once, and kept in the cache directory. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstLine } from '../error-text.js';
import { childEnv } from './child-env.js';
import { cacheDir, exe, fillCache, isExecutable, lookUp, outputOf } from './program-cache.js';

/** The newest CLI tag that `go install` takes: later ones have `replace` lines in their go.mod, which it refuses. */
export const cliVersion = 'v1.5.1';

/** The servers that can be built, newest first. The last is in that CLI, and is the oldest that this package supports. */
export const serverVersions = ['1.32.1', '1.29.1'] as const;

/** What is built. */
export interface GoBuild {
  /** In words, for the screen. */
  readonly what: string;
  /** Its folder in the cache; another version has another one. */
  readonly folder: string;
  /** Arguments of Go that build it into a directory, which is GOBIN too. */
  args(dir: string): string[];
}

/** The Go module of our server and of the pins. */
export const goModule = fileURLToPath(new URL('../../src/dev-server/go/', import.meta.url));

/** The first 8 hex digits of the SHA-256 of `./go/main.go` and `./go/go.mod`: another program, or other pins, are another build. */
export const goModuleDigest = '3eedf9f7';

// Without symbols the file is smaller by a third. The package may be in a repository of someone else's, whose state is not ours.
const build = (dir: string, ...packages: string[]): string[] => [
  ...['build', '-C', goModule, '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', `${dir}/`],
  ...packages,
];

/** The Temporal CLI, with a dev server of the oldest version. */
export const cliBuild: GoBuild = {
  what: `Temporal CLI ${cliVersion} (server ${serverVersions[1]})`,
  folder: `cli-${cliVersion}`,
  args: () => ['install', `github.com/temporalio/cli/cmd/temporal@${cliVersion}`],
};

/** A dev server of the newest version: the program in `./go`. */
export const devServerBuild: GoBuild = {
  what: `Temporal dev server ${serverVersions[0]}`,
  folder: `dev-server-${serverVersions[0]}-${goModuleDigest}`,
  args: (dir) => build(dir, '.'),
};

/** Server, schema tool and UI as they run in production: the files `server`, `sql` and `ui/server`. */
export const productionBuilds: readonly GoBuild[] = [
  {
    what: `Temporal server and schema tool ${serverVersions[0]}`,
    folder: `server-${serverVersions[0]}-${goModuleDigest}`,
    args: (dir) => build(dir, 'go.temporal.io/server/cmd/server', 'go.temporal.io/server/cmd/tools/sql'),
  },
  {
    what: 'Temporal UI',
    folder: `ui-${goModuleDigest}`,
    args: (dir) => build(dir, 'github.com/temporalio/ui-server/v2/cmd/server'),
  },
];

/**
 * The path of a built file in the cache.
 * @throws {Error} if it is not there
 */
export async function builtFile({ folder }: GoBuild, file: string, env = process.env): Promise<string> {
  const path = join(cacheDir(env), folder, `${file}${exe}`);
  if (!(await isExecutable(path))) throw new Error(`no ${path}`);
  return path;
}

/**
 * Builds into the cache. This takes some minutes and logs progress.
 * @throws {Error} one line that says why not
 */
export async function goBuild(
  { what, folder, args }: GoBuild,
  { env = process.env, log = () => {} }: { env?: NodeJS.ProcessEnv; log?: (line: string) => void } = {},
): Promise<void> {
  const go = await lookUp(`go${exe}`, env);
  if (go === undefined) throw new Error('no go on PATH');
  log(`building the ${what} with Go, once (some minutes)`);
  const startedMs = Date.now();
  const progress = setInterval(() => {
    log(`still building the ${what}: ${Math.round((Date.now() - startedMs) / 1000)} s`);
  }, 15_000);
  try {
    await fillCache(folder, env, async (dir) => {
      await outputOf(go, args(dir), { ...childEnv(env, 'go'), GOBIN: dir, GOWORK: 'off', CGO_ENABLED: '0' });
    });
  } catch (error) {
    throw new Error(`go ${args('')[0]} of the ${what}: ${firstLine(error)}`);
  } finally {
    clearInterval(progress);
  }
}
