/**
 * What counts as blank. The platform's sample code leaves out a pair whose name or value is white space for Java's
 * `Character.isWhitespace`, so Java itself says what that is: to the signer, and to the emulator, which has code of its own.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { signedTextV1 } from '../../src/emulator/signature.js';
import { signV1 } from '../../src/providers/aidge/sign.js';
import { javaWhitespace } from '../support/languages.js';

let whitespace: ReadonlySet<string>;
beforeAll(async () => {
  whitespace = await javaWhitespace();
}, 60_000);

const [apiName, secret] = ['/ai/virtual/tryon-results', 'test-secret'];
const signature = (parameters: Record<string, string>): string => signV1({ apiName, parameters, secret });
const isSigned = (name: string, value: string): boolean => signature({ [name]: value }) !== signature({});
const units = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
const named = (some: readonly string[]): string[] => some.map((unit) => `U+${unit.charCodeAt(0).toString(16)}`);

describe.each([
  ['the signer', isSigned],
  ['the emulator', (name: string, value: string) => signedTextV1('', { [name]: value }) !== ''],
])('%s', (_, signs) => {
  test('leaves out just the values that are white space for Java', () => {
    const left = units.filter((unit) => !signs('a', unit));
    expect(named(left)).toEqual(named([...whitespace].sort()));
  });

  test('judges names as values, and a text by all of its characters', () => {
    const blank = [...whitespace].join('');
    expect([signs('', 'x'), signs(blank, 'x'), signs('a', blank), signs('a', '')]).toEqual(Array(4).fill(false));
    for (const mark of ['\u00a0', '\u2007', '\u202f', '\ufeff', '\u0085', '\u200b', 'x', '👗']) {
      expect([mark, signs(mark, 'x'), signs('a', mark)]).toEqual([mark, true, true]);
      expect(signs('a', `${blank}${mark}${blank}`)).toBe(true);
    }
    expect(signs('a', ' '.repeat(1_000_000))).toBe(false);
  });

  test('signs white space around a text', () => {
    expect(signature({ a: ' x\u001f' })).not.toBe(signature({ a: 'x' }));
    expect(signedTextV1('', { a: ' x\u001f' })).toBe('a x\u001f');
  });
});
