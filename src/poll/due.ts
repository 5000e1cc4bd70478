/** When a poll is due, before it is sent. Pure. */
import { jitterOf } from '../schedule/jitter.js';
import { firstPollMs, type NextPollInput, type SchedulePolicy } from '../schedule/schedule.js';
import type { PollInput, PollState } from './poll-state.js';
import { pollRules } from './rules.js';

/** Milliseconds since the vendor accepted the task. */
export const ageMs = (input: PollInput, nowMs: number): number => Math.max(0, nowMs - input.submittedAtMs);

/** The phase of a task at `atMs`, as far as replies showed it: work is taken to begin in the middle between two polls. */
export function phaseAt(
  input: PollInput,
  { status, queuedUntilMs, runningSeenAtMs }: PollState,
  atMs: number,
): Pick<NextPollInput, 'phase' | 'phaseForMs' | 'phaseGapMs'> {
  if (runningSeenAtMs === undefined) return status === 'submitted' ? { phase: 'submitted' } : {};
  const gapMs = Math.max(0, runningSeenAtMs - (queuedUntilMs ?? input.submittedAtMs));
  return { phase: 'running', phaseForMs: Math.max(0, atMs - runningSeenAtMs + gapMs / 2), phaseGapMs: gapMs };
}

/** When the first poll of this activity is due. */
export function firstPollAtMs(input: PollInput, policy: SchedulePolicy): number {
  const { from } = input;
  const plannedMs = from.nextPollAtMs ?? input.submittedAtMs + firstPollMs(policy, jitterOf(input.taskId, 0));
  return Math.max(plannedMs, from.pauseUntilMs ?? 0);
}

/** Whether the first poll is still ahead at `atMs`, so that a first attempt then only finds out when to poll. */
export const isFirstPollAhead = (input: PollInput, policy: SchedulePolicy, atMs: number): boolean =>
  Math.min(firstPollAtMs(input, policy), input.deadlineMs) > atMs + pollRules.dueSlackMs;
