import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ImageUrlConcern, imageUrlConcernDescriptions, imageUrlConcerns } from '../../src/client/image-url.js';

describe('URLs that the vendor sends raise no concern', () => {
  test.each([
    'https://ae-pic-a1.aliexpress-media.com/kf/S1f1.png',
    'http://aib-image.oss-ap-southeast-1.aliyuncs.com/a/b.png?Expires=2722&OSSAccessKeyId=LT&Signature=a%2Bb%3D',
    'https://93.184.216.34/a.png',
    'https://[2606:4700::6810:84e5]/a.png',
    'https://[::ffff:93.184.216.34]/a.png',
    'https://images.example.com:443/a.png#x',
    'https://test.example.com/..//a.png',
    'https://internal.example.com/a.png',
  ])('%s', (url) => {
    expect(imageUrlConcerns(url)).toEqual([]);
  });
});

const cases: [url: string, ...concerns: ImageUrlConcern[]][] = [
  ['', 'unreadable'],
  ['images/a.png', 'unreadable'],
  ['//host/a.png', 'unreadable'],
  ['https://', 'unreadable'],
  ['https://exa mple.com/a', 'unreadable', 'hiddenCharacters'],
  ['ht\ntps://example.com/a', 'hiddenCharacters'],
  ['https://example.com\\@10.0.0.1/a', 'hiddenCharacters'],
  ['\u0000https://example.com/', 'hiddenCharacters'],
  ['file:///etc/passwd', 'scheme'],
  ['FILE://localhost/etc/passwd', 'scheme'],
  ['ftp://example.com/a', 'scheme'],
  ['data:image/png;base64,AAAA', 'scheme'],
  ['javascript:alert(1)', 'scheme'],
  ['gopher://10.0.0.1:70/_x', 'scheme', 'oddPort'],
  ['https://user@example.com/a', 'userInfo'],
  ['https://example.com:x@evil.example.net/a', 'userInfo'],
  ['https://example.com%40evil.net/a', 'unreadable'],
  ['https://example.com:8443/a', 'oddPort'],
  ['http://example.com:443/a', 'oddPort'],
  ['http://localhost/a', 'loopbackHost'],
  ['http://LOCALHOST./a', 'loopbackHost'],
  ['http://a.localhost/a', 'loopbackHost'],
  ['http://127.0.0.1/a', 'loopbackHost'],
  ['http://127.1/a', 'loopbackHost'],
  ['http://2130706433/a', 'loopbackHost'],
  ['http://0x7f.0.0.1/a', 'loopbackHost'],
  ['http://0177.0.0.1/a', 'loopbackHost'],
  ['http://127.0.0.1./a', 'loopbackHost'],
  ['http://１２７.０.０.１/a', 'loopbackHost'],
  ['http://%31%32%37.0.0.1/a', 'loopbackHost'],
  ['http://0.0.0.0/a', 'loopbackHost'],
  ['http://0/a', 'loopbackHost'],
  ['http://[::1]/a', 'loopbackHost'],
  ['http://[::]/a', 'loopbackHost'],
  ['http://[::ffff:127.0.0.1]/a', 'loopbackHost'],
  ['http://[64:ff9b::7f00:1]/a', 'loopbackHost'],
  ['http://[2002:7f00:1::]/a', 'loopbackHost'],
  ['http://169.254.169.254/latest/meta-data/', 'metadataHost'],
  ['http://100.100.100.200/latest/meta-data/', 'metadataHost'],
  ['http://[::ffff:a9fe:a9fe]/', 'metadataHost'],
  ['http://[fd00:ec2::254]/', 'metadataHost'],
  ['http://metadata.google.internal/', 'metadataHost'],
  ['http://10.1.2.3/a', 'privateHost'],
  ['http://172.16.0.1/a', 'privateHost'],
  ['http://172.31.255.255/a', 'privateHost'],
  ['http://192.168.0.1:8080/a', 'oddPort', 'privateHost'],
  ['http://100.64.0.1/a', 'privateHost'],
  ['http://169.254.0.1/a', 'privateHost'],
  ['http://[fc00::1]/a', 'privateHost'],
  ['http://[fdff::1]/a', 'privateHost'],
  ['http://[fe80::1]/a', 'privateHost'],
  ['http://[febf::1]/a', 'privateHost'],
  ['http://[64:ff9b:1::a00:1]/a', 'privateHost'],
  ['http://[::10.0.0.1]/a', 'privateHost'],
  ['http://192.0.2.1/a', 'specialHost'],
  ['http://198.19.0.1/a', 'specialHost'],
  ['http://224.0.0.1/a', 'specialHost'],
  ['http://255.255.255.255/a', 'specialHost'],
  ['http://[ff02::1]/a', 'specialHost'],
  ['http://[2001:db8::1]/a', 'specialHost'],
  ['http://[2001::1]/a', 'specialHost'],
  ['http://[2002:5db8:d822::1]/a', 'specialHost'],
  ['http://[64:ff9b::5db8:d822]/a', 'specialHost'],
  ['http://[4000::1]/a', 'specialHost'],
  ['http://intranet/a', 'localName'],
  ['http://db.prod.internal/a', 'localName'],
  ['http://printer.local./a', 'localName'],
  ['https://аpple.com/a', 'nonAsciiHost'],
  ['https://xn--pple-43d.com/a', 'nonAsciiHost'],
];

test.each(cases)('%j', (url, ...concerns) => {
  expect(imageUrlConcerns(url).sort()).toEqual(concerns.sort());
});

test.each([
  '172.15.255.255',
  '172.32.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '11.0.0.0',
  '9.255.255.255',
  '223.255.255.255',
])('%s, just outside a block, is public', (address) => {
  expect(imageUrlConcerns(`https://${address}/a.png`)).toEqual([]);
});

test('every concern has a case', () => {
  expect(new Set(cases.flatMap(([, ...concerns]) => concerns))).toEqual(
    new Set(Object.keys(imageUrlConcernDescriptions)),
  );
});

test('no text makes the check throw', () => {
  const parts = fc.constantFrom(
    'http://',
    'https:',
    '//',
    '[',
    ']',
    '::',
    '@',
    ':',
    '\\',
    '%',
    '0x',
    '.',
    '1',
    'xn--',
    'é',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
    fc.array(parts).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const concern of imageUrlConcerns(text))
        expect(Object.hasOwn(imageUrlConcernDescriptions, concern)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
