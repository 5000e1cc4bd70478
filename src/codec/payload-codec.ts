/**
 * Encrypts payloads with AES-256-GCM before they leave this process. The format is that of Temporal's published samples: services in other
 * languages need only a few lines to read and write it.
 * @see https://github.com/temporalio/samples-python/blob/main/encryption/codec.py
 * @see https://github.com/temporalio/samples-go/tree/main/encryption
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { type CodecKeySource, type CodecKeys, codecKeySource, parseCodecKeys } from './keys.js';

const wire = proto.temporal.api.common.v1.Payload;

const algorithm = 'aes-256-gcm';
const encrypted = 'binary/encrypted';
const encodingField = 'encoding';
const keyIdField = 'encryption-key-id';
const nonceBytes = 12;
const tagBytes = 16;
/** A file of keys is read again after this time. */
const rereadMs = 10_000;
/** The same, if a payload names a key that is not in the file. */
const rereadUnknownMs = 1_000;

/** A payload cannot be encrypted or decrypted here. The message names the remedy, never a key. */
export class PayloadCodecError extends Error {
  override readonly name = 'PayloadCodecError';
}

/** Options of {@link createEncryptionCodec}. */
export interface EncryptionCodecOptions {
  /** `id:base64,...` as in `TRYON_CODEC_KEYS`, or where to read them. The first encrypts, all decrypt. */
  readonly keys: string | CodecKeySource;
  /** A monotonic clock in milliseconds; default `performance.now`. */
  readonly monotonicMs?: () => number;
}

const textOf = (bytes: Uint8Array | null | undefined): string =>
  bytes === null || bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');

/**
 * Makes the codec. Payloads that are not encrypted pass through `decode` as they are: you can turn encryption on while waits run, and one
 * service may encrypt while another does not.
 * @throws {PayloadCodecError} if the keys cannot be used
 */
export function createEncryptionCodec(options: EncryptionCodecOptions): PayloadCodec {
  const { monotonicMs = () => performance.now() } = options;
  const given = options.keys;
  const source: CodecKeySource =
    typeof given === 'string' ? { name: '`keys`', read: () => parseCodecKeys(given, '`keys`') } : given;

  const load = (): CodecKeys => {
    const read = source.read();
    if (!read.ok) throw new PayloadCodecError(read.problems.join('; '));
    return read.keys;
  };
  let keys = load();
  let readAtMs = monotonicMs();

  /** The current keys. A file that is being replaced or is wrong leaves the last good ones in force. */
  const current = (maxAgeMs: number): CodecKeys => {
    const nowMs = monotonicMs();
    if (nowMs - readAtMs >= maxAgeMs) {
      readAtMs = nowMs;
      const read = source.read();
      if (read.ok) keys = read.keys;
    }
    return keys;
  };

  const keyOf = (id: string): Uint8Array => {
    for (const maxAgeMs of [rereadMs, rereadUnknownMs]) {
      const known = current(maxAgeMs).find((one) => one.id === id);
      if (known !== undefined) return known.key;
    }
    throw new PayloadCodecError(
      `a payload is encrypted with key "${id.slice(0, 64)}", which ${source.name} does not hold; add that key after the first one ` +
        'and remove it only when nothing that it encrypted will be read again',
    );
  };

  const encodeOne = (payload: Payload): Payload => {
    const [first] = current(rereadMs);
    if (first === undefined) throw new PayloadCodecError(`${source.name} holds no key`);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, first.key, nonce, { authTagLength: tagBytes });
    const data = Buffer.concat([
      nonce,
      cipher.update(wire.encode(payload).finish()),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return { metadata: { [encodingField]: Buffer.from(encrypted), [keyIdField]: Buffer.from(first.id) }, data };
  };

  const decodeOne = (payload: Payload): Payload => {
    if (textOf(payload.metadata?.[encodingField]) !== encrypted) return payload;
    const id = textOf(payload.metadata?.[keyIdField]);
    if (id === '')
      throw new PayloadCodecError('an encrypted payload names no key; its writer must set encryption-key-id');
    const key = keyOf(id);
    const data = Buffer.from(payload.data ?? []);
    const broken = () =>
      new PayloadCodecError(
        `a payload encrypted with key "${id.slice(0, 64)}" does not decrypt: it was changed, or another key bears this id; ` +
          'give every service the same key under the same id',
      );
    if (data.length < nonceBytes + tagBytes) throw broken();
    try {
      const decipher = createDecipheriv(algorithm, key, data.subarray(0, nonceBytes), { authTagLength: tagBytes });
      decipher.setAuthTag(data.subarray(-tagBytes));
      const plain = Buffer.concat([decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()]);
      return wire.decode(plain) as Payload;
    } catch {
      throw broken();
    }
  };

  return {
    encode: async (payloads) => payloads.map(encodeOne),
    decode: async (payloads) => payloads.map(decodeOne),
  };
}

/** The data converter of an environment, or one line for each problem with its keys. */
export type DataConverterRead =
  | { readonly ok: true; readonly dataConverter?: DataConverter }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads `TRYON_CODEC_KEYS` or `TRYON_CODEC_KEYS_FILE`. If neither is set there is no converter, and payloads are plain JSON.
 * @param env - usually `process.env`
 */
export function readDataConverter(env: Readonly<Record<string, string | undefined>>): DataConverterRead {
  const source = codecKeySource(env);
  if (source === undefined) return { ok: true };
  const read = source.read();
  if (!read.ok) return read;
  return { ok: true, dataConverter: { payloadCodecs: [createEncryptionCodec({ keys: source })] } };
}
