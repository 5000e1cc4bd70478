/** Says what follows a poll that met an error. Pure. */
import type { TryOnError } from '../contract.js';
import { jitterOf } from '../schedule/jitter.js';
import { backoffMs } from './backoff.js';
import type { Classification } from './classify.js';
import type { PollError, PollState } from './poll-state.js';
import { pollRules } from './rules.js';
import {
  counted,
  type PolledAttempt,
  type PollStep,
  pauseOf,
  recheck,
  report,
  retry,
  scheduledDelayMs,
  without,
} from './step.js';

type ErrorClassification = Extract<Classification, { kind: 'error' }>;

/**
 * Decides by the class of the error. An error says nothing about the task: what was seen of it stays, and a recheck that was under way
 * goes on. Errors never raise the rate of polls above the schedule.
 */
export function decideOnError(polled: PolledAttempt, classification: ErrorClassification): PollStep {
  const { input, before, nowMs } = polled;
  const { class: errorClass, hint, retries } = classification;
  const pollError = errorAfter(before.pollError, classification);
  const { error } = pollError;
  const pause = pauseOf(polled, hint);
  const state: PollState = {
    ...counted(polled),
    pollError,
    ...pause,
  };
  const unblocked = without(state, 'blocked');
  const scheduledMs = scheduledDelayMs(polled, before);
  const jitter = jitterOf(input.taskId, polled.attempt);
  const backoff = {
    delayMs: Math.max(backoffMs(pollRules.errorBackoffMs, pollError.count, jitter), scheduledMs),
    why: 'backoff',
  } as const;
  switch (errorClass) {
    case 'auth':
    case 'quota':
    case 'clock':
      return block(polled, state, error);
    case 'wrongTask':
      if (pollError.sameCount >= pollRules.wrongTaskPolls) return block(polled, state, error);
      return state.blocked === undefined ? retry(polled, state, backoff) : block(polled, state, state.blocked);
    case 'transient':
    case 'throttled':
      if (error.code === 'TlsFailed' && pollError.sameCount >= pollRules.untrustedPolls)
        return block(polled, state, error);
      // The error says nothing about the key: the wait stays blocked and slow.
      if (state.blocked !== undefined) return block(polled, state, state.blocked);
      if (pause.pauseUntilMs === undefined) return retry(polled, state, backoff);
      return retry(polled, state, { delayMs: pause.pauseUntilMs - nowMs, why: 'hint' });
    case 'notFound': {
      const isWithinGrace = nowMs - input.submittedAtMs < pollRules.notFoundGraceMs;
      if (isWithinGrace) return retry(polled, unblocked, { delayMs: scheduledMs, why: 'schedule' });
      const end = { status: 'notFound', error } as const;
      // A task that was known before is polled once more before it counts as gone.
      if (before.status === undefined) return report(unblocked, [], end);
      return recheck(polled, unblocked, 'notFound', end, { fresh: [], newest: [] });
    }
    case 'refused':
    case 'failed':
      if (pollError.sameCount <= retries) return retry(polled, unblocked, backoff);
      return report(unblocked, [], { status: 'failed', error });
    default:
      return errorClass satisfies never;
  }
}

/** Counts the error with those before it. */
function errorAfter(before: PollError | undefined, { class: errorClass, error, hint }: ErrorClassification): PollError {
  const message = hint?.outOfRange === undefined ? error.message : `${error.message} (${hint.outOfRange})`;
  const isSame = before !== undefined && before.error.code === error.code && before.error.layer === error.layer;
  return {
    class: errorClass,
    error: { ...error, message },
    count: (before?.count ?? 0) + 1,
    sameCount: isSame ? before.sameCount + 1 : 1,
  };
}

/** A person must act: polls slowly, from 5 s doubling to 5 min, until the deadline. */
function block(
  polled: PolledAttempt,
  state: PollState & { readonly pollError?: PollError },
  error: TryOnError,
): PollStep {
  const { before } = polled;
  const count = before.blocked === undefined ? 1 : (before.pollError?.count ?? 0) + 1;
  const blocked: PollState = {
    ...state,
    blocked: error,
    ...(state.pollError === undefined ? {} : { pollError: { ...state.pollError, count } }),
  };
  return retry(polled, blocked, { delayMs: backoffMs(pollRules.blockedBackoffMs, count, 0), why: 'blocked' });
}
