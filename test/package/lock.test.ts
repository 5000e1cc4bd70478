import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  optionalDependencies?: Record<string, string>;
}

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
const manifest = read('package.json');
const locked = Object.entries(read('package-lock.json').packages as Record<string, Locked>).filter(([at]) => at !== '');

test('the lock file has the binaries of every platform: else npm ci refuses it', () => {
  const known = new Set(locked.map(([at]) => at.split('node_modules/').at(-1)));
  const missing = locked.flatMap(([, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !known.has(name)),
  );
  expect(missing).toEqual([]);
});

test('the lock file names no registry but the public one and no place on a disk', () => {
  const elsewhere = locked.filter(
    ([at, { resolved, link }]) =>
      at.startsWith('..') || link || (resolved && !resolved.startsWith('https://registry.npmjs.org/')),
  );
  expect(elsewhere).toEqual([]);
});

test('the lock file has a SHA-512 of every package: else npm ci takes what a registry sends', () => {
  expect(locked.length).toBeGreaterThan(300);
  expect(locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([at]) => at)).toEqual([]);
});

test('all Temporal packages are of one version, and once', () => {
  const temporal = locked.filter(([at]) => /node_modules\/@temporalio\/[^/]+$/.test(at));
  expect(new Set(temporal.map(([, { version }]) => version)).size).toBe(1);
  expect(temporal.filter(([at]) => at.lastIndexOf('node_modules/') > 0)).toEqual([]);
});

test('what is asked of the user as a peer is what the tests run with', () => {
  for (const [name, range] of Object.entries<string>(manifest.peerDependencies)) {
    expect(`^${manifest.devDependencies[name]}`, name).toBe(range);
  }
});

test('protobufjs 8 is at the root: with 7 there, replaying a JSON history throws "type must be a Type"', () => {
  const [, root] = locked.find(([at]) => at === 'node_modules/protobufjs') ?? [];
  expect(root?.version).toMatch(/^8\./);
});

test('installing the package runs nothing of ours', () => {
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'];
  expect(Object.keys(manifest.scripts).filter((name) => hooks.includes(name))).toEqual([]);
});
