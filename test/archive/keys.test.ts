import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imageKeys, keyPart, renditionKey } from '../../src/archive/keys.js';

const sha256 = 'ab'.repeat(32);

test('a key is the task, the image and its extension', () => {
  expect(imageKeys({ taskId: '19000:1/2', id: '0a1b' }, 'png', sha256)).toEqual({
    first: '19000%3A1%2F2/0a1b.png',
    beside: '19000%3A1%2F2/0a1b-abababab.png',
  });
});

test.each([
  ['.', '%2E'],
  ['..', '%2E%2E'],
  ['../..', '..%2F..'],
  ['', ''],
  ['a%2Fb', 'a%252Fb'],
  ['ü~', '%C3%BC%7E'],
])('%j is %j as a part of a key', (text, part) => {
  expect(keyPart(text)).toBe(part);
});

test('two texts never share a part, and none leads out of its folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
      const part = keyPart(text);
      expect(part).toMatch(/^(?!\.+$)[A-Za-z0-9._%-]+$/);
      expect(decodeURIComponent(part)).toBe(Buffer.from(text).toString());
    }),
  );
});

test('a rendition is beside its original', () => {
  expect(renditionKey('t/0a1b-abababab.png', { size: 1024, extension: 'webp' })).toBe('t/0a1b-abababab_1024.webp');
});
