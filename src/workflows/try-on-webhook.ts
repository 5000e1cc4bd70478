/**
 * Delivers the events of one wait to one webhook, in order. It ends when all are accepted; the next event starts it again. So the wait never
 * waits for a receiver, and a receiver that is down holds up nobody else.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  log,
  makeContinueAsNewFunc,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import { failureTypes, limits, messages, type WebhookError, webhookTaskQueue } from '../contract.js';
import { jsonBytes } from '../json-size.js';
import { escapeMarkdown } from '../wait/describe.js';
import {
  accepted,
  beginDelivery,
  type DeliveryState,
  type DeliveryStatus,
  deliveryStatus,
  giveUp,
  isWebhookEvent,
  KEPT_FOR_MS,
  type PendingEvent,
  resend,
  takeEvent,
  tryForMs,
} from '../webhook/delivery.js';
import { continueAsNewOptions, isContinueAsNewDue } from './versioning.js';

/** Input of {@link tryOnWebhook}. */
export interface TryOnWebhookInput {
  readonly webhook: string;
  /** Of the wait or job whose events are delivered. */
  readonly waitId: string;
}

const status = defineQuery<DeliveryStatus>(messages.webhookStatus);
const resendUpdate = defineUpdate<DeliveryStatus>(messages.resendWebhook);
const event = defineSignal<[unknown]>(messages.event);

const { tryOnPostWebhook } = proxyActivities<TryOnActivities>({
  // A post ends within 15 s.
  startToCloseTimeout: 20_000,
  retry: { initialInterval: 2_000, backoffCoefficient: 2, maximumInterval: 15 * 60_000 },
});

/**
 * Started by the activity `tryOnNotifyWebhook`, with the first event as a signal.
 * @param carried - state of the run before; ignored in a run that continues no other
 * @throws {ApplicationFailure} `TryOnWebhookFailed` where events were given up, and nobody had them sent again for 30 days
 */
export async function tryOnWebhook(input: TryOnWebhookInput, carried?: DeliveryState): Promise<void> {
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined;
  let state = isContinued && carried !== undefined ? carried : beginDelivery(input.webhook, input.waitId);
  const change = (next: DeliveryState): void => {
    state = next;
    setCurrentDetails(describe(state));
  };
  // An event that cannot be decoded fails the workflow task until a worker has the key: dropped, it would be lost.
  setHandler(event, (given) => {
    if (isWebhookEvent(given)) change(takeEvent(state, given, Date.now()));
    else log.warn('a malformed signal was dropped', { signal: messages.event });
  });
  setHandler(status, () => deliveryStatus(state), {
    description: 'Events that are tried, and those that were given up',
  });
  setHandler(
    resendUpdate,
    () => {
      change(resend(state, Date.now()));
      return deliveryStatus(state);
    },
    { description: 'Try the events again that were given up' },
  );

  const isHistoryFull = (): boolean => isContinueAsNewDue() && jsonBytes(state) <= limits.resultBytes;
  for (;;) {
    const [first] = state.pending;
    if (first !== undefined) {
      const error = await post(state.webhook, first);
      change(error === undefined ? accepted(state, first) : giveUp(state, first, error));
    } else if (state.givenUp.length === 0) {
      return;
    } else if (!(await condition(() => state.pending.length > 0, KEPT_FOR_MS))) {
      throw lost(state);
    }
    if (!isHistoryFull()) continue;
    await condition(allHandlersFinished);
    await makeContinueAsNewFunc<typeof tryOnWebhook>(continueAsNewOptions())(input, state);
  }
}

/** Tries one event until the receiver accepts it, is gone, or time is over. Returns the last error. */
async function post(webhook: string, tried: PendingEvent): Promise<WebhookError | undefined> {
  const options = {
    taskQueue: webhookTaskQueue(workflowInfo().taskQueue),
    scheduleToCloseTimeout: tryForMs(tried, Date.now()),
    summary: `post event ${tried.event.sequence} to webhook ${webhook}`.slice(0, 200),
  };
  try {
    await tryOnPostWebhook.executeWithOptions(options, [{ webhook, event: tried.event }]);
    return undefined;
  } catch (failure) {
    if (isCancellation(failure) || !(failure instanceof ActivityFailure)) throw failure;
    const error = lastError(failure, webhook);
    log.warn('an event for a webhook was given up', { webhook, sequence: tried.event.sequence, code: error.code });
    return error;
  }
}

/** What the last try failed with. A timeout of the activity carries it as its cause. */
function lastError(failure: Error, webhook: string): WebhookError {
  for (let at: unknown = failure; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure && at.type === failureTypes.webhook) {
      const [error] = at.details ?? [];
      if (error !== undefined) return error as WebhookError;
    }
  }
  const message = `webhook ${webhook}: no worker posted the event; start one with the settings of this webhook`;
  return { layer: 'webhook', code: 'NoWorker', message };
}

function lost({ webhook, givenUp }: DeliveryState): ApplicationFailure {
  const [first] = givenUp;
  return ApplicationFailure.create({
    message: `${givenUp.length} events for webhook ${webhook} were given up; ${first?.error.message}`,
    type: failureTypes.webhook,
    nonRetryable: true,
    details: [first?.error],
  });
}

function describe({ webhook, pending, givenUp }: DeliveryState): string {
  const [first] = givenUp;
  const reason = first === undefined ? '' : `: ${escapeMarkdown(first.error.message)}`;
  return `Webhook ${escapeMarkdown(webhook)}: ${pending.length} events to deliver, ${givenUp.length} given up${reason}`;
}
