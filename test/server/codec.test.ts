import { randomInt, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import { createEncryptionCodec, readDataConverter } from '../../src/codec/payload-codec.js';
import {
  messages,
  resultsWorkflowId,
  type TryOnEvent,
  type TryOnListingResult,
  type TryOnOutcome,
} from '../../src/contract.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers, type TryOnWorkers } from '../../src/worker/start.js';
import { quiet, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';
import { type FoundPayload, type RawHistory, rawHistory } from './read-history.js';

const keyOf = (message: string): string => `${message}:${Buffer.alloc(32, message).toString('base64')}`;
const keys = (...letters: string[]): Record<string, string> => ({ TRYON_CODEC_KEYS: letters.map(keyOf).join(',') });

let native: NativeConnection;
let emulator: Emulator;
beforeAll(async () => {
  quiet();
  native = await NativeConnection.connect({ address: inject('temporal').address });
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
});
afterAll(async () => {
  await emulator.close();
  await native.close();
});

async function startWorkers(taskQueue: string, codec: Record<string, string>): Promise<TryOnWorkers> {
  const read = readWorkerSettings({ ...workerEnv(emulator, taskQueue), ...codec });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return await startTryOnWorkers(read.settings, { connection: native });
}

async function stopWorkers(workers: TryOnWorkers): Promise<void> {
  workers.shutdown();
  await workers.run;
}

const clientOf = (taskQueue: string, codec: Record<string, string>): Promise<TryOnClient> =>
  createTryOnClient({ env: { ...process.env, TEMPORAL_ADDRESS: inject('temporal').address, ...codec }, taskQueue });

/** What may be read in the clear: names that the contract makes public, and what the server indexes. */
const isIndexed = (path: string): boolean => /\.(?:searchAttributes|indexedFields)\./.test(path);
const isAnId = (path: string): boolean =>
  /(?:[wW]orkflowId|runId|RunId|requestId|identity|activityId|taskQueue\.\w+|signalName|\.name|[tT]ype)$/.test(path);

/** Written by SDK core and by the server themselves, past any codec: when a local activity ran, and why an activity was cancelled. */
const isServersOwn = ({ path, text }: FoundPayload): boolean =>
  (path.includes('.markerRecordedEventAttributes.details.data.') &&
    /^\{"seq":\d+,"attempt":\d+,"activity_id":/.test(text)) ||
  (path.includes('.activityTaskCanceledEventAttributes.') && text === '"ACTIVITY_ID_NOT_STARTED"');

function expectSealed(history: RawHistory, secrets: readonly string[]): void {
  const open = history.payloads.filter(
    (one) => one.encoding !== 'binary/encrypted' && !isIndexed(one.path) && !isServersOwn(one),
  );
  expect(open).toEqual([]);
  for (const secret of secrets) {
    const inPayloads = history.payloads.filter(({ text, path }) => text.includes(secret) && !isIndexed(path));
    expect(inPayloads, secret).toEqual([]);
    const inTexts = history.texts.filter(({ text, path }) => text.includes(secret) && !isAnId(path));
    expect(inTexts, secret).toEqual([]);
  }
}

const keyIdsOf = (history: RawHistory): Set<string> =>
  new Set(
    [...JSON.stringify(history.json).matchAll(/"encryption-key-id":"([^"]+)"/g)].map(([, id = '']) =>
      Buffer.from(id, 'base64').toString(),
    ),
  );

describe('a full encrypted run', () => {
  const taskQueue = `codec-${randomUUID()}`;
  let workers: TryOnWorkers;
  let client: TryOnClient;
  let parents: Worker;
  let parentsRun: Promise<void>;
  let raw: Client;
  beforeAll(async () => {
    workers = await startWorkers(taskQueue, keys('a'));
    client = await clientOf(taskQueue, keys('a'));
    raw = client.temporal;
    parents = await Worker.create({
      connection: native,
      taskQueue: `${taskQueue}-parents`,
      workflowsPath: fileURLToPath(new URL('../support/parents.ts', import.meta.url)),
      dataConverter: { payloadCodecs: [createEncryptionCodec({ keys: keyOf('a') })] },
    });
    parentsRun = parents.run();
  });
  afterAll(async () => {
    parents?.shutdown();
    await parentsRun;
    await client?.close();
    await stopWorkers(workers);
  });

  test('shows no image, no task and no account detail in any history: wait, batches, errors, parent, listing', async () => {
    const batches = emulator.addTask({
      taskId: `secret-task-${randomUUID()}`,
      subTasks: 3,
      script: 'http-503 x1, service-unknown x1, batches',
    });
    const plain = emulator.addTask({ taskId: `secret-task-${randomUUID()}`, durationSeconds: 0.5 });
    const recorderId = `codec-recorder-${randomUUID()}`;
    const recorder = await raw.workflow.start('recorder', {
      taskQueue: `${taskQueue}-parents`,
      workflowId: recorderId,
      args: [],
    });
    const outcome = await client.waitFor({ taskId: batches, notify: [{ workflowId: recorderId }] });
    expect(outcome.status).toBe('finished');
    const listingId = `codec-listing-${randomUUID()}`;
    await client.listings.start({ listingId, tasks: [{ taskId: plain, garmentId: 'secret-garment' }] });
    const listing = await client.listings.result(listingId);
    expect(listing).toMatchObject({ status: 'complete' } satisfies Partial<TryOnListingResult>);
    await recorder.signal('stop');
    const events = (await recorder.result()) as TryOnEvent[];
    expect(events.at(-1)?.kind).toBe('outcome');
    expect(events.filter(({ kind }) => kind === 'images').length).toBeGreaterThan(0);

    const urls = [...outcome.images, ...listing.images].map(({ imageUrl }) => imageUrl.split('?')[0] ?? imageUrl);
    expect(urls.length).toBeGreaterThan(8);
    const secrets = [...urls, '/images/', batches, plain, 'secret-garment', 'out of cheese'];
    const ids = [
      resultsWorkflowId(batches),
      resultsWorkflowId(plain),
      recorderId,
      `tryon-listing-${listing.listingId}`,
    ];
    for (const id of ids) {
      const history = await rawHistory(raw, id);
      expect(history.payloads.length).toBeGreaterThan(1);
      expectSealed(history, secrets);
    }
  });

  test('a wait in backoff tells the same to whoever has the key, and nothing in its description', async () => {
    const taskId = emulator.addTask({
      taskId: `secret-task-${randomUUID()}`,
      subTasks: 2,
      script: [{ polls: 1, task: { state: 'running', finishedSubTasks: 1 } }, { task: { state: 'running' } }],
    });
    const { workflowId } = await client.start({ taskId });
    await emulator.waitForQuery(taskId, 3);
    await until(async () => ((await client.status(taskId)).pending?.attempt ?? 0) > 1);
    const status = await client.status(taskId);
    expect(status).toMatchObject({ isAnswered: true, vendorStatus: 'running', state: 'waiting' });
    expect(status.polls).toBeGreaterThanOrEqual(3);
    expect(status.images).toHaveLength(4);
    expect(status.pending?.why).toBeDefined();

    const { raw: description } = await raw.workflow.getHandle(workflowId).describe();
    const pending = description.pendingActivities?.[0];
    const details = pending?.lastFailure?.applicationFailureInfo?.details?.payloads ?? [];
    const beats = pending?.heartbeatDetails?.payloads ?? [];
    expect(details.length).toBeGreaterThan(0);
    for (const { metadata } of [...details, ...beats]) {
      expect(Buffer.from(metadata?.encoding ?? []).toString()).toBe('binary/encrypted');
    }
    // Polls are known after a cancellation: the peek, too, reads with the worker's key.
    await client.cancel(taskId);
    await until(async () => (await client.status(taskId)).state === 'cancelled');
    expectSealed(await rawHistory(raw, workflowId), [taskId, '/images/']);
  });

  test('a failure tells code and delay in the clear, never the words of the vendor', async () => {
    const taskId = emulator.addTask({
      script: [{ gateway: { code: 'InvalidAppKey', message: 'secret words' } }],
    });
    const { workflowId } = await client.start({ taskId });
    await until(async () => (await client.status(taskId)).state === 'blocked');
    expect((await client.status(taskId)).error?.message).toContain('secret words');
    const failureNow = async () =>
      (await raw.workflow.getHandle(workflowId).describe()).raw.pendingActivities?.[0]?.lastFailure;
    await raw.workflow.getHandle(workflowId).executeUpdate(messages.pollNow);
    // Gone for a moment, while the poll of pollNow takes the place of the one before.
    let message = '';
    await until(async () => {
      message = (await failureNow())?.message ?? '';
      return message !== '';
    });
    expect(message).toMatch(/^gateway InvalidAppKey; next poll in [\d.]+ s \([a-z ]+\)$/);
    await client.cancel(taskId);
    await until(async () => (await client.status(taskId)).state === 'cancelled');
    expectSealed(await rawHistory(raw, workflowId), ['secret words', taskId]);
  });

  test('an update and a query answer through the codec, from a raw client of the same key', async () => {
    const taskId = emulator.addTask({ script: 'stuck' });
    await client.start({ taskId });
    const handle = raw.workflow.getHandle(resultsWorkflowId(taskId));
    const answer = await handle.executeUpdate(messages.subscribe, { args: [{ workflowId: 'secret-listener' }] });
    expect(answer).toMatchObject({ subscribers: [{ workflowId: 'secret-listener' }] });
    await client.cancel(taskId);
    await until(async () => (await client.status(taskId)).state === 'cancelled');
    const history = await rawHistory(raw, resultsWorkflowId(taskId));
    expect(history.payloads.filter(({ text }) => text.includes('secret-listener'))).toEqual([]);
  });
});

describe('rotation in the middle of a wait', () => {
  test('a worker with the new key first and the old one behind carries on; both keys are in the history', async () => {
    const taskQueue = `codec-${randomUUID()}`;
    const taskId = emulator.addTask({
      subTasks: 2,
      script: [
        { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
        { polls: 2, task: { state: 'running', finishedSubTasks: 1 } },
        { task: { state: 'finished' } },
      ],
    });
    const before = await startWorkers(taskQueue, keys('a'));
    const old = await clientOf(taskQueue, keys('a'));
    await old.start({ taskId });
    await emulator.waitForQuery(taskId, 2);
    await stopWorkers(before);
    await old.close();

    const after = await startWorkers(taskQueue, keys('b', 'a'));
    const client = await clientOf(taskQueue, keys('b', 'a'));
    const outcome = await client.outcome(taskId);
    expect(outcome.status).toBe('finished');
    expect(outcome.images).toHaveLength(8);
    expect(keyIdsOf(await rawHistory(client.temporal, resultsWorkflowId(taskId)))).toEqual(new Set(['a', 'b']));
    await client.close();
    await stopWorkers(after);
  });

  test('a worker without the old key loses nothing: the wait stands still until a worker has it', async () => {
    const taskQueue = `codec-${randomUUID()}`;
    const taskId = emulator.addTask({ durationSeconds: 0.2 });
    const client = await clientOf(taskQueue, keys('a', 'b'));
    await client.start({ taskId });
    const without = await startWorkers(taskQueue, keys('b'));
    const handle = client.temporal.workflow.getHandle(resultsWorkflowId(taskId));
    await until(async () => JSON.stringify((await handle.fetchHistory()).events).includes('does not hold'));
    const said = JSON.stringify((await handle.fetchHistory()).events);
    expect(said).toContain('encrypted with key \\"a\\", which TRYON_CODEC_KEYS does not hold; add that key');
    await stopWorkers(without);
    const workers = await startWorkers(taskQueue, keys('b', 'a'));
    expect((await client.outcome(taskId)).status).toBe('finished');
    await client.close();
    await stopWorkers(workers);
  });

  test('encryption switched on while a wait runs: what is there in the clear is still read', async () => {
    const taskQueue = `codec-${randomUUID()}`;
    const taskId = emulator.addTask({
      script: [{ polls: 2, task: { state: 'running' } }, { task: { state: 'finished' } }],
    });
    const before = await startWorkers(taskQueue, {});
    const plain = await clientOf(taskQueue, {});
    await plain.start({ taskId });
    await emulator.waitForQuery(taskId, 1);
    await stopWorkers(before);
    await plain.close();
    const after = await startWorkers(taskQueue, keys('a'));
    const client = await clientOf(taskQueue, keys('a'));
    const outcome: TryOnOutcome = await client.outcome(taskId);
    expect(outcome.status).toBe('finished');
    await client.close();
    await stopWorkers(after);
  });
});

test('a client told of wrong keys says so before it connects', async () => {
  const wrong = createTryOnClient({ env: { TEMPORAL_ADDRESS: '127.0.0.1:1', TRYON_CODEC_KEYS: 'a:AAAA' } });
  await expect(wrong).rejects.toMatchObject({
    code: 'BadConfig',
    message: expect.stringContaining('key 1 of TRYON_CODEC_KEYS, id "a", is 3 bytes'),
  });
  expect(readDataConverter({}).ok).toBe(true);
});
