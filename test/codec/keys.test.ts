import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseCodecKeys } from '../../src/codec/keys.js';
import { readDataConverter } from '../../src/codec/payload-codec.js';
import { readWorkerSettings } from '../../src/worker/settings.js';

const base64 = (message: string, bytes = 32): string => Buffer.alloc(bytes, message).toString('base64');
const parse = (text: string) => parseCodecKeys(text, 'X');
const directory = mkdtempSync(join(tmpdir(), 'tryon-keys-'));
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  { what: 'one key', text: `a:${base64('a')}`, ids: ['a'] },
  { what: 'several, by commas', text: `b:${base64('b')},a:${base64('a')}`, ids: ['b', 'a'] },
  {
    what: 'lines, comments and a byte order mark',
    text: `\ufeff# new\nb:${base64('b')} # from May\r\n\na:${base64('a')}\n`,
    ids: ['b', 'a'],
  },
  {
    what: 'Base64 for URLs without padding',
    text: `2026-05.k_1:${Buffer.alloc(32, 0xff).toString('base64url')}`,
    ids: ['2026-05.k_1'],
  },
])('$what: the order stays, the first encrypts', ({ text, ids }) => {
  const read = parse(text);
  expect(read.ok && read.keys.map(({ id }) => id)).toEqual(ids);
  expect(read.ok && read.keys.every(({ key }) => key.length === 32)).toBe(true);
});

test.each([
  { what: 'nothing', text: ' ,\n# a:b', says: 'X holds no key; give id:key' },
  { what: 'a key without an id', text: base64('s'), says: 'key 1 of X has no id of 1 to 64 letters' },
  { what: 'an id with odd characters', text: `ü:${base64('s')}`, says: 'key 1 of X has no id' },
  { what: 'a key of 16 bytes', text: `a:${base64('s', 16)}`, says: 'key 1 of X, id "a", is 16 bytes; give id:key' },
  {
    what: 'a key that is no Base64',
    text: `a:${base64('s').replace('=', '!')}`,
    says: 'key 1 of X, id "a", is not Base64',
  },
  { what: 'an id twice', text: `a:${base64('s')},a:${base64('t')}`, says: 'key 2 of X repeats the id "a"' },
])('$what is refused with its remedy, and no key is shown', ({ text, says }) => {
  const read = parse(text);
  const problems = read.ok ? [] : read.problems;
  expect(problems.join('\n')).toContain(says);
  expect(problems.join('\n')).not.toContain(base64('s').slice(0, 16));
});

test('without either variable payloads stay as they are', () => {
  expect(readDataConverter({ TRYON_CODEC_KEYS: ' ' })).toEqual({ ok: true });
});

test('both variables at once are refused', () => {
  const read = readDataConverter({ TRYON_CODEC_KEYS: `a:${base64('s')}`, TRYON_CODEC_KEYS_FILE: '/x' });
  expect(read).toEqual({ ok: false, problems: ['TRYON_CODEC_KEYS and TRYON_CODEC_KEYS_FILE are both set; keep one'] });
});

test('a file that cannot be read is reported with its variable and error code', () => {
  const read = readDataConverter({ TRYON_CODEC_KEYS_FILE: join(directory, 'none') });
  expect(read.ok ? [] : read.problems).toEqual([
    'the file named by TRYON_CODEC_KEYS_FILE cannot be read (ENOENT); put it there, readable by this process',
  ]);
});

test('a worker reports wrong keys with all other problems, and accepts right ones', () => {
  const account = { AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's' };
  const wrong = readWorkerSettings({ ...account, TRYON_CODEC_KEYS: 'a:AAAA', TRYON_LOG_LEVEL: 'loud' });
  expect(wrong.ok ? [] : wrong.problems).toEqual([
    expect.stringContaining('TRYON_LOG_LEVEL'),
    expect.stringContaining('key 1 of TRYON_CODEC_KEYS, id "a", is 3 bytes'),
  ]);
  const file = join(directory, 'keys');
  writeFileSync(file, `a:${base64('s')}\n`);
  const right = readWorkerSettings({ ...account, TRYON_CODEC_KEYS_FILE: file });
  expect(right.ok && right.settings.dataConverter?.payloadCodecs).toHaveLength(1);
  expect(readWorkerSettings(account)).not.toHaveProperty('settings.dataConverter');
});
