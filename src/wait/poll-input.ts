/** From the state of a wait to the input of its polling activity. Pure. */
import { defined } from '../defined.js';
import { type PollInput, type PollState, packKnown } from '../poll/poll-state.js';
import { knownIds } from './image-ids.js';
import type { WaitState } from './wait-state.js';

/** How a polling activity begins. `pollNow`: at once, though never inside a pause that the vendor ordered. */
export interface PollStart {
  readonly pollNow: boolean;
  readonly nowMs: number;
}

/** The first poll of a task is taken to be due no earlier than this after its submission; the worker knows better. */
const FRESH_MS = 10_000;
/** A poll that is due later than this begins on the workflows' queue. */
const FAR_OFF_MS = 2_000;

/** Input of the polling activity. */
export function pollInput(wait: WaitState, start: PollStart & { readonly vendorQueue?: string }): PollInput {
  const { taskId, account, api, submittedAtMs, deadlineMs } = wait;
  const { ids, keys } = knownIds(wait);
  const from: PollState = start.pollNow ? { ...wait.poll, nextPollAtMs: start.nowMs } : wait.poll;
  return {
    taskId,
    account,
    submittedAtMs,
    deadlineMs,
    known: packKnown(ids),
    ...(keys.length === 0 ? {} : { knownKeys: packKnown(keys) }),
    from: { ...from, asOfAttempt: 0 },
    ...defined({ vendorQueue: start.vendorQueue, api: api === 'tryon' ? undefined : api }),
  };
}

/**
 * Whether the next poll is so far off that its activity should begin on the workflows' queue. The vendor's queue counts every attempt
 * against the budget, also one that only finds out when to poll. Only the worker knows when the first poll is due: not at once for a task
 * submitted just now.
 */
export function isPollFarOff(wait: WaitState, { pollNow, nowMs }: PollStart): boolean {
  const { nextPollAtMs = wait.submittedAtMs + FRESH_MS, pauseUntilMs = 0 } = wait.poll;
  const dueAtMs = Math.min(wait.deadlineMs, Math.max(nextPollAtMs, pauseUntilMs));
  return !pollNow && dueAtMs > nowMs + FAR_OFF_MS;
}
