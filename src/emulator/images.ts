/** Image URLs in the form of the vendor's object store: slashes of the key encoded, a signed query, an expiry time. Pure. */
import { createHmac } from 'node:crypto';
import { type DownloadMode, isDownloadMode } from './downloads.js';
import { hexOf } from './random.js';

/** The first part of every object key. */
const owner = 'emulator';
/** The validity of all three generated images in the vendor's samples: about 31.7 years. */
export const defaultImageTtlSeconds = 1_000_000_000;

/** The object store: where images are served and what signs their URLs. */
export interface ImageStore {
  /** Without a trailing slash. Example: `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  readonly seed: number;
  readonly ttlSeconds: number;
}

/** `yyyyMMddHHmmss` at UTC+8, as in the vendor's object keys. */
function stampOf(atMs: number): string {
  return new Date(atMs + 8 * 3_600_000).toISOString().slice(0, 19).replace(/\D/g, '');
}

const accessKeyOf = (seed: number): string => `EMU${hexOf(seed, 'access-key').slice(0, 13).toUpperCase()}`;

function signatureOf(seed: number, key: string, expires: string): string {
  return createHmac('sha1', hexOf(seed, 'image-key')).update(`GET\n\n\n${expires}\n/images/${key}`).digest('base64');
}

function signedUrl(store: ImageStore, key: string, expiresSeconds: number): string {
  const expires = String(expiresSeconds);
  const query = [
    `OSSAccessKeyId=${accessKeyOf(store.seed)}`,
    `Expires=${expires}`,
    `Signature=${encodeURIComponent(signatureOf(store.seed, key, expires))}`,
  ];
  return `${store.baseUrl}/images/${key}?${query.join('&')}`;
}

/**
 * URL of a generated image.
 * @param id - 32 lower-case hex digits
 * @param signedAtMs - the URL expires `ttlSeconds` after this
 * @param mode - how its download goes wrong
 */
export function imageUrlOf(
  store: ImageStore,
  id: string,
  madeAtMs: number,
  signedAtMs: number,
  mode?: DownloadMode,
): string {
  const folder = mode === undefined ? 'try_on' : `try_on%2F${mode}`;
  const key = `${owner}%2F${folder}%2F${id}_${stampOf(madeAtMs)}.png`;
  return signedUrl(store, key, Math.floor(signedAtMs / 1000) + store.ttlSeconds);
}

/** URL of a garment's photo, for a task whose submit gave none. */
export function clothesUrlOf(store: ImageStore, id: string, signedAtMs: number): string {
  return signedUrl(store, `${owner}%2Fclothes%2F${id}.png`, Math.floor(signedAtMs / 1000) + store.ttlSeconds);
}

/** The result of an image request; `code` is the object store's error code. */
export type Download =
  | { readonly ok: true; readonly id: string; readonly mode?: DownloadMode; readonly plainUrl: string }
  | { readonly ok: false; readonly code: 'AccessDenied' | 'SignatureDoesNotMatch' | 'NoSuchKey' };

/** Checks an image request. `target`: path and query of the request line, not decoded. */
export function checkDownload(store: ImageStore, target: string, nowMs: number): Download {
  const { seed } = store;
  const [path = '', query = ''] = target.split('?', 2);
  const key = path.slice('/images/'.length);
  const parameters = new URLSearchParams(query);
  const expires = parameters.get('Expires') ?? '';
  if (parameters.get('Signature') !== signatureOf(seed, key, expires)) {
    return { ok: false, code: 'SignatureDoesNotMatch' };
  }
  if (!(nowMs / 1000 <= Number(expires))) return { ok: false, code: 'AccessDenied' };
  const id = /%2F([0-9a-f]{32})(?:_\d{14})?\.png$/.exec(key)?.[1];
  if (id === undefined) return { ok: false, code: 'NoSuchKey' };
  const mode = /%2Ftry_on%2F([a-z-]+)%2F/.exec(key)?.[1];
  const plainUrl = signedUrl(store, key.replace(`${mode}%2F`, ''), Number(expires));
  return { ok: true, id, plainUrl, ...(isDownloadMode(mode) ? { mode } : {}) };
}
