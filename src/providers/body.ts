/** Reads an HTTP body up to a maximum size, whatever its coding and charset. */
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** The text of a body, or why there is none. `broken`: the stream itself failed. */
export type BodyResult =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'undecodable'; readonly reason: string }
  | { readonly kind: 'broken'; readonly error: unknown };

/** Makes the decoder of a coding, from the first byte of the body. */
const decoders: Readonly<Record<string, (firstByte: number) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  // Some servers send raw DEFLATE under this name, without the zlib header of RFC 1950, which has method 8 in its low bits.
  deflate: (firstByte) => ((firstByte & 0x0f) === 8 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
};

const decode = (bytes: Uint8Array, charset: string, fatal: boolean): string | undefined => {
  try {
    return new TextDecoder(charset, { fatal }).decode(bytes);
  } catch {
    return undefined;
  }
};

/**
 * Decodes text. Tries in this order: a byte order mark, UTF-8, the charset of the header, UTF-8 with replacement characters.
 * @param contentType - the header's value
 */
export const textOf = (bytes: Uint8Array, contentType = ''): string => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decode(bytes, 'utf-16le', false) ?? '';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decode(bytes, 'utf-16be', false) ?? '';
  const charset = /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1];
  return (
    decode(bytes, 'utf-8', true) ??
    (charset === undefined ? undefined : decode(bytes, charset, true)) ??
    decode(bytes, 'utf-8', false) ??
    ''
  );
};

async function* startingWith<T>(first: T, rest: AsyncGenerator<T, undefined>): AsyncGenerator<T, undefined> {
  yield first;
  return yield* rest;
}

/** Errors end the decoder's stream, which is the one that is read. */
const decompress = (first: Uint8Array, rest: AsyncGenerator<Uint8Array, undefined>, decoder: Transform): Readable =>
  pipeline(startingWith(first, rest), decoder, () => {});

/**
 * Reads a body to its end or to the maximum. Never throws.
 * @param headers - at most one coding is read: each further one could multiply the work of the bytes before it
 * @param maxBytes - counts before and after decompression. The stream ends there, so a decompression bomb is never unpacked, and neither
 *   are endless compressed bytes that decode to nothing
 */
export const readBody = async (
  body: Readable,
  headers: { readonly contentEncoding: string; readonly contentType: string; readonly contentLength: string },
  maxBytes: number,
): Promise<BodyResult> => {
  let sourceError: unknown;
  body.on('error', (error) => {
    sourceError ??= error;
  });
  const end = (result: BodyResult): BodyResult => {
    body.destroy();
    return result;
  };
  if (Number(headers.contentLength) > maxBytes) return end({ kind: 'tooLarge' });
  const codings = headers.contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const [coding = 'identity'] = codings;
  if (codings.length > 1) return end({ kind: 'undecodable', reason: `${codings.length} content codings` });
  if (coding !== 'identity' && !Object.hasOwn(decoders, coding)) {
    return end({ kind: 'undecodable', reason: `content-encoding ${coding.slice(0, 40)}` });
  }
  let isTooLarge = false;
  async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      isTooLarge ||= bytes > maxBytes;
      if (isTooLarge) break;
      yield chunk;
    }
    return undefined;
  }
  const source = limited(body);
  const chunks: Uint8Array[] = [];
  try {
    const first = coding === 'identity' ? undefined : (await source.next()).value;
    const decoder = first && decoders[coding]?.(first[0] ?? 0);
    const decoded = first && decoder ? limited(decompress(first, source, decoder)) : source;
    for await (const chunk of decoded) chunks.push(chunk);
  } catch (error) {
    if (!isTooLarge) {
      if (coding === 'identity' || sourceError !== undefined) return { kind: 'broken', error: sourceError ?? error };
      return end({ kind: 'undecodable', reason: 'the compressed data is damaged' });
    }
  }
  if (isTooLarge) return end({ kind: 'tooLarge' });
  return { kind: 'text', text: textOf(Buffer.concat(chunks), headers.contentType) };
};
