/** What a job does next, by its state and the time. Pure. */
import { failureTypes, type TryOnError, type TryOnJobEventResult } from '../contract.js';
import { imagesToArchive, isArchiveOpen } from './archive.js';
import { imagesOf } from './job-report.js';
import type { JobState } from './job-state.js';
import { expiresAtMs } from './submission.js';

/**
 * - `submit`: draw a token and begin an attempt
 * - `withdraw`: end a submission of which nothing was sent
 * - `park`: the claimed attempt did not report in time
 * - `join`: start or join the wait
 * - `archive`: archive the images whose archiving has not begun
 * - `end`: the job is over; `leave`: its wait is left first
 * - `cancelSelf`: somebody cancelled the wait, or nobody wants a request that was not sent; so the job is cancelled
 * - `rest`: nothing until something happens, or until `untilMs`
 */
export type JobAction =
  | { readonly kind: 'submit' | 'withdraw' | 'park' | 'join' | 'archive' | 'cancelSelf' }
  | {
      readonly kind: 'end';
      readonly status: TryOnJobEventResult['status'];
      readonly error?: TryOnError;
      readonly leave: boolean;
    }
  | { readonly kind: 'rest'; readonly untilMs?: number };

/** What the workflow knows besides the job's state. */
export interface JobFacts {
  readonly nowMs: number;
  readonly isCancelled: boolean;
  /** The wait could not be joined; it is tried again then. */
  readonly joinAgainAtMs?: number;
}

/** How long after its deadline the outcome of the wait may come: its final poll takes up to 20 s. */
export const OUTCOME_GRACE_MS = 60_000;

const noOutcome: TryOnError = {
  layer: 'transport',
  code: 'NoWorker',
  message: 'the wait gave no outcome by its deadline; it was terminated, or no worker serves it',
};

const refused = (message: string): TryOnError => ({ layer: 'task', code: failureTypes.invalidInput, message });

function nothingSent(job: JobState): TryOnError {
  const message = `no worker submitted the request for account ${job.account} by the deadline; nothing was bought`;
  return job.submission.error ?? { layer: 'transport', code: 'NoWorker', message };
}

const end = (status: TryOnJobEventResult['status'], error?: TryOnError, leave = false): JobAction =>
  error === undefined ? { kind: 'end', status, leave } : { kind: 'end', status, error, leave };

/** The next action of a job that has not ended. */
export function nextAction(job: JobState, facts: JobFacts): JobAction {
  const { submission, deadlineMs } = job;
  const { nowMs, isCancelled } = facts;
  const isLate = nowMs >= deadlineMs;
  // Before anything was sent, or by the wait, which has ended.
  if (job.refusal !== undefined) return end('cancelled', refused(job.refusal));
  switch (submission.phase) {
    case 'idle': {
      if (isCancelled || isLate) return { kind: 'withdraw' };
      if (job.isAbandoned) return { kind: 'cancelSelf' };
      const { nextAtMs = nowMs } = submission;
      return nextAtMs <= nowMs ? { kind: 'submit' } : { kind: 'rest', untilMs: Math.min(nextAtMs, deadlineMs) };
    }
    case 'scheduled':
      if (job.isAbandoned && !isCancelled && !isLate) return { kind: 'cancelSelf' };
      return isCancelled || isLate ? { kind: 'withdraw' } : { kind: 'rest', untilMs: deadlineMs };
    case 'withdrawn':
      return isCancelled ? end('cancelled') : end('timeout', nothingSent(job));
    case 'claimed': {
      // Neither a cancellation nor the deadline ends this: a task may just have been bought.
      const untilMs = expiresAtMs(submission);
      if (untilMs === undefined) return { kind: 'rest' };
      return untilMs <= nowMs ? { kind: 'park' } : { kind: 'rest', untilMs };
    }
    case 'rejected':
      return end('rejected', submission.error);
    case 'givenUp':
      return end('unresolved', submission.error);
    case 'maybe':
      if (isCancelled) return end('cancelled', submission.error);
      return isLate ? end('unresolved', submission.error) : { kind: 'rest', untilMs: deadlineMs };
    case 'external':
    case 'accepted': {
      if (!isCancelled && imagesToArchive(job, imagesOf(job)).length > 0) return { kind: 'archive' };
      if (job.closing !== undefined) {
        if (isCancelled) return end('cancelled');
        const { status, error } = job.closing;
        // The activities that archive have a deadline of their own.
        return isArchiveOpen(job, imagesOf(job)) ? { kind: 'rest' } : end(status, error);
      }
      // A wait that is to be joined again may have this job as a subscriber already.
      const leave = job.isWaitJoined || facts.joinAgainAtMs !== undefined;
      if (isCancelled) return end('cancelled', undefined, leave);
      if (job.isWaitCancelled) return { kind: 'cancelSelf' };
      const { joinAgainAtMs = nowMs } = facts;
      if (!job.isWaitJoined && joinAgainAtMs <= nowMs) return { kind: 'join' };
      const untilMs = deadlineMs + OUTCOME_GRACE_MS;
      if (nowMs >= untilMs) return end('timeout', noOutcome, leave);
      return { kind: 'rest', untilMs: job.isWaitJoined ? untilMs : Math.min(untilMs, joinAgainAtMs) };
    }
    default:
      return submission.phase satisfies never;
  }
}
