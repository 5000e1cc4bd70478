/**
 * The job as a fold: changes of its submission, events of its wait and ends come in; the next state and the events to send come out. Pure; the
 * workflow is a thin shell around it.
 */
import {
  accountFor,
  defaults,
  failureTypes,
  limits,
  type Subscriber,
  type TryOnEvent,
  type TryOnImage,
  type TryOnJobEvent,
  type TryOnJobInput,
  type Unsubscribe,
} from '../contract.js';
import { defined } from '../defined.js';
import { chunks, jsonBytes } from '../json-size.js';
import { emptyInbox, own, receive } from '../wait/inbox.js';
import { after, subscribe, subscribeAll, unsubscribe } from '../wait/wait.js';
import { isArchiveOpen } from './archive.js';
import { imagesOf, jobResult } from './job-report.js';
import type { ArchiveRecord, JobState } from './job-state.js';
import { beginSubmission, type Submission } from './submission.js';

/** A state, and the events that led to it, in order. */
export interface JobTransition {
  readonly job: JobState;
  readonly events: readonly TryOnJobEvent[];
}

/** A job at its start. `parentWorkflowId` is absent where no parent is signalled. */
export function beginJob(
  input: TryOnJobInput,
  start: { readonly waitId: string; readonly nowMs: number; readonly parentWorkflowId?: string },
): JobState {
  const { waitId, nowMs, parentWorkflowId } = start;
  const job: JobState = {
    waitId,
    sequence: 0,
    requestId: input.requestId,
    account: accountFor(input),
    api: input.api ?? 'tryon',
    ...(input.cancelTask === true ? { cancelTask: true } : {}),
    startedAtMs: nowMs,
    deadlineMs: after(nowMs, input.timeoutSeconds ?? defaults.timeoutSeconds),
    ...defined({ expectedImages: input.expectedImages }),
    subscribers: [],
    submission: beginSubmission(input.taskId, nowMs),
    inbox: emptyInbox(),
    isWaitJoined: false,
    ...(input.archive === true ? { archive: {} } : {}),
    ...(input.archive === undefined ? { isArchiveUndecided: true } : {}),
    searchAttributes: [],
  };
  const parent = parentWorkflowId === undefined ? [] : [{ workflowId: parentWorkflowId }];
  return subscribeAll(job, [...parent, ...(input.notify ?? [])], nowMs);
}

/** Adds a subscriber. A job that was abandoned is wanted again. */
export function withSubscriber(
  { isAbandoned: _left, ...job }: JobState,
  subscriber: Subscriber,
  nowMs: number,
): JobState {
  return subscribe(job, subscriber, nowMs);
}

/**
 * Removes a subscriber. A listing that is cancelled must buy nothing more, whoever listens by a webhook: a job that was started as a child is
 * abandoned when the last workflow has left. What was sent is paid for, and goes on.
 */
export function withoutSubscriber(job: JobState, leaving: Unsubscribe, isChild: boolean): JobState {
  const isWanted = ({ subscribers }: JobState) => subscribers.some(({ workflowId }) => workflowId !== undefined);
  const rest = unsubscribe(job, leaving);
  return isChild && isWanted(job) && !isWanted(rest) ? { ...rest, isAbandoned: true } : rest;
}

/** Whether the state fits into the input of the next run, beside the request. */
export const canContinueJobAsNew = (job: JobState): boolean => jsonBytes(job) <= limits.resultBytes;

/** Takes a change of the submission over. A job that has ended stays as it is. */
export function withSubmission(job: JobState, submission: Submission): JobTransition {
  if (job.end !== undefined || submission === job.submission) return { job, events: [] };
  const before = job.submission;
  const changed = { ...job, submission };
  if (submission.phase === before.phase) return { job: changed, events: [] };
  const { taskId, error } = submission;
  if (submission.phase === 'accepted' && taskId !== undefined) return emit(changed, [{ kind: 'submitted', taskId }]);
  if (submission.phase === 'maybe' && error !== undefined) return emit(changed, [{ kind: 'maybeSubmitted', error }]);
  return { job: changed, events: [] };
}

/** Takes an event of the wait in. Events of other tasks and repeats change nothing. */
export function takeWaitEvent(job: JobState, event: TryOnEvent, nowMs: number): JobTransition {
  const { taskId } = job.submission;
  const received = receive(job.inbox, event);
  const isOver = job.end !== undefined || job.closing !== undefined;
  if (isOver || taskId === undefined || event.taskId !== taskId || !received.fresh) {
    return { job, events: [] };
  }
  const before = own(job.inbox.tasks, taskId);
  const task = own(received.inbox.tasks, taskId);
  const known = new Set(before?.images.map(({ id }) => id));
  const fresh = task?.images.filter(({ id }) => !known.has(id)) ?? [];
  const changed: JobState = { ...job, inbox: received.inbox };
  if (task?.outcome !== undefined) {
    const { status, error } = task.outcome;
    if (status === 'cancelled' && error?.code === failureTypes.invalidInput) {
      return { job: { ...changed, refusal: error.message }, events: [] };
    }
    return status === 'cancelled'
      ? { job: { ...changed, isWaitCancelled: true }, events: [] }
      : closeJob(changed, { status, atMs: nowMs, ...defined({ error }) }, fresh);
  }
  const [wasBlocked, isBlocked] = [before?.state === 'blocked', task?.state === 'blocked'];
  return emit(changed, [
    ...(wasBlocked && !isBlocked ? [{ kind: 'unblocked' } as const] : []),
    ...imageEvents(fresh),
    ...(!wasBlocked && isBlocked && task?.error !== undefined ? [{ kind: 'blocked', error: task.error } as const] : []),
  ]);
}

/** What ends a job, and when. */
type End = NonNullable<JobState['end']>;

/** Ends the job, or lets it end once its images are archived; see {@link endJob}. A cancelled job ends at once. */
export function closeJob(job: JobState, end: End, fresh: readonly TryOnImage[] = []): JobTransition {
  const isOpen = job.end === undefined && end.status !== 'cancelled' && isArchiveOpen(job, imagesOf(job));
  if (!isOpen) return endJob(job, end.status === 'cancelled' ? end : (job.closing ?? end), fresh);
  return job.closing === undefined ? emit({ ...job, closing: end }, imageEvents(fresh)) : { job, events: [] };
}

/** Says whether the job archives images, where its input leaves that to the workers. */
export function decideArchive({ isArchiveUndecided: _undecided, ...job }: JobState, archives: boolean): JobState {
  return archives ? { ...job, archive: {} } : job;
}

/** Takes over what became of images. Those of a job that has ended change nothing. */
export function withArchived(job: JobState, records: Readonly<Record<string, ArchiveRecord>>): JobTransition {
  if (job.end !== undefined || job.archive === undefined) return { job, events: [] };
  const changed: JobState = { ...job, archive: { ...job.archive, ...records } };
  const images = imagesOf(changed).filter(({ id }) => Object.hasOwn(records, id));
  return emit(changed, imageEvents(images, 'archived'));
}

/**
 * Ends the job with one `outcome` event. A job that has ended stays as it is.
 * @param fresh - images that no event carried yet: they are sent before an outcome that has no room for all images
 */
export function endJob(job: JobState, end: End, fresh: readonly TryOnImage[] = []): JobTransition {
  if (job.end !== undefined) return { job, events: [] };
  const ended: JobState = { ...job, end };
  const outcome = jobResult(ended);
  const before = outcome.imagesOmitted === undefined ? [] : imageEvents(fresh);
  return emit(ended, [...before, { kind: 'outcome', outcome }]);
}

type Unnumbered<E = TryOnJobEvent> = E extends TryOnJobEvent ? Omit<E, 'requestId' | 'waitId' | 'sequence'> : never;

/** Numbers events and counts them. */
function emit(job: JobState, unnumbered: readonly Unnumbered[]): JobTransition {
  const { requestId, waitId, submission } = job;
  const ids = defined({ requestId, taskId: submission.taskId, waitId });
  const events = unnumbered.map(
    (event, index) => ({ ...ids, sequence: job.sequence + index + 1, ...event }) as TryOnJobEvent,
  );
  return { job: { ...job, sequence: job.sequence + events.length }, events };
}

const imageEvents = (images: readonly TryOnImage[], kind: 'images' | 'archived' = 'images'): Unnumbered[] =>
  chunks(images, limits.eventBytes - 2048).map((run) => ({ kind, images: run }));
