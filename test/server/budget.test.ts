/** The budget on the queue itself: set by workers, by an operator, and there from the first second of a partition that has just loaded. */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { resultsWorkflowId, vendorTaskQueue, workflowTypes } from '../../src/contract.js';
import { startDevServer, type TemporalServer } from '../../src/dev-server/temporal-server.js';
import { vendorQueueRate } from '../../src/schedule/poll-cost.js';
import { countPartitions, describeActivityQueue, setQueueLimit } from '../../src/temporal/queue-limit.js';
import { limitReasons } from '../../src/temporal/vendor-limit.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { createTryOnParts } from '../../src/worker/parts.js';
import { readWorkerSettings, type WorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers, type TryOnWorkers } from '../../src/worker/start.js';
import { runCli } from '../cli/run-cli.js';
import { quiet, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';

const never = { task: { state: 'running' } } as const;
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

let emulator: Emulator;
beforeAll(async () => {
  quiet();
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
});
afterAll(async () => await emulator.close());

function settingsOf(taskQueue: string, queriesPerSecond: number): WorkerSettings {
  const read = readWorkerSettings({
    ...workerEnv(emulator, taskQueue),
    AIDGE_QUERIES_PER_SECOND: String(queriesPerSecond),
  });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return read.settings;
}

async function withWorkers<T>(
  native: NativeConnection,
  settings: WorkerSettings,
  use: (workers: TryOnWorkers) => Promise<T>,
): Promise<T> {
  const workers = await startTryOnWorkers(settings, { connection: native, namespace: 'default' });
  try {
    return await use(workers);
  } finally {
    workers.shutdown();
    await workers.run;
  }
}

/** Starts waits whose first polls are due at once. */
async function startDue(client: Client, taskQueue: string, count: number): Promise<string[]> {
  const taskIds = Array.from({ length: count }, () => emulator.addTask({ script: [never] }));
  await Promise.all(
    taskIds.map((taskId) =>
      client.workflow.start(workflowTypes.results, {
        taskQueue,
        workflowId: resultsWorkflowId(taskId),
        args: [{ taskId, submittedAt: ago(60) }],
      }),
    ),
  );
  return taskIds;
}

describe('on the server', () => {
  let connection: Connection;
  let native: NativeConnection;
  let client: Client;
  beforeAll(async () => {
    const { address } = inject('temporal');
    connection = await Connection.connect({ address });
    native = await NativeConnection.connect({ address });
    client = new Client({ connection });
  });
  afterAll(async () => {
    await native.close();
    await connection.close();
  });
  const cli = async (taskQueue: string, ...args: string[]) => {
    const env = { ...workerEnv(emulator, taskQueue), TEMPORAL_ADDRESS: inject('temporal').address };
    const { code, out, err } = await runCli(['budget', ...args, '--json'], { ...env, AIDGE_QUERIES_PER_SECOND: '7' });
    expect(err, args.join(' ')).not.toMatch(/error/);
    expect(code).toBe(0);
    const [budget] = JSON.parse(out).budgets;
    return { budget, err };
  };

  test('a worker that starts sets the limit, and its pollers give none', async () => {
    const taskQueue = `budget-${randomUUID()}`;
    const queue = vendorTaskQueue('default', taskQueue);
    await withWorkers(native, settingsOf(taskQueue, 7), async () => {
      const { limit } = await describeActivityQueue(client, queue);
      expect(limit).toMatchObject({ perSecond: Math.fround(vendorQueueRate(7)), reason: limitReasons.worker(7) });
      await until(async () => (await describeActivityQueue(client, queue)).inForce.source === 'queue');
    });
    // It stays when the last worker has gone.
    expect((await describeActivityQueue(client, queue)).limit?.perSecond).toBe(Math.fround(vendorQueueRate(7)));
    const { budget } = await cli(taskQueue);
    expect(budget).toMatchObject({
      ...{ account: 'default', taskQueue: queue, queriesPerSecond: 7, settingsQueriesPerSecond: 7, source: 'queue' },
      limit: { owner: 'worker', identity: expect.stringContaining('temporal-tryon worker') },
      ...{ partitions: 1, backlog: 0 },
    });
  });

  test("an operator's limit outlives workers until it is cleared, and stops the queue at 0", async () => {
    const taskQueue = `budget-${randomUUID()}`;
    const queue = vendorTaskQueue('default', taskQueue);
    const stopped = await cli(taskQueue, '--set', '0', '--reason', 'the vendor is being moved');
    expect(stopped.budget).toMatchObject({
      queriesPerSecond: 0,
      limit: { owner: 'operator', reason: 'the vendor is being moved', setAt: expect.any(String) },
    });
    expect(stopped.err).toContain('the queue is stopped');
    await withWorkers(native, settingsOf(taskQueue, 7), async () => {
      const [taskId = ''] = await startDue(client, taskQueue, 1);
      await until(async () => (await describeActivityQueue(client, queue)).backlog === 1);
      // A deadline that passes meanwhile ends its wait: the final poll does not leave the queue either.
      const short = emulator.addTask({ script: [never] });
      const ended = await client.workflow.execute(workflowTypes.results, {
        taskQueue,
        workflowId: resultsWorkflowId(short),
        args: [{ taskId: short, timeoutSeconds: 1 }],
      });
      expect(ended).toMatchObject({ status: 'timeout', polls: 0, error: { code: 'NoWorker' } });
      expect(emulator.queries.some((query) => [taskId, short].includes(query.taskId ?? ''))).toBe(false);
      const raised = await cli(taskQueue, '--set', '5');
      expect(raised.budget).toMatchObject({ queriesPerSecond: 5, limit: { owner: 'operator' } });
      await emulator.waitForQuery(taskId, 1);
      await client.workflow.getHandle(resultsWorkflowId(taskId)).terminate();
    });
    await withWorkers(native, settingsOf(taskQueue, 7), async ({ learning }) => {
      await learning.ready;
      expect((await describeActivityQueue(client, queue)).limit?.reason).toBe(limitReasons.operator(5));
    });
    const cleared = await cli(taskQueue, '--clear');
    expect(cleared.budget).toMatchObject({ queriesPerSecond: expect.closeTo(5, 0), limit: { owner: 'released' } });
    await withWorkers(native, settingsOf(taskQueue, 7), async () => {
      expect((await describeActivityQueue(client, queue)).limit?.reason).toBe(limitReasons.worker(7));
    });
    const nothing = await cli(taskQueue, '--clear');
    expect(nothing.err).toContain('nothing to clear');
  });

  test('doctor warns where the limit in force differs from the settings', async () => {
    const taskQueue = `budget-${randomUUID()}`;
    const queue = vendorTaskQueue('default', taskQueue);
    const limit = { perSecond: vendorQueueRate(3), identity: 'ann', reason: 'quiet hours' };
    await setQueueLimit(client, queue, limit);
    const env = { ...workerEnv(emulator, taskQueue), TEMPORAL_ADDRESS: inject('temporal').address };
    const { out } = await runCli(['doctor', '--json'], env);
    const check = JSON.parse(out).checks.find(({ name }: { name: string }) => name === `budget of ${queue}`);
    expect(check).toMatchObject({ result: 'warn', remedy: expect.stringContaining('budget default --clear') });
    expect(check.detail).toMatch(
      /^2.909 queries\/s: .*quiet hours \(ann at .*\); 1 partition; the settings here say 1000/,
    );
  });
});

describe('on a server that has just started', () => {
  const WAITS = 150;
  const BUDGET = 20;
  let folder: string;
  let server: TemporalServer;
  // Four partitions, as on Temporal Cloud: polls come to one after the other.
  const start = () =>
    startDevServer({
      uiPort: false,
      dbFilename: join(folder, 'temporal.db'),
      extraArgs: ['Read', 'Write'].flatMap((side) => [
        '--dynamic-config-value',
        `matching.numTaskqueue${side}Partitions=4`,
      ]),
      log: () => undefined,
    });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tryon-budget-'));
    server = await start();
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  test('a worker with a backlog stays within the budget from the first second on', async () => {
    const taskQueue = `budget-${randomUUID()}`;
    const queue = vendorTaskQueue('default', taskQueue);
    const settings = settingsOf(taskQueue, BUDGET);
    const before = await connect(server.address);
    expect(await countPartitions(before.client, queue)).toBe(4);
    // A worker has run here before, then the workflows alone: their polls pile up.
    const parts = createTryOnParts(settings);
    await parts.start({ connection: before.native, namespace: 'default' });
    await parts.stop();
    const stop = { perSecond: 0, identity: 'test', reason: limitReasons.released };
    const { limit } = await describeActivityQueue(before.client, queue);
    await setQueueLimit(before.client, queue, stop);
    await withWorkers(before.native, { ...settings, accounts: [] }, async () => {
      await startDue(before.client, taskQueue, WAITS);
      await until(async () => (await describeActivityQueue(before.client, queue)).backlog >= WAITS);
    });
    await setQueueLimit(before.client, queue, limit ?? stop);
    await before.close();
    await server.stop();
    const from = emulator.queries.length;
    server = await start();
    const after = await connect(server.address);
    // Nobody has polled yet, and the limit holds.
    const { inForce } = await describeActivityQueue(after.client, queue);
    expect(inForce).toEqual({ source: 'queue', perSecond: Math.fround(vendorQueueRate(BUDGET, 4)) });
    await withWorkers(after.native, settings, async () => {
      await until(() => emulator.queries.length >= from + 6 * BUDGET);
    });
    await after.close();
    const times = emulator.queries.slice(from).map(({ atMs }) => atMs);
    expect(maxWithin(times, 5_000)).toBeLessThanOrEqual(5.5 * BUDGET);
  });
});

async function connect(address: string) {
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const close = async (): Promise<void> => {
    await native.close();
    await connection.close();
  };
  return { client: new Client({ connection }), native, close };
}

function maxWithin(times: readonly number[], windowMs: number): number {
  const sorted = [...times].sort((one, other) => one - other);
  let [from, most] = [0, 0];
  for (const [to, atMs] of sorted.entries()) {
    while (atMs - (sorted[from] ?? 0) >= windowMs) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
