/** What a job says about itself: result, status and snapshots, each within the limits of size. Pure. */
import {
  limits,
  type TryOnError,
  type TryOnImage,
  type TryOnJobEvent,
  type TryOnJobEventResult,
  type TryOnJobStatus,
} from '../contract.js';
import { defined } from '../defined.js';
import { takeFitting, withImages } from '../json-size.js';
import { type InboxTask, own } from '../wait/inbox.js';
import { withArchive } from './archive.js';
import type { JobState } from './job-state.js';
import { submissionStatus } from './submission.js';

const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** What the job knows of its task by the wait. */
export const taskOf = ({ inbox, submission }: JobState): InboxTask | undefined =>
  submission.taskId === undefined ? undefined : own(inbox.tasks, submission.taskId);

/** The job's images, in the vendor's order, each with where it is archived. */
export const imagesOf = (job: JobState): readonly TryOnImage[] =>
  (taskOf(job)?.images ?? []).map((image) => withArchive(job, image));

/** `submitting`, `maybeSubmitted`, `waiting`, `blocked`, `archiving`, or how the job ended. */
export function jobStateOf(job: JobState): TryOnJobStatus['state'] {
  if (job.end !== undefined) return job.end.status;
  if (job.closing !== undefined) return 'archiving';
  const { phase, taskId } = job.submission;
  if (phase === 'maybe') return 'maybeSubmitted';
  if (taskId === undefined) return 'submitting';
  return taskOf(job)?.state === 'blocked' ? 'blocked' : 'waiting';
}

/**
 * The state as the search attribute `TryOnStatus` shows it; `undefined`: not yet. An undisturbed job leaves `submitting` and `archiving` within
 * seconds, and each change is an event: the one is shown from the second attempt on, the other as `waiting`.
 */
export function shownState(job: JobState): TryOnJobStatus['state'] | undefined {
  const state = jobStateOf(job);
  if (state === 'submitting') return job.submission.token > 1 ? state : undefined;
  return state === 'archiving' ? 'waiting' : state;
}

const errorOf = (job: JobState): TryOnError | undefined =>
  job.end === undefined ? (taskOf(job)?.error ?? job.submission.error) : job.end.error;

/** Room for the event around a result, within the limit of a result. */
const EVENT_BYTES = 2048;

/** The result of a job that has ended. Throws `TypeError` for one that has not. */
export function jobResult(job: JobState): TryOnJobEventResult {
  const { end, submission, requestId, account, api } = job;
  if (end === undefined) throw new TypeError(`job ${requestId} has not ended`);
  const { outcome } = taskOf(job) ?? {};
  const images = imagesOf(job);
  const missing = (job.expectedImages ?? 0) - images.length;
  const result: TryOnJobEventResult = {
    requestId,
    ...defined({ taskId: submission.taskId }),
    status: end.status,
    images: [],
    subTasks: [...takeFitting(outcome?.subTasks ?? [], limits.resultBytes / 4).fitting],
    ...(missing > 0 ? { shortfall: missing } : {}),
    ...defined({ error: end.error }),
    polls: outcome?.polls ?? 0,
    submittedAt: rfc3339(submission.acceptedAtMs ?? submission.claim?.atMs ?? job.startedAtMs),
    finishedAt: rfc3339(end.atMs),
    account,
    api,
    timing: outcome?.timing ?? {},
  };
  return withImages(result, images, limits.resultBytes - EVENT_BYTES);
}

/**
 * The answer of the query `tryOnJobStatus` and of the updates.
 * @param maxBytes - of JSON; images and subscribers are included as far as they fit
 */
export function jobStatusOf(job: JobState, maxBytes: number = limits.resultBytes): TryOnJobStatus {
  const status: TryOnJobStatus = {
    requestId: job.requestId,
    state: jobStateOf(job),
    ...defined({ taskId: job.submission.taskId }),
    api: job.api,
    submission: submissionStatus(job.submission),
    images: [],
    deadline: rfc3339(job.deadlineMs),
    ...defined({ error: errorOf(job) }),
    subscribers: [...takeFitting(job.subscribers, maxBytes / 4).fitting],
    waitId: job.waitId,
    sequence: job.sequence,
  };
  return withImages(status, imagesOf(job), maxBytes);
}

/** Room for the images of one snapshot. */
const SNAPSHOT_BYTES = 1024 * 1024;

/**
 * `snapshot` events with the images after the first `from`; each counts all others as omitted. At least one if `from` is 0.
 */
export function jobSnapshots(job: JobState, from: number): TryOnJobEvent[] {
  const images = imagesOf(job);
  const status = { ...jobStatusOf(job, SNAPSHOT_BYTES), images: [] };
  const { requestId, waitId, sequence } = status;
  const ids = defined({ requestId, taskId: status.taskId, waitId, sequence });
  const events: TryOnJobEvent[] = [];
  for (let next = from; next < images.length || events.length === 0; ) {
    if (from > 0 && next >= images.length) break;
    const part = withImages(status, images.slice(next), SNAPSHOT_BYTES);
    const omitted = images.length - part.images.length;
    events.push({ ...ids, kind: 'snapshot', status: omitted > 0 ? { ...part, imagesOmitted: omitted } : part });
    if (part.images.length === 0) break;
    next += part.images.length;
  }
  return events;
}
