/** The archive of a job's images: what is still to be archived, and what came of it. Pure; plain JSON. */
import type { ArchiveError, TryOnImage } from '../contract.js';
import { defined } from '../defined.js';
import { chunks } from '../json-size.js';
import type { ArchiveRecord, JobState } from './job-state.js';

/** Input of `tryOnArchive`. A contract between versions: add optional fields only. */
export interface ArchiveInput {
  readonly taskId: string;
  readonly images: readonly { readonly id: string; readonly imageUrl: string }[];
  /** After this, in Unix milliseconds, what still fails is reported as failed. */
  readonly giveUpAtMs: number;
}

/** Result of `tryOnArchive`, by image id. */
export interface ArchiveReport {
  readonly images: Readonly<Record<string, Pick<ArchiveRecord, 'archived' | 'archiveError'>>>;
}

/** Times and sizes of the archive. */
export const archiveRules = {
  /** A batch is tried for so long, while the store or the vendor's servers fail. */
  batchMs: 3_600_000,
  /** One activity gets at most so many images, and so many bytes of JSON. */
  batchImages: 200,
  batchBytes: 256 * 1024,
} as const;

const recordOf = ({ archive }: JobState, id: string): ArchiveRecord | undefined =>
  archive !== undefined && Object.hasOwn(archive, id) ? archive[id] : undefined;

const isSettled = (record: ArchiveRecord | undefined): boolean =>
  record?.archived !== undefined || record?.archiveError !== undefined;

/** An image with what the job knows of its archive. What an event claims of that does not count. */
export function withArchive(job: JobState, image: TryOnImage): TryOnImage {
  const { archived: _archived, archiveError: _archiveError, ...rest } = image;
  return { ...rest, ...recordOf(job, image.id) };
}

/** The images whose archiving has not begun. None where the job archives nothing. */
export const imagesToArchive = (job: JobState, images: readonly TryOnImage[]): readonly TryOnImage[] =>
  job.archive === undefined ? [] : images.filter(({ id }) => recordOf(job, id) === undefined);

/** Whether the archive of an image is still open: it has not begun, or is under way. */
export const isArchiveOpen = (job: JobState, images: readonly TryOnImage[]): boolean =>
  job.archive !== undefined && images.some(({ id }) => !isSettled(recordOf(job, id)));

/** Notes that images are being archived. */
export const beginArchive = (job: JobState, images: readonly TryOnImage[]): JobState => ({
  ...job,
  archive: { ...job.archive, ...Object.fromEntries(images.map(({ id }) => [id, {}])) },
});

/** Cuts images into the batches of one activity each. */
export function archiveBatches(images: readonly TryOnImage[]): readonly (readonly TryOnImage[])[] {
  const { batchBytes, batchImages } = archiveRules;
  return chunks(images, batchBytes).flatMap((run) =>
    Array.from({ length: Math.ceil(run.length / batchImages) }, (_, index) =>
      run.slice(index * batchImages, (index + 1) * batchImages),
    ),
  );
}

/** The images of a batch whose address had expired. */
export const expiredImages = (images: readonly TryOnImage[], report: ArchiveReport): readonly TryOnImage[] =>
  images.filter(({ id }) => report.images[id]?.archiveError?.code === 'Expired');

/**
 * The records of a batch's images.
 * @param signedAgain - new addresses by image id
 */
export function archiveRecords(
  images: readonly TryOnImage[],
  report: ArchiveReport,
  signedAgain: Readonly<Record<string, string>> = {},
): Readonly<Record<string, ArchiveRecord>> {
  const missing: ArchiveError = {
    layer: 'archive',
    code: 'StoreFailed',
    message: 'no worker archived the image in time; see that one with TRYON_ARCHIVE serves the archive queue',
  };
  return Object.fromEntries(
    images.map(({ id }) => {
      const { archived, archiveError } = report.images[id] ?? {};
      const error = archived === undefined ? (archiveError ?? missing) : undefined;
      return [id, defined({ archived, archiveError: error, imageUrl: signedAgain[id] })];
    }),
  );
}
