/** A wait's status: its own answer, merged with what the server knows of the pending poll. Pure, but for {@link readWait}. */
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import {
  defaults,
  failureTypes,
  messages,
  resultsWorkflowId,
  type TryOnOutcome,
  type TryOnStatus,
  vendorTaskQueue,
} from '../contract.js';
import type { PendingDetails } from '../poll/pending-details.js';
import { type PendingActivity, pendingActivity } from '../temporal/pending-activity.js';
import { attributeValue } from '../temporal/search-attributes.js';
import { idleQueueNote } from '../temporal/task-queues.js';
import { type Explanation, explainPoll } from '../wait/explain.js';
import { adviceOn, describeError, TryOnClientError } from './errors.js';

/** The poll that runs or is due next. */
export interface PendingPoll {
  /** From 1; a later report begins anew. */
  readonly attempt: number;
  readonly isRunning: boolean;
  /** When it was or is due; in the past where no worker has taken it yet. */
  readonly dueAt?: string;
  /** Why it is then; absent before the first poll. */
  readonly why?: PendingDetails['why'];
  /** What one poll is worth in seconds of mean delay, and the distribution of durations that the schedule used. */
  readonly pollCostSeconds?: number;
  readonly model?: PendingDetails['model'];
  /** What the last poll saw, in one line. */
  readonly lastSeen?: string;
  /** The queue on which it waits. */
  readonly queue: string;
  readonly isPaused?: boolean;
}

/** Ends without an outcome: `refused` is wrong input, `terminated` also a time-out by the server. */
export type WaitState = TryOnStatus['state'] | 'terminated' | 'refused';

/**
 * What is known of a wait. All fields of the contract's `TryOnStatus` are there where `isAnswered`, `polls`, `vendorStatus`,
 * `subTasks`, `error` and `state` brought up to date by what the server knows of the pending poll.
 */
export interface TryOnWaitStatus extends Partial<Omit<TryOnStatus, 'state'>> {
  readonly taskId: string;
  readonly state: WaitState;
  readonly images: TryOnStatus['images'];
  readonly subTasks: TryOnStatus['subTasks'];
  readonly polls: number;
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly closedAt?: string;
  /** Whether a worker answered the query. Where not, the rest comes from the server alone. */
  readonly isAnswered: boolean;
  readonly pending?: PendingPoll;
  /** What it does next and why, and when the task may be over; while it runs. */
  readonly explanation?: Explanation;
  readonly outcome?: TryOnOutcome;
  /** What is wrong and how to mend it, a line each. */
  readonly notes: readonly string[];
}

/** What was read of a wait at one time; `answer` is reused while its history stays as long. */
export interface WaitReading {
  readonly description: WorkflowExecutionDescription;
  readonly answer?: TryOnStatus;
  readonly pending?: PendingActivity;
  readonly status: TryOnWaitStatus;
}

/** How a wait is polled. */
export interface ReadWaitOptions {
  /** How long a worker has to answer the query; default 4000. */
  readonly queryTimeoutMs?: number;
  /** An earlier sight: where the history has not grown since, the workflow is not asked again. */
  readonly before?: WaitReading;
}

const OVERDUE_MS = 3_000;
/** A worker that has just come up may not be listed yet. */
const IDLE_GRACE_MS = 1_000;

const detailsOf = (pending: PendingActivity | undefined): PendingDetails | undefined =>
  pending?.lastFailure?.type === failureTypes.pending ? (pending.lastFailure.details as PendingDetails) : undefined;

/** State as of the last poll: from its failure, or from a later heartbeat. */
function lastState(pending: PendingActivity | undefined): PendingDetails['state'] | undefined {
  const told = detailsOf(pending)?.state;
  const beat = pending?.heartbeat as PendingDetails['state'] | undefined;
  if (told === undefined || beat === undefined) return told ?? beat;
  return beat.asOfAttempt > told.asOfAttempt ? beat : told;
}

/** The polls that the attempts after `state` took, none of which failed in a way that says more. */
const laterPolls = (pending: PendingActivity, state: PendingDetails['state']): number =>
  Math.max(0, pending.attempt - 1 - state.asOfAttempt);

/** Merges the workflow's answer with the pending poll. */
export function mergePending(
  answer: TryOnStatus | undefined,
  pending: PendingActivity | undefined,
): Pick<TryOnWaitStatus, 'polls' | 'vendorStatus' | 'subTasks' | 'error'> & { readonly isBlocked: boolean } {
  const state = lastState(pending);
  const isBlocked = state === undefined ? answer?.state === 'blocked' : state.blocked !== undefined;
  const error = state === undefined ? answer?.error : (state.blocked ?? state.pollError?.error);
  const polls = pending === undefined || state === undefined ? 0 : state.polls + laterPolls(pending, state);
  const vendorStatus = state?.vendorStatus ?? answer?.vendorStatus;
  // Long lists are left out of a failure's details.
  const told = state?.subTasks ?? [];
  return {
    polls: Math.max(answer?.polls ?? 0, polls),
    subTasks: told.length > 0 ? [...told] : (answer?.subTasks ?? []),
    isBlocked,
    ...(vendorStatus === undefined ? {} : { vendorStatus }),
    ...(error === undefined ? {} : { error }),
  };
}

function pendingPoll(pending: PendingActivity, queue: string): PendingPoll {
  const details = detailsOf(pending);
  return {
    attempt: pending.attempt,
    isRunning: pending.isRunning,
    queue,
    ...(pending.dueAtMs === undefined ? {} : { dueAt: new Date(pending.dueAtMs).toISOString() }),
    ...(details === undefined
      ? {}
      : { why: details.why, pollCostSeconds: details.pollCostSeconds, model: details.model }),
    ...(pending.lastFailure === undefined ? {} : { lastSeen: pending.lastFailure.message }),
    ...(pending.isPaused ? { isPaused: true } : {}),
  };
}

function explain(pending: PendingActivity, answer: TryOnStatus | undefined, nowMs: number): Explanation {
  const details = detailsOf(pending);
  const state = lastState(pending);
  return explainPoll({
    nowMs,
    isRunning: pending.isRunning,
    isPaused: pending.isPaused,
    ...(answer === undefined ? {} : { submittedAtMs: Date.parse(answer.submittedAt) }),
    ...(pending.dueAtMs === undefined ? {} : { dueAtMs: pending.dueAtMs }),
    ...(details === undefined
      ? {}
      : { why: details.why, pollCostSeconds: details.pollCostSeconds, model: details.model }),
    ...(state === undefined ? {} : { state }),
  });
}

/** The state that the execution itself tells; `undefined` while it runs or where an outcome tells more. */
function closedState(name: WorkflowExecutionDescription['status']['name']): WaitState | undefined {
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

/** The queue on which the pending poll waits. */
function pollQueue(description: WorkflowExecutionDescription): string {
  const raw = description.raw.pendingActivities?.find((one) => one.activityType?.name === 'tryOnPoll');
  const queue = raw?.activityOptions?.taskQueue?.name;
  if (queue) return queue;
  const account = attributeValue(description, 'account');
  return vendorTaskQueue(typeof account === 'string' ? account : defaults.account, description.taskQueue);
}

async function ask(
  client: Client,
  workflowId: string,
  runId: string,
  timeoutMs: number,
): Promise<TryOnStatus | undefined> {
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    return await client.withDeadline(Date.now() + timeoutMs, () => handle.query<TryOnStatus>(messages.status));
  } catch {
    // No worker, or one that does not know the workflow: the server still knows enough to say so.
    return undefined;
  }
}

/** Asks, though not for long where nobody polls the queue; `idle` is the note that says so. */
async function askUnlessIdle(
  client: Client,
  { workflowId, runId, taskQueue }: WorkflowExecutionDescription,
  timeoutMs: number,
): Promise<{ readonly answer?: TryOnStatus; readonly idle?: string }> {
  const askedAtMs = Date.now();
  const asked = ask(client, workflowId, runId, timeoutMs);
  const idle = await Promise.race([asked.then(() => undefined), idleQueueNote(client, taskQueue, 'workflow')]);
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, IDLE_GRACE_MS, undefined);
  });
  const answer = await (idle === undefined ? asked : Promise.race([asked, grace])).finally(() => clearTimeout(timer));
  if (answer !== undefined) return { answer };
  const note = idle ?? (await idleQueueNote(client, taskQueue, 'workflow', askedAtMs));
  return note === undefined ? {} : { idle: note };
}

/**
 * Reads a wait: describe, then the query, or the result of one that has ended.
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
  const { runId, historyLength, status } = description;
  const isRunning = status.name === 'RUNNING';
  const isSame =
    before !== undefined &&
    before.description.runId === runId &&
    before.description.historyLength === historyLength &&
    before.answer !== undefined;
  const isCompleted = status.name === 'COMPLETED';
  const [{ answer, idle }, pending, outcome] = await Promise.all([
    isSame ? { answer: before.answer, idle: undefined } : askUnlessIdle(client, description, queryTimeoutMs),
    isRunning ? pendingActivity(description, client.options.loadedDataConverter, 'tryOnPoll') : undefined,
    isCompleted ? (client.workflow.getHandle(workflowId, runId).result() as Promise<TryOnOutcome>) : undefined,
  ]);
  const merged = mergePending(answer, pending);
  const poll = pending === undefined ? undefined : pendingPoll(pending, pollQueue(description));
  const notes = isRunning ? await runningNotes(client, description, { answer, idle, merged, poll }) : [];
  const { isBlocked, ...current } = merged;
  const state: WaitState =
    outcome?.status ?? closedState(status.name) ?? (isBlocked ? 'blocked' : (answer?.state ?? 'waiting'));
  const shown: TryOnWaitStatus = {
    ...answer,
    taskId,
    ...(outcome === undefined ? { ...current, images: answer?.images ?? [] } : fromOutcome(outcome)),
    state,
    workflowId,
    runId,
    startedAt: description.startTime.toISOString(),
    ...(description.closeTime === undefined ? {} : { closedAt: description.closeTime.toISOString() }),
    isAnswered: answer !== undefined,
    ...(poll === undefined ? {} : { pending: poll }),
    ...(pending === undefined ? {} : { explanation: explain(pending, answer, Date.now()) }),
    ...(outcome === undefined ? {} : { outcome }),
    notes: outcome?.error === undefined ? notes : [describeError(outcome.error)],
  };
  return {
    description,
    status: shown,
    ...(answer === undefined ? {} : { answer }),
    ...(pending === undefined ? {} : { pending }),
  };
}

const fromOutcome = (
  outcome: TryOnOutcome,
): Pick<TryOnWaitStatus, 'images' | 'subTasks' | 'polls' | 'submittedAt' | 'error'> => ({
  images: outcome.images,
  subTasks: outcome.subTasks,
  polls: outcome.polls,
  submittedAt: outcome.submittedAt,
  ...(outcome.error === undefined ? {} : { error: outcome.error }),
});

async function runningNotes(
  client: Client,
  description: WorkflowExecutionDescription,
  seen: {
    readonly answer: TryOnStatus | undefined;
    readonly idle: string | undefined;
    readonly merged: ReturnType<typeof mergePending>;
    readonly poll: PendingPoll | undefined;
  },
): Promise<string[]> {
  const { answer, idle, merged, poll } = seen;
  const isOverdue =
    poll !== undefined && !poll.isRunning && Date.now() - Date.parse(poll.dueAt ?? '') > OVERDUE_MS && !poll.isPaused;
  // A live worker whose polls are held to a rate need not have polled since the poll was due: that counts where no answer came either.
  const dueMs = answer === undefined && poll?.dueAt !== undefined ? Date.parse(poll.dueAt) : undefined;
  const idlePolls = isOverdue ? await idleQueueNote(client, poll.queue, 'activity', dueMs) : undefined;
  const notes: string[] = [];
  if (answer === undefined) {
    notes.push(idle ?? 'no worker answered the query in time; what is told here is what the server knows');
  }
  if (idlePolls !== undefined) notes.push(idlePolls);
  else if (isOverdue) notes.push('the next poll is overdue: its queue is held to a rate, or its workers are busy');
  if (poll?.isPaused) {
    notes.push(
      `polls are paused; go on with \`temporal activity unpause --workflow-id ${description.workflowId} --activity-type tryOnPoll\``,
    );
  }
  if (merged.error !== undefined) notes.push(adviceOn(merged.error, merged.isBlocked, answer?.submittedAt));
  return notes;
}

/** There is no wait for a task. */
export const noWait = (taskId: string, namespace: string): TryOnClientError =>
  new TryOnClientError(
    'NoWait',
    `there is no wait for task ${taskId} in namespace ${namespace}; start one with \`temporal-tryon wait ${taskId}\``,
  );
