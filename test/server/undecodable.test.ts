/** One caller's signals and updates must not stop a wait or a listing of others: undecodable, malformed, misspelt. */
import { randomInt, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnClient } from '../../src/client/client.js';
import { readDataConverter } from '../../src/codec/payload-codec.js';
import {
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  type TryOnListingStatus,
  type TryOnStatus,
  workflowTypes,
} from '../../src/contract.js';
import { defined } from '../../src/defined.js';
import { startEmulator } from '../../src/testing.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers } from '../../src/worker/start.js';
import { faultName } from '../support/fault-rows.js';
import { quiet, type Stack, startStack, workerEnv } from '../support/stack.js';
import { signalRaw, undecodable } from '../support/undecodable.js';
import { until } from '../support/until.js';

const keyOf = (id: string): string => `${id}:${Buffer.alloc(32, id).toString('base64')}`;

/** Workflow tasks that failed, but for those that the server repeats because a signal came meanwhile. */
const failuresOf = (events: temporal.api.history.v1.IHistoryEvent[] | null | undefined): string[] =>
  (events ?? [])
    .flatMap((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? [])
    .filter((message) => message !== 'UnhandledCommand');

/** The wait goes on until the test has done its part. */
const held = [{ polls: 2, task: { state: 'running' } }, { task: { state: 'finished' } }] as const;

describe.each([
  { how: 'workers without a codec', codec: {} },
  { how: 'workers with a codec', codec: { TRYON_CODEC_KEYS: keyOf('a') } },
  { how: 'no cached workflows', codec: { TRYON_MAX_CACHED_WORKFLOWS: '0' } },
])('$how', ({ codec }) => {
  let stack: Stack;
  let connection: Connection;
  beforeAll(async () => {
    const { address } = inject('temporal');
    connection = await Connection.connect({ address });
    const { dataConverter } = readDataConverter(codec) as { dataConverter?: DataConverter };
    const client = new Client(defined({ connection, dataConverter }));
    stack = await startStack({ address, env: { ...codec }, client });
  });
  afterAll(async () => {
    await stack.stop();
    await connection.close();
  });

  test(faultName(78, 'a wait'), async () => {
    const taskId = stack.emulator.addTask({ script: [...held] });
    const handle = await stack.start({ taskId });
    for (const payloads of Object.values(undecodable)) {
      for (const signal of [messages.subscribeSignal, messages.unsubscribeSignal, 'unknownSignal']) {
        await signalRaw(stack.client, handle.workflowId, signal, payloads);
      }
    }
    const { warnings } = await stack.status(taskId);
    expect(warnings?.join('\n')).toContain(
      `signal ${messages.subscribeSignal} was dropped: its payload cannot be decoded`,
    );
    expect(warnings?.join('\n')).toContain(`signal ${messages.unsubscribeSignal} was dropped`);
    expect(await handle.result()).toMatchObject({ status: 'finished' });
    const { events } = await handle.fetchHistory();
    expect(failuresOf(events)).toEqual([]);
  });

  test(faultName(78, 'a listing'), async () => {
    const taskId = stack.emulator.addTask({ script: [...held] });
    const listingId = randomUUID();
    const handle = await stack.client.workflow.start(workflowTypes.listing, {
      taskQueue: stack.taskQueue,
      workflowId: listingWorkflowId(listingId),
      args: [{ listingId, tasks: [{ taskId }] }],
    });
    for (const payloads of Object.values(undecodable)) {
      await signalRaw(stack.client, handle.workflowId, messages.event, payloads);
    }
    const { warnings } = await handle.query<TryOnListingStatus>(messages.listingStatus);
    expect(warnings).toContain(`signal ${messages.event} was dropped: its payload cannot be decoded`);
    expect(await handle.result()).toMatchObject({ status: 'complete' });
    const { events } = await handle.fetchHistory();
    expect(failuresOf(events)).toEqual([]);
  });

  test(faultName(92), async () => {
    const taskId = stack.emulator.addTask({ script: [...held] });
    const handle = await stack.start({ taskId });
    await handle.signal(messages.subscribeSignal, { workflowId: 'null-counts-as-absent', runId: null, signal: null });
    await handle.signal(messages.subscribeSignal, { workflowId: 'misspelt', runID: 'x' });
    await handle.signal(messages.unsubscribeSignal, { workflowid: 'misspelt' });
    const updated = await handle.executeUpdate<TryOnStatus, [object]>(messages.subscribe, {
      args: [{ workflowId: 'by-update', runId: null, timeoutSeconds: null }],
    });
    expect(updated.subscribers).toEqual([{ workflowId: 'null-counts-as-absent' }, { workflowId: 'by-update' }]);
    expect(updated.warnings).toEqual([
      `signal ${messages.subscribeSignal} was dropped: runID is not a known field; remove it or correct its spelling`,
      expect.stringContaining(`signal ${messages.unsubscribeSignal} was dropped: workflowid is not a known field`),
    ]);
    for (let index = 0; index < 30; index += 1) {
      await handle.signal(messages.subscribeSignal, { workflowId: 'w', [`field${index}`]: 'x'.repeat(1_000) });
    }
    const { warnings = [] } = await stack.status(taskId);
    expect(warnings).toHaveLength(10);
    expect(warnings.at(-1)).toContain('field29');
    expect(await handle.result()).toMatchObject({ status: 'finished' });
  });

  test('null in an optional field of an input counts as absent', async () => {
    const taskId = stack.emulator.addTask({ script: 'finished' });
    const input = { taskId, account: null, notify: null, submittedAt: null, timeoutSeconds: null } as never;
    expect(await stack.run(input)).toMatchObject({ status: 'finished', account: 'default' });
  });
});

test('a signal that was dropped for want of a key stays dropped once a worker has the key', async () => {
  quiet();
  const { address } = inject('temporal');
  const connection = await NativeConnection.connect({ address });
  const emulator = await startEmulator({ seed: randomInt(2 ** 31) });
  const taskQueue = `undecodable-${randomUUID()}`;
  const workersWith = async (keys: string) => {
    const env = { ...workerEnv(emulator, taskQueue), TRYON_CODEC_KEYS: keys, TRYON_MAX_CACHED_WORKFLOWS: '0' };
    const read = readWorkerSettings(env);
    if (!read.ok) throw new Error(read.problems.join());
    return await startTryOnWorkers(read.settings, { connection });
  };
  const clientWith = (keys: string) =>
    createTryOnClient({ env: { ...process.env, TEMPORAL_ADDRESS: address, TRYON_CODEC_KEYS: keys }, taskQueue });
  const [client, stranger] = await Promise.all([clientWith(keyOf('a')), clientWith(keyOf('b'))]);
  const taskId = emulator.addTask({ script: [...held] });
  const without = await workersWith(keyOf('a'));
  await client.start({ taskId });
  const handle = stranger.temporal.workflow.getHandle(resultsWorkflowId(taskId));
  await handle.signal(messages.subscribeSignal, { workflowId: 'somebody' });
  await until(async () => (await client.status(taskId)).warnings !== undefined);
  without.shutdown();
  await without.run;

  const workers = await workersWith(`${keyOf('a')},${keyOf('b')}`);
  expect((await client.outcome(taskId)).status).toBe('finished');
  const { events } = await handle.fetchHistory();
  expect(failuresOf(events)).toEqual([]);
  await Promise.all([client.close(), stranger.close()]);
  workers.shutdown();
  await workers.run;
  await connection.close();
  await emulator.close();
});
