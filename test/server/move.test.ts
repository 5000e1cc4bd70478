/** Which queue an attempt runs on: the vendor's counts each against the budget. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { resultsWorkflowId, vendorTaskQueue } from '../../src/contract.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
});
afterAll(async () => await stack?.stop());

/** The attempt that is due next, and its queue. */
async function pendingOf(taskId: string) {
  const { raw } = await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).describe();
  const [pending] = raw.pendingActivities ?? [];
  return { attempt: pending?.attempt, queue: pending?.activityOptions?.taskQueue?.name };
}

test("a wait finds out when to poll on the workflows' queue, and asks the vendor on the vendor's", async () => {
  const taskId = stack.emulator.addTask({ script: 'finished' });
  const handle = await stack.start({ taskId });
  await until(async () => (await pendingOf(taskId)).attempt === 2);
  expect((await pendingOf(taskId)).queue).toBe(vendorTaskQueue('default', stack.taskQueue));
  expect(stack.emulator.task(taskId)?.polls).toBe(0);
  expect(await handle.result()).toMatchObject({ status: 'finished', polls: 1 });
  const { events } = await handle.fetchHistory();
  const scheduled = events?.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []) ?? [];
  expect(scheduled.map((one) => one.taskQueue?.name)).toEqual([stack.taskQueue]);
  expect(events).toHaveLength(13);
});

test("a task that is old is asked for on the vendor's queue at once", async () => {
  const taskId = stack.emulator.addTask({ script: 'finished' });
  const submittedAt = new Date(Date.now() - 600_000).toISOString();
  const handle = await stack.start({ taskId, submittedAt });
  await handle.result();
  const { events } = await handle.fetchHistory();
  const scheduled = events?.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []) ?? [];
  expect(scheduled.map((one) => one.taskQueue?.name)).toEqual([vendorTaskQueue('default', stack.taskQueue)]);
});
