import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfImage } from '../../src/poll/reply.js';
import { imageIds } from '../../src/providers/image-id.js';

// SHA-256 of "http://oss.example/a.png", computed with sha256sum.
const id = '5bbb0a05cbfd2ab47dd0c3628a566066';
const plain = 'http://oss.example/a.png';

describe('the id of a plain URL is the hash of its text', () => {
  test.each([
    '',
    '?',
    '#x?y=1',
    '?Expires=1&OSSAccessKeyId=LT&Signature=a%2Bb%3D',
    '?Expires=2&OSSAccessKeyId=STS.x&Signature=c&security-token=CAIS',
    '?x-oss-date=1&x-oss-credential=c&x-oss-signature-version=OSS4&x-oss-signature=2&x-oss-expires=3',
    '?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20240403T114141Z&X-Amz-SignedHeaders=host&X-Amz-Signature=d',
    '?Policy=eyJ&Signature=x&Key-Pair-Id=K',
    '?sv=2022&se=2024-04-03&sr=b&sp=r&sig=abc',
    '?GoogleAccessId=x&Expires=1&Signature=2',
    '?auth_key=1712144501-0-0-x',
    '?q-sign-algorithm=sha1&q-ak=x&q-signature=y',
    '?e=1712144501&token=x',
    '?1712144501',
    '?Expires=1&amp;Signature=2',
    '?k=0123456789abcdef0123456789abcdef',
    '?unknown=1712144501',
    `?${'a=1&'.repeat(40)}`,
    `?a=${'x'.repeat(5_000)}`,
  ])('%s', (query) => {
    expect(imageIds(plain + query)).toEqual({ id });
  });
});

describe('the id takes in what tells images apart', () => {
  test.each([
    ['a file name', 'http://x/view?filename=a.png', 'http://x/view?filename=b.png'],
    ['a long id', `http://x/view?id=${'0'.repeat(36)}`, `http://x/view?id=${'1'.repeat(36)}`],
    ['a process', 'http://x/a?x-oss-process=image/resize,w_100', 'http://x/a?x-oss-process=image/resize,w_200'],
    ['a parameter beside none', 'http://x/view', 'http://x/view?subfolder=b'],
    ['the host', 'http://x/a', 'http://y/a'],
    ['an escape, which is not decoded', 'http://x/a%2Fb', 'http://x/a/b'],
  ])('%s', (_name, one, other) => {
    expect(keyOfImage(imageIds(one))).not.toBe(keyOfImage(imageIds(other)));
  });

  test('but not the order of parameters, nor the signature beside them', () => {
    const ids = ['a=1&b=2&Expires=1', 'b=2&Expires=2&a=1&Signature=x', 'b=2&a=1#x'].map((query) =>
      keyOfImage(imageIds(`http://x/view?${query}`)),
    );
    expect(new Set(ids).size).toBe(1);
  });

  test('any text has an id', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => /^[0-9a-f]{32}$/.test(imageIds(text).id)));
  });
});
