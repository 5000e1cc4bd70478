/** Many waits of one account behind its throttle, in simulated time: each polls when it is due, is held, or meets the vendor. */

import { type AccountThrottle, admitPoll, initialThrottle, observePoll } from '../../src/poll/account-throttle.js';
import { backoffMs } from '../../src/poll/backoff.js';
import type { Classification } from '../../src/poll/classify.js';
import { pollRules } from '../../src/poll/rules.js';
import { jitterOf } from '../../src/schedule/jitter.js';

/** A query that went out. */
export interface CrowdQuery {
  readonly atMs: number;
  readonly taskId: string;
  readonly isProbe: boolean;
  readonly isFinal: boolean;
}

/** How the crowd behaves. Times from 0. */
export interface Crowd {
  /** When each wait is due first. */
  readonly dueMs: readonly number[];
  readonly queriesPerSecond: number;
  /** What the vendor answers to a query that leaves now. A classification `ended` ends the wait. */
  readonly vendor: (atMs: number, query: number, taskId: string) => Classification;
  readonly deadlineMs?: number;
  readonly latencyMs?: number;
  /** From a poll to the next where all is well; default 3000. */
  readonly everyMs?: number;
}

/** What came of it. */
export interface CrowdRun {
  readonly queries: readonly CrowdQuery[];
  /** When each wait ended, by its index. */
  readonly endedMs: readonly (number | undefined)[];
  /** Attempts that were told to come again. */
  readonly held: number;
  readonly throttle: AccountThrottle;
}

type Due = { readonly atMs: number; readonly index: number; readonly land?: () => void };

/** A heap by time. */
function agenda() {
  const heap: Due[] = [];
  const before = (one: number, other: number) => (heap[one]?.atMs ?? 0) < (heap[other]?.atMs ?? 0);
  const swap = (one: number, other: number) => {
    [heap[one], heap[other]] = [heap[other] as Due, heap[one] as Due];
  };
  return {
    add(due: Due) {
      let at = heap.push(due) - 1;
      for (let up = (at - 1) >> 1; at > 0 && before(at, up); at = up, up = (at - 1) >> 1) swap(at, up);
    },
    take(): Due | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      heap[0] = last;
      for (let at = 0; ; ) {
        let min = at;
        for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && before(child, min)) min = child;
        if (min === at) return first;
        swap(at, min);
        at = min;
      }
    },
  };
}

/** Runs a crowd until every wait has ended, or 200 polls each. */
export function runCrowd(crowd: Crowd): CrowdRun {
  const { deadlineMs = Number.POSITIVE_INFINITY, latencyMs = 50, everyMs = 3_000 } = crowd;
  const todo = agenda();
  const queries: CrowdQuery[] = [];
  const endedMs: (number | undefined)[] = crowd.dueMs.map(() => undefined);
  const places = new Map<number, number>();
  const errors = crowd.dueMs.map(() => 0);
  let throttle = initialThrottle;
  let held = 0;
  const max = 200 * crowd.dueMs.length;
  const come = (index: number, atMs: number) => todo.add({ index, atMs: Math.min(atMs, deadlineMs) });
  crowd.dueMs.forEach((atMs, index) => {
    come(index, atMs);
  });

  const poll = (index: number, nowMs: number): void => {
    const taskId = `t-${index}`;
    const isFinal = nowMs >= deadlineMs;
    const placeMs = places.get(index);
    const asked = admitPoll(
      throttle,
      { taskId, nowMs, isFinal, ...(placeMs === undefined ? {} : { placeMs }) },
      crowd.queriesPerSecond,
    );
    ({ throttle } = asked);
    if (asked.deferUntilMs !== undefined) {
      held += 1;
      places.set(index, asked.deferUntilMs);
      come(index, asked.deferUntilMs);
      return;
    }
    places.delete(index);
    const { isProbe } = asked;
    const classification = crowd.vendor(nowMs, queries.length, taskId);
    queries.push({ atMs: nowMs, taskId, isProbe, isFinal });
    const land = () => {
      const landedMs = nowMs + latencyMs;
      throttle = observePoll(throttle, { taskId, startedAtMs: nowMs, nowMs: landedMs, isProbe, classification });
      if (isFinal || classification.kind === 'ended') {
        endedMs[index] = landedMs;
        return;
      }
      const count = classification.kind === 'error' ? (errors[index] ?? 0) + 1 : 0;
      errors[index] = count;
      const hintMs = classification.kind === 'error' ? (classification.hint?.delayMs ?? 0) : 0;
      const backoff = count > 0 ? backoffMs(pollRules.errorBackoffMs, count, jitterOf(taskId, count)) : everyMs;
      come(index, landedMs + Math.max(hintMs > 0 ? hintMs : backoff, count > 0 ? 0 : everyMs));
    };
    todo.add({ index, atMs: nowMs + latencyMs, land });
  };

  for (let due = todo.take(); due !== undefined; due = todo.take()) {
    if (queries.length + held > max) throw new Error('the crowd does not end');
    if (due.land === undefined) poll(due.index, due.atMs);
    else due.land();
  }
  return { queries, endedMs, held, throttle };
}

/** The largest number of queries in any window of this length. */
export function maxIn(windowMs: number, queries: readonly CrowdQuery[]): number {
  let max = 0;
  let from = 0;
  queries.forEach((query, to) => {
    while ((queries[from]?.atMs ?? 0) <= query.atMs - windowMs) from += 1;
    max = Math.max(max, to - from + 1);
  });
  return max;
}
