/** Archives one image: downloads it, checks it, stores it and its renditions. */
import { createHash } from 'node:crypto';
import type { ArchivedImage, ArchiveError } from '../contract.js';
import { defined } from '../defined.js';
import { contentOf } from './content.js';
import { createDownloader, type Downloader, type DownloaderOptions } from './download.js';
import { DownloadError } from './download-rules.js';
import { createFileStore } from './file-store.js';
import { imageKeys, renditionKey } from './keys.js';
import { heldBytes, maxImagesAtOnce, maxPixels } from './limits.js';
import { loadRenderer, type Renderer } from './renditions.js';
import { loadS3 } from './s3-api.js';
import { createS3Store } from './s3-store.js';
import { Semaphore } from './semaphore.js';
import type { ArchiveSettings, StorePlace } from './settings.js';
import { type ArchiveStore, type StoredObject, StoreError } from './store.js';

/** What is archived. `imageUrl` is never stored, logged or part of a key. */
export interface ImageToArchive {
  readonly id: string;
  readonly imageUrl: string;
  /** Makes none, whatever the settings say. */
  readonly withoutRenditions?: boolean;
}

/** How it went. `isTransient`: another try may bring it. `renditionError`: the original is archived, a copy is not. */
export type ArchiveResult =
  | { readonly kind: 'archived'; readonly archived: ArchivedImage; readonly renditionError?: string }
  | { readonly kind: 'failed'; readonly error: ArchiveError; readonly isTransient: boolean };

/** See {@link createArchiver}. */
export interface Archiver {
  /** Whether renditions are made: images are decoded. */
  readonly renders: boolean;
  /** Archives an image. Rejects only with the signal's reason. */
  archive(image: ImageToArchive & { readonly taskId: string }, signal?: AbortSignal): Promise<ArchiveResult>;
  /** Loads the optional packages that the settings need. Rejects with {@link StoreError}, which names the one that is missing. */
  prepare(): Promise<void>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** Makes the store of a place. Nothing is opened before its first use. */
export const openStore = (place: StorePlace): ArchiveStore =>
  place.kind === 'file' ? createFileStore(place.folder) : createS3Store(() => loadS3(place.bucket, place.style), place);

/** Parts that tests replace. */
export interface ArchiverParts {
  readonly store?: ArchiveStore;
  readonly downloader?: Downloader;
  readonly lookup?: DownloaderOptions['lookup'];
}

const failed = (code: ArchiveError['code'], message: string, isTransient: boolean): ArchiveResult => ({
  kind: 'failed',
  error: { layer: 'archive', code, message },
  isTransient,
});

/** Makes the archiver of this process. All batches share its limits. */
export function createArchiver(settings: ArchiveSettings, parts: ArchiverParts = {}): Archiver {
  const { place, allow, maxBytes, renditions } = settings;
  const store = parts.store ?? openStore(place);
  const downloader = parts.downloader ?? createDownloader({ allow, maxBytes, ...defined({ lookup: parts.lookup }) });
  const slots = new Semaphore(Math.min(maxImagesAtOnce, Math.max(1, Math.floor(heldBytes / maxBytes))));
  let rendering: Promise<Renderer> | undefined;

  const renderer = (): Promise<Renderer> => {
    rendering ??= loadRenderer();
    return rendering;
  };

  /** Writes an original. One with other bytes under the same id is kept beside it. */
  async function write(
    keys: ReturnType<typeof imageKeys>,
    object: StoredObject,
    signal?: AbortSignal,
  ): Promise<string> {
    for (const key of [keys.first, keys.beside]) {
      if ((await store.create(key, object, signal)) !== 'other') return key;
    }
    throw new StoreError(`${store.name} has other content under both names of the image`);
  }

  async function render(originalKey: string, original: Buffer, signal?: AbortSignal) {
    const written: NonNullable<ArchivedImage['renditions']> = [];
    for (const spec of renditions) {
      const { bytes, contentType, width, height, extension } = await (await renderer())(original, spec);
      const key = renditionKey(originalKey, { size: spec.size, extension });
      await store.replace(key, { bytes, sha256: sha256Of(bytes), contentType }, signal);
      written.push({ location: store.locationOf(key), contentType, width, height, bytes: bytes.length });
    }
    return written;
  }

  async function archive(
    { taskId, id, imageUrl, withoutRenditions = false }: ImageToArchive & { readonly taskId: string },
    signal?: AbortSignal,
  ): Promise<ArchiveResult> {
    const bytes = await downloader.download(imageUrl, signal);
    const content = await contentOf(bytes);
    // An image that was cut off has the right magic bytes; its length and checksum were checked, if the server gave any.
    if (content === undefined)
      throw new DownloadError('NotAnImage', 'the bytes are no image of a type that is archived');
    const { contentType, extension, width, height } = content;
    if ((width ?? 0) * (height ?? 0) > maxPixels) {
      throw new DownloadError('TooLarge', `the image has more than ${maxPixels} pixels`);
    }
    const sha256 = sha256Of(bytes);
    const key = await write(imageKeys({ taskId, id }, extension, sha256), { bytes, sha256, contentType }, signal);
    const archived: ArchivedImage = {
      location: store.locationOf(key),
      sha256,
      bytes: bytes.length,
      contentType,
      ...defined({ width, height }),
    };
    if (renditions.length === 0) return { kind: 'archived', archived };
    if (withoutRenditions) return { kind: 'archived', archived, renditionError: 'workers ended while they made some' };
    try {
      return { kind: 'archived', archived: { ...archived, renditions: await render(key, bytes, signal) } };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof StoreError) throw error;
      const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
      return { kind: 'archived', archived, renditionError: reason ?? '' };
    }
  }

  return {
    renders: renditions.length > 0,
    archive: (image, signal) =>
      slots.use(async () => {
        try {
          return await archive(image, signal);
        } catch (error) {
          signal?.throwIfAborted();
          if (error instanceof DownloadError) return failed(error.code, error.message, error.isTransient);
          const message = error instanceof StoreError ? error.message : `${store.name}: ${(error as Error).name}`;
          return failed('StoreFailed', message, true);
        }
      }, signal),
    async prepare() {
      if (renditions.length > 0) await renderer();
      if (place.kind === 's3' && parts.store === undefined) (await loadS3(place.bucket, place.style)).close();
    },
    async close() {
      store.close();
      await downloader.close();
    },
  };
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
