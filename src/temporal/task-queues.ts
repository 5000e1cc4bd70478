/** Which workers poll a task queue. */
import type { Client } from '@temporalio/client';
import { timestampMs } from './grpc.js';

/** A worker that has polled a queue. */
export interface Poller {
  readonly identity: string;
  /** RFC 3339. */
  readonly lastSeenAt: string;
}

/** Which tasks of a queue are meant. */
export type QueueKind = 'workflow' | 'activity';

/** The numbers of Temporal's API. */
const queueTypes = { workflow: 1, activity: 2 } as const satisfies Record<QueueKind, number>;

/** A worker polls again each minute at least. One that has not for longer is gone, though the server lists it for five. */
const SEEN_WITHIN_MS = 75_000;
/** The clock of this machine may be a little ahead of the server's. */
const CLOCK_SLACK_MS = 1_000;

/** Whole seconds since a worker last polled. Pure. */
export const secondsSince = ({ lastSeenAt }: Poller, nowMs: number): number =>
  Math.max(0, Math.round((nowMs - Date.parse(lastSeenAt)) / 1000));

/** Whether a worker has polled so recently that it may still run. Pure. */
export const mayPoll = ({ lastSeenAt }: Poller, nowMs: number): boolean =>
  nowMs - Date.parse(lastSeenAt) <= SEEN_WITHIN_MS;

/**
 * The workers that the server lists for a queue, newest poll first. A worker that has ended stays listed for about five minutes.
 * @throws if the server refuses to describe task queues
 */
export async function listedPollers(client: Client, queue: string, kind: QueueKind): Promise<readonly Poller[]> {
  const { namespace } = client.options;
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: queueTypes[kind],
  });
  return (pollers ?? [])
    .map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      lastSeenMs: timestampMs(lastAccessTime) ?? 0,
    }))
    .sort((one, other) => other.lastSeenMs - one.lastSeenMs)
    .map(({ identity, lastSeenMs }) => ({ identity, lastSeenAt: new Date(lastSeenMs).toISOString() }));
}

/**
 * The workers that may poll a queue now, newest poll first.
 * @throws if the server refuses to describe task queues
 */
export async function activePollers(
  client: Client,
  queue: string,
  kind: QueueKind,
  nowMs: number = Date.now(),
): Promise<readonly Poller[]> {
  return (await listedPollers(client, queue, kind)).filter((poller) => mayPoll(poller, nowMs));
}

/**
 * One line that says that no worker polls a queue, with its remedy; `undefined` if one does. Pure.
 * @param pollers - all that the server lists, newest poll first
 * @param unansweredSinceMs - when a request was sent that no worker has answered; a free worker would have polled since
 */
export function idleNote(
  queue: string,
  kind: QueueKind,
  pollers: readonly Poller[],
  nowMs: number,
  unansweredSinceMs?: number,
): string | undefined {
  const [newest] = pollers;
  const start = 'start one with `temporal-tryon worker`';
  if (newest !== undefined && mayPoll(newest, nowMs)) {
    if (unansweredSinceMs === undefined || Date.parse(newest.lastSeenAt) >= unansweredSinceMs - CLOCK_SLACK_MS)
      return undefined;
    return `no worker has polled queue ${queue} for ${secondsSince(newest, nowMs)} s; ${start}, unless yours is busy`;
  }
  const last = newest === undefined ? '' : ` (the last one polled ${secondsSince(newest, nowMs)} s ago)`;
  return kind === 'workflow'
    ? `no worker polls queue ${queue}${last}; ${start}`
    : `no worker polls queue ${queue}${last}, so the vendor is not polled; ${start}, with the key of the account`;
}

/** {@link idleNote} by what the server lists; `undefined` also if the server refuses to list pollers. */
export async function idleQueueNote(
  client: Client,
  queue: string,
  kind: QueueKind,
  unansweredSinceMs?: number,
): Promise<string | undefined> {
  try {
    return idleNote(queue, kind, await listedPollers(client, queue, kind), Date.now(), unansweredSinceMs);
  } catch {
    return undefined;
  }
}
