/** The changes of a wait, watched from outside: for services that are not workflows and so cannot be signalled. */
import type { Client } from '@temporalio/client';
import type { TryOnError, TryOnImage, TryOnOutcome } from '../contract.js';
import { defined } from '../defined.js';
import { abortable } from './abortable.js';
import { AwayTimer, pause, type ReadOptions } from './away.js';
import { TryOnClientError } from './errors.js';
import { type PendingPoll, readWait, type TryOnWaitStatus, type WaitReading, type WaitStatusName } from './status.js';

/**
 * A change of a wait, with the wait's `status` as it was read then. Every image comes once in an `images` change, the last ones just
 * before the end.
 * - `status`: the first change, the wait as it is found; its images follow in `images`
 * - `polled`: the vendor was polled, or the next poll was rescheduled
 * - `note`: what is wrong outside, such as no worker or a Temporal server that is away; emitted when it changes
 * - `outcome` or `ended`, the last change: `ended` is an end without an outcome, `error` as `outcome()` would throw it
 */
export type TryOnChange = { readonly taskId: string; readonly status: TryOnWaitStatus } & (
  | { readonly kind: 'status' }
  | { readonly kind: 'images'; readonly images: readonly TryOnImage[] }
  | { readonly kind: 'blocked'; readonly error: TryOnError }
  | { readonly kind: 'unblocked' }
  | {
      readonly kind: 'polled';
      readonly polls: number;
      readonly vendorStatus?: string;
      readonly error?: TryOnError;
      readonly pending?: PendingPoll;
    }
  | { readonly kind: 'note'; readonly notes: readonly string[] }
  | { readonly kind: 'outcome'; readonly outcome: TryOnOutcome }
  | { readonly kind: 'ended'; readonly state: WaitStatusName; readonly error: TryOnClientError }
);

/** How a wait is watched. `signal` ends the watching; the wait goes on. */
export interface EventsOptions extends ReadOptions {
  /**
   * How often the wait is read from the server; default 1000. A read is no billed Action of Temporal Cloud, unless the history has grown
   * since the last one: then it is one query.
   */
  readonly intervalMs?: number;
}

type End = { readonly outcome: TryOnOutcome } | { readonly error: unknown };

const pollOf = ({ polls, vendorStatus, error, pending }: TryOnWaitStatus): string =>
  JSON.stringify([polls, vendorStatus, error?.code, pending?.dueAt]);

/**
 * The changes between two readings, oldest first. Pure.
 * @param emitted - ids of the images that were emitted before
 */
export function changesBetween(
  before: TryOnWaitStatus | undefined,
  status: TryOnWaitStatus,
  emitted: ReadonlySet<string>,
): TryOnChange[] {
  const { taskId, state, error, outcome, notes } = status;
  const base = { taskId, status };
  const changes: TryOnChange[] = [];
  if (before === undefined) changes.push({ ...base, kind: 'status' });
  if (before?.state === 'blocked' && state !== 'blocked') changes.push({ ...base, kind: 'unblocked' });
  const images = status.images.filter(({ id }) => !emitted.has(id));
  if (images.length > 0) changes.push({ ...base, kind: 'images', images });
  if (before?.state !== 'blocked' && state === 'blocked' && error !== undefined) {
    changes.push({ ...base, kind: 'blocked', error });
  }
  if (before !== undefined && outcome === undefined && pollOf(before) !== pollOf(status)) {
    const { polls, vendorStatus, pending } = status;
    changes.push({ ...base, kind: 'polled', polls, ...defined({ vendorStatus, error, pending }) });
  }
  if (outcome === undefined && (before?.notes ?? []).join() !== notes.join()) {
    changes.push({ ...base, kind: 'note', notes });
  }
  return changes;
}

const awayNote = 'the Temporal server does not answer; it is asked again until it is back';

/**
 * Watches a wait until its end.
 * @param outcome - waits for the end; its error says why there is no outcome
 */
export async function* watchWait(
  client: Client,
  taskId: string,
  outcome: (options: ReadOptions) => Promise<TryOnOutcome>,
  options: EventsOptions = {},
): AsyncGenerator<TryOnChange, void, undefined> {
  const { signal: outer, intervalMs = 1_000, awayTimeoutMs } = options;
  outer?.throwIfAborted();
  const watching = new AbortController();
  const signal = outer === undefined ? watching.signal : AbortSignal.any([outer, watching.signal]);
  let end: End | undefined;
  const ended = outcome({ signal, ...defined({ awayTimeoutMs }) }).then(
    (result) => {
      end = { outcome: result };
    },
    (error: unknown) => {
      end = { error };
    },
  );
  const emitted = new Set<string>();
  const away = new AwayTimer(awayTimeoutMs);
  try {
    let before: WaitReading | undefined;
    for (;;) {
      const isOver = end !== undefined;
      const startedMs = Date.now();
      let reading: WaitReading;
      try {
        reading = await abortable(client, outer, () => readWait(client, taskId, defined({ before })));
      } catch (error) {
        outer?.throwIfAborted();
        const pauseMs = away.pauseMs(error, startedMs, Date.now());
        if (pauseMs === undefined) throw error;
        if (before !== undefined && before.status.notes[0] !== awayNote) {
          before = { ...before, status: { ...before.status, notes: [awayNote] } };
          yield { kind: 'note', taskId, status: before.status, notes: [awayNote] };
        }
        await pause(pauseMs, signal);
        outer?.throwIfAborted();
        continue;
      }
      outer?.throwIfAborted();
      away.answered();
      for (const change of changesBetween(before?.status, reading.status, emitted)) {
        if (change.kind === 'images') for (const { id } of change.images) emitted.add(id);
        yield change;
      }
      before = reading;
      if (isOver) break;
      await pause(intervalMs, signal, ended);
      outer?.throwIfAborted();
    }
    if (end !== undefined) yield* lastChanges(before.status, end, emitted);
  } finally {
    watching.abort();
    await ended;
  }
}

function* lastChanges(
  status: TryOnWaitStatus,
  end: End,
  emitted: ReadonlySet<string>,
): Generator<TryOnChange, void, undefined> {
  const { taskId, state } = status;
  if ('error' in end) {
    if (!(end.error instanceof TryOnClientError)) throw end.error;
    yield { kind: 'ended', taskId, status, state, error: end.error };
    return;
  }
  const images = end.outcome.images.filter(({ id }) => !emitted.has(id));
  if (images.length > 0) yield { kind: 'images', taskId, status, images };
  yield { kind: 'outcome', taskId, status, outcome: end.outcome };
}
