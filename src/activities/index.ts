/** The activities, made from what they depend on. */
import { activityInfo, getClient, sleep } from '@temporalio/activity';
import { defaults } from '../contract.js';
import { defaultPolicy } from '../schedule/schedule.js';
import { noThrottles } from './account-throttles.js';
import { createSignAgain, createTryOnArchive } from './archive.js';
import { createCancelTask } from './cancel-task.js';
import type { PollDeps, TryOnDeps } from './deps.js';
import { createTryOnJoin } from './join.js';
import { createTryOnPoll } from './poll.js';
import { describePendingPoll, type PollControlInput, pollPendingNow } from './poll-control.js';
import { createServerClock } from './server-clock.js';
import { storedJob } from './stored-job.js';
import { createTryOnSubmit } from './submit.js';
import { updateWait } from './update-wait.js';
import { createWebhookActivities, noWebhooks } from './webhook.js';

export type { TryOnDeps, Vendor } from './deps.js';

/** The activities' types, for `proxyActivities` and for parents in one's own worker. */
export type TryOnActivities = ReturnType<typeof createTryOnActivities>;

/**
 * Makes the activities. Register them on the workflows' queue and on the vendor's queues.
 * @param deps - the vendor client and, optionally, schedule, clock and search attributes
 */
export function createTryOnActivities({
  vendor,
  policy = () => defaultPolicy,
  acceptsOtherTaskId = () => false,
  searchAttributes = () => [],
  clock = createServerClock(),
  throttles = noThrottles,
  onAttempt = () => undefined,
  nexusAccounts = [defaults.account],
  webhooks = noWebhooks,
  archiver,
}: TryOnDeps) {
  const deps: PollDeps = { vendor, policy, acceptsOtherTaskId, searchAttributes, clock, throttles, onAttempt };

  return {
    /**
     * One attempt sends at most one query. Returns where the workflow must know something; else fails with `TryOnPending` and the delay
     * until the next poll, so that the server retries and history stays flat.
     */
    tryOnPoll: createTryOnPoll(deps),

    /** One attempt to submit a job's request. Run it with one try: a repeat needs a token of its own. */
    tryOnSubmit: createTryOnSubmit({ vendor, clock }),

    /** Archives a batch of a job's images. An attempt that left some fails, and the next one does these. */
    tryOnArchive: createTryOnArchive({ archiver, clock }),

    /** Asks the vendor once to cancel a task that has not begun. */
    tryOnCancelTask: createCancelTask({ vendor }),

    /** Polls once for new addresses of images whose addresses have expired. */
    tryOnSignAgain: createSignAgain({ vendor }),

    /** Sends an update to the wait for a task. One that has ended, or does not exist, is no error. */
    tryOnUpdateWait: updateWait,

    /** How a job ended, if it has ended. */
    tryOnStoredJob: storedJob,

    /** How far the pending poll of the calling workflow got. */
    tryOnDescribePoll: (asked: PollControlInput) => describePendingPoll(asked, policy),

    /** Dispatches the pending poll of the calling workflow now, after `delayMs`. */
    tryOnPollNow: (asked: PollControlInput & { readonly delayMs: number }) =>
      pollPendingNow(asked, { policy, nowMs: () => clock.now() }),

    /** Waits by the worker's clock: a timer of the server below a second may take up to one. */
    async tryOnPause({ delayMs }: { readonly delayMs: number }): Promise<void> {
      await sleep(delayMs);
    },

    /** Requests the cancellation of the calling workflow: no command lets a workflow cancel itself. */
    async tryOnCancelSelf(): Promise<void> {
      const { workflowExecution } = activityInfo();
      if (workflowExecution === undefined) return;
      const { workflowId, runId } = workflowExecution;
      await getClient().workflow.getHandle(workflowId, runId).cancel();
    },

    /** Starts a wait for workflow code, or joins the one that runs, and subscribes; see the Nexus service. */
    tryOnJoin: createTryOnJoin(nexusAccounts),

    /** What workflow code cannot know of its namespace and its worker. Run as a local activity, so that the answer is recorded. */
    async tryOnNamespace(): Promise<{ readonly searchAttributes: readonly string[]; readonly archives?: boolean }> {
      return { searchAttributes: searchAttributes(), archives: archiver !== undefined };
    },

    ...createWebhookActivities(webhooks),
  };
}
