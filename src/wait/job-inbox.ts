/** What a parent knows of its jobs, as a fold like that of its waits. Pure; plain JSON. */
import {
  openJobStates,
  type TryOnError,
  type TryOnImage,
  type TryOnJobEvent,
  type TryOnJobEventResult,
  type TryOnJobStatus,
} from '../contract.js';
import { defined } from '../defined.js';
import { fieldsOf, type InboxOf, isImages, mergeImages, take } from './inbox.js';

/** What a parent knows of one job. */
export interface InboxJob {
  readonly waitId: string;
  readonly state: TryOnJobStatus['state'];
  /** Absent until the vendor has accepted the request. */
  readonly taskId?: string;
  readonly images: readonly TryOnImage[];
  readonly error?: TryOnError;
  /** There once the job has ended, without its images: they are in `images` above. */
  readonly outcome?: TryOnJobEventResult;
}

/** Jobs by request id. */
export type JobInbox = InboxOf<InboxJob>;

function applyEvent(job: InboxJob, event: TryOnJobEvent): InboxJob {
  const { error: _error, ...open } = { ...job, ...defined({ taskId: event.taskId }) };
  switch (event.kind) {
    case 'submitted':
    case 'unblocked':
      return { ...open, state: 'waiting' };
    case 'maybeSubmitted':
    case 'blocked':
      return { ...open, state: event.kind, error: event.error };
    case 'images':
    case 'archived':
      return { ...open, ...defined({ error: job.error }), images: mergeImages(job.images, event.images) };
    case 'snapshot': {
      const { images, error, taskId } = event.status;
      // An end is taken from the outcome event alone.
      const state = openJobStates.find((one) => one === event.status.state) ?? job.state;
      return { ...open, state, images: mergeImages(job.images, images), ...defined({ taskId, error }) };
    }
    case 'outcome': {
      const { images, ...rest } = event.outcome;
      const { status: state, taskId, error } = rest;
      const outcome = { ...rest, images: [] };
      return { ...open, state, images: mergeImages(job.images, images), outcome, ...defined({ taskId, error }) };
    }
    default:
      // A kind of a later version: nothing this one can keep.
      return job;
  }
}

/** Whether a signal's argument is meant as an event of a job. */
export const isOfJob = (given: unknown): boolean => fieldsOf(given).requestId !== undefined;

/** As `eventProblem`, for an event of a job. */
export function jobEventProblem(given: unknown): string | undefined {
  const { kind, requestId, taskId, waitId, sequence, images, status, outcome } = fieldsOf(given);
  for (const [field, text] of Object.entries({ kind, requestId, waitId, ...defined({ taskId }) })) {
    if (typeof text !== 'string') return `${field} is no text`;
  }
  if (!Number.isSafeInteger(sequence)) return 'sequence is no whole number';
  if (kind !== 'images' && kind !== 'archived' && kind !== 'snapshot' && kind !== 'outcome') return undefined;
  const part = kind === 'snapshot' ? fieldsOf(status) : kind === 'outcome' ? fieldsOf(outcome) : { images, taskId };
  if (!isImages(part.images)) return `the images of ${kind} are no list of images`;
  const { taskId: task = taskId } = part;
  // Images are of a task, and a listing names it with each.
  const isNamed = typeof task === 'string' || (task === undefined && part.images.length === 0);
  return isNamed ? undefined : `the taskId of ${kind} is no text`;
}

/**
 * Takes one event in.
 * @returns the inbox, and whether the event was new; anything that is no event of a job is not
 */
export function receiveJobEvent(
  inbox: JobInbox,
  event: TryOnJobEvent,
): { readonly inbox: JobInbox; readonly fresh: boolean } {
  if (jobEventProblem(event) !== undefined) return { inbox, fresh: false };
  return take(inbox, event.requestId, event, {
    begin: (images): InboxJob => ({ waitId: event.waitId, state: 'submitting', images }),
    apply: applyEvent,
  });
}
