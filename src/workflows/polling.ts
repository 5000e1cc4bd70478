/** One polling activity, from the workflow's side: it ends with a report, or is cancelled without losing what it knew. */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  log,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import type { DescribedPoll } from '../activities/poll-control.js';
import { failureTypes, vendorTaskQueue } from '../contract.js';
import { defined } from '../defined.js';
import type { PollInput, PollReport, PollState } from '../poll/poll-state.js';
import { isPollFarOff, type PollStart, pollInput } from '../wait/poll-input.js';
import type { WaitState } from '../wait/wait-state.js';

/**
 * How a polling activity ended. `state`: what it knew, where that can be found out.
 * - `report`: the workflow must know something
 * - `stopped`: it was cancelled; `isPaused`: an operator had paused it
 * - `timedOut`: by its own timeout, after the deadline
 * - `failed`: for good, which no reply of the vendor causes: a bug, or a worker without the activity
 * - `refused`: the worker refuses the wait's input: its account is of another vendor than its API
 */
export type PollingEnd =
  | { readonly kind: 'report'; readonly report: PollReport }
  | { readonly kind: 'refused'; readonly problem: string; readonly state?: undefined }
  | { readonly kind: 'stopped' | 'timedOut' | 'failed'; readonly state?: PollState; readonly isPaused?: boolean };

/** After the deadline, the activity has this long: the final poll's exchange is bounded by 15 s. */
export const AFTER_DEADLINE_MS = 20_000;
/** An attempt is bounded by 18 s; a worker that died is noticed after this. */
const ATTEMPT_MS = 20_000;
/** Parts of the second in which a cancelled wait settles; the rest is the server's and the worker's. */
const URGENT_DESCRIBE_MS = 300;
const URGENT_CANCEL_MS = 500;
/** A wait that goes on has time, so that what a slow worker answers is not lost. */
const DESCRIBE_MS = 5_000;
const CANCEL_MS = 5_000;

/** Asking the vendor to cancel a task, with a second try: a wait that has ended waits no longer for it. */
const CANCEL_TASK_MS = 10_000;

const { tryOnPoll } = proxyActivities<TryOnActivities>({ startToCloseTimeout: ATTEMPT_MS });
const once = { retry: { maximumAttempts: 1 }, cancellationType: ActivityCancellationType.ABANDON } as const;
const { tryOnDescribePoll } = proxyActivities<TryOnActivities>({
  ...once,
  scheduleToCloseTimeout: URGENT_DESCRIBE_MS,
  summary: 'describe the pending poll',
});
const { tryOnPause } = proxyActivities<TryOnActivities>({
  ...once,
  scheduleToCloseTimeout: 2 * URGENT_CANCEL_MS,
  summary: 'wait for a reply in flight',
});
const { tryOnCancelTask } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 5_000,
  scheduleToCloseTimeout: CANCEL_TASK_MS,
  retry: { initialInterval: 500, maximumAttempts: 2 },
});
const { tryOnPollNow } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 10_000,
  // One that stops halfway leaves the polling activity paused: the workflow then replaces it.
  scheduleToCloseTimeout: 30_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 10_000 },
  summary: 'poll now',
});

/** Asks the server to cancel this workflow; see the activity. */
export const { tryOnCancelSelf } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 5_000,
  scheduleToCloseTimeout: 30_000,
  retry: { initialInterval: 500, backoffCoefficient: 2 },
  summary: 'cancel: the last subscriber has left',
});

/** Asks the vendor to cancel the task of a wait, on the account's vendor queue. Whatever comes of it, the wait has ended. */
export async function cancelTask({ taskId, account, api }: WaitState): Promise<void> {
  const options = {
    taskQueue: vendorTaskQueue(account, workflowInfo().taskQueue),
    summary: `cancel task ${taskId}`.slice(0, 200),
  };
  try {
    await tryOnCancelTask.executeWithOptions(options, [{ taskId, account, api }]);
  } catch (error) {
    log.info('the vendor could not be asked to cancel the task', { taskId, reason: String(error) });
  }
}

/** A polling activity under way. */
export class Polling {
  private end: PollingEnd | undefined;
  private isStopping = false;
  private readonly input: PollInput;
  private readonly scheduledAtMs = Date.now();
  private readonly scope = new CancellationScope();

  /**
   * Schedules the activity on the queue of the wait's account. Where the next poll is far off it begins on the workflows' own queue, and moves
   * itself to the account's.
   */
  constructor(wait: WaitState, start: PollStart) {
    const { taskQueue } = workflowInfo();
    const vendorQueue = vendorTaskQueue(wait.account, taskQueue);
    this.input = pollInput(wait, { ...start, vendorQueue });
    const options = {
      taskQueue: isPollFarOff(wait, start) ? taskQueue : vendorQueue,
      startToCloseTimeout: ATTEMPT_MS,
      scheduleToCloseTimeout: Math.max(1_000, wait.deadlineMs - Date.now()) + AFTER_DEADLINE_MS,
      // Each failure brings the delay until the next poll; this interval follows an attempt whose worker died.
      retry: { initialInterval: 1_000, backoffCoefficient: 1 },
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      ...fairness(),
      // Shown as plain text, unlike a workflow's summary.
      summary: `poll task ${wait.taskId}`.slice(0, 200),
    };
    this.scope
      .run(() => tryOnPoll.executeWithOptions(options, [this.input]))
      .then(
        (report) => {
          this.end = { kind: 'report', report };
        },
        (error) => {
          this.end = endOfFailure(error, this.isStopping);
        },
      );
  }

  /** The deadline that the activity was given. */
  get deadlineMs(): number {
    return this.input.deadlineMs;
  }

  /** How it ended; `undefined` while it runs. */
  get ended(): PollingEnd | undefined {
    return this.end;
  }

  /** Has the next poll dispatched after `delayMs`. Resolves to false where only a new activity can do that. */
  async pollNow(delayMs: number): Promise<boolean> {
    const { input, scheduledAtMs } = this;
    return (await tryOnPollNow({ input, scheduledAtMs, delayMs })) === 'done';
  }

  /**
   * Cancels the activity. Waits for what it knew and for a reply in flight; once `isUrgent`, for no longer than a second in all.
   * @returns how it ended, with its state
   */
  async stop(isUrgent: () => boolean): Promise<PollingEnd> {
    const pending = await this.describe(isUrgent);
    if (this.end === undefined) {
      this.isStopping = true;
      this.scope.cancel();
      if (!isUrgent()) await condition(() => this.end !== undefined || isUrgent(), CANCEL_MS);
      if (this.end === undefined && isUrgent()) await this.waitForReply(pending?.isRunning ?? true);
    }
    const end = this.end ?? { kind: 'stopped' };
    if (end.kind !== 'stopped' || end.state !== undefined) return end;
    return { kind: 'stopped', ...defined({ state: pending?.state, isPaused: pending?.isPaused }) };
  }

  /** What the activity knows: the server keeps it with the last failed attempt. */
  private async describe(isUrgent: () => boolean): Promise<DescribedPoll | undefined> {
    const { input, scheduledAtMs } = this;
    const wasUrgent = isUrgent();
    let pending: DescribedPoll | undefined;
    let isDescribed = false;
    tryOnDescribePoll
      .executeWithOptions({ scheduleToCloseTimeout: wasUrgent ? URGENT_DESCRIBE_MS : DESCRIBE_MS }, [
        { input, scheduledAtMs },
      ])
      .then((described) => {
        pending = described;
      })
      .catch(() => undefined)
      .finally(() => {
        isDescribed = true;
      });
    await condition(() => isDescribed || (isUrgent() && !wasUrgent));
    if (!isDescribed) await condition(() => isDescribed, URGENT_DESCRIBE_MS);
    return pending;
  }

  private async waitForReply(isRunning: boolean): Promise<void> {
    // By the worker's clock: a timer of the server that is shorter than a second may take one.
    if (isRunning) await tryOnPause({ delayMs: URGENT_CANCEL_MS }).catch(() => undefined);
    else await condition(() => this.end !== undefined, URGENT_CANCEL_MS);
  }
}

/** @param isStopping - the server does not retry an attempt that fails once a cancellation was requested: its failure is the end then */
function endOfFailure(error: unknown, isStopping: boolean): PollingEnd {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) return { kind: 'stopped' };
  const isPending = cause instanceof ApplicationFailure && cause.type === failureTypes.pending;
  if (isPending || cause instanceof TimeoutFailure) {
    return { kind: isStopping ? 'stopped' : 'timedOut', ...defined({ state: lastState(cause) }) };
  }
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.invalidInput) {
    return { kind: 'refused', problem: cause.message };
  }
  log.warn('the polling activity failed for good; the wait goes on', {
    reason: cause?.message,
    type: error.activityType,
  });
  return { kind: 'failed' };
}

/** The state that the last `TryOnPending` among the causes of a failure carries, else that of the last heartbeat. */
function lastState(failure: unknown): PollState | undefined {
  let heartbeat: PollState | undefined;
  for (let cause = failure; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ApplicationFailure && cause.type === failureTypes.pending) {
      return (cause.details?.[0] as { readonly state?: PollState } | undefined)?.state;
    }
    if (cause instanceof TimeoutFailure) heartbeat ??= heartbeatOf(cause);
  }
  return heartbeat;
}

function heartbeatOf({ lastHeartbeatDetails }: TimeoutFailure): PollState | undefined {
  const details: unknown = Array.isArray(lastHeartbeatDetails) ? lastHeartbeatDetails[0] : lastHeartbeatDetails;
  return typeof details === 'object' && details !== null && 'asOfAttempt' in details
    ? (details as PollState)
    : undefined;
}

const FAIRNESS_KEY_BYTES = 64;

/**
 * Polls, and submits, of one parent take turns with those of others, where the server is fair between keys: a listing that has just begun
 * does not wait behind the backlog of a large one (behind 150 waits at 4 queries/s: 0.6 s instead of 35 s). Elsewhere the key does nothing.
 * No priority: a steady stream of preferred waits would starve the rest.
 */
export function fairness(): { readonly priority?: { readonly fairnessKey: string } } {
  const { parent } = workflowInfo();
  if (parent === undefined) return {};
  return { priority: { fairnessKey: parent.workflowId.replace(/[^\x21-\x7e]/g, '_').slice(-FAIRNESS_KEY_BYTES) } };
}
