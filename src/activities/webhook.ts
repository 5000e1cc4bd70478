/** The activities of webhooks: one hands an event over to its delivery, one posts it. */
import { activityInfo, cancellationSignal, getClient } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { failureTypes, messages, type WebhookError, webhookWorkflowId, workflowTypes } from '../contract.js';
import { defined } from '../defined.js';
import type { WebhookEvent } from '../webhook/delivery.js';
import { unknownWebhook, type WebhookPoster } from '../webhook/post.js';

/** Input of `tryOnNotifyWebhook`. Without an event it only finds out whether the webhook is known. */
export interface NotifyWebhookInput {
  readonly webhook: string;
  readonly event?: WebhookEvent;
}

/** Input of `tryOnPostWebhook`. */
export interface PostWebhookInput {
  readonly webhook: string;
  readonly event: WebhookEvent;
}

/** The part of {@link WebhookPoster} that the activities need; tests pass a fake. */
export type Poster = Pick<WebhookPoster, 'knows' | 'post'>;

/** At most this many times the first pause of an event that waits for its turn. */
const MOST_TURNS = 30;

/** No webhook is configured. */
export const noWebhooks: Poster = {
  knows: () => false,
  post: async (webhook) => unknownWebhook(webhook),
};

/** Makes the activities of webhooks. */
export function createWebhookActivities(poster: Poster) {
  return {
    /**
     * Hands an event over to the workflow that delivers the events of its wait to the webhook, and starts that workflow where none runs. An
     * unknown webhook gets its events too: it may be configured later.
     */
    async tryOnNotifyWebhook({ webhook, event }: NotifyWebhookInput): Promise<{ readonly error?: WebhookError }> {
      if (event !== undefined) {
        const { waitId } = event;
        await getClient().workflow.signalWithStart(workflowTypes.webhook, {
          workflowId: webhookWorkflowId(webhook, waitId),
          taskQueue: activityInfo().taskQueue,
          args: [{ webhook, waitId }],
          signal: messages.event,
          signalArgs: [event],
        });
      }
      return defined({ error: poster.knows(webhook) ? undefined : unknownWebhook(webhook).error });
    },

    /** Posts an event to a webhook once. The server repeats it after the pause that the receiver asked for, or by the retry policy. */
    async tryOnPostWebhook({ webhook, event }: PostWebhookInput): Promise<void> {
      const failed = await poster.post(webhook, event, cancellationSignal());
      if (failed === undefined) return;
      const { error, retryAfterMs } = failed;
      // The more often an event had to wait for its turn, the longer it stays away: many may wait for one receiver that hangs.
      const turns = error.code === 'Busy' ? Math.min(activityInfo().attempt, MOST_TURNS) : 1;
      throw ApplicationFailure.create({
        message: error.message,
        type: failureTypes.webhook,
        details: [error],
        nonRetryable: error.code === 'Gone',
        // A receiver that is down is no fault of the worker: no alarm in its metrics.
        category: ApplicationFailureCategory.BENIGN,
        ...(retryAfterMs !== undefined && { nextRetryDelay: retryAfterMs * turns }),
      });
    },
  };
}
