/** A worker that is slow to describe how far a poll got. */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  messages,
  resultsWorkflowId,
  type SetTimeoutInput,
  type TryOnOutcome,
  workflowTypes,
} from '../../src/contract.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { workflowSource } from '../../src/worker/bundle.js';
import { createTryOnParts, type TryOnParts } from '../../src/worker/parts.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { runTogether } from '../../src/worker/together.js';
import { quiet, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';

/** Longer than a cancelled wait waits for it, and shorter than a wait that goes on does. */
const DESCRIBE_TAKES_MS = 2_000;

let emulator: Emulator;
let parts: TryOnParts;
let client: Client;
let stop = async () => undefined as unknown;
const taskQueue = `test-${randomUUID()}`;
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

beforeAll(async () => {
  quiet();
  const { address } = inject('temporal');
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
  const read = readWorkerSettings(workerEnv(emulator, taskQueue));
  if (!read.ok) throw new Error(read.problems.join('\n'));
  parts = createTryOnParts(read.settings);
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  client = new Client({ connection });
  const tryOnDescribePoll: typeof parts.activities.tryOnDescribePoll = async (asked) => {
    const seen = await parts.activities.tryOnDescribePoll(asked);
    await setTimeout(DESCRIBE_TAKES_MS);
    return seen;
  };
  const shared = { connection: native, ...parts.tuned, activities: { ...parts.activities, tryOnDescribePoll } };
  const { workflowsPath, preloadModules } = workflowSource;
  const workers = await Promise.all([
    Worker.create({ ...shared, ...parts.main, taskQueue, workflowsPath, bundlerOptions: { preloadModules } }),
    ...parts.vendorQueues(taskQueue).map((queue) => Worker.create({ ...shared, ...queue })),
  ]);
  const together = runTogether(workers.map((worker) => ({ worker })));
  stop = async () => {
    together.shutdown();
    await together.run;
    await Promise.all([connection.close(), native.close(), parts.stop(), emulator.close()]);
  };
});
afterAll(async () => await stop());

/** A wait whose task was polled a few times. */
async function polled(): Promise<{ taskId: string; polls: () => number }> {
  const taskId = emulator.addTask({ script: [{ task: { state: 'running' } }] });
  const polls = () => emulator.queries.filter((query) => query.taskId === taskId).length;
  await client.workflow.start(workflowTypes.results, {
    taskQueue,
    workflowId: resultsWorkflowId(taskId),
    args: [{ taskId, submittedAt: ago(5) }],
  });
  await until(async () => polls() >= 3);
  return { taskId, polls };
}

/** A nearer deadline, for which the polling activity is replaced. */
const sooner: { args: [SetTimeoutInput] } = { args: [{ timeoutSeconds: 1_800 }] };

test('a nearer deadline waits for the description: no poll is forgotten', async () => {
  const { taskId, polls } = await polled();
  const handle = client.workflow.getHandle<() => Promise<TryOnOutcome>>(resultsWorkflowId(taskId));
  await handle.executeUpdate(messages.setTimeout, sooner);
  emulator.script(taskId, [{ task: { state: 'finished' } }]);
  expect(await handle.result()).toMatchObject({ status: 'finished', polls: polls() });
});

test('a cancellation meanwhile ends the wait at once', async () => {
  const { taskId } = await polled();
  const handle = client.workflow.getHandle(resultsWorkflowId(taskId));
  await handle.executeUpdate(messages.setTimeout, sooner);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  const { events } = await handle.fetchHistory();
  // It waited for a part of a second, not for the description.
  const types = new Map(
    events?.map((event) => [`${event.eventId}`, event.activityTaskScheduledEventAttributes?.activityType?.name]),
  );
  const completed = events?.flatMap((event) => event.activityTaskCompletedEventAttributes ?? []);
  expect(completed?.map(({ scheduledEventId }) => types.get(`${scheduledEventId}`))).toEqual(['tryOnPause']);
  expect(events?.filter((event) => event.workflowExecutionCanceledEventAttributes)).toHaveLength(1);
});
