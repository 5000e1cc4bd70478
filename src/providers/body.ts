/** Reads an HTTP body up to a maximum size, whatever its coding and charset. */
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** The text of a body, or why there is none. `broken`: the stream itself failed. */
export type BodyResult =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'undecodable'; readonly reason: string }
  | { readonly kind: 'broken'; readonly error: unknown };

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};

const maxCodings = 3;

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

/**
 * Reads a body to its end or to the maximum. Never throws.
 * @param maxBytes - counts after decompression. The stream ends there, so a decompression bomb is never unpacked
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
  if (Number(headers.contentLength) > maxBytes) {
    body.destroy();
    return { kind: 'tooLarge' };
  }
  const codings = headers.contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const unknown = codings.find((coding) => !Object.hasOwn(decoders, coding));
  if (unknown !== undefined || codings.length > maxCodings) {
    body.destroy();
    return { kind: 'undecodable', reason: `content-encoding ${(unknown ?? 'chain').slice(0, 40)}` };
  }
  let stream: Readable = body;
  for (const coding of codings.reverse()) {
    const decoder = decoders[coding]?.();
    // Errors end the last stream of the chain, which is the one that is read.
    if (decoder) stream = pipeline(stream, decoder, () => {});
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        body.destroy();
        return { kind: 'tooLarge' };
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (stream === body || sourceError !== undefined) return { kind: 'broken', error: sourceError ?? error };
    body.destroy();
    return { kind: 'undecodable', reason: 'the compressed data is damaged' };
  }
  return { kind: 'text', text: textOf(Buffer.concat(chunks), headers.contentType) };
};
