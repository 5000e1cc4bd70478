/** What a wait says about itself: outcome, status and snapshots, each within the limits of size. Pure. */
import {
  limits,
  type SubTask,
  type TryOnError,
  type TryOnEvent,
  type TryOnEventOutcome,
  type TryOnStatus,
} from '../contract.js';
import { defined } from '../defined.js';
import { takeFitting, withImages } from '../json-size.js';
import type { WaitState } from './wait-state.js';

const rfc3339 = (ms: number): string => new Date(ms).toISOString();
const optionalTime = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : rfc3339(ms));

/** `waiting`, `blocked`, or how the wait ended. */
export const stateOf = (wait: WaitState): TryOnStatus['state'] =>
  wait.end?.status ?? (wait.poll.blocked === undefined ? 'waiting' : 'blocked');

/** The error that blocks the wait or that its last poll met; that of its end once it has ended. */
export const errorOf = ({ end, poll }: WaitState): TryOnError | undefined =>
  end === undefined ? (poll.blocked ?? poll.pollError?.error) : end.error;

/** As many sub-tasks as fit beside the images. */
const subTasksOf = (wait: WaitState, maxBytes: number): SubTask[] => [
  ...takeFitting(wait.poll.subTasks, maxBytes / 4).fitting,
];

/** Room for the event around an outcome, within the limit of an outcome. */
const EVENT_BYTES = 1024;

/** The outcome of a wait that has ended. Throws `TypeError` for one that has not. */
export function outcomeOf(wait: WaitState): TryOnEventOutcome {
  const { end, poll } = wait;
  if (end === undefined) throw new TypeError(`the wait for ${wait.taskId} has not ended`);
  const missing = (wait.expectedImages ?? 0) - wait.images.length;
  const outcome: TryOnEventOutcome = {
    taskId: wait.taskId,
    status: end.status,
    images: [],
    subTasks: subTasksOf(wait, limits.resultBytes),
    ...(missing > 0 ? { shortfall: missing } : {}),
    ...defined({ error: end.error }),
    polls: poll.polls,
    submittedAt: rfc3339(wait.submittedAtMs),
    finishedAt: rfc3339(end.atMs),
    account: wait.account,
    api: wait.api,
    timing: defined({
      pendingUntil: optionalTime(poll.pendingUntilMs),
      queuedUntil: optionalTime(poll.queuedUntilMs),
      runningSeenAt: optionalTime(poll.runningSeenAtMs),
    }),
  };
  return withImages(outcome, wait.images, limits.resultBytes - EVENT_BYTES);
}

/**
 * The answer of the query `tryOnStatus` and of the updates.
 * @param maxBytes - of JSON; images, sub-tasks and subscribers are included as far as they fit
 */
export function statusOf(wait: WaitState, maxBytes: number = limits.resultBytes): TryOnStatus {
  const status: TryOnStatus = {
    taskId: wait.taskId,
    account: wait.account,
    api: wait.api,
    state: stateOf(wait),
    ...defined({ vendorStatus: wait.poll.vendorStatus }),
    images: [],
    subTasks: subTasksOf(wait, maxBytes),
    polls: wait.poll.polls,
    submittedAt: rfc3339(wait.submittedAtMs),
    deadline: rfc3339(wait.deadlineMs),
    ...defined({ error: errorOf(wait) }),
    subscribers: [...takeFitting(wait.subscribers, maxBytes / 4).fitting],
    waitId: wait.waitId,
    sequence: wait.sequence,
    ...(wait.warnings === undefined ? {} : { warnings: [...wait.warnings] }),
  };
  return withImages(status, wait.images, maxBytes);
}

const snapshotEvent = (wait: WaitState, status: TryOnStatus): TryOnEvent => ({
  kind: 'snapshot',
  taskId: wait.taskId,
  waitId: wait.waitId,
  sequence: status.sequence,
  status,
});

/** More room than the sub-tasks and subscribers of a status can take. */
const REST_BYTES = 1024 * 1024;

/**
 * `snapshot` events with the images after the first `from`: each has the next ones, and counts all others as omitted. None where no image
 * is left.
 */
export function furtherSnapshots(wait: WaitState, from: number): TryOnEvent[] {
  const status = statusOf({ ...wait, images: [] }, REST_BYTES);
  const events: TryOnEvent[] = [];
  for (let next = from; next < wait.images.length; ) {
    const part = withImages(status, wait.images.slice(next), REST_BYTES);
    if (part.images.length === 0) break;
    events.push(snapshotEvent(wait, { ...part, imagesOmitted: wait.images.length - part.images.length }));
    next += part.images.length;
  }
  return events;
}

/**
 * What a subscriber that joined by a signal receives: a `snapshot` with the current sequence, which takes no number, and further ones for
 * images that it has no room for.
 * @param outcome - the `outcome` event of a wait that has ended. It goes before the snapshot: a receiver that takes a snapshot's number for
 *   an event's would drop it as a repeat. Images that the outcome leaves out go before it, under the number before.
 */
export function snapshotsFor(wait: WaitState, outcome?: Extract<TryOnEvent, { kind: 'outcome' }>): TryOnEvent[] {
  const status = statusOf(wait);
  const snapshot = snapshotEvent(wait, status);
  if (outcome === undefined) return [snapshot, ...furtherSnapshots(wait, status.images.length)];
  const beforeTheEnd = { ...wait, sequence: outcome.sequence - 1 };
  const all = outcome.outcome.imagesOmitted === undefined ? [] : furtherSnapshots(beforeTheEnd, 0);
  return [...all, outcome, snapshot];
}
