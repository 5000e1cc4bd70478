/** Waits of a namespace, found through visibility: by search attributes where the namespace has them, else by type and state. */
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
import { attributeValue } from '../temporal/search-attributes.js';
import { quoted } from '../temporal/visibility.js';
import type { WaitState } from './status.js';

/** Which waits are listed; all fields may be left out. */
export interface ListOptions {
  readonly state?: WaitState;
  /** Only the waits of this listing's tasks. */
  readonly listingId?: string;
  /** Only those begun at least so long ago. */
  readonly olderThanSeconds?: number;
  /** Default 100. */
  readonly limit?: number;
}

/** A wait, as a list shows it. Visibility lags behind by a second or so. */
export interface ListedWait {
  readonly taskId: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Without search attributes, that of an ended wait is read from its result. */
  readonly state: WaitState;
  readonly startedAt: string;
  readonly closedAt?: string;
  /** Where the namespace has the search attributes. */
  readonly imageCount?: number;
  readonly account?: string;
}

const isOutcome = (state: WaitState): state is OutcomeStatus => (outcomeStatuses as readonly string[]).includes(state);

const closedWords = { cancelled: 'Canceled', refused: 'Failed' } as const;

/** What visibility is asked for a state. Without search attributes it finds more than was asked for. */
function stateQuery(state: WaitState, hasStatus: boolean): string {
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

/** The query of visibility for these options. Pure. */
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

async function stateOf(client: Client, info: WorkflowExecutionInfo): Promise<WaitState> {
  const told = attributeValue(info, 'status');
  switch (info.status.name) {
    case 'RUNNING':
      return told === 'blocked' ? 'blocked' : 'waiting';
    case 'CANCELLED':
      return 'cancelled';
    case 'FAILED':
      return 'refused';
    case 'COMPLETED': {
      if (typeof told === 'string' && isOutcome(told as WaitState)) return told as WaitState;
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
    ...(closeTime === undefined ? {} : { closedAt: closeTime.toISOString() }),
    ...(typeof imageCount === 'number' ? { imageCount } : {}),
    ...(typeof account === 'string' ? { account } : {}),
  };
}

async function* described(client: Client, taskIds: readonly string[]): AsyncGenerator<WorkflowExecutionInfo> {
  for (const taskId of taskIds) {
    try {
      // A description has all fields of a list's entry.
      yield (await client.workflow.getHandle(resultsWorkflowId(taskId)).describe()) as unknown as WorkflowExecutionInfo;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}

/**
 * Lists waits, newest first; those of a listing in its order.
 * @param taskIdsOf - the tasks of a listing
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
      : described(client, await taskIdsOf(listingId));
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
