/** A receiver that keeps little of many and large events, under whatever signal they come. Sandbox code. */
import { condition, defineQuery, defineSignal, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { emptyInbox, receive, type TryOnEvent } from '../../src/workflow.js';

/** One event. */
export interface Tallied {
  readonly signal: string;
  readonly kind: TryOnEvent['kind'];
  readonly sequence: number;
  /** The first 8 digits of each image's id. */
  readonly ids: readonly string[];
  readonly omitted: number;
}

/** All that came. */
export interface Tally {
  readonly events: readonly Tallied[];
  /** Images that an inbox of all these events knows, whatever the task. */
  readonly inboxImages: number;
}

export async function tally(): Promise<void> {
  const events: Tallied[] = [];
  let inbox = emptyInbox();
  let isStopped = false;
  setHandler(defineSignal('stop'), () => {
    isStopped = true;
  });
  setHandler(defineQuery<Tally>('tally'), () => ({
    events,
    inboxImages: Object.values(inbox.tasks).reduce((sum, task) => sum + task.images.length, 0),
  }));
  setDefaultSignalHandler((signal, ...args) => {
    const event = args[0] as TryOnEvent;
    inbox = receive(inbox, event).inbox;
    const part = event.kind === 'snapshot' ? event.status : event.kind === 'outcome' ? event.outcome : event;
    const images = 'images' in part ? part.images : [];
    events.push({
      signal,
      kind: event.kind,
      sequence: event.sequence,
      ids: images.map((image) => image.id.slice(0, 8)),
      omitted: 'imagesOmitted' in part ? (part.imagesOmitted ?? 0) : 0,
    });
  });
  await condition(() => isStopped);
}
