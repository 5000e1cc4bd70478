/**
 * Checks Alibaba Cloud's signature ACS3-HMAC-SHA256. Written from its page and not shared with the client, so that a mistake on one side
 * makes a test fail.
 * - Canonical request: method, path, sorted query, signed headers with their values, their names, SHA-256 of the body; one line each.
 * - Text to sign: the name of the algorithm and the SHA-256 of the canonical request, one line each. The digest is lower-case hex.
 * @see https://help.aliyun.com/en/sdk/product-overview/v3-request-structure-and-signature
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RawRequest } from './gateway.js';

const algorithm = 'ACS3-HMAC-SHA256';

/** Headers that the page says must be signed. */
const mandatory = [
  'host',
  'x-acs-action',
  'x-acs-content-sha256',
  'x-acs-date',
  'x-acs-signature-nonce',
  'x-acs-version',
];

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** RFC 3986: only letters, digits, `-`, `_`, `.` and `~` stay. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

/** A header's value; empty if there is none. */
export function headerOf({ headers }: RawRequest, name: string): string {
  const value = (Object.hasOwn(headers, name) ? headers[name] : undefined) ?? '';
  return (Array.isArray(value) ? value.join(',') : value).trim();
}

/** The parts of the `Authorization` header. */
export interface Acs3Authorization {
  readonly accessKeyId: string;
  /** Lower-case names, in the header's order. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Reads the `Authorization` header; `undefined` if it is of another kind. */
export function readAuthorization(raw: RawRequest): Acs3Authorization | undefined {
  const form =
    /^ACS3-HMAC-SHA256 Credential=([^,\s]{1,200}), ?SignedHeaders=([^,\s]{1,4000}), ?Signature=([0-9a-f]{64})$/;
  const [, accessKeyId, names, signature] = form.exec(headerOf(raw, 'authorization')) ?? [];
  if (accessKeyId === undefined || names === undefined || signature === undefined) return undefined;
  return { accessKeyId, signedHeaders: names.split(';'), signature };
}

/** The canonical request. */
export function canonicalRequest(raw: RawRequest, signedHeaders: readonly string[]): string {
  const [path = '/', ...rest] = raw.target.split('?');
  const pairs = [...new URLSearchParams(rest.join('?'))].map(
    ([name, value]) => [encoded(name), encoded(value)] as const,
  );
  pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const query = pairs.map(([name, value]) => `${name}=${value}`).join('&');
  const headers = signedHeaders.map((name) => `${name}:${headerOf(raw, name)}\n`).join('');
  return [raw.method, path, query, headers, signedHeaders.join(';'), sha256(raw.body)].join('\n');
}

/** Whether the request was signed with `secret`, with all headers that must be. */
export function isSignedAcs3(raw: RawRequest, authorization: Acs3Authorization, secret: string): boolean {
  const { signedHeaders, signature } = authorization;
  const isSorted = signedHeaders.every((name, index) => index === 0 || (signedHeaders[index - 1] ?? '') < name);
  if (!isSorted || !mandatory.every((name) => signedHeaders.includes(name))) return false;
  if (headerOf(raw, 'x-acs-content-sha256') !== sha256(raw.body)) return false;
  const text = `${algorithm}\n${sha256(canonicalRequest(raw, signedHeaders))}`;
  const expected = createHmac('sha256', secret).update(text, 'utf8').digest('hex');
  return timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}
