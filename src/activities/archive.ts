/** The activities of the archive: one archives a batch of images, one has expired addresses signed again. */
import { activityInfo, CancelledFailure, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ArchiveResult } from '../archive/archiver.js';
import { Semaphore } from '../archive/semaphore.js';
import type { ArchiveError } from '../contract.js';
import { failureTypes } from '../contract.js';
import { defined } from '../defined.js';
import type { ArchiveInput, ArchiveReport } from '../job/archive.js';
import type { ArchiveRecord } from '../job/job-state.js';
import { keyOfImage } from '../poll/reply.js';
import { apiOf } from '../providers/apis.js';
import { imageIds } from '../providers/image-id.js';
import type { ImageArchiver, Vendor } from './deps.js';
import type { ServerClock } from './server-clock.js';

/** Heartbeat details: what is done, which a retry does not do again. */
interface ArchiveProgress {
  readonly images: Record<string, Pick<ArchiveRecord, 'archived' | 'archiveError'>>;
  /** How often the download of an image that is not done has failed. */
  readonly tries: Record<string, number>;
  /** With renditions only: attempts in a row that did not end themselves, this one included. An image may have ended their workers. */
  begun?: number;
}

/** Limits of a batch. */
export const archiveLimits = {
  /** A download that fails so often is given up. */
  downloads: 5,
  /** Images of one batch that wait for a slot of the process at a time, so that a large batch does not keep others waiting. */
  atOnce: 8,
  heartbeatMs: 2_000,
  /** After so many attempts whose worker died, no renditions are made: only they decode images. */
  lostAttempts: 3,
  /** Between attempts: doubles from the first to the second. */
  retryMs: 1_000,
  retryMaxMs: 60_000,
} as const;

type Deps = { readonly archiver: ImageArchiver | undefined; readonly clock: ServerClock };

/** Whether an error is settled: it will not go away, or there is no more time or try for it. Pure. */
export function isSettled(
  { error, isTransient }: Extract<ArchiveResult, { kind: 'failed' }>,
  at: { readonly tries: number; readonly isLate: boolean },
): boolean {
  if (!isTransient || at.isLate) return true;
  // The store is tried until time is up: an image that was paid for is at stake, and an operator can mend the store.
  return error.code !== 'StoreFailed' && at.tries >= archiveLimits.downloads;
}

/** Makes `tryOnArchive`. */
export function createTryOnArchive({ archiver, clock }: Deps): (input: ArchiveInput) => Promise<ArchiveReport> {
  return async ({ taskId, images, giveUpAtMs }) => {
    if (archiver === undefined) {
      throw ApplicationFailure.retryable('this worker has no store; set TRYON_ARCHIVE', failureTypes.archive);
    }
    const store = archiver;
    const { heartbeatDetails, attempt, currentAttemptScheduledTimestampMs } = activityInfo();
    clock.observe(currentAttemptScheduledTimestampMs, attempt === 1);
    const before = heartbeatDetails as ArchiveProgress | undefined;
    const progress: ArchiveProgress = { images: { ...before?.images }, tries: { ...before?.tries } };
    const lost = before?.begun ?? 0;
    const withoutRenditions = lost >= archiveLimits.lostAttempts;
    if (store.renders) {
      progress.begun = lost + 1;
      heartbeat(progress);
    }
    const signal = cancellationSignal();
    const turns = new Semaphore(archiveLimits.atOnce);
    let lastError: ArchiveError | undefined;

    async function archiveOne({ id, imageUrl }: ArchiveInput['images'][number]): Promise<void> {
      if (Object.hasOwn(progress.images, id)) return;
      const result = await turns.use(() => store.archive({ taskId, id, imageUrl, withoutRenditions }, signal), signal);
      if (result.kind === 'archived') {
        const { archived, renditionError } = result;
        if (renditionError !== undefined) log.warn('an image has no renditions', { taskId, image: id, renditionError });
        progress.images[id] = { archived };
      } else {
        const { error } = result;
        const tries = (progress.tries[id] ?? 0) + 1;
        progress.tries[id] = tries;
        log.warn('an image was not archived', { taskId, image: id, code: error.code, reason: error.message, tries });
        if (isSettled(result, { tries, isLate: (await clock.now()) >= giveUpAtMs })) {
          progress.images[id] = { archiveError: error };
        } else lastError = error;
      }
      heartbeat(progress);
    }

    const timer = setInterval(() => heartbeat(progress), archiveLimits.heartbeatMs);
    try {
      // One that fails does not stop the others.
      const ended = await Promise.allSettled(images.map(archiveOne));
      if (signal.aborted) throw new CancelledFailure('the archive was cancelled');
      for (const one of ended) if (one.status === 'rejected') throw one.reason;
    } finally {
      clearInterval(timer);
      if (progress.begun !== undefined) {
        progress.begun = 0;
        heartbeat(progress);
      }
    }
    if (lastError === undefined) return { images: progress.images };
    throw ApplicationFailure.create({
      message: `${images.length - Object.keys(progress.images).length} of ${images.length} images are tried again: ${lastError.message}`,
      type: failureTypes.archive,
      // Not a fault of the worker: no alarm in its metrics.
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: Math.min(archiveLimits.retryMaxMs, archiveLimits.retryMs * 2 ** Math.min(16, attempt - 1)),
    });
  };
}

/** Input of `tryOnSignAgain`. */
export interface SignAgainInput {
  readonly taskId: string;
  readonly account: string;
  /** Which vendor API has the task; absent: `tryon`. */
  readonly api?: string;
  /** Images whose addresses have expired. */
  readonly images: readonly { readonly id: string; readonly imageUrl: string }[];
}

/** Makes `tryOnSignAgain`: one query, whose reply has the addresses anew. */
export function createSignAgain({ vendor }: { readonly vendor: Vendor }) {
  return async ({ taskId, account, api, images }: SignAgainInput): Promise<{ imageUrls: Record<string, string> }> => {
    const { reply } = await vendor.results({ account, taskId, signal: cancellationSignal(), ...defined({ api }) });
    const task = reply.kind === 'answer' ? reply.task : undefined;
    if (task === undefined || (task.taskId !== undefined && task.taskId !== taskId)) {
      throw ApplicationFailure.retryable(`${apiOf(api).name} gave no new addresses`, failureTypes.vendorError);
    }
    const byKey = new Map(
      task.subTasks.flatMap((subTask) => subTask.images.map((image) => [keyOfImage(image), image.imageUrl] as const)),
    );
    const imageUrls: Record<string, string> = {};
    for (const { id, imageUrl } of images) {
      const signed = byKey.get(keyOfImage(imageIds(imageUrl)));
      if (signed !== undefined) imageUrls[id] = signed;
    }
    return { imageUrls };
  };
}
