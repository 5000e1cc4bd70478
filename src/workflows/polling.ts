/** One polling activity, from the workflow's side: it ends by itself with a report, or is broken off without losing what it knew. */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  log,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { PendingPollState, TryOnActivities } from '../activities/index.js';
import { failureTypes, vendorTaskQueue } from '../contract.js';
import type { PollReport, PollState } from '../poll/poll-state.js';
import { isPollFarOff, pollInput, type WaitState, waitLimits } from '../wait/wait.js';

/** How an activity ended. `state` is what it knew of its polls, where that could be told. */
export type PollingEnd =
  | { readonly kind: 'report'; readonly report: PollReport }
  | { readonly kind: 'stopped'; readonly state?: PollState }
  | { readonly kind: 'failed'; readonly state?: PollState };

/** A polling activity under way. */
export interface PollingHandle {
  readonly deadlineMs: number;
  isSettled(): boolean;
  /** How it ended. Throws `TypeError` before it has. */
  settled(): PollingEnd;
  /** Breaks it off; what it knew and an answer in flight are waited for. Once `isUrgent`, not for more than a second in all. */
  interrupt(isUrgent: () => boolean): Promise<PollingEnd>;
}

/** Parts of the second in which a wait settles that is cancelled; the rest is the server's and the worker's. */
const URGENT_DESCRIBE_MS = 300;
const URGENT_CANCEL_MS = 500;
/** A wait that goes on has time: what a slow worker tells late is not lost. */
const DESCRIBE_MS = 5_000;
const CANCEL_MS = 5_000;
/** An attempt is bounded by 18 s; a worker that died is noticed after this. */
const ATTEMPT_MS = 20_000;

const { tryOnPoll } = proxyActivities<TryOnActivities>({ startToCloseTimeout: ATTEMPT_MS });
const once = { retry: { maximumAttempts: 1 }, cancellationType: ActivityCancellationType.ABANDON } as const;
const { tryOnDescribePoll } = proxyActivities<TryOnActivities>({
  ...once,
  scheduleToCloseTimeout: URGENT_DESCRIBE_MS,
  summary: 'how far the poll got',
});
const { tryOnPause } = proxyActivities<TryOnActivities>({
  ...once,
  scheduleToCloseTimeout: 2 * URGENT_CANCEL_MS,
  summary: 'a moment for an answer in flight',
});

/** Asks the server to cancel this workflow; see the activity. */
export const { tryOnCancelSelf } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 5_000,
  scheduleToCloseTimeout: 30_000,
  retry: { initialInterval: 500, backoffCoefficient: 2 },
  summary: 'nobody listens any more',
});

function endOfFailure(error: unknown): PollingEnd {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) return { kind: 'stopped' };
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.pending) {
    const details = cause.details?.[0] as { readonly state?: PollState } | undefined;
    return { kind: 'stopped', ...(details?.state === undefined ? {} : { state: details.state }) };
  }
  log.warn('the polling activity failed for good; the wait goes on', {
    reason: cause?.message,
    type: error.activityType,
  });
  return { kind: 'failed' };
}

const FAIRNESS_KEY_BYTES = 64;

/**
 * Polls of one parent take turns with those of others, where the server is fair between keys: a listing that has just begun does not
 * stand behind the backlog of a large one (behind 150 waits at 4 queries/s: 0.6 s in place of 35 s). Elsewhere the key does nothing. No
 * priority: it would be that of all polls of a wait, and a steady stream of preferred ones would starve the rest.
 */
function fairness(): { readonly priority?: { readonly fairnessKey: string } } {
  const { parent } = workflowInfo();
  if (parent === undefined) return {};
  return { priority: { fairnessKey: parent.workflowId.replace(/[^\x21-\x7e]/g, '_').slice(-FAIRNESS_KEY_BYTES) } };
}

/**
 * Schedules the polling activity on the queue of the wait's account; where its poll is far off, on the workflows' own, from which it
 * moves there by itself.
 */
export function startPolling(
  wait: WaitState,
  options: { readonly pollNow: boolean; readonly nowMs: number },
): PollingHandle {
  const { taskQueue } = workflowInfo();
  const vendorQueue = vendorTaskQueue(wait.account, taskQueue);
  const input = pollInput(wait, { ...options, vendorQueue });
  const scheduledAtMs = Date.now();
  const scope = new CancellationScope();
  let end: PollingEnd | undefined;
  scope
    .run(() =>
      tryOnPoll.executeWithOptions(
        {
          taskQueue: isPollFarOff(wait, options) ? taskQueue : vendorQueue,
          startToCloseTimeout: ATTEMPT_MS,
          // Behind the backstop, so that the workflow's own timer decides.
          scheduleToCloseTimeout: Math.max(1_000, wait.deadlineMs - Date.now()) + 2 * waitLimits.backstopMs,
          // The delay between polls comes with each failure; this one follows an attempt whose worker died.
          retry: { initialInterval: 1_000, backoffCoefficient: 1 },
          cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
          ...fairness(),
          // Shown as plain text, unlike a workflow's.
          summary: `poll at ${wait.taskId}`.slice(0, 200),
        },
        [input],
      ),
    )
    .then(
      (report) => {
        end = { kind: 'report', report };
      },
      (error) => {
        end = endOfFailure(error);
      },
    );

  /** What the activity knew: asked of the server, which keeps it with the last failed attempt. */
  const describePendingPoll = async (isUrgent: () => boolean): Promise<PendingPollState | undefined> => {
    let seen: PendingPollState | undefined;
    let isOver = false;
    const scheduleToCloseTimeout = isUrgent() ? URGENT_DESCRIBE_MS : DESCRIBE_MS;
    tryOnDescribePoll
      .executeWithOptions({ scheduleToCloseTimeout }, [{ input, scheduledAtMs }])
      .then((told) => {
        seen = told;
      })
      .catch(() => undefined)
      .finally(() => {
        isOver = true;
      });
    const wasUrgent = isUrgent();
    await condition(() => isOver || (isUrgent() && !wasUrgent));
    if (!isOver) await condition(() => isOver, URGENT_DESCRIBE_MS);
    return seen;
  };

  /** For the end of a poll that is being broken off. Between two attempts that is at once. */
  const moment = async (isRunning: boolean): Promise<void> => {
    // By the worker's clock: a timer of the server that is shorter than a second may take one.
    if (isRunning) await tryOnPause({ delayMs: URGENT_CANCEL_MS }).catch(() => undefined);
    else await condition(() => end !== undefined, URGENT_CANCEL_MS);
  };

  return {
    deadlineMs: input.deadlineMs,
    isSettled: () => end !== undefined,
    settled() {
      if (end === undefined) throw new TypeError('the poll has not settled');
      return end;
    },
    async interrupt(isUrgent) {
      const seen = await describePendingPoll(isUrgent);
      if (end === undefined) {
        scope.cancel();
        if (!isUrgent()) await condition(() => end !== undefined || isUrgent(), CANCEL_MS);
        if (end === undefined && isUrgent()) await moment(seen?.isRunning ?? true);
      }
      if (end === undefined || (end.kind === 'stopped' && end.state === undefined)) {
        return { kind: 'stopped', ...(seen === undefined ? {} : { state: seen.state }) };
      }
      return end;
    },
  };
}
