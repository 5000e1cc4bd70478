/** Sends events to subscribers: to each one the next is sent after the one before was accepted. */
import { CancellationScope, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { defaults, type Subscriber, type TryOnEvent } from '../contract.js';
import { jsonBytes } from '../json-size.js';

/** A wait's outgoing events. */
export interface Outbox {
  /** Queues one event for one subscriber. A receiver that is gone is no error. */
  send(subscriber: Subscriber, event: TryOnEvent): void;
  /** Events that were queued and have not been answered. */
  unsettled(): number;
}

/**
 * What may be on its way at a time, whoever it is for; one event always may. The server takes no more than 2,000 open signals of one
 * workflow and no more than 4 MB of commands in one message: past either the workflow task would fail again and again.
 */
export const inFlightLimits = { signals: 500, bytes: 1024 * 1024 } as const;

interface Message {
  readonly subscriber: Subscriber;
  readonly event: TryOnEvent;
  readonly bytes: number;
}

/** An empty outbox. */
export function createOutbox(): Outbox {
  /** By receiver, the one on its way first. */
  const queues = new Map<string, Message[]>();
  /** Receivers with a letter that may go, in turn. */
  const ready: string[] = [];
  const sizes = new WeakMap<TryOnEvent, number>();
  let unsettled = 0;
  let signals = 0;
  let bytes = 0;

  const sizeOf = (event: TryOnEvent): number => {
    const size = sizes.get(event) ?? jsonBytes(event);
    sizes.set(event, size);
    return size;
  };

  const deliver = async ({ subscriber, event }: Message): Promise<void> => {
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
  };

  const fits = (message: Message): boolean =>
    signals === 0 || (signals < inFlightLimits.signals && bytes + message.bytes <= inFlightLimits.bytes);

  function sendReady(): void {
    for (;;) {
      const [key] = ready;
      const queue = key === undefined ? undefined : queues.get(key);
      const message = queue?.[0];
      if (key === undefined || queue === undefined || message === undefined || !fits(message)) return;
      ready.shift();
      signals += 1;
      bytes += message.bytes;
      deliver(message).then(() => {
        signals -= 1;
        bytes -= message.bytes;
        unsettled -= 1;
        queue.shift();
        if (queue.length > 0) ready.push(key);
        else queues.delete(key);
        sendReady();
      });
    }
  }

  return {
    send(subscriber, event) {
      const key = JSON.stringify([subscriber.workflowId, subscriber.signal ?? defaults.signal]);
      const queue = queues.get(key) ?? [];
      queue.push({ subscriber, event, bytes: sizeOf(event) });
      unsettled += 1;
      if (queue.length > 1) return;
      queues.set(key, queue);
      ready.push(key);
      sendReady();
    },
    unsettled: () => unsettled,
  };
}
