/** A wait's status: the workflow's own answer, merged with what the server knows of the pending poll. */
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { resultsWorkflowId, type TryOnOutcome, type TryOnStatus } from '../contract.js';
import { defined } from '../defined.js';
import { type PendingActivity, pendingActivity } from '../temporal/pending-activity.js';
import { idleQueueNote } from '../temporal/task-queues.js';
import type { Explanation } from '../wait/explain.js';
import { adviceOn, describeError, TryOnClientError } from './errors.js';
import {
  describePoll,
  explainPending,
  type MergedProgress,
  mergePending,
  type PendingPoll,
  pollQueue,
} from './pending-poll.js';
import { type QueryResult, queryStatus } from './query.js';

export type { PendingPoll } from './pending-poll.js';

/**
 * The state of a wait, as a status and a list show it. Two are ends without an outcome: `refused` means wrong input, `terminated` also
 * a time-out by the server.
 */
export type WaitStatusName = TryOnStatus['state'] | 'terminated' | 'refused';

/**
 * What is known of a wait. If `isAnswered`, all fields of the contract's `TryOnStatus` are there; the pending poll brings `polls`,
 * `vendorStatus`, `subTasks`, `error` and `state` up to date.
 */
export interface TryOnWaitStatus extends Partial<Omit<TryOnStatus, 'state'>> {
  readonly taskId: string;
  readonly state: WaitStatusName;
  readonly images: TryOnStatus['images'];
  readonly subTasks: TryOnStatus['subTasks'];
  readonly polls: number;
  readonly workflowId: string;
  readonly runId: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** RFC 3339; once it has ended. */
  readonly closedAt?: string;
  /** Whether the workflow answered the query. If not, the rest comes from the server alone. */
  readonly isAnswered: boolean;
  readonly pending?: PendingPoll;
  /** What it does next and why, and when the task may be done; while it runs. */
  readonly explanation?: Explanation;
  readonly outcome?: TryOnOutcome;
  /** What is wrong and the remedy, a line each. */
  readonly notes: readonly string[];
}

/** One reading of a wait. The next one reuses `answer` while the history stays as long. */
export interface WaitReading {
  readonly description: WorkflowExecutionDescription;
  readonly answer?: TryOnStatus;
  readonly pending?: PendingActivity;
  readonly status: TryOnWaitStatus;
}

/** How a wait is read. */
export interface ReadWaitOptions {
  /** How long a worker has to answer the query; default 4000. */
  readonly queryTimeoutMs?: number;
  /** An earlier reading. If the history has not grown since, the workflow is not queried again. */
  readonly before?: WaitReading;
}

const OVERDUE_MS = 3_000;

/** The state that the execution itself shows; `undefined` while it runs, and if an outcome says more. */
function closedState(name: WorkflowExecutionDescription['status']['name']): WaitStatusName | undefined {
  switch (name) {
    case 'CANCELLED':
      return 'cancelled';
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'terminated';
    case 'FAILED':
      return 'refused';
    default:
      return undefined;
  }
}

const isSameHistory = (before: WaitReading | undefined, { runId, historyLength }: WorkflowExecutionDescription) =>
  before?.description.runId === runId && before.description.historyLength === historyLength;

/**
 * Reads a wait: describes it, then queries it, or takes the result of one that has completed.
 * @throws {TryOnClientError} `NoWait`
 */
export async function readWait(client: Client, taskId: string, options: ReadWaitOptions = {}): Promise<WaitReading> {
  const { queryTimeoutMs = 4_000, before } = options;
  const workflowId = resultsWorkflowId(taskId);
  const description = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch((error: unknown) => {
      throw error instanceof WorkflowNotFoundError ? noWait(taskId, client.options.namespace) : error;
    });
  const { runId, status } = description;
  const isRunning = status.name === 'RUNNING';
  const known = isSameHistory(before, description) ? before?.answer : undefined;
  const [query, pending, outcome] = await Promise.all([
    known === undefined ? queryStatus(client, description, queryTimeoutMs) : { answer: known },
    isRunning ? pendingActivity(description, client.options.loadedDataConverter, 'tryOnPoll') : undefined,
    status.name === 'COMPLETED'
      ? (client.workflow.getHandle(workflowId, runId).result() as Promise<TryOnOutcome>)
      : undefined,
  ]);
  const { answer } = query;
  const merged = mergePending(answer, pending);
  const { isBlocked, ...progress } = merged;
  const poll = pending && describePoll(pending, pollQueue(description));
  const notes = isRunning ? await runningNotes(client, description, { query, merged, poll }) : [];
  return {
    description,
    ...defined({ answer, pending }),
    status: {
      ...answer,
      taskId,
      ...(outcome === undefined ? { ...progress, images: answer?.images ?? [] } : fromOutcome(outcome)),
      state: outcome?.status ?? closedState(status.name) ?? (isBlocked ? 'blocked' : (answer?.state ?? 'waiting')),
      workflowId,
      runId,
      startedAt: description.startTime.toISOString(),
      isAnswered: answer !== undefined,
      ...defined({
        closedAt: description.closeTime?.toISOString(),
        pending: poll,
        explanation: pending && explainPending(pending, answer, Date.now()),
        outcome,
      }),
      notes: outcome?.error === undefined ? notes : [describeError(outcome.error, outcome.api)],
    },
  };
}

const fromOutcome = ({ images, subTasks, polls, submittedAt, error, account, api }: TryOnOutcome) =>
  defined({ images, subTasks, polls, submittedAt, error, account, api });

/** What is wrong with a wait that runs. */
async function runningNotes(
  client: Client,
  { workflowId }: WorkflowExecutionDescription,
  known: { readonly query: QueryResult; readonly merged: MergedProgress; readonly poll: PendingPoll | undefined },
): Promise<string[]> {
  const { query, merged, poll } = known;
  const isOverdue =
    poll !== undefined && !poll.isRunning && !poll.isPaused && Date.now() - Date.parse(poll.dueAt ?? '') > OVERDUE_MS;
  // A live worker whose queue is rate limited need not have polled since the poll was due. It counts as gone if no answer came either.
  const dueMs = query.answer === undefined && poll?.dueAt !== undefined ? Date.parse(poll.dueAt) : undefined;
  const idlePolls = isOverdue ? await idleQueueNote(client, poll.queue, 'activity', dueMs) : undefined;
  const overdue = isOverdue
    ? (idlePolls ?? 'the next poll is overdue: its queue is rate limited, or its workers are busy')
    : undefined;
  const paused = poll?.isPaused
    ? `polls are paused; go on with \`temporal activity unpause --workflow-id ${workflowId} --activity-type tryOnPoll\``
    : undefined;
  const { answer } = query;
  const advice = merged.error && adviceOn(merged.error, merged.isBlocked, answer?.submittedAt, Date.now(), answer?.api);
  return [query.note, overdue, paused, advice].filter((note) => note !== undefined);
}

/** The error of a task that has no wait. */
export const noWait = (taskId: string, namespace: string): TryOnClientError =>
  new TryOnClientError(
    'NoWait',
    `there is no wait for task ${taskId} in namespace ${namespace}; start one with \`temporal-tryon wait ${taskId}\``,
  );
