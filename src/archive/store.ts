/** What the archive needs of a store. Objects are never visible half, and none is overwritten by {@link ArchiveStore.create}. */

/** The content of an object. */
export interface StoredObject {
  readonly bytes: Buffer;
  /** As 64 lower-case hex digits. */
  readonly sha256: string;
  readonly contentType: string;
}

/** A store failed. The message has a remedy or the store's own code; no key, secret or signed URL. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** A folder or a bucket. All methods reject with {@link StoreError}. */
export interface ArchiveStore {
  /** For people: without secrets. */
  readonly name: string;
  /** The `file:` or `s3:` URL of a key. */
  locationOf(key: string): string;
  /** Writes an object where there is none. `same`: it is there already; `other`: something else is. */
  create(key: string, object: StoredObject, signal?: AbortSignal): Promise<'created' | 'same' | 'other'>;
  /** Writes an object in place of any that is there. */
  replace(key: string, object: StoredObject, signal?: AbortSignal): Promise<void>;
  /** Tries to write, for `doctor`. Resolves to what was found, in one line. */
  check(): Promise<string>;
  close(): void;
}

/** The key that {@link ArchiveStore.check} writes to. */
export const checkKey = '.temporal-tryon-check';
