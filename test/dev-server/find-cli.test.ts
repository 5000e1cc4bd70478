import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  cacheDir,
  findDevServer,
  findTemporalCli,
  lookUp,
  serverVersions,
  TemporalServerError,
} from '../../src/dev-server/find-cli.js';
import { cliBuild, devServerBuild, goModule, goModuleDigest } from '../../src/dev-server/go-build.js';

let root: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'find-cli-'));
  env = { PATH: join(root, 'path'), TRYON_CACHE_DIR: join(root, 'cache') };
  mkdirSync(join(root, 'path'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (path: string, body: string): string => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};
const temporal = 'echo temporal version 1.5.1';
const inCache = (folder: string, file = 'temporal') => join(root, 'cache', folder, file);
const downloadedTo = () => inCache('download');
const cliBuiltTo = () => inCache(cliBuild.folder);
const serverBuiltTo = () => inCache(devServerBuild.folder, 'dev-server');
const putOnPath = () => put(join(root, 'path', 'temporal'), temporal);
const putDownload = () => put(downloadedTo(), temporal);
const putCli = () => put(cliBuiltTo(), temporal);
const putServer = () => put(serverBuiltTo(), '');
/** Acts as Go does: installs into GOBIN, builds into the directory after `-o`. One that is too old does not build our module. */
const putGo = async (isOld = false) => {
  for (const name of ['cp', 'chmod']) symlinkSync((await lookUp(name)) as string, join(root, 'path', name));
  const build = isOld ? 'echo go.mod requires go 1.26.8 >&2; exit 1' : 'cp "$0" "$GOBIN/dev-server"';
  put(join(root, 'path', 'go'), `case "$1" in install) cp "$0" "$GOBIN/temporal";; build) ${build};; esac`);
};
const putOldGo = () => putGo(true);
const offline = async (): Promise<string> => {
  throw new Error('no network\nand more');
};
const online = async (dir: string): Promise<string> => put(join(dir, 'temporal-sdk-typescript'), temporal);
const [newest, oldest] = serverVersions;
const startDev = ['server', 'start-dev'];

describe('the first way to the CLI that works is used', () => {
  test.each([
    { how: 'path', path: () => join(root, 'path', 'temporal'), given: [putOnPath, putDownload, putCli, putGo] },
    { how: 'cache', path: downloadedTo, given: [putDownload, putCli, putGo] },
    { how: 'cache', path: cliBuiltTo, given: [putCli, putGo] },
    { how: 'download', path: downloadedTo, given: [putGo] },
    { how: 'go', path: cliBuiltTo, given: [putGo], download: offline },
  ])('$how', async ({ how, path, given, download = online }) => {
    for (const put of given) await put();
    expect(await findTemporalCli({ env, download })).toEqual({ how, path: path() });
  });
});

describe('the first way to a dev server that works is used', () => {
  test.each([
    {
      how: 'path',
      path: () => join(root, 'path', 'temporal'),
      args: startDev,
      given: [putOnPath, putDownload, putServer],
    },
    { how: 'cache', path: downloadedTo, args: startDev, given: [putDownload, putServer, putCli, putGo] },
    { how: 'cache', path: serverBuiltTo, args: [], given: [putServer, putCli, putGo] },
    { how: 'download', path: downloadedTo, args: startDev, given: [putCli, putGo] },
    { how: 'go', path: serverBuiltTo, args: [], given: [putCli, putGo], download: offline },
    { how: 'cache', path: cliBuiltTo, args: startDev, given: [putCli, putOldGo], download: offline },
    { how: 'go', path: cliBuiltTo, args: startDev, given: [putOldGo], download: offline },
  ])('$how, with arguments $args', async ({ how, path, args, given, download = online }) => {
    for (const put of given) await put();
    expect(await findDevServer({ env, download })).toEqual({ how, path: path(), args });
  });
});

describe('TRYON_DEV_SERVER chooses the server, whatever else there is', () => {
  test.each([
    { wanted: newest, how: 'cache', path: serverBuiltTo, args: [], given: [putServer] },
    { wanted: newest, how: 'go', path: serverBuiltTo, args: [], given: [putCli] },
    { wanted: oldest, how: 'cache', path: cliBuiltTo, args: startDev, given: [putServer, putCli] },
    { wanted: oldest, how: 'go', path: cliBuiltTo, args: startDev, given: [putServer] },
  ])('$wanted: $how', async ({ wanted, how, path, args, given }) => {
    for (const put of [putOnPath, putDownload, putGo, ...given]) await put();
    const found = await findDevServer({ env: { ...env, TRYON_DEV_SERVER: wanted }, download: online });
    expect(found).toEqual({ how, path: path(), args });
  });

  test('a version that cannot be built is refused, with those that can', async () => {
    const found = findDevServer({ env: { ...env, TRYON_DEV_SERVER: '1.28.0' }, download: online });
    await expect(found).rejects.toThrow(`TRYON_DEV_SERVER is 1.28.0; give ${newest} or ${oldest}, or unset it`);
  });

  test('a build that fails is told, and nothing else is used in its place', async () => {
    for (const put of [putOnPath, putDownload, putCli, putOldGo]) await put();
    const found = findDevServer({ env: { ...env, TRYON_DEV_SERVER: newest }, download: online });
    await expect(found).rejects.toThrow(/go build of the Temporal dev server .*: go.mod requires go 1.26.8/);
  });
});

test.each([
  ['download', online],
  ['go', offline],
] as const)(
  'what came by %s is in the cache the next time, with nothing half done beside it',
  async (how, download) => {
    await putGo();
    for (const find of [findTemporalCli, findDevServer]) {
      rmSync(downloadedTo(), { force: true });
      expect((await find({ env, download })).how).toBe(how);
      expect((await find({ env, download: offline })).how).toBe('cache');
    }
    expect(readdirSync(join(root, 'cache')).filter((name) => name.startsWith('getting-'))).toEqual([]);
  },
);

test('another program named temporal is skipped', async () => {
  put(join(root, 'path', 'temporal'), 'echo a calendar');
  expect(await findTemporalCli({ env, download: online })).toEqual({ how: 'download', path: downloadedTo() });
});

test('a build by Go is announced, and so is the older server that an older Go builds', async () => {
  await putOldGo();
  const lines: string[] = [];
  await findDevServer({ env, download: offline, log: (line) => lines.push(line) });
  expect(lines).toEqual([
    expect.stringContaining(`building the Temporal dev server ${newest} with Go`),
    expect.stringMatching(/go.mod requires go 1.26.8; falling back to server 1.29.1$/),
    expect.stringContaining('building the Temporal CLI v1.5.1 (server 1.29.1) with Go'),
  ]);
});

test.each([findTemporalCli, findDevServer])(
  'if every way fails, one line says what to do and what was tried: %o',
  async (find) => {
    put(join(root, 'path', 'go'), 'echo first >&2; echo no such toolchain >&2; exit 1');
    const error = await find({ env, download: offline }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TemporalServerError);
    const { message } = error as TemporalServerError;
    expect(message).not.toContain('\n');
    expect(message).toContain('set TEMPORAL_ADDRESS, or install the Temporal CLI');
    for (const part of ['no temporal on PATH', 'download: no network', 'server 1.29.1): no such toolchain']) {
      expect(message).toContain(part);
    }
  },
);

test('the cache directory is TRYON_CACHE_DIR, else under XDG_CACHE_HOME', () => {
  expect(cacheDir({ TRYON_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheDir({ XDG_CACHE_HOME: '/b' })).toBe(join('/b', 'temporal-tryon'));
});

test('another program or other pins in the Go module are another build', () => {
  const digest = createHash('sha256');
  for (const file of ['main.go', 'go.mod']) digest.update(readFileSync(join(goModule, file)));
  expect(goModuleDigest).toBe(digest.digest('hex').slice(0, 8));
});

test('the Go module has the newest of the server versions', () => {
  expect(readFileSync(join(goModule, 'go.mod'), 'utf8')).toContain(`go.temporal.io/server v${newest}\n`);
});
