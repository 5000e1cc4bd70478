/**
 * The rate limit of an activity queue as the server keeps it with the queue (`UpdateTaskQueueConfig`, servers from 1.29): it holds from the
 * first task on, for every partition and whoever polls, and outlives workers and server processes.
 */
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { defined } from '../defined.js';
import { timestampMs } from './grpc.js';

/** A limit that was set on a queue, with who set it. */
export interface QueueLimit {
  /** Tasks per second, over all partitions; 0 stops the queue. */
  readonly perSecond: number;
  /** Who set it, as the caller named itself. */
  readonly identity: string;
  /** Why, as the caller gave it. */
  readonly reason: string;
  /** RFC 3339. */
  readonly setAt?: string;
}

/** An activity queue, as the server describes it. */
export interface QueueState {
  /** The limit that was set on the queue; absent if none is. */
  readonly limit?: QueueLimit;
  /** Which limit the server obeys: the one set on the queue, one that came with polls, or its own default, which is none in effect. */
  readonly inForce: { readonly source: 'queue' | 'polls' | 'server'; readonly perSecond?: number };
  /** Tasks that wait for their turn. */
  readonly backlog: number;
  /** Age of the oldest of them, in seconds. */
  readonly backlogAgeSeconds: number;
  /** Tasks per second of late, a mean over about half a minute; absent if the server has no such figure. */
  readonly addedPerSecond?: number;
  readonly dispatchedPerSecond?: number;
}

/** The part of a client that is needed. */
export type QueueClient = Pick<Client, 'workflowService' | 'options' | 'withDeadline' | 'withAbortSignal'>;

const CALL_WITHIN_MS = 5_000;
const { TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
const { RATE_LIMIT_SOURCE_API, RATE_LIMIT_SOURCE_WORKER } = proto.temporal.api.enums.v1.RateLimitSource;

const bounded = <T>(client: QueueClient, work: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
  client.withDeadline(Date.now() + CALL_WITHIN_MS, () =>
    signal === undefined ? work() : client.withAbortSignal(signal, work),
  );

type RawLimit = proto.temporal.api.taskqueue.v1.IRateLimitConfig | null | undefined;

/** A limit that was removed keeps its metadata. */
function limitOf(raw: RawLimit): QueueLimit | undefined {
  const perSecond =
    raw?.rateLimit === undefined || raw.rateLimit === null ? undefined : raw.rateLimit.requestsPerSecond;
  if (perSecond === undefined) return undefined;
  const { updateIdentity, reason, updateTime } = raw?.metadata ?? {};
  const setMs = timestampMs(updateTime);
  return {
    perSecond: perSecond ?? 0,
    identity: updateIdentity ?? '',
    reason: reason ?? '',
    ...defined({ setAt: setMs === undefined ? undefined : new Date(setMs).toISOString() }),
  };
}

/**
 * Describes an activity queue with its limit, backlog and rates. One call.
 * @throws if the server refuses to describe task queues, or does not answer within 5 s
 */
export async function describeActivityQueue(
  client: QueueClient,
  queue: string,
  signal?: AbortSignal,
): Promise<QueueState> {
  const request = {
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
    reportConfig: true,
  };
  const answer = await bounded(client, () => client.workflowService.describeTaskQueue(request), signal);
  const { stats, config, effectiveRateLimit } = answer;
  const sources = new Map<unknown, 'queue' | 'polls'>([
    [RATE_LIMIT_SOURCE_API, 'queue'],
    [RATE_LIMIT_SOURCE_WORKER, 'polls'],
  ]);
  const source = sources.get(effectiveRateLimit?.rateLimitSource) ?? 'server';
  const { seconds = 0, nanos = 0 } = stats?.approximateBacklogAge ?? {};
  return {
    inForce: { source, ...defined({ perSecond: effectiveRateLimit?.requestsPerSecond ?? undefined }) },
    backlog: Number(stats?.approximateBacklogCount ?? 0),
    backlogAgeSeconds: Number(seconds ?? 0) + (nanos ?? 0) / 1e9,
    ...defined({
      limit: limitOf(config?.queueRateLimit),
      addedPerSecond: stats?.tasksAddRate ?? undefined,
      dispatchedPerSecond: stats?.tasksDispatchRate ?? undefined,
    }),
  };
}

/** The server's default, and Temporal Cloud's: assumed where partitions cannot be listed. */
export const defaultPartitions = 4;

/**
 * How many partitions an activity queue has. The server divides the queue's rate among them.
 * @throws if the server refuses to list them
 */
export async function countPartitions(client: QueueClient, queue: string): Promise<number> {
  const { namespace } = client.options;
  const { activityTaskQueuePartitions } = await bounded(client, () =>
    client.workflowService.listTaskQueuePartitions({ namespace, taskQueue: { name: queue } }),
  );
  return Math.max(1, activityTaskQueuePartitions?.length ?? 1);
}

/**
 * Sets the limit of an activity queue. It holds at once, and stays.
 * @param limit - `perSecond`: tasks per second over all partitions; 0 stops the queue
 * @returns the limit as the server keeps it: a 32-bit float
 * @throws if the server refuses it, or does not answer within 5 s
 */
export async function setQueueLimit(
  client: QueueClient,
  queue: string,
  { perSecond, identity, reason }: Pick<QueueLimit, 'perSecond' | 'identity' | 'reason'>,
): Promise<QueueLimit | undefined> {
  const { namespace } = client.options;
  const { config } = await bounded(client, () =>
    client.workflowService.updateTaskQueueConfig({
      namespace,
      identity,
      taskQueue: queue,
      taskQueueType: TASK_QUEUE_TYPE_ACTIVITY,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond: perSecond }, reason },
    }),
  );
  return limitOf(config?.queueRateLimit);
}

/** How a process of this package names itself to the server. */
export const identityOf = (what: string): string => `temporal-tryon ${what} ${process.pid}@${hostname()}`;
