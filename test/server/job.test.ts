import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  jobWorkflowId,
  messages,
  resultsWorkflowId,
  type TryOnJobEvent,
  type TryOnJobInput,
  type TryOnJobResult,
  type TryOnJobStatus,
  workflowTypes,
} from '../../src/contract.js';
import { createTryOnClient } from '../../src/index.js';
import { submitMessages } from '../../src/job/protocol.js';
import { aRequest, batches } from '../support/jobs.js';
import { received } from '../support/parents.js';
import { type Stack, startStack } from '../support/stack.js';
import { signalRaw, undecodable } from '../support/undecodable.js';
import { until } from '../support/until.js';

const lateReports = [submitMessages.submitted, submitMessages.notSent];

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    address: inject('temporal').address,
    parents: true,
    emulator: { script: batches, imagesPerSubTask: 4 },
  });
});
afterAll(async () => await stack.stop());

const start = async (input: Partial<TryOnJobInput> = {}) => {
  const requestId = input.requestId ?? randomUUID();
  const request = input.taskId === undefined ? { request: [aRequest, aRequest] } : {};
  return await stack.client.workflow.start(workflowTypes.job, {
    taskQueue: stack.taskQueue,
    workflowId: jobWorkflowId(requestId),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    args: [{ requestId, ...request, ...input }],
  });
};
const statusOf = (handle: WorkflowHandle) => handle.query<TryOnJobStatus>(messages.jobStatus);
const recorder = async () => {
  const handle = await stack.parent('recorder', `recorder-${randomUUID()}`);
  return {
    workflowId: handle.workflowId,
    events: async () => (await handle.query(received)) as unknown as TryOnJobEvent[],
    stop: async () => await handle.signal('stop'),
  };
};

describe.concurrent('a job', () => {
  test('submits once, waits with the true time of submission, and ends with the images in 45 events at most', async () => {
    const handle = await start();
    const result = (await handle.result()) as TryOnJobResult;
    expect(result).toMatchObject({ status: 'finished', api: 'tryon', account: 'default', polls: 3 });
    expect(result.images).toHaveLength(8);
    const submits = stack.emulator.submits.filter(({ taskId }) => taskId === result.taskId);
    expect(submits).toHaveLength(1);
    const wait = stack.client.workflow.getHandle(resultsWorkflowId(result.taskId ?? ''));
    expect((await wait.result()).submittedAt).toBe(result.submittedAt);
    expect(Math.abs(Date.parse(result.submittedAt) - (submits[0]?.atMs ?? 0))).toBeLessThan(2_000);
    expect((await stack.history(handle.workflowId)).length).toBeLessThanOrEqual(45);
  });

  test('has as many events whatever the number of polls', async () => {
    const slow = stack.emulator.addTask({
      subTasks: 2,
      script: [{ polls: 2, task: { state: 'running' } }, ...batches],
    });
    const few = stack.emulator.addTask({ subTasks: 2, script: batches });
    const counts = await Promise.all(
      [slow, few].map(async (taskId) => {
        const handle = await start({ taskId });
        await handle.result();
        // Events that come at the same time share a workflow task or do not, and the child's own end may come too late.
        return (await stack.history(handle.workflowId)).filter(
          (name) => !/^workflowTask|^childWorkflowExecutionCompleted/.test(name),
        ).length;
      }),
    );
    expect(counts[0]).toBe(counts[1]);
  });

  test('passes a request on to tryon-pro', async () => {
    const handle = await start({ api: 'tryon-pro' });
    const result = (await handle.result()) as TryOnJobResult;
    expect(result).toMatchObject({ status: 'finished', api: 'tryon-pro' });
    const submit = stack.emulator.submits.find(({ taskId }) => taskId === result.taskId);
    expect(submit?.path).toBe('/ai/virtual/tryon-pro');
  });

  test('tells its subscribers of the job, each event once and in order, and nothing of its wait', async () => {
    const [first, second] = [await recorder(), await recorder()];
    const handle = await start({ notify: [{ workflowId: first.workflowId }] });
    const joined = await handle.executeUpdate<TryOnJobStatus, [object]>(messages.subscribe, {
      args: [{ workflowId: second.workflowId }],
    });
    expect(joined).toMatchObject({ state: 'submitting', submission: { state: 'pending' } });
    const result = (await handle.result()) as TryOnJobResult;
    const events = await first.events();
    expect(events.map(({ kind }) => kind)).toEqual(['submitted', 'images', 'outcome']);
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(new Set(events.map(({ waitId }) => waitId))).toEqual(new Set([handle.firstExecutionRunId]));
    expect(events.every((event) => event.requestId === result.requestId && event.taskId === result.taskId)).toBe(true);
    expect(events[2]).toMatchObject({ outcome: result });
    expect((await second.events()).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    await Promise.all([first.stop(), second.stop()]);
  });

  test('waits for a task that was submitted elsewhere, beside others', async () => {
    const taskId = stack.emulator.addTask({ subTasks: 2, script: batches });
    const other = await stack.start({ taskId });
    const handle = await start({ taskId });
    expect((await statusOf(handle)).submission).toEqual({ state: 'external', attempts: 0 });
    expect(await handle.result()).toMatchObject({ taskId, status: 'finished', images: { length: 8 } });
    expect(await other.result()).toMatchObject({ status: 'finished' });
    expect(stack.emulator.submits.some((submit) => submit.taskId === taskId)).toBe(false);
  });

  test('goes on where signals cannot be decoded: dropped events are asked for again', async () => {
    const handle = await start();
    const signals = [messages.event, messages.subscribeSignal, messages.unsubscribeSignal, ...lateReports];
    for (const signal of signals) {
      for (const payloads of Object.values(undecodable)) {
        await signalRaw(stack.client, handle.workflowId, signal, payloads);
      }
    }
    expect(await handle.result()).toMatchObject({ status: 'finished', images: { length: 8 } });
    expect(await stack.history(handle.workflowId)).not.toContain('workflowTaskFailedEventAttributes');
  });

  test('is one job however often its request id is started', async () => {
    const requestId = randomUUID();
    const client = await createTryOnClient({ client: stack.client, taskQueue: stack.taskQueue });
    const input = { requestId, request: aRequest };
    const submitsBefore = new Set(stack.emulator.submits);
    const [one, two] = await Promise.all([client.jobs.start(input), client.jobs.start(input)]);
    expect(one.runId).toBe(two.runId);
    const result = await client.jobs.result(requestId);
    expect(await client.jobs.start(input)).toMatchObject({ runId: one.runId, result });
    await expect(start({ requestId })).rejects.toThrow(/already/i);
    const own = stack.emulator.submits.filter(
      (submit) => !submitsBefore.has(submit) && submit.taskId === result.taskId,
    );
    expect(own).toHaveLength(1);
  });

  test('is rejected with the vendor code where the vendor refuses the request', async () => {
    const handle = await start({ request: { clothesList: [] } });
    const result = (await handle.result()) as TryOnJobResult;
    expect(result).toMatchObject({
      status: 'rejected',
      error: { layer: 'service', code: '700' },
      images: [],
      polls: 0,
    });
    expect(result.taskId).toBeUndefined();
  });

  test('polls now, and takes a new deadline to its wait', async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
    const handle = await start({ taskId });
    await stack.emulator.waitForQuery(taskId, 1);
    stack.emulator.script(taskId, [{ polls: 1, task: { state: 'running' } }, { task: { state: 'running' } }]);
    const before = stack.emulator.queries.filter((query) => query.taskId === taskId).length;
    await handle.executeUpdate(messages.pollNow);
    await stack.emulator.waitForQuery(taskId, before + 1);
    await handle.executeUpdate(messages.setTimeout, { args: [{ timeoutSeconds: 1 }] });
    expect(await handle.result()).toMatchObject({ status: 'timeout', taskId });
  });

  test('takes a deadline to its wait that was set before the wait could be joined again', async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
    const handle = await start({ taskId });
    await stack.emulator.waitForQuery(taskId, 1);
    // It may have been an event: the job joins its wait again, 10 s later.
    await signalRaw(stack.client, handle.workflowId, messages.event, undecodable['no encoding'] ?? []);
    await handle.executeUpdate(messages.setTimeout, { args: [{ timeoutSeconds: 1 }] });
    const wait = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    expect(await wait.result()).toMatchObject({ status: 'timeout' });
    const result = (await handle.result()) as TryOnJobResult;
    expect(result).toMatchObject({ status: 'timeout', polls: (await wait.result()).polls });
    expect(result.error?.code).not.toBe('NoWorker');
  });

  test('that is cancelled while it waits leaves the wait, which ends with its last subscriber', async () => {
    const events = await recorder();
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
    const handle = await start({ taskId, notify: [{ workflowId: events.workflowId }] });
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect((await events.events()).at(-1)).toMatchObject({ kind: 'outcome', outcome: { status: 'cancelled', taskId } });
    const wait = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    await until(async () => (await wait.describe()).status.name === 'CANCELLED');
    await events.stop();
  });

  test('whose wait somebody cancels is cancelled', async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
    const handle = await start({ taskId });
    await stack.emulator.waitForQuery(taskId, 1);
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  });

  test('for which no worker submits ends at its deadline, and nothing is bought', async () => {
    const handle = await start({ account: 'nobody', timeoutSeconds: 1 });
    expect(await handle.result()).toMatchObject({ status: 'timeout', error: { code: 'NoWorker' } });
  });

  test.each([
    [{ taskId: 'x' }, 'give either request or taskId'],
    [{ request: 'text' }, 'request is "text"; give an object'],
    [{ request: [aRequest], api: 'other' as 'tryon' }, 'api is "other"; give tryon, tryon-pro'],
    [{ request: { text: 'x'.repeat(256 * 1024) } }, 'at most 256 KiB'],
  ])('refuses wrong input %#', async (wrong, message) => {
    const requestId = randomUUID();
    const handle = await stack.client.workflow.start(workflowTypes.job, {
      taskQueue: stack.taskQueue,
      workflowId: jobWorkflowId(requestId),
      args: [{ requestId, request: aRequest, ...wrong }],
    });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'InvalidTryOnInput', message: expect.stringContaining(message) },
    });
  });
});
