/** Reads the waits that are watched, sparingly: one list each time, and a poll only at those that are shown and may have changed. */
import type { TryOnClient } from '../client/client.js';
import { TryOnClientError } from '../client/errors.js';
import type { ListedWait, ListOptions } from '../client/list.js';
import { readWait, type WaitReading, type WaitStatusName } from '../client/status.js';
import { mapWithConcurrency } from './map-with-concurrency.js';
import { type WatchedWait, watchedWait } from './watched.js';

/** Which waits are watched, and how often. */
export interface WatchOptions extends ListOptions {
  readonly limit: number;
  readonly intervalMs: number;
}

/** What one reading came to. */
export interface Reading {
  /** Those that run in the order of the list, then those that ended while they were watched. */
  readonly waits: readonly WatchedWait[];
  /** As many as the limit: there may be more. */
  readonly isCut: boolean;
  /** What is wrong outside, each once. */
  readonly notes: readonly string[];
}

/** A wait as last seen. */
interface Seen {
  readonly reading: WaitReading;
  readonly readAtMs: number;
}

/** A wait whose next poll is far off is polled again after so many intervals, since a person may have acted on it. */
const FAR_OFF_INTERVALS = 5;
const QUERY_WITHIN_MS = 2_500;
const LIST_WITHIN_MS = 10_000;
/** Ended waits that are kept on show. */
const KEPT_ENDED = 50;

/** Whether a wait may have changed since it was seen. Pure. */
export function mayHaveChanged(
  seen: { readonly status: Pick<WaitReading['status'], 'closedAt' | 'pending'>; readonly readAtMs: number } | undefined,
  nowMs: number,
  intervalMs: number,
): boolean {
  if (seen === undefined) return true;
  const { closedAt, pending } = seen.status;
  if (closedAt !== undefined) return false;
  if (pending?.dueAt === undefined || pending.isRunning) return true;
  return Date.parse(pending.dueAt) <= nowMs || nowMs - seen.readAtMs >= FAR_OFF_INTERVALS * intervalMs;
}

type Found = WatchedWait & { readonly runId?: string };

const found = ({ taskId, runId, state, startedAt, closedAt, imageCount }: ListedWait): Found => ({
  taskId,
  runId,
  state,
  since: startedAt,
  ...(closedAt === undefined ? {} : { closedAt }),
  ...(imageCount === undefined ? {} : { imageCount }),
});

/** Watches waits; `read` is called again and again. */
export function createWaitWatch(client: TryOnClient, options: WatchOptions) {
  const { state, listingId, olderThanSeconds, limit, intervalMs } = options;
  const seen = new Map<string, Seen>();
  const ended: string[] = [];
  const isOpenEnded = state === undefined && listingId === undefined;

  async function list(wanted: ListOptions): Promise<Found[]> {
    const waits: Found[] = [];
    for await (const wait of client.list({ ...wanted, limit })) waits.push(found(wait));
    return waits;
  }

  /** One query tells all of a listing; its waits need not be described one by one. */
  async function ofListing(id: string): Promise<Found[]> {
    const { tasks } = await client.listings.status(id);
    return tasks
      .map(({ taskId, state: told, imageCount }) => ({ taskId, state: told as WaitStatusName, imageCount }))
      .filter((wait) => state === undefined || wait.state === state)
      .slice(0, limit);
  }

  async function find(): Promise<Found[]> {
    const age = olderThanSeconds === undefined ? {} : { olderThanSeconds };
    if (listingId !== undefined && olderThanSeconds === undefined) return await ofListing(listingId);
    const of = { ...age, ...(listingId === undefined ? {} : { listingId }) };
    if (!isOpenEnded) return await list({ ...of, ...(state === undefined ? {} : { state }) });
    const [waiting, blocked] = await Promise.all([
      list({ ...of, state: 'waiting' }),
      list({ ...of, state: 'blocked' }),
    ]);
    const known = new Set(blocked.map(({ taskId }) => taskId));
    return [...blocked, ...waiting.filter(({ taskId }) => !known.has(taskId))].slice(0, limit);
  }

  async function poll(taskId: string): Promise<void> {
    const before = seen.get(taskId)?.reading;
    try {
      const reading = await readWait(client.temporal, taskId, {
        queryTimeoutMs: QUERY_WITHIN_MS,
        ...(before === undefined ? {} : { before }),
      });
      seen.set(taskId, { reading, readAtMs: Date.now() });
      if (isOpenEnded && reading.status.closedAt !== undefined && !ended.includes(taskId)) ended.unshift(taskId);
    } catch (error) {
      if (!(error instanceof TryOnClientError) || error.code !== 'NoWait') throw error;
      seen.delete(taskId);
    }
  }

  const isOver = (taskId: string): boolean => seen.get(taskId)?.reading.status.closedAt !== undefined;

  /** A wait that ran out of time may be begun anew. */
  const isOtherRun = (taskId: string, runId: string | undefined): boolean =>
    runId !== undefined && seen.get(taskId)?.reading.description.runId !== runId;

  function forget(taskId: string): void {
    seen.delete(taskId);
    const at = ended.indexOf(taskId);
    if (at >= 0) ended.splice(at, 1);
  }

  return {
    /** @param most - so many, from the first, are polled */
    async read(max: number): Promise<Reading> {
      const listed = await client.temporal.withDeadline(Date.now() + LIST_WITHIN_MS, find);
      const isCut = listed.length >= limit;
      const names = new Set(listed.map(({ taskId }) => taskId));
      for (const { taskId, runId } of listed) if (isOver(taskId) && isOtherRun(taskId, runId)) forget(taskId);
      // Ended since, or not in the list yet: polled once more.
      const gone = isOpenEnded ? [...seen.keys()].filter((taskId) => !names.has(taskId) && !isOver(taskId)) : [];
      const nowMs = Date.now();
      const shown = [...listed.slice(0, max).map(({ taskId }) => taskId), ...gone].filter((taskId) => {
        const last = seen.get(taskId);
        const status = last === undefined ? undefined : { status: last.reading.status, readAtMs: last.readAtMs };
        return gone.includes(taskId) || mayHaveChanged(status, nowMs, intervalMs);
      });
      await mapWithConcurrency(shown, poll);
      // Where not all are listed, one that is not may well go on, and others have taken its place.
      if (isCut) for (const taskId of gone) if (!isOver(taskId)) seen.delete(taskId);
      for (const taskId of ended.splice(KEPT_ENDED)) seen.delete(taskId);
      const isKept = (taskId: string): boolean => names.has(taskId) || ended.includes(taskId) || gone.includes(taskId);
      for (const taskId of seen.keys()) if (!isKept(taskId)) seen.delete(taskId);

      const rowOf = (wait: Found): WatchedWait => {
        const last = seen.get(wait.taskId)?.reading.status;
        if (last !== undefined) return watchedWait(last);
        const { runId: _runId, ...row } = wait;
        return row;
      };
      const stillOpen = gone
        .filter((taskId) => seen.has(taskId))
        .map((taskId): Found => ({ taskId, state: 'waiting' }));
      const running = [...listed, ...stillOpen].filter(({ taskId }) => !ended.includes(taskId));
      const over = ended.map((taskId): Found => ({ taskId, state: 'waiting' }));
      const notes = [...seen.values()]
        .filter(({ reading }) => reading.status.closedAt === undefined)
        .flatMap(({ reading }) => reading.status.notes);
      return {
        waits: [...running, ...over].map(rowOf),
        isCut,
        notes: [...new Set(notes)],
      };
    },
  };
}
