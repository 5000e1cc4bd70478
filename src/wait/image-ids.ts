/** Keeps the ids of images that were emitted, whatever later replies hold. Pure. */
import type { TryOnImage } from '../contract.js';
import type { PollImage } from '../poll/reply.js';
import type { WaitState } from './wait-state.js';

type Known = Pick<WaitState, 'images' | 'imageKeys'>;

/**
 * The images of a report under the ids that they have in this wait, and the keys of the wait's images. An image that was alone in its reply
 * was emitted under its plain id. It keeps that id when a later reply has others that share it.
 */
export function identifyImages(
  { images: known, imageKeys = {} }: Known,
  received: readonly PollImage[],
): { readonly images: readonly TryOnImage[]; readonly imageKeys: Readonly<Record<string, string>> } {
  const idOf = new Map(known.map(({ id }) => [imageKeys[id] ?? id, id]));
  const keys: Record<string, string> = { ...imageKeys };
  const images = received.map(({ key, ...image }): TryOnImage => {
    const id = idOf.get(key ?? image.id) ?? image.id;
    if (key !== undefined && id === image.id) keys[id] = key;
    return { ...image, id };
  });
  return { images, imageKeys: keys };
}

/** The ids by which a poll knows the images of a wait again: those of the images, and their keys. */
export const knownIds = ({ images, imageKeys = {} }: Known): { readonly ids: string[]; readonly keys: string[] } => ({
  ids: images.map(({ id }) => id),
  keys: Object.values(imageKeys),
});
