/**
 * What a parent knows of its waits, as a fold: events of any number of waits come in, repeats are dropped, the state of each task comes out.
 * Pure; plain JSON.
 */
import type { TryOnError, TryOnEvent, TryOnEventOutcome, TryOnImage } from '../contract.js';
import { defined } from '../defined.js';

/** What a parent knows of one task. */
export interface InboxTask {
  readonly waitId: string;
  readonly state: 'waiting' | 'blocked' | TryOnEventOutcome['status'];
  readonly images: readonly TryOnImage[];
  readonly error?: TryOnError;
  /** There once the wait has ended; its `images` are in `images` above. */
  readonly outcome?: TryOnEventOutcome;
}

/** Tasks by id, and the last sequence taken from each wait. Events arrive in order, so a sequence that is not above it is a repeat. */
export interface Inbox {
  readonly tasks: Readonly<Record<string, InboxTask>>;
  readonly taken: Readonly<Record<string, number>>;
}

/** An empty inbox. Its records have no prototype, so that no task id meets an inherited key. */
export const emptyInbox = (): Inbox => ({ tasks: Object.create(null), taken: Object.create(null) });

/** An own value of a record that may have come through JSON: a task may be called `constructor`. */
export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const put = <T>(record: Readonly<Record<string, T>>, key: string, value: T): Record<string, T> =>
  Object.assign(Object.create(null), record, { [key]: value });

/** An inbox that came through JSON, as after continue-as-new. */
export const restoreInbox = (inbox: Inbox): Inbox => ({
  tasks: Object.assign(Object.create(null), inbox.tasks),
  taken: Object.assign(Object.create(null), inbox.taken),
});

function merge(known: readonly TryOnImage[], received: readonly TryOnImage[]): readonly TryOnImage[] {
  const images = new Map(known.map((image) => [image.id, image]));
  for (const image of received) images.set(image.id, image);
  return [...images.values()].sort((one, other) => one.subTask - other.subTask);
}

function applyEvent(task: InboxTask, event: TryOnEvent): InboxTask {
  const { error: _error, ...open } = task;
  switch (event.kind) {
    case 'images':
      return { ...task, images: merge(task.images, event.images) };
    case 'blocked':
      return { ...task, state: 'blocked', error: event.error };
    case 'unblocked':
      return { ...open, state: 'waiting' };
    case 'snapshot': {
      const { status } = event;
      const isOver = status.state !== 'waiting' && status.state !== 'blocked';
      return {
        ...open,
        // An end is taken from the outcome event alone.
        state: isOver ? task.state : status.state,
        images: merge(task.images, status.images),
        ...defined({ error: status.error }),
      };
    }
    case 'outcome': {
      const { outcome } = event;
      return {
        ...open,
        state: outcome.status,
        images: merge(task.images, outcome.images),
        outcome,
        ...defined({ error: outcome.error }),
      };
    }
    default:
      // A kind of a later version: nothing this one can keep.
      return task;
  }
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const isImages = (value: unknown): value is readonly TryOnImage[] =>
  Array.isArray(value) && value.every((image) => typeof fieldsOf(image).id === 'string');

/**
 * What is wrong with a signal's argument, of the parts that are read here; `undefined` for an event. Anybody who may signal a parent may send
 * it anything.
 */
export function eventProblem(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the event is no object';
  const { kind, taskId, waitId, sequence, images, status, outcome } = given as Record<string, unknown>;
  for (const [field, text] of Object.entries({ kind, taskId, waitId })) {
    if (typeof text !== 'string') return `${field} is no text`;
  }
  if (!Number.isSafeInteger(sequence)) return 'sequence is no whole number';
  if (kind === 'images' && !isImages(images)) return 'images is no list of images';
  if (kind === 'snapshot' && !isImages(fieldsOf(status).images)) return 'status.images is no list of images';
  if (kind === 'outcome' && !isImages(fieldsOf(outcome).images)) return 'outcome.images is no list of images';
  return undefined;
}

/**
 * Takes one event in.
 * @returns the inbox, and whether the event was new; anything that is no event is not
 */
export function receive(inbox: Inbox, event: TryOnEvent): { readonly inbox: Inbox; readonly fresh: boolean } {
  if (eventProblem(event) !== undefined) return { inbox, fresh: false };
  const taken = own(inbox.taken, event.waitId) ?? 0;
  const isSnapshot = event.kind === 'snapshot';
  if (!isSnapshot && event.sequence <= taken) return { inbox, fresh: false };
  const before = own(inbox.tasks, event.taskId);
  // A snapshot that an event of the same wait overtook has nothing new, nor has one of an ended wait.
  if (isSnapshot && (event.sequence < taken || (before?.waitId === event.waitId && before.outcome !== undefined))) {
    return { inbox, fresh: false };
  }
  const begun: InboxTask = { waitId: event.waitId, state: 'waiting', images: before?.images ?? [] };
  const task = before?.waitId === event.waitId ? before : begun;
  return {
    inbox: {
      tasks: put(inbox.tasks, event.taskId, applyEvent(task, event)),
      taken: isSnapshot ? inbox.taken : put(inbox.taken, event.waitId, event.sequence),
    },
    fresh: true,
  };
}
