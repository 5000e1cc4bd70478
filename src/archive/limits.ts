/** Limits of the archive that no setting changes, and defaults of those that one does. */

/** `TRYON_ARCHIVE_MAX_BYTES` where it is not set. */
export const defaultMaxBytes = 32 * 1024 * 1024;

/** Largest value of `TRYON_ARCHIVE_MAX_BYTES`: an image is held in memory. */
export const largestMaxBytes = 256 * 1024 * 1024;

/** An image with more pixels is refused: a small file can hold more than any memory. */
export const maxPixels = 100_000_000;

/** Bytes of images that a process holds at most, beside one image of the largest size. */
export const heldBytes = 128 * 1024 * 1024;

/** Images that a process handles at a time, if their largest size allows that many. */
export const maxImagesAtOnce = 8;
