/**
 * The job as a fold: changes of its submission, events of its wait and ends come in; the next state and the events to send come out. Pure; the
 * workflow is a thin shell around it.
 */
import {
  defaults,
  limits,
  type TryOnError,
  type TryOnEvent,
  type TryOnImage,
  type TryOnJobEvent,
  type TryOnJobEventResult,
  type TryOnJobInput,
} from '../contract.js';
import { defined } from '../defined.js';
import { chunks, jsonBytes } from '../json-size.js';
import { emptyInbox, own, receive } from '../wait/inbox.js';
import { after, subscribeAll } from '../wait/wait.js';
import { jobResult } from './job-report.js';
import type { JobState } from './job-state.js';
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
    account: input.account ?? defaults.account,
    api: input.api ?? 'tryon',
    startedAtMs: nowMs,
    deadlineMs: after(nowMs, input.timeoutSeconds ?? defaults.timeoutSeconds),
    ...defined({ expectedImages: input.expectedImages }),
    subscribers: [],
    submission: beginSubmission(input.taskId, nowMs),
    inbox: emptyInbox(),
    isWaitJoined: false,
    searchAttributes: [],
  };
  const parent = parentWorkflowId === undefined ? [] : [{ workflowId: parentWorkflowId }];
  return subscribeAll(job, [...parent, ...(input.notify ?? [])], nowMs);
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
  if (job.end !== undefined || taskId === undefined || event.taskId !== taskId || !received.fresh) {
    return { job, events: [] };
  }
  const before = own(job.inbox.tasks, taskId);
  const task = own(received.inbox.tasks, taskId);
  const known = new Set(before?.images.map(({ id }) => id));
  const fresh = task?.images.filter(({ id }) => !known.has(id)) ?? [];
  const changed: JobState = { ...job, inbox: received.inbox };
  if (task?.outcome !== undefined) {
    const { status, error } = task.outcome;
    return status === 'cancelled'
      ? { job: { ...changed, isWaitCancelled: true }, events: [] }
      : endJob(changed, { status, atMs: nowMs, ...defined({ error }) }, fresh);
  }
  const [wasBlocked, isBlocked] = [before?.state === 'blocked', task?.state === 'blocked'];
  return emit(changed, [
    ...(wasBlocked && !isBlocked ? [{ kind: 'unblocked' } as const] : []),
    ...imageEvents(fresh),
    ...(!wasBlocked && isBlocked && task?.error !== undefined ? [{ kind: 'blocked', error: task.error } as const] : []),
  ]);
}

/**
 * Ends the job with one `outcome` event. A job that has ended stays as it is.
 * @param fresh - images that no event carried yet: they are sent before an outcome that has no room for all images
 */
export function endJob(
  job: JobState,
  end: { readonly status: TryOnJobEventResult['status']; readonly error?: TryOnError; readonly atMs: number },
  fresh: readonly TryOnImage[] = [],
): JobTransition {
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

const imageEvents = (images: readonly TryOnImage[]): Unnumbered[] =>
  chunks(images, limits.eventBytes - 2048).map((run) => ({ kind: 'images', images: run }));
