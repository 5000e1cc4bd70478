import { createHash } from 'node:crypto';

/**
 * The id of an image: SHA-256 of its URL's text before the first `?` or `#`, as 32 characters of lower-case hex. A URL that the
 * vendor signs anew keeps its id.
 */
export const imageId = (imageUrl: string): string =>
  createHash('sha256')
    .update(imageUrl.split(/[?#]/, 1)[0] ?? '')
    .digest('hex')
    .slice(0, 32);
