/** Signals events to subscribers. Each receiver gets the next event after it accepted the one before, so that order holds. */
import { CancellationScope, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { defaults, type Subscriber, type TryOnEvent, type TryOnJobEvent } from '../contract.js';
import { jsonBytes } from '../json-size.js';

/**
 * Signals in flight at a time, for all receivers together; one is always allowed. The server takes at most 2,000 open signals of one workflow and 4 MB
 * of commands in one message: beyond either the workflow task would fail again and again.
 */
export const inFlightLimits = { signals: 500, bytes: 1024 * 1024 } as const;

type PublishedEvent = TryOnEvent | TryOnJobEvent;

interface Message {
  readonly subscriber: Subscriber;
  readonly event: PublishedEvent;
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

  /** Whether every event was accepted, or its receiver found to be gone. */
  get isIdle(): boolean {
    return this.unsettled === 0;
  }

  /** Queues one event for one subscriber. A receiver that is gone is no error. */
  send(subscriber: Subscriber, event: PublishedEvent): void {
    const key = JSON.stringify([subscriber.workflowId, subscriber.signal ?? defaults.signal]);
    const queue = this.queues.get(key) ?? [];
    queue.push({ subscriber, event, bytes: this.sizeOf(event) });
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
      deliver(message).then(() => {
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
}

async function deliver({ subscriber, event }: Message): Promise<void> {
  try {
    const receiver = getExternalWorkflowHandle(subscriber.workflowId, subscriber.runId);
    // Handlers run in the workflow's own scope, where nothing is sent once the workflow is cancelled.
    await CancellationScope.nonCancellable(() => receiver.signal(subscriber.signal ?? defaults.signal, event));
  } catch (error) {
    log.info('an event was not accepted: its receiver is gone or full', {
      receiver: subscriber.workflowId,
      kind: event.kind,
      sequence: event.sequence,
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}
