/** The poll that is pending, and what the server knows of a wait through it. Pure. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaults, failureTypes, type TryOnError, type TryOnStatus, vendorTaskQueue } from '../contract.js';
import { defined } from '../defined.js';
import type { PendingDetails } from '../poll/pending-details.js';
import type { PendingActivity } from '../temporal/pending-activity.js';
import { attributeValue } from '../temporal/search-attributes.js';
import { type Explanation, explainPoll } from '../wait/explain.js';

/** The poll that runs or is due next. */
export interface PendingPoll {
  /** From 1. Starts again after each report to the workflow. */
  readonly attempt: number;
  readonly isRunning: boolean;
  /** When it was or is due, RFC 3339. In the past if no worker has taken it yet. */
  readonly dueAt?: string;
  /** Why it is due then; absent before the first poll. */
  readonly why?: PendingDetails['why'];
  /** The poll cost that the schedule used, in seconds of mean delay. */
  readonly pollCostSeconds?: number;
  /** The duration distribution that the schedule used. */
  readonly model?: PendingDetails['model'];
  /** The result of the last poll, in one line. */
  readonly lastSeen?: string;
  /** The queue on which it waits. */
  readonly queue: string;
  readonly isPaused?: boolean;
}

/** A wait's progress: the workflow's answer, brought up to date by the pending poll. */
export interface MergedProgress {
  readonly polls: number;
  readonly vendorStatus?: string;
  readonly subTasks: TryOnStatus['subTasks'];
  readonly error?: TryOnError;
  readonly isBlocked: boolean;
}

const detailsOf = (pending: PendingActivity): PendingDetails | undefined =>
  pending.lastFailure?.type === failureTypes.pending ? (pending.lastFailure.details as PendingDetails) : undefined;

/** The state as of the last poll: from its failure, or from a later heartbeat. */
function lastState(pending: PendingActivity): PendingDetails['state'] | undefined {
  const failed = detailsOf(pending)?.state;
  const heartbeat = pending.heartbeat as PendingDetails['state'] | undefined;
  if (failed === undefined || heartbeat === undefined) return failed ?? heartbeat;
  return heartbeat.asOfAttempt > failed.asOfAttempt ? heartbeat : failed;
}

/** The polls of the attempts after `state`; none of their failures says more. */
const laterPolls = (pending: PendingActivity, state: PendingDetails['state']): number =>
  Math.max(0, pending.attempt - 1 - state.asOfAttempt);

/** Merges the workflow's answer with the pending poll; either may be absent. */
export function mergePending(answer: TryOnStatus | undefined, pending: PendingActivity | undefined): MergedProgress {
  const state = pending && lastState(pending);
  const polls = pending === undefined || state === undefined ? 0 : state.polls + laterPolls(pending, state);
  // A failure's details leave out a long list.
  const subTasks = state?.subTasks ?? [];
  return {
    polls: Math.max(answer?.polls ?? 0, polls),
    subTasks: subTasks.length > 0 ? [...subTasks] : (answer?.subTasks ?? []),
    isBlocked: state === undefined ? answer?.state === 'blocked' : state.blocked !== undefined,
    ...defined({
      vendorStatus: state?.vendorStatus ?? answer?.vendorStatus,
      error: state === undefined ? answer?.error : (state.blocked ?? state.pollError?.error),
    }),
  };
}

/** The pending poll as a status shows it. */
export function describePoll(pending: PendingActivity, queue: string): PendingPoll {
  const details = detailsOf(pending);
  return {
    attempt: pending.attempt,
    isRunning: pending.isRunning,
    queue,
    ...defined({
      dueAt: pending.dueAtMs === undefined ? undefined : new Date(pending.dueAtMs).toISOString(),
      why: details?.why,
      pollCostSeconds: details?.pollCostSeconds,
      model: details?.model,
      lastSeen: pending.lastFailure?.message,
      isPaused: pending.isPaused || undefined,
    }),
  };
}

/** What the wait does next and why. */
export function explainPending(pending: PendingActivity, answer: TryOnStatus | undefined, nowMs: number): Explanation {
  const details = detailsOf(pending);
  return explainPoll({
    nowMs,
    isRunning: pending.isRunning,
    isPaused: pending.isPaused,
    ...defined({
      submittedAtMs: answer && Date.parse(answer.submittedAt),
      dueAtMs: pending.dueAtMs,
      why: details?.why,
      pollCostSeconds: details?.pollCostSeconds,
      model: details?.model,
      state: lastState(pending),
    }),
  });
}

/** The queue on which the pending poll waits. */
export function pollQueue(description: WorkflowExecutionDescription): string {
  const raw = description.raw.pendingActivities?.find((one) => one.activityType?.name === 'tryOnPoll');
  const queue = raw?.activityOptions?.taskQueue?.name;
  if (queue) return queue;
  const account = attributeValue(description, 'account');
  return vendorTaskQueue(typeof account === 'string' ? account : defaults.account, description.taskQueue);
}
