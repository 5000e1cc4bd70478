/** What follows an attempt of the polling activity: return a report to the workflow, or fail and let the server retry. Pure. */
import { defined } from '../defined.js';
import { jitterOf } from '../schedule/jitter.js';
import { nextPoll, type SchedulePolicy } from '../schedule/schedule.js';
import { clampToDeadline } from './backoff.js';
import { ageMs, isFirstPollAhead, phaseAt } from './due.js';
import type { PollEnd, PollInput, PollState, Recheck } from './poll-state.js';
import type { PollImage } from './reply.js';
import { needsHeartbeat } from './restore.js';
import { clampHint, type RetryHint } from './retry-hint.js';
import { pollRules } from './rules.js';

/** Why the next poll is when it is; shown by `status`. */
export type Why = 'schedule' | 'backoff' | 'hint' | 'blocked' | 'recheck' | 'pause' | 'final poll' | 'first poll';

/**
 * What to do. `retry`: fail this attempt, poll again in `delayMs`; with `heartbeat` the state is sent first, because attempt number
 * and times alone would not restore it. `report`: return to the workflow.
 */
export type Decision =
  | { readonly kind: 'retry'; readonly delayMs: number; readonly why: Why; readonly heartbeat: boolean }
  | { readonly kind: 'report'; readonly images: readonly PollImage[]; readonly end?: PollEnd };

/** A decision and the state it leaves. */
export interface PollStep {
  readonly state: PollState;
  readonly decision: Decision;
}

/** One attempt of the polling activity. Times are Unix milliseconds of the Temporal server. */
export interface Attempt {
  readonly input: PollInput;
  /** The state before this attempt, from `restoreState`. */
  readonly before: PollState;
  readonly policy: SchedulePolicy;
  /** From 1. */
  readonly attempt: number;
  /** When the server first scheduled the activity. */
  readonly scheduledAtMs: number;
  readonly nowMs: number;
}

/** An attempt that polled: `queries` is how many requests it sent, 1 or 2; `nowMs` is when the reply came. */
export interface PolledAttempt extends Attempt {
  readonly queries: number;
}

/** A state without some of its fields. */
export function without<K extends keyof PollState>(state: PollState, ...keys: K[]): Omit<PollState, K> {
  const copy = { ...state };
  for (const key of keys) delete copy[key];
  return copy;
}

/** The state before a poll with the poll counted. The plan and the pause that led to it are over. */
export const counted = ({ before, queries, attempt }: PolledAttempt): PollState => ({
  ...without(before, 'nextPollAtMs', 'pauseUntilMs', 'isReset'),
  polls: before.polls + queries,
  asOfAttempt: attempt,
});

/** Whether the deadline is reached, so that this poll is the final one. */
export const isFinalPoll = ({ input, nowMs }: Pick<Attempt, 'input' | 'nowMs'>): boolean =>
  nowMs >= input.deadlineMs - pollRules.dueSlackMs;

/** When the schedule polls next, in milliseconds from now. */
export const scheduledDelayMs = (attempt: Attempt, state: PollState): number =>
  nextPoll({
    ageMs: ageMs(attempt.input, attempt.nowMs),
    policy: attempt.policy,
    jitter: jitterOf(attempt.input.taskId, attempt.attempt),
    ...phaseAt(attempt.input, state, attempt.nowMs),
  }).delayMs;

/** The pause that a reply asks for. A hint that is no time at all, or a negative one, asks for none. */
export function pauseOf({ input, policy, nowMs }: Attempt, hint: RetryHint | undefined): { pauseUntilMs?: number } {
  if (hint === undefined || (hint.outOfRange !== undefined && hint.delayMs <= 0)) return {};
  const leftMs = Math.max(policy.floorMs, input.deadlineMs - nowMs);
  return { pauseUntilMs: nowMs + clampHint(hint, { floorMs: policy.floorMs, leftMs }) };
}

/** Returns to the workflow. */
export const report = (state: PollState, images: readonly PollImage[], end?: PollEnd): PollStep => ({
  state,
  decision: defined({ kind: 'report' as const, images, end }),
});

/**
 * Polls again after `delayMs`. Returns to the workflow instead at the deadline, and where the workflow must know something now: new
 * images, or that the wait became blocked or unblocked.
 */
export function retry(
  polled: PolledAttempt,
  state: PollState,
  { delayMs, why }: { readonly delayMs: number; readonly why: Why },
  images: readonly PollImage[] = [],
): PollStep {
  const { input, before, policy, nowMs } = polled;
  const wantedMs = Math.max(delayMs, (state.pauseUntilMs ?? 0) - nowMs);
  if (isFinalPoll(polled)) {
    // The plan matters where the deadline was moved in the meantime: then this is no end.
    const planned = { ...state, nextPollAtMs: nowMs + wantedMs };
    return report(
      planned,
      images,
      defined({ status: 'timeout' as const, error: state.blocked ?? state.pollError?.error }),
    );
  }
  const clampedMs = clampToDeadline(wantedMs, nowMs, input.deadlineMs, policy.floorMs);
  const planned: PollState = { ...state, nextPollAtMs: nowMs + clampedMs };
  const blockedChanged = (state.blocked === undefined) !== (before.blocked === undefined);
  if (images.length > 0 || blockedChanged) return report(planned, images);
  const isNextFinal = clampedMs !== wantedMs;
  // `restoreState` counts one query for each attempt, and none for a first one that came before the first poll was due.
  const isHidden =
    polled.queries !== 1 || (polled.attempt === 1 && isFirstPollAhead(input, policy, polled.scheduledAtMs));
  // `restoreState` takes every poll for one that saw the task unfinished.
  const sawUnfinished = state.pendingUntilMs === nowMs;
  const heartbeat = !sawUnfinished || isHidden || isNextFinal || needsHeartbeat(before, state);
  return {
    state: planned,
    decision: { kind: 'retry', delayMs: clampedMs, why: isNextFinal ? 'final poll' : why, heartbeat },
  };
}

/**
 * Polls again a task that the vendor calls over, until so many polls say the same; then reports `end`.
 * @param images - `fresh`: not reported before; `newest`: all, for the end
 */
export function recheck(
  polled: PolledAttempt,
  state: PollState,
  why: Recheck['why'],
  end: PollEnd,
  images: { readonly fresh: readonly PollImage[]; readonly newest: readonly PollImage[] },
): PollStep {
  const { before, policy, nowMs } = polled;
  const earlier = before.recheck?.why === why ? before.recheck : undefined;
  // A poll by `pollNow` between two others gives the vendor no more time, so it does not count.
  const isEarly = earlier !== undefined && nowMs < earlier.atMs + pollRules.recheckMs - pollRules.dueSlackMs;
  const current: Recheck = isEarly ? earlier : { why, polls: (earlier?.polls ?? 0) + 1, atMs: nowMs };
  if (current.polls >= pollRules.recheckPolls[why]) return report(without(state, 'recheck'), images.newest, end);
  const delayMs = Math.max(policy.floorMs, current.atMs + pollRules.recheckMs - nowMs);
  const step = retry(polled, { ...state, recheck: current }, { delayMs, why: 'recheck' }, images.fresh);
  if (step.decision.kind !== 'report' || step.decision.end === undefined) return step;
  // The time is up: the vendor's word counts, except that an empty result could still fill.
  return report(step.state, images.newest, why === 'empty' ? { ...end, status: 'timeout' } : end);
}
