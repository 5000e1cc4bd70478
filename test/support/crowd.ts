/** Many waits of one account behind its throttle, in simulated time. A poll that is due is either deferred or sent to the vendor. */
import { defined } from '../../src/defined.js';
import { type AccountThrottle, admitPoll, initialThrottle, observePoll } from '../../src/poll/account-throttle.js';
import { backoffMs } from '../../src/poll/backoff.js';
import type { Classification } from '../../src/poll/classify.js';
import { pollRules } from '../../src/poll/rules.js';
import { jitterOf } from '../../src/schedule/jitter.js';

/** A query that was sent. */
export interface CrowdQuery {
  readonly atMs: number;
  readonly taskId: string;
  readonly isProbe: boolean;
  readonly isFinal: boolean;
}

/** The crowd to simulate. Times start at 0. */
export interface Crowd {
  /** The first poll of each wait. */
  readonly dueMs: readonly number[];
  readonly queriesPerSecond: number;
  /** The classification of the vendor's reply to a query. `ended` ends the wait. */
  readonly vendor: (atMs: number, query: number, taskId: string) => Classification;
  readonly deadlineMs?: number;
  readonly latencyMs?: number;
  /** Time between two polls without errors. Default 3000. */
  readonly everyMs?: number;
}

/** The result of a simulation. */
export interface CrowdRun {
  readonly queries: readonly CrowdQuery[];
  /** The end of each wait, by its index. */
  readonly endedMs: readonly (number | undefined)[];
  /** Number of deferred polls. */
  readonly held: number;
  readonly throttle: AccountThrottle;
}

type Event = { readonly atMs: number; readonly index: number; readonly receive?: () => void };

/** A heap of events by time. */
function eventQueue() {
  const heap: Event[] = [];
  const before = (one: number, other: number) => (heap[one]?.atMs ?? 0) < (heap[other]?.atMs ?? 0);
  const swap = (one: number, other: number) => {
    [heap[one], heap[other]] = [heap[other] as Event, heap[one] as Event];
  };
  return {
    add(event: Event) {
      let at = heap.push(event) - 1;
      for (let up = (at - 1) >> 1; at > 0 && before(at, up); at = up, up = (at - 1) >> 1) swap(at, up);
    },
    take(): Event | undefined {
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

/**
 * Simulates a crowd until every wait has ended.
 * @throws Error after 200 polls per wait
 */
export function runCrowd(crowd: Crowd): CrowdRun {
  const { deadlineMs = Number.POSITIVE_INFINITY, latencyMs = 50, everyMs = 3_000 } = crowd;
  const events = eventQueue();
  const queries: CrowdQuery[] = [];
  const endedMs: (number | undefined)[] = crowd.dueMs.map(() => undefined);
  const places = new Map<number, number>();
  const errors = crowd.dueMs.map(() => 0);
  let throttle = initialThrottle;
  let held = 0;
  const max = 200 * crowd.dueMs.length;
  const schedule = (index: number, atMs: number) => events.add({ index, atMs: Math.min(atMs, deadlineMs) });
  crowd.dueMs.forEach((atMs, index) => {
    schedule(index, atMs);
  });

  const poll = (index: number, nowMs: number): void => {
    const taskId = `t-${index}`;
    const isFinal = nowMs >= deadlineMs;
    const placeMs = places.get(index);
    const admission = admitPoll(throttle, { taskId, nowMs, isFinal, ...defined({ placeMs }) }, crowd.queriesPerSecond);
    ({ throttle } = admission);
    if (admission.deferUntilMs !== undefined) {
      held += 1;
      places.set(index, admission.deferUntilMs);
      schedule(index, admission.deferUntilMs);
      return;
    }
    places.delete(index);
    const { isProbe } = admission;
    const classification = crowd.vendor(nowMs, queries.length, taskId);
    queries.push({ atMs: nowMs, taskId, isProbe, isFinal });
    const receive = () => {
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
      schedule(index, landedMs + Math.max(hintMs > 0 ? hintMs : backoff, count > 0 ? 0 : everyMs));
    };
    events.add({ index, atMs: nowMs + latencyMs, receive });
  };

  for (let event = events.take(); event !== undefined; event = events.take()) {
    if (queries.length + held > max) throw new Error('the crowd does not end');
    if (event.receive === undefined) poll(event.index, event.atMs);
    else event.receive();
  }
  return { queries, endedMs, held, throttle };
}

/** The largest number of queries in any window of `windowMs`. */
export function maxIn(windowMs: number, queries: readonly CrowdQuery[]): number {
  let max = 0;
  let from = 0;
  queries.forEach((query, to) => {
    while ((queries[from]?.atMs ?? 0) <= query.atMs - windowMs) from += 1;
    max = Math.max(max, to - from + 1);
  });
  return max;
}
