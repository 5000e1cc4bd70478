/** Image addresses in the manner of the vendor's object store: the key's slashes encoded, the query signed and expiring. Pure. */
import { createHmac } from 'node:crypto';
import { hexOf } from './chance.js';

/** Owner part of every object key. */
const owner = 'emulator';
/** All three generated images of the vendor's samples expire this long after they were made: about 31.7 years. */
export const defaultImageTtlSeconds = 1_000_000_000;

/** Whose bucket: where images are served and what signs their addresses. */
export interface ImageStore {
  /** Such as `http://127.0.0.1:8080`, without a trailing slash. */
  readonly baseUrl: string;
  readonly seed: number;
  readonly ttlSeconds: number;
}

/** `yyyyMMddHHmmss` at UTC+8, as in the vendor's object keys. */
export function stampOf(atMs: number): string {
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
 * Address of a generated image.
 * @param id - 32 lower-case hex characters
 * @param signedAtMs - the address expires `ttlSeconds` after this
 */
export function imageUrlOf(store: ImageStore, id: string, madeAtMs: number, signedAtMs: number): string {
  const key = `${owner}%2Ftry_on%2F${id}_${stampOf(madeAtMs)}.png`;
  return signedUrl(store, key, Math.floor(signedAtMs / 1000) + store.ttlSeconds);
}

/** Address of a garment's photo, where the task was not submitted with one. */
export function clothesUrlOf(store: ImageStore, id: string, signedAtMs: number): string {
  return signedUrl(store, `${owner}%2Fclothes%2F${id}.png`, Math.floor(signedAtMs / 1000) + store.ttlSeconds);
}

/** What a download comes to. */
export type Download =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly why: DownloadRefusal };
/** The object store's words. */
export type DownloadRefusal = 'AccessDenied' | 'SignatureDoesNotMatch' | 'NoSuchKey';

/** Checks an image request, `target` being the request line's path and query as they came. */
export function checkDownload(seed: number, target: string, nowMs: number): Download {
  const [path = '', query = ''] = target.split('?', 2);
  const key = path.slice('/images/'.length);
  const parameters = new URLSearchParams(query);
  const expires = parameters.get('Expires') ?? '';
  if (parameters.get('Signature') !== signatureOf(seed, key, expires))
    return { ok: false, why: 'SignatureDoesNotMatch' };
  if (!(nowMs / 1000 <= Number(expires))) return { ok: false, why: 'AccessDenied' };
  const id = /%2F([0-9a-f]{32})(?:_\d{14})?\.png$/.exec(key)?.[1];
  return id === undefined ? { ok: false, why: 'NoSuchKey' } : { ok: true, id };
}
