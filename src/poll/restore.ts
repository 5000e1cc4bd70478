/** The state of a polling activity from one attempt to the next, with as few heartbeats as possible. Pure. */
import { jitterOf } from '../schedule/jitter.js';
import { previousPoll, type SchedulePolicy } from '../schedule/schedule.js';
import { ageMs, isFirstPollAhead, phaseAt } from './due.js';
import type { PollInput, PollState } from './poll-state.js';

/**
 * Restores the state before an attempt: from the last heartbeat, attempt number and times. Polls that needed no heartbeat
 * followed the schedule, so that they can be counted and dated.
 * @param heartbeat - heartbeat details, where an attempt of this activity left some
 * @param attempt - from 1
 * @param times - when the activity was first scheduled, and when this attempt was due, by the server
 */
export function restoreState(
  input: PollInput,
  heartbeat: PollState | undefined,
  policy: SchedulePolicy,
  attempt: number,
  times: { readonly scheduledAtMs: number; readonly dueAtMs: number },
): PollState {
  const base = heartbeat ?? { ...input.from, asOfAttempt: 0 };
  // An operator's reset puts the attempt back to 1 and may keep the details.
  if (attempt <= base.asOfAttempt) return { ...base, asOfAttempt: attempt - 1, isReset: true };
  const attempts = attempt - 1 - base.asOfAttempt;
  if (attempts === 0) return attempt === 1 ? base : { ...base, nextPollAtMs: times.dueAtMs };
  const silent = base.asOfAttempt === 0 && isFirstPollAhead(input, policy, times.scheduledAtMs) ? 1 : 0;
  const polls = attempts - silent;
  const state: PollState = {
    ...base,
    polls: base.polls + polls,
    asOfAttempt: attempt - 1,
    nextPollAtMs: times.dueAtMs,
  };
  if (polls === 0) return state;
  const previousAgeMs = previousPoll({
    ageMs: ageMs(input, times.dueAtMs),
    policy,
    jitter: jitterOf(input.taskId, attempt - 1),
    ...phaseAt(input, base, times.dueAtMs),
  });
  if (previousAgeMs === undefined) return state;
  const pendingUntilMs = Math.round(input.submittedAtMs + previousAgeMs);
  return { ...state, pendingUntilMs: Math.max(state.pendingUntilMs ?? 0, pendingUntilMs) };
}

/** Whether a state differs from the one before in more than {@link restoreState} finds out by itself. */
export const needsHeartbeat = (before: PollState, state: PollState): boolean =>
  remembered(state) !== remembered(before);

function remembered(state: PollState): string {
  const {
    polls: _polls,
    asOfAttempt: _attempt,
    pendingUntilMs: _until,
    subTasks: _subTasks,
    nextPollAtMs: _next,
    ...rest
  } = state;
  return JSON.stringify(Object.entries(rest).sort(([one], [other]) => (one < other ? -1 : 1)));
}
