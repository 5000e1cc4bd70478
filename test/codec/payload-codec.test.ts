import { createDecipheriv } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CodecKeysRead } from '../../src/codec/keys.js';
import { parseCodecKeys } from '../../src/codec/keys.js';
import { createEncryptionCodec } from '../../src/codec/payload-codec.js';

const keyOf = (message: string): string => `${message}:${Buffer.alloc(32, message).toString('base64')}`;
const codecOf = (...letters: string[]) => createEncryptionCodec({ keys: letters.map(keyOf).join(',') });
const utf8 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
const one = async (payloads: Promise<Payload[]>): Promise<Payload> => {
  const [payload, ...more] = await payloads;
  if (payload === undefined || more.length > 0) throw new Error('not one payload');
  return payload;
};
const plainOf = (payload: Payload) => ({
  metadata: Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, utf8(value)])),
  data: utf8(payload.data),
});
const toPayload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const secret = toPayload({ imageUrl: 'https://images.test/secret.png' });

describe('the form of the published samples', () => {
  test('nonce, ciphertext, tag; encoding and key id beside it, and nothing else', async () => {
    const sealed = await one(codecOf('a', 'b').encode([secret]));
    expect(plainOf({ metadata: sealed.metadata ?? {} }).metadata).toEqual({
      encoding: 'binary/encrypted',
      'encryption-key-id': 'a',
    });
    const data = Buffer.from(sealed.data ?? []);
    expect(data.toString('latin1')).not.toContain('images.test');
    // As the sample in Go opens it: the first 12 bytes are the nonce, the last 16 the tag, no additional data.
    const opener = createDecipheriv('aes-256-gcm', Buffer.alloc(32, 'a'), data.subarray(0, 12));
    opener.setAuthTag(data.subarray(-16));
    const plain = Buffer.concat([opener.update(data.subarray(12, -16)), opener.final()]);
    expect(plainOf(proto.temporal.api.common.v1.Payload.decode(plain) as Payload)).toEqual(plainOf(secret));
  });

  // Made with samples-python `encryption/codec.py` (cryptography 48.0.0), its default key and the nonce 000102...0b:
  // metadata {"encoding": "json/plain"}, data "hello".
  test('a payload that the sample in Python encrypted is read', async () => {
    const codec = createEncryptionCodec({
      keys: `test-key-id:${Buffer.from('test-key-test-key-test-key-test!').toString('base64')}`,
    });
    const sealed: Payload = {
      metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('test-key-id') },
      data: Buffer.from(
        'AAECAwQFBgcICQoL+SuJ2idoYdJlc5Wio/f30eikViKThZLQZ+OjCHLhSIItnCy6Vpc6bA4BohBeavxKvw==',
        'base64',
      ),
    };
    const opened = await one(codec.decode([sealed]));
    expect(plainOf(opened)).toEqual({ metadata: { encoding: 'json/plain' }, data: '"hello"' });
  });
});

test('decoding gives back what was encoded, metadata too, and no nonce is used twice', async () => {
  const codec = codecOf('a');
  const nonces = new Set<string>();
  let count = 0;
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), bytes), bytes, async (metadata, data) => {
      const sealed = await one(codec.encode([{ metadata, data }]));
      const opened = await one(codec.decode([sealed]));
      expect(plainOf(opened)).toEqual(plainOf({ metadata, data }));
      nonces.add(Buffer.from(sealed.data ?? []).toString('hex', 0, 12));
      count += 1;
    }),
    { numRuns: 300 },
  );
  expect(nonces.size).toBe(count);
});

test('an empty list, a null payload and one megabyte go both ways', async () => {
  const codec = codecOf('a');
  expect(await codec.encode([])).toEqual([]);
  for (const value of [null, undefined, 'x'.repeat(1024 * 1024)]) {
    const payload = toPayload(value);
    const sealed = await one(codec.encode([payload]));
    expect(plainOf(await one(codec.decode([sealed])))).toEqual(plainOf(payload));
  }
});

test('payloads that are not encrypted pass, in their place among others', async () => {
  const codec = codecOf('a');
  const sealed = await one(codec.encode([secret]));
  const mixed = await codec.decode([toPayload(1), sealed, { data: Buffer.from('bare') }]);
  expect(mixed.map(({ data }) => utf8(data))).toEqual(['1', utf8(secret.data), 'bare']);
});

describe('rotation', () => {
  test('a new first key encrypts, and what the old one encrypted is still read', async () => {
    const old = await one(codecOf('a').encode([secret]));
    const rotated = codecOf('b', 'a');
    expect(plainOf(await one(rotated.decode([old])))).toEqual(plainOf(secret));
    const fresh = await one(rotated.encode([secret]));
    expect(utf8(fresh.metadata?.['encryption-key-id'])).toBe('b');
    await expect(codecOf('a').decode([fresh])).rejects.toThrow(
      'encrypted with key "b", which `keys` does not hold; add that key after the first one',
    );
  });

  test('a file is read again: after ten seconds, at once for an unknown key, and a broken one changes nothing', async () => {
    let nowMs = 0;
    let text = keyOf('a');
    let reads = 0;
    const read = (): CodecKeysRead => {
      reads += 1;
      return parseCodecKeys(text, 'the file');
    };
    const codec = createEncryptionCodec({ keys: { name: 'the file', read }, monotonicMs: () => nowMs });
    const idNow = async () => utf8((await one(codec.encode([secret]))).metadata?.['encryption-key-id']);
    const byB = await one(codecOf('b').encode([secret]));
    text = `${keyOf('b')},${keyOf('a')}`;
    nowMs = 999;
    await expect(codec.decode([byB])).rejects.toThrow('does not hold');
    nowMs = 1_000;
    expect(plainOf(await one(codec.decode([byB])))).toEqual(plainOf(secret));
    expect(await idNow()).toBe('b');
    text = 'half-writ';
    nowMs = 60_000;
    expect(await idNow()).toBe('b');
    text = keyOf('c');
    nowMs = 69_999;
    expect(await idNow()).toBe('b');
    nowMs = 70_000;
    expect(await idNow()).toBe('c');
    expect(reads).toBe(4);
  });
});

describe('what does not decrypt', () => {
  const sealedBy = async (message: string) => await one(codecOf(message).encode([secret]));
  const cases: { what: string; change: (payload: Payload) => Payload; says: string }[] = [
    {
      what: 'a changed byte',
      change: ({ metadata, data }) => ({
        metadata: metadata ?? {},
        data: Buffer.from(data ?? []).map((byte, index) => (index === 20 ? byte ^ 1 : byte)),
      }),
      says: 'does not decrypt: it was changed, or another key bears this id',
    },
    {
      what: 'another key under the same id',
      change: ({ data }) => ({
        metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('b') },
        data: data ?? null,
      }),
      says: 'encrypted with key "b" does not decrypt',
    },
    {
      what: 'less than nonce and tag',
      change: ({ metadata }) => ({ metadata: metadata ?? {}, data: Buffer.alloc(27) }),
      says: 'does not decrypt',
    },
    { what: 'no data', change: ({ metadata }) => ({ metadata: metadata ?? {} }), says: 'does not decrypt' },
    {
      what: 'no key id',
      change: ({ data }) => ({ metadata: { encoding: Buffer.from('binary/encrypted') }, data: data ?? null }),
      says: 'names no key; its writer must set encryption-key-id',
    },
    {
      what: 'a very long key id',
      change: ({ data }) => ({
        metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('x'.repeat(5_000)) },
        data: data ?? null,
      }),
      says: `key "${'x'.repeat(64)}", which`,
    },
  ];

  test.each(cases)('$what: one error that names the remedy, and neither key nor content', async ({ change, says }) => {
    const codec = codecOf('a', 'b');
    const error = (await codec.decode([change(await sealedBy('a'))]).catch((thrown: unknown) => thrown)) as Error;
    expect(error.name).toBe('PayloadCodecError');
    expect(error.message).toContain(says);
    expect(error.message.length).toBeLessThan(400);
    for (const message of ['a', 'b']) expect(`${error.message}${error.stack}`).not.toContain(message.repeat(32));
    expect(error.message).not.toMatch(/images\.test|YWFh|YmJi/);
  });

  test('keys that cannot be used are refused when the codec is made', () => {
    expect(() => createEncryptionCodec({ keys: 'a:AAAA' })).toThrow('key 1 of `keys`, id "a", is 3 bytes');
  });
});
