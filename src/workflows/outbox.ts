/** Sends events to subscribers: to each one the next is sent after the one before was accepted. */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { defaults, type Subscriber, type TryOnEvent } from '../contract.js';

/** A wait's outgoing events. */
export interface Outbox {
  /** Queues one event for one subscriber. A receiver that is gone is no error. */
  send(subscriber: Subscriber, event: TryOnEvent): void;
  /** Events that were queued and have not been answered. */
  unsettled(): number;
}

/** An empty outbox. */
export function createOutbox(): Outbox {
  const last = new Map<string, Promise<void>>();
  let unsettled = 0;

  const deliver = async (subscriber: Subscriber, event: TryOnEvent): Promise<void> => {
    try {
      const receiver = getExternalWorkflowHandle(subscriber.workflowId, subscriber.runId);
      await receiver.signal(subscriber.signal ?? defaults.signal, event);
    } catch (error) {
      log.info('an event was not accepted: its receiver is gone or full', {
        receiver: subscriber.workflowId,
        kind: event.kind,
        sequence: event.sequence,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  };

  return {
    send(subscriber, event) {
      const key = JSON.stringify([subscriber.workflowId, subscriber.signal ?? defaults.signal]);
      unsettled += 1;
      const before = last.get(key);
      const sent = (
        before === undefined ? deliver(subscriber, event) : before.then(() => deliver(subscriber, event))
      ).then(() => {
        unsettled -= 1;
      });
      last.set(key, sent);
    },
    unsettled: () => unsettled,
  };
}
