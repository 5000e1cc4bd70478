import { describe, expect, test } from 'vitest';
import { createWaitWatcher, type WatchOptions } from '../../src/cli/wait-watcher.js';
import type { TryOnClient } from '../../src/client/client.js';
import { TryOnClientError } from '../../src/client/errors.js';
import type { ListedWait } from '../../src/client/list.js';
import type { readWait, TryOnWaitStatus } from '../../src/client/status.js';

const startedAt = '2026-01-31T12:00:00.000Z';
const aStatus = (taskId: string, status: Partial<TryOnWaitStatus> = {}): TryOnWaitStatus => ({
  taskId,
  state: 'waiting',
  images: [],
  subTasks: [],
  polls: 0,
  workflowId: `tryon-results-${taskId}`,
  runId: 'run-1',
  startedAt,
  isAnswered: true,
  notes: [],
  ...status,
});
const ended = (at: string): Partial<TryOnWaitStatus> => ({
  state: 'finished',
  closedAt: `2026-01-31T12:${at}:00.000Z`,
});

/** A watcher of a made-up server: the waits that it lists by state, what each read gives, and who was read. */
function watched(options: Partial<WatchOptions> = {}) {
  const server = { listed: [] as ListedWait[], statuses: new Map<string, TryOnWaitStatus>() };
  const reads: string[] = [];
  const client = {
    async *list({ state }: { readonly state?: string }) {
      yield* server.listed.filter((wait) => wait.state === state);
    },
    temporal: { withDeadline: <T>(_deadline: number, work: () => T) => work() },
  } as unknown as TryOnClient;
  const read = (async (_client, taskId) => {
    reads.push(taskId);
    const status = server.statuses.get(taskId);
    if (status === undefined) throw new TryOnClientError('NoWait', taskId);
    return { status };
  }) as typeof readWait;
  const watcher = createWaitWatcher(client, { limit: 10, intervalMs: 1_000, ...options }, read);
  return {
    reads,
    /** Sets what the server has, by status, then refreshes; as ids with states. */
    async refresh(statuses: readonly TryOnWaitStatus[], listed: readonly TryOnWaitStatus[], max = 10) {
      reads.length = 0;
      server.statuses = new Map(statuses.map((status) => [status.taskId, status]));
      server.listed = listed.map(({ taskId, workflowId, runId }) => ({
        ...{ taskId, workflowId, runId, startedAt },
        state: 'waiting',
      }));
      const { rows, isCut } = await watcher.read(max);
      return [rows.map(({ taskId, state }) => `${taskId} ${state}`).join(', '), isCut];
    },
  };
}

describe('the watcher of running waits', () => {
  test('keeps waits that ended while it watched, the newest first, and reads them no more', async () => {
    const { refresh, reads } = watched();
    const [a, b, c] = ['a', 'b', 'c'].map((id) => aStatus(id)) as [TryOnWaitStatus, TryOnWaitStatus, TryOnWaitStatus];
    expect(await refresh([a, b, c], [a, b, c])).toEqual(['a waiting, b waiting, c waiting', false]);
    const over = [aStatus('a', ended('01')), aStatus('b', ended('02'))];
    // Visibility still lists a.
    expect(await refresh([...over, c], [a, c])).toEqual(['c waiting, b finished, a finished', false]);
    expect(await refresh([...over, c], [c])).toEqual(['c waiting, b finished, a finished', false]);
    expect(reads).toEqual(['c']);
  });

  test('shows a wait that visibility does not list yet', async () => {
    const { refresh } = watched();
    await refresh([aStatus('a')], [aStatus('a')]);
    expect(await refresh([aStatus('a')], [])).toEqual(['a waiting', false]);
    expect(await refresh([], [])).toEqual(['', false]);
  });

  test('shows a wait that was started again as running', async () => {
    const { refresh } = watched();
    await refresh([aStatus('a')], [aStatus('a')]);
    await refresh([aStatus('a', ended('01'))], []);
    const again = aStatus('a', { runId: 'run-2' });
    expect(await refresh([again], [again])).toEqual(['a waiting', false]);
  });

  test('reads only as many waits as fit, and drops those that others pushed out of a full list', async () => {
    const { refresh, reads } = watched({ limit: 2 });
    const all = ['a', 'b', 'c'].map((id) => aStatus(id)) as [TryOnWaitStatus, TryOnWaitStatus, TryOnWaitStatus];
    expect(await refresh(all, all.slice(0, 2), 1)).toEqual(['a waiting, b waiting', true]);
    expect(reads).toEqual(['a']);
    expect(await refresh(all, all.slice(1), 2)).toEqual(['b waiting, c waiting', true]);
  });
});
