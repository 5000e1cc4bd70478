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

/** A worker's long poll is renewed each minute: one that has not been seen for longer is gone, though the server lists it for five. */
const SEEN_WITHIN_MS = 90_000;

/**
 * The workers that poll a queue, newest first.
 * @throws where the server refuses to tell
 */
export async function pollersOf(
  client: Client,
  queue: string,
  kind: keyof typeof queueTypes,
  nowMs: number = Date.now(),
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
      lastSeenMs: Number(lastAccessTime?.seconds ?? 0) * 1000,
    }))
    .filter(({ lastSeenMs }) => nowMs - lastSeenMs < SEEN_WITHIN_MS)
    .sort((one, other) => other.lastSeenMs - one.lastSeenMs)
    .map(({ identity, lastSeenMs }) => ({ identity, lastSeenAt: new Date(lastSeenMs).toISOString() }));
}

/** One line where nobody polls a queue, else nothing; nothing too where the server does not tell. */
export async function idleQueueNote(
  client: Client,
  queue: string,
  kind: keyof typeof queueTypes,
): Promise<string | undefined> {
  try {
    const pollers = await pollersOf(client, queue, kind);
    if (pollers.length > 0) return undefined;
  } catch {
    return undefined;
  }
  const cure = 'start one with `temporal-tryon worker`';
  return kind === 'workflow'
    ? `no worker polls queue ${queue}; ${cure}`
    : `no worker polls queue ${queue}, so that nobody asks the vendor; ${cure}, with the key of the account`;
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
