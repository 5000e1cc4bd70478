/**
 * Reads finished waits from Temporal, as records of jobs: visibility lists those that completed, the closing event of each has its outcome.
 *
 * That costs one small call for each wait. Measured on a dev server on two crowded cores: a list of 150 waits took 60 to 160 ms, their closing
 * events (4 KB each) 1.0 to 1.3 s, four at once. A worker does it once, when it starts.
 */

import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { resultsWorkflowId, type TryOnOutcome, workflowTypes } from '../contract.js';
import { defined } from '../defined.js';
import { type JobRecord, jobRecord } from './job-record.js';

/** What to read. */
export interface FinishedWaitsOptions {
  readonly client: Client;
  /** The workflows' queue: waits of other queues belong to other workers and may go to another vendor. */
  readonly taskQueue: string;
  /** At most so many, the newest. */
  readonly limit: number;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
}

/** What was read. */
export interface FinishedWaits {
  readonly records: readonly JobRecord[];
  /** How many of the listed waits could not be read, and the first reason. */
  readonly unread: number;
  readonly reason?: string;
}

/** Calls at once, and the pause after so many: at most about 100 calls a second. */
const AT_ONCE = 4;
const PAUSE_MS = 40;
const READ_WITHIN_MS = 20_000;

const PREFIX = resultsWorkflowId('');
const quoted = (text: string): string => `'${text.replace(/['\\]/g, (mark) => `\\${mark}`)}'`;
const timeOf = (text: string | undefined): number | undefined => {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};

/** First line of an error's message. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

/**
 * The record of a wait's outcome. Pure.
 * @param startedAtMs - when the wait was started
 */
export function recordOfOutcome(outcome: TryOnOutcome, startedAtMs?: number): JobRecord | undefined {
  const { taskId, account, api, status, error, timing } = outcome;
  const submittedAtMs = timeOf(outcome.submittedAt);
  const finishedAtMs = timeOf(outcome.finishedAt);
  if (submittedAtMs === undefined || finishedAtMs === undefined) return undefined;
  return jobRecord({
    taskId,
    account,
    api,
    submittedAtMs,
    joinedAtMs: startedAtMs,
    pendingUntilMs: timeOf(timing?.pendingUntil),
    queuedUntilMs: timeOf(timing?.queuedUntil),
    runningSeenAtMs: timeOf(timing?.runningSeenAt),
    end: { atMs: finishedAtMs, status, ...defined({ error }) },
  });
}

/**
 * Reads finished waits, within 20 s for the list and as long for the outcomes. A wait that cannot be read is counted and left out.
 * @throws if the server does not list
 */
export async function readFinishedWaits(options: FinishedWaitsOptions): Promise<FinishedWaits> {
  const { client, taskQueue, limit, signal } = options;
  const { namespace, loadedDataConverter } = client.options;
  const bounded = <T>(work: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + READ_WITHIN_MS, () =>
      signal === undefined ? work() : client.withAbortSignal(signal, work),
    );
  const infos: WorkflowExecutionInfo[] = [];
  const type = `WorkflowType = ${quoted(workflowTypes.results)} AND TaskQueue = ${quoted(taskQueue)}`;
  const query = `${type} AND ExecutionStatus = 'Completed'`;
  await bounded(async () => {
    let listed = 0;
    for await (const info of client.workflow.list({ query, pageSize: Math.min(1_000, limit) })) {
      if (info.workflowId.startsWith(PREFIX)) infos.push(info);
      if (++listed >= limit) break;
    }
  });

  async function read({ workflowId, runId, startTime }: WorkflowExecutionInfo): Promise<JobRecord | undefined> {
    const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const result = history?.events?.[0]?.workflowExecutionCompletedEventAttributes?.result?.payloads;
    if (!result?.length) return undefined;
    const [outcome] = await decodeArrayFromPayloads(loadedDataConverter, result as Payload[]);
    return recordOfOutcome(outcome as TryOnOutcome, startTime.getTime());
  }

  const deadlineMs = performance.now() + READ_WITHIN_MS;
  const records: JobRecord[] = [];
  const reasons: string[] = [];
  let tried = 0;
  while (tried < infos.length && performance.now() < deadlineMs && !signal?.aborted) {
    const some = infos.slice(tried, tried + AT_ONCE);
    tried += some.length;
    for (const result of await bounded(() => Promise.allSettled(some.map(read)))) {
      if (result.status === 'rejected') reasons.push(reasonOf(result.reason));
      else if (result.value !== undefined) records.push(result.value);
    }
    if (tried < infos.length) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  const unread = reasons.length + infos.length - tried;
  return unread === 0 ? { records, unread } : { records, unread, reason: reasons[0] ?? 'the time was up' };
}
