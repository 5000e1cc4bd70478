/** What each step of a download means: addresses, statuses, lengths, checksums. Pure. */
import { createHash } from 'node:crypto';
import type { ArchiveErrorCode } from '../contract.js';
import { type AllowList, isNamedHost } from '../providers/guarded-address.js';

/** Why an image is not there. `isTransient`: another try may bring it. The message has no path and no query. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  constructor(
    readonly code: ArchiveErrorCode,
    message: string,
    readonly isTransient = false,
  ) {
    super(message);
  }
}

/** Ports below 1024 that an image may come from: at the others there are services of other kinds. */
const ports = ['', '80', '443'];

/**
 * Checks an address before anything is sent to it. Whether the host is public is checked where it is resolved.
 * @param from - the address that led to this one
 * @throws {DownloadError} `Forbidden`
 */
export function imageAddress(text: string, allow: AllowList, from?: URL): URL {
  const forbid = (problem: string): never => {
    throw new DownloadError('Forbidden', `the image's address ${problem}`);
  };
  if (!URL.canParse(text, from?.href)) return forbid('is not a URL');
  const url = new URL(text, from?.href);
  const { protocol, port, hostname, username, password } = url;
  if (protocol !== 'https:' && protocol !== 'http:') return forbid(`begins with ${protocol.slice(0, 20)}`);
  if (username !== '' || password !== '') return forbid('has a user or a password');
  if (from?.protocol === 'https:' && protocol === 'http:') return forbid('is not https, and was led to from https');
  if (!ports.includes(port) && Number(port) < 1024 && !isNamedHost(hostname, allow)) {
    return forbid(`has port ${port}`);
  }
  return url;
}

/** What follows a response's status. */
export type StatusMeaning = 'body' | 'redirect' | 'expired' | 'transient';

const redirects = [301, 302, 303, 307, 308];
const transientStatuses = [408, 425, 429];

/** A refusal is taken for an expired signature: object stores answer 400, 401, 403, 404 and 410 to one. */
export function meaningOfStatus(status: number): StatusMeaning {
  if (status === 200) return 'body';
  if (redirects.includes(status)) return 'redirect';
  if (status >= 400 && status < 500 && !transientStatuses.includes(status)) return 'expired';
  return 'transient';
}

/** Headers that hold a checksum of the whole body in base64, and the hash that it is. */
const checksumHeaders: Readonly<Record<string, string>> = {
  'content-md5': 'md5',
  'x-amz-checksum-sha1': 'sha1',
  'x-amz-checksum-sha256': 'sha256',
};

/**
 * Whether a body is what its response said.
 * @throws {DownloadError} `Broken`, transient
 */
export function checkBody(bytes: Uint8Array, header: (name: string) => string | undefined): void {
  const length = header('content-length');
  if (length !== undefined && Number(length) !== bytes.length) {
    throw new DownloadError('Broken', `${bytes.length} bytes came, ${length} were announced`, true);
  }
  for (const [name, algorithm] of Object.entries(checksumHeaders)) {
    const expected = header(name);
    // A checksum of parts has a suffix, and is none of the whole body.
    if (expected === undefined || !/^[\w+/]+=*$/.test(expected)) continue;
    const actual = createHash(algorithm).update(bytes).digest('base64');
    if (actual !== expected) throw new DownloadError('Broken', `the bytes do not have the checksum of ${name}`, true);
  }
}
