/** Lists the waits of a namespace through visibility: by search attributes if the namespace has them, else by type and state. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import {
  type OutcomeStatus,
  outcomeStatuses,
  resultsWorkflowId,
  searchAttributes,
  type TryOnOutcome,
  workflowTypes,
} from '../contract.js';
import { defined } from '../defined.js';
import { attributeValue } from '../temporal/search-attributes.js';
import { quoted } from '../temporal/visibility.js';
import type { WaitStatusName } from './status.js';

/** Which waits are listed; default: all. */
export interface ListOptions {
  readonly state?: WaitStatusName;
  /** Only the waits of this listing's tasks. */
  readonly listingId?: string;
  /** Only waits that started at least so long ago. */
  readonly olderThanSeconds?: number;
  /** Default 100. */
  readonly limit?: number;
}

/** A wait, as a list shows it. Visibility is about a second behind. */
export interface ListedWait {
  readonly taskId: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Without search attributes, the state of a completed wait is read from its result. */
  readonly state: WaitStatusName;
  /** RFC 3339. */
  readonly startedAt: string;
  /** RFC 3339; once it has ended. */
  readonly closedAt?: string;
  /** If the namespace has the search attributes. */
  readonly imageCount?: number;
  readonly account?: string;
}

const isOutcome = (status: unknown): status is OutcomeStatus =>
  (outcomeStatuses as readonly unknown[]).includes(status);

const closedWords = { cancelled: 'Canceled', refused: 'Failed' } as const;

/** The part of the query that selects a state. Without search attributes it also finds waits of other states. */
function stateQuery(state: WaitStatusName, hasStatus: boolean): string {
  const { name } = searchAttributes.status;
  switch (state) {
    case 'cancelled':
    case 'refused':
      return `ExecutionStatus = '${closedWords[state]}'`;
    case 'terminated':
      return `ExecutionStatus IN ('Terminated', 'TimedOut')`;
    case 'waiting':
      return `ExecutionStatus = 'Running'${hasStatus ? ` AND (${name} = 'waiting' OR ${name} IS NULL)` : ''}`;
    case 'blocked':
      return `ExecutionStatus = 'Running'${hasStatus ? ` AND ${name} = 'blocked'` : ''}`;
    default:
      return `ExecutionStatus = 'Completed'${hasStatus ? ` AND ${name} = '${state}'` : ''}`;
  }
}

/** The visibility query for these options. Pure. */
export function visibilityQuery(options: ListOptions, registered: readonly string[], nowMs: number): string {
  const { state, olderThanSeconds } = options;
  const hasStatus = registered.includes(searchAttributes.status.name);
  return [
    `WorkflowType = ${quoted(workflowTypes.results)}`,
    ...(state === undefined ? [`ExecutionStatus != 'ContinuedAsNew'`] : [stateQuery(state, hasStatus)]),
    ...(olderThanSeconds === undefined
      ? []
      : [`StartTime <= '${new Date(nowMs - olderThanSeconds * 1000).toISOString()}'`]),
  ].join(' AND ');
}

const PREFIX = resultsWorkflowId('');

async function stateOf(client: Client, info: WorkflowExecutionInfo): Promise<WaitStatusName> {
  const status = attributeValue(info, 'status');
  switch (info.status.name) {
    case 'RUNNING':
      return status === 'blocked' ? 'blocked' : 'waiting';
    case 'CANCELLED':
      return 'cancelled';
    case 'FAILED':
      return 'refused';
    case 'COMPLETED': {
      if (isOutcome(status)) return status;
      const { workflowId, runId } = info;
      const outcome = (await client.workflow.getHandle(workflowId, runId).result()) as TryOnOutcome;
      return outcome.status;
    }
    default:
      return 'terminated';
  }
}

async function listed(client: Client, info: WorkflowExecutionInfo): Promise<ListedWait> {
  const { workflowId, runId, startTime, closeTime } = info;
  const imageCount = attributeValue(info, 'imageCount');
  const account = attributeValue(info, 'account');
  return {
    taskId: workflowId.slice(PREFIX.length),
    workflowId,
    runId,
    state: await stateOf(client, info),
    startedAt: startTime.toISOString(),
    ...defined({
      closedAt: closeTime?.toISOString(),
      imageCount: typeof imageCount === 'number' ? imageCount : undefined,
      account: typeof account === 'string' ? account : undefined,
    }),
  };
}

async function* describeWaits(client: Client, taskIds: readonly string[]): AsyncGenerator<WorkflowExecutionInfo> {
  for (const taskId of taskIds) {
    try {
      // A description has all fields of a list entry.
      yield (await client.workflow.getHandle(resultsWorkflowId(taskId)).describe()) as unknown as WorkflowExecutionInfo;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}

/**
 * Lists waits, newest first; the waits of a listing in its order.
 * @param registered - the contract's search attributes that the namespace has
 * @param taskIdsOf - reads the task ids of a listing
 */
export async function* listWaits(
  client: Client,
  options: ListOptions,
  registered: readonly string[],
  taskIdsOf: (listingId: string) => Promise<readonly string[]>,
): AsyncGenerator<ListedWait, void, undefined> {
  const { limit = 100, listingId, state, olderThanSeconds = 0 } = options;
  if (limit <= 0) return;
  const nowMs = Date.now();
  const found =
    listingId === undefined
      ? client.workflow.list({
          query: visibilityQuery(options, registered, nowMs),
          pageSize: Math.min(1_000, Math.max(limit, 10)),
        })
      : describeWaits(client, await taskIdsOf(listingId));
  let count = 0;
  for await (const info of found) {
    if (!info.workflowId.startsWith(PREFIX)) continue;
    if (info.startTime.getTime() > nowMs - olderThanSeconds * 1000 && olderThanSeconds > 0) continue;
    const wait = await listed(client, info);
    if (state !== undefined && wait.state !== state) continue;
    yield wait;
    count += 1;
    if (count >= limit) return;
  }
}
