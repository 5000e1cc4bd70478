/** One poll by the pure core, as the activity takes it. */

import { classify } from '../../src/poll/classify.js';
import { decide } from '../../src/poll/decide.js';
import { type PollInput, type PollState, unpolled } from '../../src/poll/poll-state.js';
import type { Reply } from '../../src/poll/reply.js';
import type { PollStep } from '../../src/poll/step.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { defaultPolicy, type SchedulePolicy } from '../../src/schedule/schedule.js';
import { startMs } from './simulate.js';

/** Input of a wait of an hour for a task submitted as it starts. */
export const pollInputOf = (input: Partial<PollInput> = {}): PollInput => ({
  taskId: 't-1',
  account: 'default',
  submittedAtMs: startMs,
  deadlineMs: startMs + 3_600_000,
  known: '',
  from: unpolled,
  ...input,
});

/** The state of a wait that has seen its task. */
export const seen: PollState = { ...unpolled, polls: 1, asOfAttempt: 2, status: 'running', vendorStatus: 'running' };

/** Where a poll stands; defaults: 40 s after submit, the third attempt, one query. */
export interface PollAt {
  readonly ageMs?: number;
  readonly before?: PollState;
  readonly input?: Partial<PollInput>;
  readonly attempt?: number;
  readonly queries?: number;
  /** Default: the prior's. */
  readonly policy?: SchedulePolicy;
}

/** Takes one poll. */
export function poll(reply: Reply, at: PollAt = {}): PollStep {
  const { ageMs = 40_000, before = { ...unpolled, asOfAttempt: 2 }, attempt = 3, queries = 1 } = at;
  const nowMs = startMs + ageMs;
  const classification = classify(reply, tryOnApi, { taskId: 't-1', nowMs });
  const policy = at.policy ?? defaultPolicy;
  const polled = { input: pollInputOf(at.input), before, policy, nowMs, attempt, queries, scheduledAtMs: startMs };
  return decide(polled, reply, classification);
}

/** The decision in one line: `retry backoff`, `report 2`, `report 0 failed EmptyResult`. */
export function decisionOf({ decision }: PollStep): string {
  if (decision.kind === 'retry') return `retry ${decision.why}`;
  const { end } = decision;
  return ['report', decision.images.length, end?.status, end?.error?.code].filter((one) => one !== undefined).join(' ');
}
