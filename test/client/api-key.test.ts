import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freshApiKey, readApiKey } from '../../src/client/api-key.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-key-'));
  file = join(folder, 'key');
});
afterEach(async () => await rm(folder, { recursive: true }));
const env = () => ({ TRYON_TEMPORAL_API_KEY_FILE: file });

test('a key is read without the line break of its file', async () => {
  await writeFile(file, '\ufeffkey-1\n');
  expect(readApiKey(env())).toBe('key-1');
  expect(readApiKey({})).toBeUndefined();
});

test('a file that is missing or empty is named with its variable, never with content', async () => {
  expect(() => readApiKey(env())).toThrow(/^the file named by TRYON_TEMPORAL_API_KEY_FILE cannot be read \(ENOENT\)$/);
  await writeFile(file, ' \n');
  expect(() => freshApiKey(env())).toThrow('the file named by TRYON_TEMPORAL_API_KEY_FILE is empty');
});

test('a client takes up a key that changes within ten seconds, and keeps the last one while the file is away', async () => {
  await writeFile(file, 'key-1');
  let now = 0;
  const key = freshApiKey(env(), () => now);
  await writeFile(file, 'key-2');
  now = 9_999;
  expect(key?.()).toBe('key-1');
  now = 10_000;
  expect(key?.()).toBe('key-2');
  await rm(file);
  now = 30_000;
  expect(key?.()).toBe('key-2');
  await writeFile(file, 'key-3');
  now = 40_000;
  expect(key?.()).toBe('key-3');
});
