/** Reads the watched waits with few calls: one list per refresh, and one read of each shown wait that may have changed. */
import type { TryOnClient } from '../client/client.js';
import { TryOnClientError } from '../client/errors.js';
import type { ListOptions } from '../client/list.js';
import { readWait, type TryOnWaitStatus, type WaitReading, type WaitStatusName } from '../client/status.js';
import { defined } from '../defined.js';
import { mapWithConcurrency } from './map-with-concurrency.js';
import { rowOfListed, rowOfStatus, type WaitRow } from './wait-row.js';

/** Which waits are watched, and how often. */
export interface WatchOptions extends ListOptions {
  readonly limit: number;
  readonly intervalMs: number;
}

/** The watched waits at one time. */
export interface WatchSnapshot {
  /** Running waits in the order of the list, then those that ended while they were watched. */
  readonly rows: readonly WaitRow[];
  /** The list reached the limit; there may be more waits. */
  readonly isCut: boolean;
  /** Problems of all waits, without duplicates. */
  readonly notes: readonly string[];
}

/** A wait whose next poll is far off is read again after this many intervals: a person may have acted on it. */
const IDLE_INTERVALS = 5;
const QUERY_TIMEOUT_MS = 2_500;
const LIST_TIMEOUT_MS = 10_000;
const MAX_ENDED = 50;

/** Whether a wait may have changed since it was read. Pure. */
export function mayHaveChanged(
  last: { readonly status: Pick<TryOnWaitStatus, 'closedAt' | 'pending'>; readonly readAtMs: number } | undefined,
  nowMs: number,
  intervalMs: number,
): boolean {
  if (last === undefined) return true;
  const { closedAt, pending } = last.status;
  if (closedAt !== undefined) return false;
  if (pending?.dueAt === undefined || pending.isRunning) return true;
  return Date.parse(pending.dueAt) <= nowMs || nowMs - last.readAtMs >= IDLE_INTERVALS * intervalMs;
}

/** Makes a watcher. Call its `read` for each refresh. It remembers earlier reads. */
export function createWaitWatcher(
  client: Pick<TryOnClient, 'list' | 'listings' | 'temporal'>,
  options: WatchOptions,
  readOne: typeof readWait = readWait,
) {
  const { state, listingId, olderThanSeconds, limit, intervalMs } = options;
  const readings = new Map<string, WaitReading & { readonly readAtMs: number }>();
  /** Only in this case a wait leaves the list when it ends. */
  const isOfRunning = state === undefined && listingId === undefined;

  async function list(wanted: WaitStatusName | undefined): Promise<WaitRow[]> {
    const rows: WaitRow[] = [];
    const waits = client.list(defined({ state: wanted, listingId, olderThanSeconds, limit }));
    for await (const wait of waits) rows.push(rowOfListed(wait));
    return rows;
  }

  /** A listing's status has all its tasks, so their waits need no call each. */
  async function listTasks(id: string): Promise<WaitRow[]> {
    const { tasks } = await client.listings.status(id);
    return tasks
      .flatMap(({ taskId, state, imageCount }) =>
        taskId === undefined ? [] : { taskId, state: state as WaitStatusName, imageCount },
      )
      .filter((row) => state === undefined || row.state === state)
      .slice(0, limit);
  }

  async function find(): Promise<WaitRow[]> {
    if (listingId !== undefined && olderThanSeconds === undefined) return await listTasks(listingId);
    if (!isOfRunning) return await list(state);
    const [waiting, blocked] = await Promise.all([list('waiting'), list('blocked')]);
    return [...blocked, ...waiting];
  }

  async function read(taskId: string): Promise<void> {
    const before = readings.get(taskId);
    try {
      const options = defined({ queryTimeoutMs: QUERY_TIMEOUT_MS, before });
      const reading = await readOne(client.temporal, taskId, options);
      readings.set(taskId, { ...reading, readAtMs: Date.now() });
    } catch (error) {
      if (!(error instanceof TryOnClientError) || error.code !== 'NoWait') throw error;
      readings.delete(taskId);
    }
  }

  const hasEnded = (taskId: string): boolean => readings.get(taskId)?.status.closedAt !== undefined;

  /** Newest first. */
  const endedIds = (): string[] =>
    [...readings.values()]
      .flatMap(({ status: { taskId, closedAt } }) => (closedAt === undefined ? [] : [{ taskId, closedAt }]))
      .sort((one, other) => Date.parse(other.closedAt) - Date.parse(one.closedAt))
      .map(({ taskId }) => taskId);

  return {
    /** @param max - how many waits, from the first one, to read in full */
    async read(max: number): Promise<WatchSnapshot> {
      const found = await client.temporal.withDeadline(Date.now() + LIST_TIMEOUT_MS, find);
      const listed = new Map(found.map((row) => [row.taskId, row]));
      const ids = [...listed.keys()].slice(0, limit);
      const isCut = ids.length >= limit;
      // A wait that timed out may have been started again.
      for (const { taskId, runId } of found) {
        const last = readings.get(taskId)?.status.runId;
        if (hasEnded(taskId) && runId !== undefined && runId !== last) readings.delete(taskId);
      }
      // These have ended, or visibility does not have them yet.
      const unlisted = isOfRunning ? [...readings.keys()].filter((id) => !listed.has(id) && !hasEnded(id)) : [];
      const nowMs = Date.now();
      const stale = ids.slice(0, max).filter((id) => mayHaveChanged(readings.get(id), nowMs, intervalMs));
      await mapWithConcurrency([...stale, ...unlisted], read);

      const ended = isOfRunning ? endedIds() : [];
      // In a cut list, an unlisted wait may still be running behind the others: it is dropped.
      const running = [...ids, ...(isCut ? [] : unlisted)].filter((id) => !ended.includes(id));
      const shown = new Set([...running, ...ended.slice(0, MAX_ENDED)]);
      for (const id of readings.keys()) if (!shown.has(id)) readings.delete(id);
      const rows = [...shown].flatMap((id) => {
        const status = readings.get(id)?.status;
        return status === undefined ? (listed.get(id) ?? []) : rowOfStatus(status);
      });
      const open = [...readings.values()].filter(({ status }) => status.closedAt === undefined);
      const notes = open.flatMap(({ status }) => status.notes);
      return { rows, isCut, notes: [...new Set(notes)] };
    },
  };
}
