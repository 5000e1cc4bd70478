import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  type TryOnListingInput,
  type TryOnListingResult,
  type TryOnListingStatus,
  type TryOnStatus,
  workflowTypes,
} from '../../src/contract.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
});
afterAll(async () => await stack.stop());

const never = { script: [{ task: { state: 'running' } }] } as const;
const statusOf = (handle: WorkflowHandle) => handle.query<TryOnListingStatus>(messages.listingStatus);
const start = async (input: Omit<TryOnListingInput, 'listingId'>) => {
  const listingId = randomUUID();
  return await stack.client.workflow.start(workflowTypes.listing, {
    taskQueue: stack.taskQueue,
    workflowId: listingWorkflowId(listingId),
    args: [{ listingId, ...input }],
  });
};
const isRunning = async (taskId: string) =>
  (await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).describe()).status.name === 'RUNNING';

/** Lets a task finish, and has its wait poll. */
const finish = async (taskId: string) => {
  stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
  await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).executeUpdate(messages.pollNow);
};

describe.concurrent('a listing', () => {
  test('keeps images by garment and is complete when every task is finished', async () => {
    const tasks = ['shirt', 'skirt', 'coat'].map((garmentId) => ({
      garmentId,
      taskId: stack.emulator.addTask({ durationSeconds: 1 }),
    }));
    const result = (await (await start({ tasks })).result()) as TryOnListingResult;
    expect(result.status).toBe('complete');
    expect(result.images.map((image) => image.garmentId)).toEqual(
      tasks.flatMap((task) => Array(8).fill(task.garmentId)),
    );
    expect(result.outcomes).toMatchObject(tasks.map(({ taskId }) => ({ taskId, status: 'finished' })));
    expect(result.outcomes[0]).not.toHaveProperty('images');
  });

  test('takes a task while it runs; a known one changes nothing', async () => {
    const [first, second] = [stack.emulator.addTask(never), stack.emulator.addTask({ durationSeconds: 0.5 })];
    const handle = await start({ tasks: [{ taskId: first }] });
    const add = (taskId: string) =>
      handle.executeUpdate<TryOnListingStatus, [object]>(messages.addTask, { args: [{ taskId }] });
    expect((await add(second)).tasks).toHaveLength(2);
    expect((await add(first)).tasks).toHaveLength(2);
    await expect(add('')).rejects.toMatchObject({ cause: { type: 'InvalidTryOnInput' } });
    await until(async () => (await statusOf(handle)).tasks[1]?.state === 'finished');
    await finish(first);
    const result = (await handle.result()) as TryOnListingResult;
    expect(result.outcomes.map((outcome) => outcome.taskId)).toEqual([first, second]);
  });

  test('waits for its first task where it began with none', async () => {
    const handle = await start({ tasks: [] });
    const taskId = stack.emulator.addTask({ durationSeconds: 0.2 });
    await handle.executeUpdate(messages.addTask, { args: [{ taskId }] });
    expect(await handle.result()).toMatchObject({ status: 'complete' });
  });

  test('joins a wait that another listing started, and its cancellation leaves that wait alone', async () => {
    const shared = stack.emulator.addTask(never);
    const own = stack.emulator.addTask(never);
    const one = await start({ tasks: [{ taskId: shared }, { taskId: own }] });
    await stack.emulator.waitForQuery(shared, 1);
    await stack.emulator.waitForQuery(own, 1);
    const two = await start({ tasks: [{ taskId: shared, garmentId: 'coat' }] });
    await until(async () => (await stack.status(shared)).subscribers.length === 2);
    await one.cancel();
    await expect(one.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect((await statusOf(one)).state).toBe('cancelled');
    await until(async () => !(await isRunning(own)));
    expect(await isRunning(shared)).toBe(true);
    await finish(shared);
    const result = (await two.result()) as TryOnListingResult;
    expect(result).toMatchObject({ status: 'complete', outcomes: [{ taskId: shared, status: 'finished' }] });
    expect(result.images).toHaveLength(8);
  });

  test('at its time-out tells what is open as timeout, keeps what came, and leaves the waits', async () => {
    const slow = stack.emulator.addTask({ subTasks: 2, script: [{ task: { state: 'running', finishedSubTasks: 1 } }] });
    const quick = stack.emulator.addTask({ durationSeconds: 0.1 });
    const handle = await start({ tasks: [{ taskId: slow }, { taskId: quick }], timeoutSeconds: 6 });
    const client = await stack.client.workflow.start(workflowTypes.results, {
      taskQueue: stack.taskQueue,
      workflowId: `other-${slow}`,
      args: [{ taskId: slow }],
    });
    const result = (await handle.result()) as TryOnListingResult;
    expect(result.status).toBe('incomplete');
    expect(result.outcomes.map((outcome) => outcome.status)).toEqual(['timeout', 'finished']);
    expect(result.images).toHaveLength(12);
    await until(async () => !(await isRunning(slow)));
    await client.terminate();
  });

  test('minimumImages alone decides where it is given', async () => {
    const good = stack.emulator.addTask({ durationSeconds: 0.1 });
    const bad = stack.emulator.addTask({ script: [{ task: { state: 'failed' } }] });
    const result = (await (
      await start({ tasks: [{ taskId: good }, { taskId: bad }], minimumImages: 8 })
    ).result()) as TryOnListingResult;
    expect(result.status).toBe('complete');
    expect(result.outcomes.map((outcome) => outcome.status)).toEqual(['finished', 'failed']);
  });

  test('refuses wrong input, naming the field', async () => {
    const twice = start({ tasks: [{ taskId: 'a' }, { taskId: 'a' }] }).then((handle) => handle.result());
    await expect(twice).rejects.toMatchObject({
      cause: { type: 'InvalidTryOnInput', message: /tasks .*each taskId once/ },
    });
  });

  test('a wait that ends as cancelled by somebody else is told as that', async () => {
    const taskId = stack.emulator.addTask(never);
    const handle = await start({ tasks: [{ taskId }] });
    await stack.emulator.waitForQuery(taskId, 1);
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
    const result = (await handle.result()) as TryOnListingResult;
    expect(result).toMatchObject({ status: 'failed', outcomes: [{ status: 'cancelled' }] });
  });

  test('a late listing gets the images that came before it', async () => {
    const taskId = stack.emulator.addTask({
      subTasks: 2,
      script: [{ task: { state: 'running', finishedSubTasks: 1 } }],
    });
    const one = await start({ tasks: [{ taskId }] });
    await until(async () => (await stack.status(taskId).catch(() => ({}) as TryOnStatus)).sequence === 1);
    const two = await start({ tasks: [{ taskId }] });
    await until(async () => (await statusOf(two)).images.length === 4);
    await finish(taskId);
    for (const handle of [one, two]) expect(((await handle.result()) as TryOnListingResult).images).toHaveLength(8);
  });
});
