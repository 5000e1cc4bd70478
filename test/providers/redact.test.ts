import { describe, expect, test } from 'vitest';
import { excerptOf, redactor } from '../../src/providers/redact.js';

describe('redactor', () => {
  const redact = redactor(['512345', 'p+s/w"rd==', '']);

  test.each([
    ['a key', 'app key 512345 is unknown', 'app key [redacted] is unknown'],
    ['a key within a longer number stays', 'request 95123457', 'request 95123457'],
    ['a secret', 'got p+s/w"rd==.', 'got [redacted].'],
    ['a secret, URL-encoded', 'got p%2Bs%2Fw%22rd%3D%3D', 'got [redacted]'],
    ['a secret, in lower-case escapes', 'got p%2bs%2fw%22rd%3d%3d', 'got [redacted]'],
    ['a secret within JSON', '{"x":"p+s/w\\"rd=="}', '{"x":"[redacted]"}'],
    ['a signature of somebody else', 'x?a=1&sign=ABCDEF&b=2', 'x?a=1&sign=[redacted]&b=2'],
    ['a signature in JSON', '{"sign":"ABCDEF","app_key": "77"}', '{"sign":"[redacted]","app_key": "[redacted]"}'],
    ['a signature, escaped', 'a\\u0026sign\\u003dABCDEF\\u0026b', 'a\\u0026sign\\u003d[redacted]\\u0026b'],
    ['a signature, encoded', 'a%26sign%3DABCDEF%26b', 'a%26sign%3D[redacted]%26b'],
    [
      'a signed URL',
      'see http://oss.example/a.png?Expires=1&Signature=abc for',
      'see http://oss.example/a.png?[redacted] for',
    ],
    [
      'a URL with escaped slashes',
      '"http:\\/\\/oss.example\\/a.png?S=abc"',
      '"http:\\/\\/oss.example\\/a.png?[redacted]"',
    ],
    [
      'our own path',
      'POST /rest/ai/virtual/tryon-results?app_key=1&sign=2 HTTP',
      'POST /rest/ai/virtual/tryon-results?[redacted] HTTP',
    ],
    ['plain words stay', 'the design is signed: fine; sign in', 'the design is signed: fine; sign in'],
  ])('%s', (_name, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  const signed = 'https://oss.example/a.png?Expires=1&OSSAccessKeyId=LTAI5t&Signature=q%2Bw%3D&security-token=CAIS';
  const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
  const forms: [string, (text: string) => string][] = [
    ['plain', (text) => text],
    ['without a scheme', (text) => text.replace('https:', '')],
    ['without a scheme and slashes', (text) => text.replace('https://', '')],
    ['with escaped slashes', (text) => text.replaceAll('/', '\\/')],
    ['with escaped slashes, as JSON text within JSON', (text) => inJson(text.replaceAll('/', '\\/'))],
    ['with unicode escapes', (text) => text.replace(/[&=/?+]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)],
    ['with entities', (text) => text.replaceAll('&', '&amp;').replaceAll('=', '&#61;')],
    ['with hexadecimal entities', (text) => text.replaceAll('&', '&amp;').replaceAll('=', '&#x3D;')],
    ['URL-encoded', (text) => encodeURIComponent(text)],
    ['with a long path', (text) => text.replace('a.png', 'a'.repeat(3_000))],
  ];
  describe.each([
    ['the URL of the clothes', (url: string) => `{"clothes":"${url}","taskStatus":"odd"}`],
    ['a message', (url: string) => `cannot download ${url} in time`],
  ])('%s', (_where, textWith) => {
    test.each(forms)('%s has no signature', (_name, form) => {
      const shown = redact(textWith(form(signed)));
      expect(shown).toContain('[redacted]');
      for (const secret of ['LTAI5t', 'q%2Bw', 'w%3D', 'CAIS']) expect(shown).not.toContain(secret);
      expect(shown).toMatch(/odd|in time/);
    });
  });

  test.each(forms)('a secret in %s form is removed', (_name, form) => {
    const secret = 'k/e?y=+&abc"def';
    expect(redactor([secret])(`got ${form(secret)}!`)).toBe('got [redacted]!');
  });

  test.each([
    ['a long secret', 'abcdefghijklmnop', 'refused abcdefgh', 'refused [redacted]'],
    ['an escaped one', '+/+/+/+/+/+/+/+/', 'refused %2B%2F%2B', 'refused [redacted]'],
    ['a short word stays', 'abcdefghijklmnop', 'refused abcde', 'refused abcde'],
  ])('the beginning of a secret at the end of a text that was cut: %s', (_name, secret, text, shown) => {
    expect(redactor([secret])(text)).toBe(shown);
  });

  test('of the values only, a URL keeps its query', () => {
    expect(redact.values('https://x/a.png?Signature=abc&k=512345')).toBe('https://x/a.png?Signature=abc&k=[redacted]');
  });

  test('without values still removes everything in the form of a signature', () => {
    expect(redactor([])('sign=ABC')).toBe('sign=[redacted]');
  });
});

describe('excerptOf', () => {
  test('has up to 200 characters and no control characters', () => {
    expect(excerptOf(`\u0000a\u001b[31m\r\n\tb\u2028\u202ec${'d'.repeat(500)}`)).toBe(
      `a [31m b c${'d'.repeat(191)}`.slice(0, 200),
    );
  });
});
