/** What the client asks a namespace about itself: search attributes and who polls which queue. */
import type { Client } from '@temporalio/client';
import { searchAttributes } from '../contract.js';

/** A worker seen on a queue. */
export interface Poller {
  readonly identity: string;
  readonly lastSeenAt: string;
}

/** Kind of tasks on a queue, by the numbers of Temporal's API. */
const queueTypes = { workflow: 1, activity: 2 } as const;

/** A worker polls anew each minute at least: one that has not been seen for longer is gone, though the server lists it for five. */
const SEEN_WITHIN_MS = 75_000;
/** The clock of this machine may be a little ahead of the server's. */
const CLOCK_SLACK_MS = 1_000;

/** Seconds since a worker was seen. Pure. */
export const secondsSince = ({ lastSeenAt }: Poller, nowMs: number): number =>
  Math.max(0, Math.round((nowMs - Date.parse(lastSeenAt)) / 1000));

/** Whether a worker has polled so lately that it may be there still. Pure. */
export const mayPoll = ({ lastSeenAt }: Poller, nowMs: number): boolean =>
  nowMs - Date.parse(lastSeenAt) <= SEEN_WITHIN_MS;

/**
 * The workers that the server lists for a queue, newest first; one that has ended stays listed for about five minutes.
 * @throws where the server refuses to tell
 */
export async function listedPollers(
  client: Client,
  queue: string,
  kind: keyof typeof queueTypes,
): Promise<readonly Poller[]> {
  const { namespace } = client.options;
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: queueTypes[kind],
  });
  return (pollers ?? [])
    .map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      lastSeenMs: Number(lastAccessTime?.seconds ?? 0) * 1000 + Math.floor((lastAccessTime?.nanos ?? 0) / 1e6),
    }))
    .sort((one, other) => other.lastSeenMs - one.lastSeenMs)
    .map(({ identity, lastSeenMs }) => ({ identity, lastSeenAt: new Date(lastSeenMs).toISOString() }));
}

/**
 * The workers that may poll a queue now, newest first.
 * @throws where the server refuses to tell
 */
export async function pollersOf(
  client: Client,
  queue: string,
  kind: keyof typeof queueTypes,
  nowMs: number = Date.now(),
): Promise<readonly Poller[]> {
  return (await listedPollers(client, queue, kind)).filter((poller) => mayPoll(poller, nowMs));
}

/**
 * One line where nobody polls a queue, else nothing. Pure.
 * @param pollers - all that the server lists, newest first
 * @param unansweredSinceMs - when a worker was asked something that it has not answered: one that waits for tasks would have polled anew
 */
export function idleNote(
  queue: string,
  kind: keyof typeof queueTypes,
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
  const seen = newest === undefined ? '' : ` (the last was seen ${secondsSince(newest, nowMs)} s ago)`;
  return kind === 'workflow'
    ? `no worker polls queue ${queue}${seen}; ${start}`
    : `no worker polls queue ${queue}${seen}, so that nobody asks the vendor; ${start}, with the key of the account`;
}

/** {@link idleNote} by what the server tells; nothing where it does not. */
export async function idleQueueNote(
  client: Client,
  queue: string,
  kind: keyof typeof queueTypes,
  unansweredSinceMs?: number,
): Promise<string | undefined> {
  try {
    return idleNote(queue, kind, await listedPollers(client, queue, kind), Date.now(), unansweredSinceMs);
  } catch {
    return undefined;
  }
}

/**
 * The contract's search attributes that the namespace has.
 * @throws where the server refuses to tell
 */
export async function registeredSearchAttributes(client: Client): Promise<readonly string[]> {
  const { namespace } = client.options;
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
  return Object.values(searchAttributes)
    .map(({ name }) => name)
    .filter((name) => Object.hasOwn(customAttributes ?? {}, name));
}
