import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheDir, findTemporalCli, lookUp, TemporalServerError } from '../../src/dev-server/find-cli.js';

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
const cached = () => join(root, 'cache', 'bin', 'temporal');
const putOnPath = () => put(join(root, 'path', 'temporal'), temporal);
const putInCache = () => put(cached(), temporal);
/** Acts as Go does: builds into GOBIN. */
const putGo = async () => {
  for (const name of ['cp', 'chmod']) symlinkSync((await lookUp(name)) as string, join(root, 'path', name));
  put(join(root, 'path', 'go'), 'echo "$@" >"$GOBIN/../go-args"\ncp "$0" "$GOBIN/temporal"');
};
const offline = async (): Promise<string> => {
  throw new Error('no network\nand more');
};
const online = async (dir: string): Promise<string> => put(join(dir, 'temporal-sdk-typescript'), temporal);

describe('the first way that works is used', () => {
  const rows = [
    { how: 'path', given: [putOnPath, putInCache, putGo], download: online },
    { how: 'cache', given: [putInCache, putGo], download: online },
    { how: 'download', given: [putGo], download: online },
    { how: 'go', given: [putGo], download: offline },
  ] as const;
  test.each(rows)('$how', async ({ how, given, download }) => {
    for (const put of given) await put();
    const found = await findTemporalCli({ env, download });
    expect(found).toEqual({ how, path: how === 'path' ? join(root, 'path', 'temporal') : cached() });
  });
});

test.each([
  ['download', online],
  ['go', offline],
] as const)(
  'what came by %s is in the cache the next time, with nothing half done beside it',
  async (how, download) => {
    await putGo();
    expect((await findTemporalCli({ env, download })).how).toBe(how);
    expect((await findTemporalCli({ env, download: offline })).how).toBe('cache');
    expect(readdirSync(join(root, 'cache')).filter((name) => name.startsWith('getting-'))).toEqual([]);
  },
);

test('another program named temporal is skipped', async () => {
  put(join(root, 'path', 'temporal'), 'echo a calendar');
  expect(await findTemporalCli({ env, download: online })).toEqual({ how: 'download', path: cached() });
});

test('the build by Go is announced', async () => {
  await putGo();
  const lines: string[] = [];
  await findTemporalCli({ env, download: offline, log: (line) => lines.push(line) });
  expect(lines).toEqual([expect.stringContaining('go install github.com/temporalio/cli/cmd/temporal@v1.5.1')]);
});

test('if every way fails, one line says what to do and what was tried', async () => {
  put(join(root, 'path', 'go'), 'echo first >&2; echo no such toolchain >&2; exit 1');
  const error = await findTemporalCli({ env, download: offline }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(TemporalServerError);
  const { message } = error as TemporalServerError;
  expect(message).not.toContain('\n');
  expect(message).toContain('set TEMPORAL_ADDRESS, or install the Temporal CLI');
  for (const part of ['no temporal on PATH', 'download: no network', 'go install: no such toolchain']) {
    expect(message).toContain(part);
  }
});

test('the cache directory is TRYON_CACHE_DIR, else under XDG_CACHE_HOME', () => {
  expect(cacheDir({ TRYON_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheDir({ XDG_CACHE_HOME: '/b' })).toBe(join('/b', 'temporal-tryon'));
});
