/** Names of archived images within a store. Pure. */

const escaped = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/**
 * A text as one part of a key: characters outside `[A-Za-z0-9._-]` are percent-encoded, and so is a part of dots alone, which a file
 * system would take for a folder above.
 */
export const keyPart = (text: string): string =>
  /^\.*$/.test(text) ? text.replaceAll('.', '%2E') : text.replace(/[^A-Za-z0-9._-]/gu, escaped);

/** Names of one image. */
export interface ImageKeys {
  readonly first: string;
  /** Where `first` has other content. */
  readonly beside: string;
}

/**
 * The keys of an image, without the store's prefix.
 * @param extension - by content, without the dot
 * @param sha256 - as 64 lower-case hex digits
 */
export function imageKeys(
  image: { readonly taskId: string; readonly id: string },
  extension: string,
  sha256: string,
): ImageKeys {
  const stem = `${keyPart(image.taskId)}/${keyPart(image.id)}`;
  return { first: `${stem}.${extension}`, beside: `${stem}-${sha256.slice(0, 8)}.${extension}` };
}

/** The key of a rendition, beside its original. */
export const renditionKey = (originalKey: string, { size, extension }: { size: number; extension: string }): string =>
  `${originalKey.replace(/\.[^./]+$/, '')}_${size}.${extension}`;
