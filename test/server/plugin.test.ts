import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { messages, resultsWorkflowId, vendorTaskQueue } from '../../src/contract.js';
import { TryOnPlugin, vendorQueueRate } from '../../src/index.js';
import { describeActivityQueue } from '../../src/temporal/queue-limit.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { quiet, workerEnv } from '../support/stack.js';

const temporal = inject('temporal');
const never = { task: { state: 'running' } } as const;
const codecKeys = `k1:${randomBytes(32).toString('base64')}`;
const workflowsPath = fileURLToPath(new URL('../support/own-workflows.ts', import.meta.url));
let emulator: Emulator;
let connection: Connection;
let native: NativeConnection;

beforeAll(async () => {
  quiet();
  // By the seed task ids differ from those of other tests on the same server.
  emulator = await startEmulator({ seed: 7_610 });
  connection = await Connection.connect({ address: temporal.address });
  native = await NativeConnection.connect({ address: temporal.address });
});

afterAll(async () => {
  await native?.close();
  await connection?.close();
  await emulator?.close();
});

const greet = async (): Promise<string> => 'hello';

describe.each([
  { how: 'plain', more: {} },
  { how: 'with payloads encrypted', more: { TRYON_CODEC_KEYS: codecKeys } },
])("a worker of one's own with the plugin, $how", ({ more }) => {
  const taskQueue = `own-${randomUUID()}`;
  let plugin: TryOnPlugin;
  let worker: Worker;
  let run: Promise<void>;
  let client: Client;

  beforeAll(async () => {
    plugin = new TryOnPlugin({ env: { ...workerEnv(emulator, 'not-read'), ...more } });
    worker = await Worker.create({
      connection: native,
      taskQueue,
      workflowsPath,
      activities: { greet },
      plugins: [plugin],
    });
    run = worker.run();
    client = new Client({ connection, plugins: [plugin] });
  });

  afterAll(async () => {
    if (worker?.getState() === 'RUNNING') worker.shutdown();
    await run;
  });

  test("runs a listing of one's own, on images as they come", async () => {
    const shirt = emulator.addTask({ script: [{ task: { state: 'finished' } }], subTasks: 1, imagesPerSubTask: 2 });
    const coat = emulator.addTask({ script: [never] });
    const workflowId = `page-${randomUUID()}`;
    const pictures: Record<string, string[]> = await client.workflow.execute('productPage', {
      taskQueue,
      workflowId,
      args: [{ garments: { shirt, coat }, wanted: 2 }],
    });
    expect(pictures).toMatchObject({ coat: [] });
    expect(pictures.shirt).toHaveLength(2);
    // Nobody listens to the coat's wait any more.
    await expect(client.workflow.getHandle(resultsWorkflowId(coat)).result()).rejects.toMatchObject({
      cause: { name: 'CancelledFailure' },
    });
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    const encoding = Buffer.from(input?.metadata?.encoding ?? []).toString();
    expect(encoding).toBe('TRYON_CODEC_KEYS' in more ? 'binary/encrypted' : 'json/plain');
  });

  test("serves the vendor's queue within the account's budget, and answers updates", async () => {
    const taskId = emulator.addTask({ script: [never] });
    const handle = await client.workflow.start('tryOnResults', {
      taskQueue,
      workflowId: resultsWorkflowId(taskId),
      args: [{ taskId }],
    });
    await emulator.waitForQuery(taskId, 1);
    const { raw } = await handle.describe();
    expect(raw.pendingActivities?.[0]?.activityType?.name).toBe('tryOnPoll');
    const queue = vendorTaskQueue('default', taskQueue);
    const { limit, inForce } = await describeActivityQueue(new Client({ connection }), queue);
    expect(limit?.perSecond).toBe(Math.fround(vendorQueueRate(1000)));
    expect(inForce.source).toBe('queue');
    emulator.script(taskId, [{ task: { state: 'finished' } }]);
    await handle.executeUpdate(messages.pollNow);
    expect(await handle.result()).toMatchObject({ status: 'finished' });
  });
});

test('the workers beside it end with the worker', async () => {
  const taskQueue = `own-${randomUUID()}`;
  const taskId = emulator.addTask({ script: [never] });
  const plugin = new TryOnPlugin({ env: workerEnv(emulator, 'not-read') });
  const worker = await Worker.create({ connection: native, taskQueue, workflowsPath, plugins: [plugin] });
  const client = new Client({ connection });
  await worker.runUntil(async () => {
    await client.workflow.start('tryOnResults', {
      taskQueue,
      workflowId: resultsWorkflowId(taskId),
      args: [{ taskId }],
    });
    await emulator.waitForQuery(taskId, 1);
  });
  expect(worker.getState()).toBe('STOPPED');
  await client.workflow.getHandle(resultsWorkflowId(taskId)).terminate();
});

test('a plugin of the connection is asked once, not for its own workers again', async () => {
  const plugin = new TryOnPlugin({ env: workerEnv(emulator, 'not-read') });
  const own = await NativeConnection.connect({ address: temporal.address, plugins: [plugin] });
  const taskQueue = `own-${randomUUID()}`;
  const worker = await Worker.create({ connection: own, taskQueue, workflowsPath });
  const client = new Client({ connection });
  const taskId = emulator.addTask({ script: [{ task: { state: 'finished' } }] });
  const outcome = await worker.runUntil(
    client.workflow.execute('tryOnResults', {
      taskQueue,
      workflowId: resultsWorkflowId(taskId),
      args: [{ taskId }],
    }),
  );
  expect(outcome).toMatchObject({ status: 'finished' });
  await own.close();
});

describe('wrong settings', () => {
  test('a worker without a key is refused, every problem told', async () => {
    const plugin = new TryOnPlugin({ env: { AIDGE_QUERIES_PER_SECOND: 'many' } });
    const created = Worker.create({ connection: native, taskQueue: 'own', workflowsPath, plugins: [plugin] });
    const error = await created.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TryOnClientError', code: 'BadConfig' });
    expect(String(error)).toContain('AIDGE_APP_KEY');
    expect(String(error)).toContain('AIDGE_QUERIES_PER_SECOND');
  });

  test('a client needs no key', () => {
    expect(() => new Client({ connection, plugins: [new TryOnPlugin({ env: {} })] })).not.toThrow();
  });

  test('codec keys that cannot be used are refused at once', () => {
    expect(() => new TryOnPlugin({ env: { TRYON_CODEC_KEYS: 'k1:short' } })).toThrow(/TRYON_CODEC_KEYS/);
  });
});
