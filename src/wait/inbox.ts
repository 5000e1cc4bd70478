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

/** Entries by id, and the last sequence taken from each wait. Events arrive in order, so a sequence that is not above it is a repeat. */
export interface InboxOf<T> {
  readonly tasks: Readonly<Record<string, T>>;
  readonly taken: Readonly<Record<string, number>>;
}

/** An inbox of waits: tasks by id. */
export type Inbox = InboxOf<InboxTask>;

/** An empty inbox. Its records have no prototype, so that no task id meets an inherited key. */
export const emptyInbox = <T = InboxTask>(): InboxOf<T> => ({ tasks: Object.create(null), taken: Object.create(null) });

/** An own value of a record that may have come through JSON: a task may be called `constructor`. */
export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const put = <T>(record: Readonly<Record<string, T>>, key: string, value: T): Record<string, T> =>
  Object.assign(Object.create(null), record, { [key]: value });

/** An inbox that came through JSON, as after continue-as-new. */
export const restoreInbox = <T>(inbox: InboxOf<T>): InboxOf<T> => ({
  tasks: Object.assign(Object.create(null), inbox.tasks),
  taken: Object.assign(Object.create(null), inbox.taken),
});

/** Images by id, the newest of each, in the order of their sub-tasks. */
export function mergeImages(known: readonly TryOnImage[], received: readonly TryOnImage[]): readonly TryOnImage[] {
  const images = new Map(known.map((image) => [image.id, image]));
  for (const image of received) images.set(image.id, image);
  return [...images.values()].sort((one, other) => one.subTask - other.subTask);
}

function applyEvent(task: InboxTask, event: TryOnEvent): InboxTask {
  const { error: _error, ...open } = task;
  switch (event.kind) {
    case 'images':
      return { ...task, images: mergeImages(task.images, event.images) };
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
        images: mergeImages(task.images, status.images),
        ...defined({ error: status.error }),
      };
    }
    case 'outcome': {
      const { outcome } = event;
      return {
        ...open,
        state: outcome.status,
        images: mergeImages(task.images, outcome.images),
        outcome,
        ...defined({ error: outcome.error }),
      };
    }
    default:
      // A kind of a later version: nothing this one can keep.
      return task;
  }
}

/** The fields of an object; none of anything else. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** Whether a value is a list of images, of the parts that are read here. */
export const isImages = (value: unknown): value is readonly TryOnImage[] =>
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

/** What every entry of an inbox has, and every event. */
interface Entry {
  readonly waitId: string;
  readonly images: readonly TryOnImage[];
  readonly outcome?: unknown;
}
interface NumberedEvent {
  readonly kind: string;
  readonly waitId: string;
  readonly sequence: number;
}

/**
 * Takes one event in for the entry `key`, unless it is a repeat.
 * @param begin - the entry before its first event, with the images that an earlier wait gave
 */
export function take<T extends Entry, E extends NumberedEvent>(
  inbox: InboxOf<T>,
  key: string,
  event: E,
  { begin, apply }: { begin(images: readonly TryOnImage[]): T; apply(entry: T, event: E): T },
): { readonly inbox: InboxOf<T>; readonly fresh: boolean } {
  const taken = own(inbox.taken, event.waitId) ?? 0;
  const isSnapshot = event.kind === 'snapshot';
  if (!isSnapshot && event.sequence <= taken) return { inbox, fresh: false };
  const before = own(inbox.tasks, key);
  // A snapshot that an event of the same wait overtook has nothing new, nor has one of an ended wait.
  if (isSnapshot && (event.sequence < taken || (before?.waitId === event.waitId && before.outcome !== undefined))) {
    return { inbox, fresh: false };
  }
  const entry = before?.waitId === event.waitId ? before : begin(before?.images ?? []);
  return {
    inbox: {
      tasks: put(inbox.tasks, key, apply(entry, event)),
      taken: isSnapshot ? inbox.taken : put(inbox.taken, event.waitId, event.sequence),
    },
    fresh: true,
  };
}

/**
 * Takes one event in.
 * @returns the inbox, and whether the event was new; anything that is no event is not
 */
export function receive(inbox: Inbox, event: TryOnEvent): { readonly inbox: Inbox; readonly fresh: boolean } {
  if (eventProblem(event) !== undefined) return { inbox, fresh: false };
  return take(inbox, event.taskId, event, {
    begin: (images): InboxTask => ({ waitId: event.waitId, state: 'waiting', images }),
    apply: applyEvent,
  });
}
