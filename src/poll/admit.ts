/** Whether an attempt polls now, or is deferred without asking the vendor. Pure. */
import { backoffMs, clampToDeadline } from './backoff.js';
import { firstPollAtMs, isFirstPollAhead } from './due.js';
import { pollRules } from './rules.js';
import type { Attempt, PollStep, Why } from './step.js';

/**
 * Defers an attempt whose poll is not due yet.
 * @returns `undefined` where it is due
 */
export function deferUntilDue(attempt: Attempt): PollStep | undefined {
  const untilMs = dueAtMs(attempt);
  if (Math.min(untilMs, attempt.input.deadlineMs) - attempt.nowMs <= pollRules.dueSlackMs) return undefined;
  return deferred(attempt, untilMs, (attempt.before.pauseUntilMs ?? 0) > attempt.nowMs ? 'pause' : 'first poll');
}

/** Defers an attempt until `untilMs`, because the account's throttle asks for it. The final poll is never deferred so. */
export const deferByThrottle = (attempt: Attempt, untilMs: number): PollStep =>
  deferred(attempt, Math.max(untilMs, dueAtMs(attempt)), 'pause');

/**
 * Defers an attempt that ran on another queue than the vendor's: only the vendor's queue keeps the budget.
 * @param hasMoved - whether the next attempt runs on the vendor's queue; where not, that one tries to move again
 */
export function deferToVendorQueue(attempt: Attempt, hasMoved: boolean): PollStep {
  const notDue = deferUntilDue(attempt);
  if (notDue !== undefined) return notDue;
  const delayMs = hasMoved ? 1 : backoffMs(pollRules.errorBackoffMs, attempt.attempt, 0);
  return {
    state: { ...attempt.before, asOfAttempt: attempt.attempt },
    decision: {
      kind: 'retry',
      delayMs: Math.max(1, clampToDeadline(delayMs, attempt.nowMs, attempt.input.deadlineMs, 0)),
      why: attempt.before.polls === 0 ? 'first poll' : 'schedule',
      heartbeat: true,
    },
  };
}

/** When this attempt is due by its own state. An attempt after the first is due when the server starts it, but for a pause. */
const dueAtMs = ({ input, before, policy, attempt }: Attempt): number =>
  Math.max(attempt === 1 ? firstPollAtMs(input, policy) : 0, before.pauseUntilMs ?? 0);

function deferred(attempt: Attempt, untilMs: number, why: Why): PollStep {
  const { input, before, policy, nowMs } = attempt;
  const delayMs = Math.max(1, clampToDeadline(untilMs - nowMs, nowMs, input.deadlineMs, policy.floorMs));
  const nextPollAtMs = nowMs + delayMs;
  // `restoreState` expects a first attempt to wait for the planned first poll; all else needs a heartbeat.
  const isExpected =
    attempt.attempt === 1 &&
    untilMs <= firstPollAtMs(input, policy) &&
    isFirstPollAhead(input, policy, attempt.scheduledAtMs);
  return {
    state: { ...before, asOfAttempt: attempt.attempt, nextPollAtMs },
    decision: {
      kind: 'retry',
      delayMs,
      why: nextPollAtMs >= input.deadlineMs ? 'final poll' : why,
      heartbeat: !isExpected,
    },
  };
}
