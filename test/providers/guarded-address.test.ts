import { describe, expect, test } from 'vitest';
import {
  allowNothing,
  checkHost,
  ForbiddenAddressError,
  guardedLookup,
  isAllowedAddress,
  isNamedHost,
  parseAllowList,
} from '../../src/providers/guarded-address.js';

const listOf = (text: string) => parseAllowList(text).list;

describe('an address', () => {
  test.each(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::ffff:93.184.215.14'])(
    '%s is public',
    (address) => expect(isAllowedAddress(address, allowNothing)).toBe(true),
  );

  // IANA's special-purpose address registries, RFC 6890.
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::1',
    '2001::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'not an address',
    '127.1',
    '0x7f000001',
  ])('%s is not allowed', (address) => expect(isAllowedAddress(address, allowNothing)).toBe(false));

  test('of an allowed range is let through, its neighbours are not', () => {
    const allow = listOf('10.2.0.0/16, fd00::/8,192.168.7.7');
    expect(isAllowedAddress('10.2.255.1', allow)).toBe(true);
    expect(isAllowedAddress('::ffff:10.2.255.1', allow)).toBe(true);
    expect(isAllowedAddress('10.3.0.1', allow)).toBe(false);
    expect(isAllowedAddress('fd00::9', allow)).toBe(true);
    expect(isAllowedAddress('192.168.7.7', allow)).toBe(true);
    expect(isAllowedAddress('192.168.7.8', allow)).toBe(false);
  });
});

test('an allow list names its wrong entries', () => {
  expect(parseAllowList('shop.internal, 10.0.0.0/99,http://x, 1.2.3 ,,10.0.0.1').wrong).toEqual([
    '10.0.0.0/99',
    'http://x',
    '1.2.3',
  ]);
});

test('a host counts as named by its name or by its address, in any form', () => {
  const allow = listOf('Shop.Internal,127.0.0.0/8,::1');
  expect(['shop.internal', 'SHOP.internal.', '127.0.0.1', '[::1]'].map((host) => isNamedHost(host, allow))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['internal', 'x.shop.internal', '10.0.0.1'].map((host) => isNamedHost(host, allow))).toEqual([
    false,
    false,
    false,
  ]);
});

test.each(['http://127.1/', 'http://2130706433/', 'http://0x7f.0.0.1/', 'http://[::ffff:7f00:1]/', 'http://10.0.0.1/'])(
  'the address in %s is checked',
  (url) => expect(() => checkHost(new URL(url).hostname, allowNothing)).toThrow(ForbiddenAddressError),
);

describe('a name', () => {
  type Lookup = NonNullable<Parameters<typeof guardedLookup>[1]>;
  const resolvingTo = (...addresses: string[]): Lookup =>
    ((_host: string, _options: object, callback: (error: null, found: object[]) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as Lookup;
  const resolve = (allow: string, lookup: Lookup, all: boolean): unknown => {
    let given: unknown;
    guardedLookup(listOf(allow), lookup)('shop.example', { all }, (error, address) => {
      given = error ?? address;
    });
    return given;
  };

  test('that resolves to a private address is refused', () => {
    for (const all of [true, false]) {
      expect(resolve('', resolvingTo('10.0.0.1', '::1'), all)).toBeInstanceOf(ForbiddenAddressError);
    }
  });

  test('gives only its public addresses', () => {
    const lookup = resolvingTo('10.0.0.1', '93.184.215.14');
    expect(resolve('', lookup, true)).toEqual([{ address: '93.184.215.14', family: 4 }]);
    expect(resolve('', lookup, false)).toBe('93.184.215.14');
  });

  test('that is on the list may have a private address', () => {
    expect(resolve('shop.example', resolvingTo('10.0.0.1'), false)).toBe('10.0.0.1');
    expect(resolve('10.0.0.0/8', resolvingTo('10.0.0.1'), false)).toBe('10.0.0.1');
  });
});
