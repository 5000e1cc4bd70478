/** What happens to a wait, watched from outside: for services that are no workflow and so cannot be signalled. */
import type { Client } from '@temporalio/client';
import type { TryOnError, TryOnImage, TryOnOutcome } from '../contract.js';
import { TryOnClientError } from './errors.js';
import { type PendingPoll, readWait, type TryOnWaitStatus, type WaitReading, type WaitState } from './status.js';

/**
 * A change of a wait. Every image comes once in an `images` change, the last ones just before the end.
 * - `status`: first of all, the wait as it is found; its images come in `images`
 * - `polled`: the vendor was asked, or the next poll was planned anew
 * - `note`: something is wrong outside, such as no worker; told when it changes
 * - `outcome` or `ended`, the end: `ended` is one without an outcome, `error` as `outcome()` would throw it
 */
export type TryOnChange = { readonly taskId: string } & (
  | { readonly kind: 'status'; readonly status: TryOnWaitStatus }
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
  | { readonly kind: 'ended'; readonly state: WaitState; readonly error: TryOnClientError }
);

/** How a wait is watched. */
export interface EventsOptions {
  /** Ends the watching, which then throws the signal's reason; the wait goes on. */
  readonly signal?: AbortSignal;
  /**
   * Between two polls at the server; default 1000. Such a poll is no billed Action of Temporal Cloud, unless something was reported
   * since: then it is one query.
   */
  readonly intervalMs?: number;
}

type End = { readonly outcome: TryOnOutcome } | { readonly error: unknown };

/** Changes between two sights, oldest first. */
export function changesBetween(
  before: TryOnWaitStatus | undefined,
  now: TryOnWaitStatus,
  told: ReadonlySet<string>,
): TryOnChange[] {
  const { taskId } = now;
  const changes: TryOnChange[] = [];
  if (before === undefined) changes.push({ kind: 'status', taskId, status: now });
  if (before?.state === 'blocked' && now.state !== 'blocked') changes.push({ kind: 'unblocked', taskId });
  const fresh = now.images.filter((image) => !told.has(image.id));
  if (fresh.length > 0) changes.push({ kind: 'images', taskId, images: fresh });
  if (before?.state !== 'blocked' && now.state === 'blocked' && now.error !== undefined) {
    changes.push({ kind: 'blocked', taskId, error: now.error });
  }
  const poll = (status: TryOnWaitStatus): string =>
    JSON.stringify([status.polls, status.vendorStatus, status.error?.code, status.pending?.dueAt]);
  if (before !== undefined && now.outcome === undefined && poll(before) !== poll(now)) {
    changes.push({
      kind: 'polled',
      taskId,
      polls: now.polls,
      ...(now.vendorStatus === undefined ? {} : { vendorStatus: now.vendorStatus }),
      ...(now.error === undefined ? {} : { error: now.error }),
      ...(now.pending === undefined ? {} : { pending: now.pending }),
    });
  }
  if (now.outcome === undefined && (before?.notes ?? []).join() !== now.notes.join()) {
    changes.push({ kind: 'note', taskId, notes: now.notes });
  }
  return changes;
}

/** Resolves after `ms`, or at once when `ended` or `signal` settles. */
async function pause(ms: number, ended: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => undefined;
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
    timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', wake, { once: true });
  });
  try {
    await Promise.race([woken, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', wake);
  }
}

/**
 * Watches a wait until its end.
 * @param outcome - waits for the end; its error says why there is none
 */
export async function* watchWait(
  client: Client,
  taskId: string,
  outcome: (signal: AbortSignal) => Promise<TryOnOutcome>,
  options: EventsOptions = {},
): AsyncGenerator<TryOnChange, void, undefined> {
  const { signal: outer, intervalMs = 1_000 } = options;
  outer?.throwIfAborted();
  const watching = new AbortController();
  const signal = outer === undefined ? watching.signal : AbortSignal.any([outer, watching.signal]);
  let end: End | undefined;
  const ended = outcome(signal).then(
    (told) => {
      end = { outcome: told };
    },
    (error: unknown) => {
      end = { error };
    },
  );
  const told = new Set<string>();
  try {
    let before: WaitReading | undefined;
    for (;;) {
      const isOver = end !== undefined;
      const now = await readWait(client, taskId, before === undefined ? {} : { before });
      outer?.throwIfAborted();
      for (const change of changesBetween(before?.status, now.status, told)) {
        if (change.kind === 'images') for (const { id } of change.images) told.add(id);
        yield change;
      }
      before = now;
      if (isOver) break;
      await pause(intervalMs, ended, signal);
      outer?.throwIfAborted();
    }
    yield* lastWords(taskId, before.status.state, end, told);
  } finally {
    watching.abort();
    await ended;
  }
}

function* lastWords(
  taskId: string,
  state: WaitState,
  end: End | undefined,
  told: ReadonlySet<string>,
): Generator<TryOnChange, void, undefined> {
  if (end === undefined) return;
  if ('error' in end) {
    if (!(end.error instanceof TryOnClientError)) throw end.error;
    yield { kind: 'ended', taskId, state, error: end.error };
    return;
  }
  const late = end.outcome.images.filter(({ id }) => !told.has(id));
  if (late.length > 0) yield { kind: 'images', taskId, images: late };
  yield { kind: 'outcome', taskId, outcome: end.outcome };
}
