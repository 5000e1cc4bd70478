/**
 * One Nexus operation's subscription to a wait. The wait itself cannot stand for the operation, because it is shared: cancelling the operation
 * would end the wait for others, or leave the caller waiting until the end.
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
import { failureTypes, type TryOnOutcome, type TryOnResultsInput, TryOnResultsInputSchema } from '../contract.js';
import { defined } from '../defined.js';
import { escapeMarkdown } from '../wait/describe.js';
import { GRACE_MS, patienceMs } from '../wait/nexus-patience.js';
import { accepted, invalidInput } from './input.js';
import { tryOnCancelSelf } from './polling.js';
import { leaveTryOn, receiveTryOnEvents } from './subscriber.js';

const { tryOnJoin } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 20_000,
  scheduleToCloseTimeout: 600_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 },
  // A cancellation waits for the subscription, so that it can be undone.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  summary: 'start or join the wait',
});

/**
 * Starts or joins the wait for a task and returns its outcome; cancelled, it leaves the wait. Started by the Nexus service alone.
 * @param input - as for `tryOnResults`; a wait that is joined keeps its own options
 */
export async function tryOnAwaitResults(input: TryOnResultsInput): Promise<TryOnOutcome> {
  let isEventLost = false;
  const inbox = receiveTryOnEvents({
    onDropped: ({ isUndecodable }) => {
      isEventLost ||= isUndecodable;
    },
  });
  const { taskId, timeoutSeconds } = accepted(check(TryOnResultsInputSchema, input));
  const { workflowId } = workflowInfo();
  const subscriber = { workflowId, ...defined({ timeoutSeconds }) };
  const receivedOutcome = () => inbox.task(taskId)?.outcome;
  setCurrentDetails(`Awaits the outcome of task ${escapeMarkdown(taskId)} for a Nexus caller.`);
  try {
    for (let round = 0; ; round += 1) {
      const joined = await tryOnJoin({ input, subscriber, mayStart: round === 0 });
      if (joined.outcome !== undefined) return joined.outcome;
      const leftMs = patienceMs(joined.deadlineMs, Date.now(), round);
      await condition(() => receivedOutcome() !== undefined || isEventLost, leftMs);
      if (isEventLost) {
        // It may have been the outcome. By then a worker may have the missing key.
        await condition(() => receivedOutcome() !== undefined, GRACE_MS);
        isEventLost = false;
      }
      const outcome = receivedOutcome();
      if (outcome === undefined) continue;
      if (outcome.status !== 'cancelled') return outcome as TryOnOutcome;
      if (outcome.error?.code === failureTypes.invalidInput) throw invalidInput([outcome.error.message]);
      // Only a workflow whose cancellation was requested ends as cancelled.
      await tryOnCancelSelf();
      await condition(() => false);
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => leaveTryOn(taskId));
    throw error;
  }
}
