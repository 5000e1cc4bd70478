/** Signals events to subscribers; those of webhooks go to their delivery. Each receiver gets the next event after it accepted the one before, so that order holds. */
import { CancellationScope, getExternalWorkflowHandle, log, proxyActivities } from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import {
  defaults,
  type Subscriber,
  subscriberName,
  type TryOnEvent,
  type TryOnJobEvent,
  type WebhookError,
  type WorkflowSubscriber,
} from '../contract.js';
import { defined } from '../defined.js';
import { jsonBytes } from '../json-size.js';
import { subscriberKey } from '../wait/wait.js';

/**
 * Signals in flight at a time, for all receivers together; one is always allowed. The server takes at most 2,000 open signals of one workflow and 4 MB
 * of commands in one message: beyond either the workflow task would fail again and again.
 */
export const inFlightLimits = { signals: 500, bytes: 1024 * 1024 } as const;

type PublishedEvent = TryOnEvent | TryOnJobEvent;

/** It needs nothing but this server. One that fails for longer than this would hold up the end of a wait: the webhook then has an error. */
const HAND_OVER_MS = 3_600_000;

const { tryOnNotifyWebhook } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 10_000,
  scheduleToCloseTimeout: HAND_OVER_MS,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 },
});

/** Called when it is known whether a webhook gets its events: with the reason why not, or with none. */
export type OnWebhook = (webhook: string, error: WebhookError | undefined) => void;

interface Message {
  readonly subscriber: Subscriber;
  /** Absent where it is only found out whether a webhook is known. */
  readonly event?: PublishedEvent;
  readonly bytes: number;
}

/** See the file's description. */
export class Publisher {
  /** Messages by receiver, the one in flight first. */
  private readonly queues = new Map<string, Message[]>();
  /** Receivers whose next message may be sent, in turn. */
  private readonly ready: string[] = [];
  private readonly sizes = new WeakMap<PublishedEvent, number>();
  private unsettled = 0;
  private signals = 0;
  private bytes = 0;

  constructor(private readonly onWebhook: OnWebhook = () => undefined) {}

  /** Whether every event was accepted, or its receiver found to be gone. */
  get isIdle(): boolean {
    return this.unsettled === 0;
  }

  /** Queues one event for one subscriber. A receiver that is gone is no error. */
  send(subscriber: Subscriber, event: PublishedEvent): void {
    this.queue({ subscriber, event, bytes: this.sizeOf(event) });
  }

  /** Finds out whether a new subscriber is a webhook that no worker knows: people must not learn that by its first event alone. */
  introduce(subscriber: Subscriber): void {
    if (subscriber.webhook !== undefined) this.queue({ subscriber, bytes: 0 });
  }

  private queue(message: Message): void {
    const key = subscriberKey(message.subscriber);
    const queue = this.queues.get(key) ?? [];
    queue.push(message);
    this.unsettled += 1;
    if (queue.length > 1) return;
    this.queues.set(key, queue);
    this.ready.push(key);
    this.sendReady();
  }

  private sizeOf(event: PublishedEvent): number {
    const size = this.sizes.get(event) ?? jsonBytes(event);
    this.sizes.set(event, size);
    return size;
  }

  private sendReady(): void {
    for (;;) {
      const [key] = this.ready;
      const queue = key === undefined ? undefined : this.queues.get(key);
      const message = queue?.[0];
      if (key === undefined || queue === undefined || message === undefined || !this.fits(message)) return;
      this.ready.shift();
      this.signals += 1;
      this.bytes += message.bytes;
      this.deliver(message).then(() => {
        this.signals -= 1;
        this.bytes -= message.bytes;
        this.unsettled -= 1;
        queue.shift();
        if (queue.length > 0) this.ready.push(key);
        else this.queues.delete(key);
        this.sendReady();
      });
    }
  }

  private fits({ bytes }: Message): boolean {
    return this.signals === 0 || (this.signals < inFlightLimits.signals && this.bytes + bytes <= inFlightLimits.bytes);
  }

  private async deliver({ subscriber, event }: Message): Promise<void> {
    try {
      // Handlers run in the workflow's own scope, where nothing is sent once the workflow is cancelled.
      await CancellationScope.nonCancellable(async () => {
        if (subscriber.webhook !== undefined) await this.handOver(subscriber.webhook, event);
        else if (event !== undefined) await signal(subscriber, event);
      });
    } catch (error) {
      log.info('an event was not accepted: its receiver is gone or full', {
        receiver: subscriberName(subscriber),
        kind: event?.kind,
        sequence: event?.sequence,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  private async handOver(webhook: string, event: PublishedEvent | undefined): Promise<void> {
    const summary = `${event === undefined ? 'check' : `event ${event.sequence} for`} webhook ${webhook}`;
    try {
      const { error } = await tryOnNotifyWebhook.executeWithOptions({ summary }, [{ webhook, ...defined({ event }) }]);
      this.onWebhook(webhook, error);
    } catch (error) {
      const message = `webhook ${webhook}: the event could not be handed over for delivery; see the workflow's history`;
      this.onWebhook(webhook, { layer: 'webhook', code: 'NotQueued', message });
      throw error;
    }
  }
}

async function signal(subscriber: WorkflowSubscriber, event: PublishedEvent): Promise<void> {
  const receiver = getExternalWorkflowHandle(subscriber.workflowId, subscriber.runId);
  await receiver.signal(subscriber.signal ?? defaults.signal, event);
}
