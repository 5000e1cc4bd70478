/**
 * What waits left in Temporal, as records of jobs: the list of those that closed is visibility's, what each saw is in its closing event.
 *
 * That costs one small call for each wait and reader (the newest event of a history). A memo or a search attribute written at the end
 * would come with the list and save the call, for one more event in every history, whether anybody reads it or not; a search attribute
 * needs an administrator besides. Measured on a dev server on two crowded cores: a list of 150 waits took 60 to 160 ms, their closing
 * events (4 KB each) 1.0 to 1.3 s, four at once. A fresh worker reads so for 2 s, then at most 150 waits each minute; a wait costs the
 * server some 20 calls of its own. So the call it is.
 */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import {
  defaults,
  failureTypes,
  resultsWorkflowId,
  type TryOnOutcome,
  type TryOnResultsInput,
  workflowTypes,
} from '../contract.js';
import type { PollState } from '../poll/poll-state.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import { pendingActivity } from '../temporal/pending-activity.js';
import type { JobCount } from './job-rate.js';
import { jobRecord } from './job-record.js';
import type { JobRecord } from './learner.js';

/** Reads the waits of one prefix of queues. Each call ends within its time; a wait that cannot be read is left out. */
export interface WaitReader {
  /**
   * Records of waits that closed since the last call, at most `limit`, the newest.
   * @param isKnown - tasks whose end is known already; they are not read
   * @throws where the server does not list
   */
  ended(limit: number, isKnown?: (taskId: string) => boolean): Promise<JobRecord[]>;
  /** Records of up to `limit` waits that are open. Throws where the server does not list. */
  open(limit: number): Promise<JobRecord[]>;
  /** How many waits are open. Throws where the server does not count. */
  openCount(): Promise<number>;
  /** Waits begun in the last so many seconds. Throws where the server does not count. */
  started(windowsSeconds: readonly number[]): Promise<JobCount[]>;
}

/** What a reader needs. */
export interface WaitReaderOptions {
  readonly client: Client;
  /** The workflows' queue: waits of other queues are other workers' business, and may be asked of another vendor. */
  readonly taskQueue: string;
  /** The server's time; default `Date.now`. */
  readonly nowMs?: () => number | Promise<number>;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
}

/** Calls at once, and the pause after so many: at most about 100 calls a second. */
const AT_ONCE = 4;
const PAUSE_MS = 40;
const READ_WITHIN_MS = 20_000;
/** Visibility lags behind by about this; what closed just before the last read is listed again, and known by its run. */
const LAG_MS = 3_000;
const KEPT_RUNS = 5_000;
/** A wait that was broken off has what it last saw among its last events. */
const BROKEN_OFF_EVENTS = 60;

const PREFIX = resultsWorkflowId('');
const quoted = (text: string): string => `'${text.replace(/['\\]/g, (mark) => `\\${mark}`)}'`;
const quotedTime = (ms: number): string => quoted(new Date(ms).toISOString());
const timeOf = (text: string | undefined): number | undefined => {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};

/** Of an outcome, what it teaches. Pure. */
export function recordOfOutcome(outcome: TryOnOutcome): JobRecord | undefined {
  const { taskId, account, api, status, error, timing, subTasks } = outcome;
  const submittedAtMs = timeOf(outcome.submittedAt);
  const finishedAtMs = timeOf(outcome.finishedAt);
  if (submittedAtMs === undefined || finishedAtMs === undefined) return undefined;
  return jobRecord({
    taskId,
    account,
    api,
    submittedAtMs,
    pendingUntilMs: timeOf(timing?.pendingUntil),
    queuedUntilMs: timeOf(timing?.queuedUntil),
    runningSeenAtMs: timeOf(timing?.runningSeenAt),
    subTasks: subTasks?.length,
    end: { atMs: finishedAtMs, status, ...(error === undefined ? {} : { error }) },
  });
}

/** See {@link WaitReader}. */
export function createWaitReader({ client, taskQueue, nowMs = Date.now, signal }: WaitReaderOptions): WaitReader {
  const { namespace } = client.options;
  const runs = new Set<string>();
  let closedUntilMs = 0;
  const of = `WorkflowType = ${quoted(workflowTypes.results)} AND TaskQueue = ${quoted(taskQueue)}`;

  const bounded = <T>(work: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + READ_WITHIN_MS, () =>
      signal === undefined ? work() : client.withAbortSignal(signal, work),
    );

  async function decoded(payloads: Payload[] | null | undefined): Promise<unknown[]> {
    return payloads?.length ? await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads) : [];
  }

  async function newestEvents({ workflowId, runId }: WorkflowExecutionInfo, maximumPageSize: number) {
    const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize,
    });
    return history?.events ?? [];
  }

  async function outcomeOf(info: WorkflowExecutionInfo): Promise<JobRecord | undefined> {
    const [last] = await newestEvents(info, 1);
    const [outcome] = await decoded(
      last?.workflowExecutionCompletedEventAttributes?.result?.payloads as Payload[] | undefined,
    );
    return outcome === undefined ? undefined : recordOfOutcome(outcome as TryOnOutcome);
  }

  /** A wait that was cancelled has no result: what it last saw came back with the poll that was broken off. */
  async function brokenOff(info: WorkflowExecutionInfo): Promise<JobRecord | undefined> {
    const events = await newestEvents(info, BROKEN_OFF_EVENTS);
    const begun = events.at(-1)?.workflowExecutionStartedEventAttributes;
    const [input] = (await decoded(begun?.input?.payloads as Payload[] | undefined)) as TryOnResultsInput[];
    if (input === undefined || info.closeTime === undefined) return undefined;
    for (const { activityTaskCompletedEventAttributes: completed } of events) {
      const [told] = await decoded(completed?.result?.payloads as Payload[] | undefined);
      const state = stateIn(told);
      if (state?.pendingUntilMs !== undefined) {
        return recordFrom(info, input, state, { atMs: info.closeTime.getTime(), status: 'cancelled' });
      }
    }
    return undefined;
  }

  async function openWait(info: WorkflowExecutionInfo): Promise<JobRecord | undefined> {
    const { workflowId, runId } = info;
    const description = await client.workflow.getHandle(workflowId, runId).describe();
    const pending = await pendingActivity(description, client.options.loadedDataConverter, 'tryOnPoll');
    const failure = pending?.lastFailure;
    const told = failure?.type === failureTypes.pending ? stateIn(failure.details) : undefined;
    const state = told ?? (pending?.heartbeat as PollState | undefined);
    if (state?.pendingUntilMs === undefined) return undefined;
    const begun = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const first = begun.events?.[0]?.workflowExecutionStartedEventAttributes;
    const [input] = (await decoded(first?.input?.payloads as Payload[] | undefined)) as TryOnResultsInput[];
    return input === undefined ? undefined : recordFrom(info, input, state);
  }

  /** Reads each within the time there is; those that fail are left out, as one that has just been deleted. */
  async function readAll(
    infos: readonly WorkflowExecutionInfo[],
    read: (info: WorkflowExecutionInfo) => Promise<JobRecord | undefined>,
  ): Promise<JobRecord[]> {
    const deadlineMs = performance.now() + READ_WITHIN_MS;
    const records: JobRecord[] = [];
    for (let from = 0; from < infos.length && performance.now() < deadlineMs && !signal?.aborted; from += AT_ONCE) {
      const some = infos.slice(from, from + AT_ONCE);
      const told = await bounded(() => Promise.all(some.map((info) => read(info).catch(() => undefined))));
      records.push(...told.filter((record) => record !== undefined));
      if (from + AT_ONCE < infos.length) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return records;
  }

  function remember(runId: string): void {
    runs.add(runId);
    const [oldest] = runs;
    if (runs.size > KEPT_RUNS && oldest !== undefined) runs.delete(oldest);
  }

  async function listed(query: string, limit: number, wants: (info: WorkflowExecutionInfo) => boolean) {
    const infos: WorkflowExecutionInfo[] = [];
    await bounded(async () => {
      let seen = 0;
      for await (const info of client.workflow.list({ query, pageSize: Math.min(1_000, limit) })) {
        seen += 1;
        if (info.workflowId.startsWith(PREFIX) && wants(info)) infos.push(info);
        if (seen >= limit) break;
      }
    });
    return infos;
  }

  return {
    async ended(limit, isKnown = () => false) {
      const since = closedUntilMs === 0 ? '' : ` AND CloseTime >= ${quotedTime(closedUntilMs - LAG_MS)}`;
      const closed = await listed(`${of} AND ExecutionStatus IN ('Completed', 'Canceled')${since}`, limit, (info) => {
        closedUntilMs = Math.max(closedUntilMs, info.closeTime?.getTime() ?? 0);
        if (runs.has(info.runId)) return false;
        remember(info.runId);
        return !isKnown(info.workflowId.slice(PREFIX.length));
      });
      return await readAll(closed, (info) => (info.status.name === 'COMPLETED' ? outcomeOf(info) : brokenOff(info)));
    },
    async open(limit) {
      return await readAll(await listed(`${of} AND ExecutionStatus = 'Running'`, limit, () => true), openWait);
    },
    async openCount() {
      return (await bounded(() => client.workflow.count(`${of} AND ExecutionStatus = 'Running'`))).count;
    },
    async started(windowsSeconds) {
      const until = (await nowMs()) - LAG_MS;
      return await bounded(() =>
        Promise.all(
          windowsSeconds.map(async (windowSeconds) => {
            const within = `StartTime > ${quotedTime(until - 1000 * windowSeconds)} AND StartTime <= ${quotedTime(until)}`;
            const { count } = await client.workflow.count(`${of} AND ${within}`);
            return { windowSeconds, jobs: count };
          }),
        ),
      );
    },
  };

  function recordFrom(
    info: WorkflowExecutionInfo,
    input: TryOnResultsInput,
    state: PollState,
    end?: { readonly atMs: number; readonly status: 'cancelled' },
  ): JobRecord | undefined {
    return jobRecord({
      taskId: input.taskId,
      account: input.account ?? defaults.account,
      api: tryOnApi.name,
      submittedAtMs: timeOf(input.submittedAt) ?? info.startTime.getTime(),
      pendingUntilMs: state.pendingUntilMs,
      queuedUntilMs: state.queuedUntilMs,
      runningSeenAtMs: state.runningSeenAtMs,
      subTasks: state.subTasks?.length,
      ...(end === undefined ? {} : { end }),
    });
  }
}

/** A state in what an activity returned or failed with: itself, or one of its fields. */
function stateIn(told: unknown): PollState | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const { state = told } = told as { readonly state?: unknown };
  return typeof state === 'object' && state !== null && 'asOfAttempt' in state ? (state as PollState) : undefined;
}
