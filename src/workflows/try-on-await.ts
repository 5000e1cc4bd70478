/**
 * One Nexus operation's subscription to a wait. A wait is shared, so that it cannot itself stand for the operation: cancelling the operation
 * would have to end the wait, or leave its caller hanging till the end.
 */
import {
  ActivityCancellationType,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import { check } from '../check.js';
import { type TryOnOutcome, type TryOnResultsInput, TryOnResultsInputSchema } from '../contract.js';
import { escapeMarkdown } from '../wait/describe.js';
import { accepted } from './input.js';
import { tryOnCancelSelf } from './polling.js';
import { leaveTryOn, receiveTryOnEvents } from './subscriber.js';

/** How long behind its deadline a wait's outcome may come before it is asked whether it is still there. */
const GRACE_MS = 60_000;

const { tryOnJoin } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 20_000,
  scheduleToCloseTimeout: 600_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 },
  // What is being subscribed must be known before it is left.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  summary: 'start or join the wait',
});

/**
 * Starts or joins the wait for a task and returns its outcome; cancelled, it leaves the wait. Started by the Nexus service alone.
 * @param input - as for `tryOnResults`; a wait that is joined keeps its own options
 */
export async function tryOnAwaitResults(input: TryOnResultsInput): Promise<TryOnOutcome> {
  const inbox = receiveTryOnEvents();
  const { taskId, timeoutSeconds } = accepted(check(TryOnResultsInputSchema, input));
  const { workflowId } = workflowInfo();
  const subscriber = { workflowId, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
  const told = () => inbox.task(taskId)?.outcome;
  setCurrentDetails(`Awaits the outcome of task ${escapeMarkdown(taskId)} for a Nexus caller.`);
  try {
    for (let mayStart = true; ; mayStart = false) {
      const joined = await tryOnJoin({ input, subscriber, mayStart });
      if (joined.outcome !== undefined) return joined.outcome;
      await condition(() => told() !== undefined, Math.max(0, joined.deadlineMs - Date.now()) + GRACE_MS);
      const outcome = told();
      if (outcome === undefined) continue;
      if (outcome.status !== 'cancelled') return outcome as TryOnOutcome;
      // Only a workflow whose cancellation was requested ends as cancelled.
      await tryOnCancelSelf();
      await condition(() => false);
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => leaveTryOn(taskId));
    throw error;
  }
}
