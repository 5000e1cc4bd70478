import { createHash } from 'node:crypto';

/**
 * The id of an image: SHA-256 of its URL up to the first `?` or `#`, as 32 lower-case hex digits. The id stays the same when the vendor
 * signs the URL again.
 */
export const imageId = (imageUrl: string): string =>
  createHash('sha256')
    .update(imageUrl.split(/[?#]/, 1)[0] ?? '')
    .digest('hex')
    .slice(0, 32);
