/** Many waits of one account behind its gate, in simulated time: each looks when it is due, is held, or meets the vendor. */

import { askGate, type Gate, learnGate, openGate } from '../../src/poll/account-throttle.js';
import type { Verdict } from '../../src/poll/classify.js';
import { backoffMs, waitRules } from '../../src/poll/decide.js';
import { jitterOf } from '../../src/schedule/jitter.js';

/** A query that went out. */
export interface CrowdQuery {
  readonly atMs: number;
  readonly taskId: string;
  readonly isProbe: boolean;
  readonly isLast: boolean;
}

/** How the crowd behaves. Times from 0. */
export interface Crowd {
  /** When each wait is due first. */
  readonly dueMs: readonly number[];
  readonly queriesPerSecond: number;
  /** What the vendor answers to a query that leaves now. A verdict `ended` ends the wait. */
  readonly vendor: (atMs: number, query: number, taskId: string) => Verdict;
  readonly deadlineMs?: number;
  readonly latencyMs?: number;
  /** From a look to the next where all is well; default 3000. */
  readonly everyMs?: number;
}

/** What came of it. */
export interface CrowdRun {
  readonly queries: readonly CrowdQuery[];
  /** When each wait ended, by its index. */
  readonly endedMs: readonly (number | undefined)[];
  /** Attempts that were told to come again. */
  readonly held: number;
  readonly gate: Gate;
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
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && before(child, least)) least = child;
        if (least === at) return first;
        swap(at, least);
        at = least;
      }
    },
  };
}

/** Runs a crowd until every wait has ended, or 200 looks each. */
export function runCrowd(crowd: Crowd): CrowdRun {
  const { deadlineMs = Number.POSITIVE_INFINITY, latencyMs = 50, everyMs = 3_000 } = crowd;
  const todo = agenda();
  const queries: CrowdQuery[] = [];
  const endedMs: (number | undefined)[] = crowd.dueMs.map(() => undefined);
  const places = new Map<number, number>();
  const troubles = crowd.dueMs.map(() => 0);
  let gate = openGate;
  let held = 0;
  const most = 200 * crowd.dueMs.length;
  const come = (index: number, atMs: number) => todo.add({ index, atMs: Math.min(atMs, deadlineMs) });
  crowd.dueMs.forEach((atMs, index) => {
    come(index, atMs);
  });

  const look = (index: number, nowMs: number): void => {
    const taskId = `t-${index}`;
    const isLast = nowMs >= deadlineMs;
    const placeMs = places.get(index);
    const asked = askGate(
      gate,
      { nowMs, isLast, ...(placeMs === undefined ? {} : { placeMs }) },
      crowd.queriesPerSecond,
    );
    ({ gate } = asked);
    if (asked.holdUntilMs !== undefined) {
      held += 1;
      places.set(index, asked.holdUntilMs);
      come(index, asked.holdUntilMs);
      return;
    }
    places.delete(index);
    const { isProbe } = asked;
    const verdict = crowd.vendor(nowMs, queries.length, taskId);
    queries.push({ atMs: nowMs, taskId, isProbe, isLast });
    const land = () => {
      const landedMs = nowMs + latencyMs;
      gate = learnGate(gate, { taskId, startedAtMs: nowMs, nowMs: landedMs, isProbe, verdict });
      if (isLast || verdict.kind === 'ended') {
        endedMs[index] = landedMs;
        return;
      }
      const count = verdict.kind === 'trouble' ? (troubles[index] ?? 0) + 1 : 0;
      troubles[index] = count;
      const hintMs = verdict.kind === 'trouble' ? (verdict.hint?.delayMs ?? 0) : 0;
      const backoff = count > 0 ? backoffMs(waitRules.errorBackoffMs, count, jitterOf(taskId, count)) : everyMs;
      come(index, landedMs + Math.max(hintMs > 0 ? hintMs : backoff, count > 0 ? 0 : everyMs));
    };
    todo.add({ index, atMs: nowMs + latencyMs, land });
  };

  for (let due = todo.take(); due !== undefined; due = todo.take()) {
    if (queries.length + held > most) throw new Error('the crowd does not end');
    if (due.land === undefined) look(due.index, due.atMs);
    else due.land();
  }
  return { queries, endedMs, held, gate };
}

/** The largest number of queries in any window of this length. */
export function mostIn(windowMs: number, queries: readonly CrowdQuery[]): number {
  let most = 0;
  let from = 0;
  queries.forEach((query, to) => {
    while ((queries[from]?.atMs ?? 0) <= query.atMs - windowMs) from += 1;
    most = Math.max(most, to - from + 1);
  });
  return most;
}
