/** The SDKs that the emulator's conformance test installs: nothing comes in that was not seen before. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../support/sdks/${name}`, import.meta.url), 'utf8');

test('each package from npm has a hash, and no address', () => {
  const { packages } = JSON.parse(read('package-lock.json'));
  const locked = Object.entries(packages as Record<string, { integrity?: string; resolved?: string; link?: boolean }>);
  const loose = locked.filter(
    ([, { integrity, resolved, link }]) => !/^sha512-/.test(integrity ?? '') || resolved !== undefined || link,
  );
  expect(loose.map(([name]) => name)).toEqual(['']); // the project itself
});

test('each package from PyPI has one version and its hash', () => {
  const lines = read('requirements.txt').trim().split('\n');
  expect(lines.filter((line) => !/^[a-z\d-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}$/.test(line))).toEqual([]);
});
