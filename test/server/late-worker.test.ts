/** What is sent to a wait before any worker has begun it. */
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { messages } from '../../src/contract.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers, type TryOnWorkers } from '../../src/worker/start.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';

let stack: Stack;
let native: NativeConnection;
let workers: TryOnWorkers | undefined;
beforeAll(async () => {
  const { address } = inject('temporal');
  stack = await startStack({ address, noWorker: true });
  native = await NativeConnection.connect({ address });
});
afterAll(async () => {
  workers?.shutdown();
  await workers?.run;
  await native?.close();
  await stack?.stop();
});

test('a signal is handled before the update that was sent after it', async () => {
  const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
  const handle = await stack.start({ taskId });
  const subscriber = { workflowId: 'gone-and-back' };
  await handle.signal(messages.unsubscribeSignal, subscriber);
  const answer = handle.executeUpdate(messages.subscribe, { args: [subscriber] });
  const read = readWorkerSettings(workerEnv(stack.emulator, stack.taskQueue));
  if (!read.ok) throw new Error(read.problems.join('\n'));
  workers = await startTryOnWorkers(read.settings, { connection: native });
  await answer;
  expect((await stack.status(taskId)).subscribers).toEqual([subscriber]);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
});
