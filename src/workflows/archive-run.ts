/** Archives one batch of a job's images, from the workflow's side. */
import { ActivityFailure, log, proxyActivities, TimeoutFailure, workflowInfo } from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import { archiveTaskQueue, type TryOnImage, vendorTaskQueue } from '../contract.js';
import { type ArchiveReport, archiveRecords, archiveRules, expiredImages } from '../job/archive.js';
import type { ArchiveRecord } from '../job/job-state.js';

/** An attempt whose worker died is noticed after this. */
const HEARTBEAT_MS = 10_000;
/** An attempt ends within this: each of its images has a limit of its own. */
const ATTEMPT_MS = 1_800_000;
/** Where no worker serves the queue, or none ends in time, the batch is given up this long after the attempts gave up. */
const GIVE_UP_GRACE_MS = 60_000;

const { tryOnArchive } = proxyActivities<TryOnActivities>({ startToCloseTimeout: ATTEMPT_MS });
const { tryOnSignAgain } = proxyActivities<TryOnActivities>({ startToCloseTimeout: 20_000 });

/** Whose images they are. */
export interface ArchivedTask {
  readonly taskId: string;
  readonly account: string;
  /** Which vendor API has it. */
  readonly api: string;
}

async function attempt(taskId: string, images: readonly TryOnImage[], untilMs: number): Promise<ArchiveReport> {
  const options = {
    taskQueue: archiveTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: ATTEMPT_MS,
    scheduleToCloseTimeout: Math.max(0, untilMs - Date.now()) + GIVE_UP_GRACE_MS,
    heartbeatTimeout: HEARTBEAT_MS,
    // Of attempts whose worker died. One that left images says itself how long to wait.
    retry: { initialInterval: 1_000, backoffCoefficient: 1 },
    summary: `archive ${images.length} images`,
  };
  const input = { taskId, images: images.map(({ id, imageUrl }) => ({ id, imageUrl })), giveUpAtMs: untilMs };
  try {
    return await tryOnArchive.executeWithOptions(options, [input]);
  } catch (error) {
    log.warn('a batch of images could not be archived in time', { taskId, reason: String(error) });
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    // What the last attempt had done is done.
    const progress =
      cause instanceof TimeoutFailure ? (cause.lastHeartbeatDetails as ArchiveReport | undefined) : undefined;
    return { images: progress?.images ?? {} };
  }
}

/** New addresses of a task's images, by one more poll on the account's vendor queue; none if it fails. */
async function signAgain({ taskId, account, api }: ArchivedTask, images: readonly TryOnImage[]) {
  const options = {
    taskQueue: vendorTaskQueue(account, workflowInfo().taskQueue),
    startToCloseTimeout: 20_000,
    scheduleToCloseTimeout: 300_000,
    retry: { initialInterval: 2_000, backoffCoefficient: 2, maximumAttempts: 3 },
    summary: `poll task ${taskId} for new addresses`.slice(0, 200),
  };
  const known = images.map(({ id, imageUrl }) => ({ id, imageUrl }));
  try {
    return (await tryOnSignAgain.executeWithOptions(options, [{ taskId, account, api, images: known }])).imageUrls;
  } catch (error) {
    log.warn('expired addresses could not be signed again', { taskId, reason: String(error) });
    return {};
  }
}

/** Archives a batch. Addresses that have expired are signed again, once. Never rejects, unless the workflow is cancelled. */
export async function archiveBatch(
  task: ArchivedTask,
  images: readonly TryOnImage[],
): Promise<Readonly<Record<string, ArchiveRecord>>> {
  const untilMs = Date.now() + archiveRules.batchMs;
  const report = await attempt(task.taskId, images, untilMs);
  const expired = expiredImages(images, report);
  if (expired.length === 0) return archiveRecords(images, report);
  const imageUrls = await signAgain(task, expired);
  const again = expired.flatMap((image) => {
    const imageUrl = imageUrls[image.id];
    return imageUrl === undefined ? [] : [{ ...image, imageUrl }];
  });
  if (again.length === 0) return archiveRecords(images, report);
  const second = await attempt(task.taskId, again, untilMs);
  return archiveRecords(images, { images: { ...report.images, ...second.images } }, imageUrls);
}
