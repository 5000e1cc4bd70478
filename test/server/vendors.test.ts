import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  jobWorkflowId,
  listingWorkflowId,
  resultsWorkflowId,
  type TryOnEvent,
  type TryOnJobInput,
  type TryOnListingInput,
  workflowTypes,
} from '../../src/contract.js';
import { aRequest } from '../support/jobs.js';
import { received } from '../support/parents.js';
import { type Stack, startStack } from '../support/stack.js';

/** Requests to the other vendor, as `GET /path`. */
const requests: string[] = [];
let vendor: Server;
let stack: Stack;
beforeAll(async () => {
  vendor = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
  await new Promise<void>((resolve) => {
    vendor.listen(0, '127.0.0.1', resolve);
  });
  stack = await startStack({
    address: inject('temporal').address,
    parents: true,
    env: {
      DASHSCOPE_API_KEY: 'sk-test',
      DASHSCOPE_ENDPOINT: `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`,
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  vendor?.close();
});

const problem =
  'api is "tryon", which is of aidge, but account "dashscope" is of dashscope; give an account of aidge or an api of dashscope';
const refusal = { cause: { type: 'InvalidTryOnInput', message: problem, nonRetryable: true } };
const eventsOf = async (handle: WorkflowHandle) => (await handle.query(received)) as unknown as TryOnEvent[];
const recorder = async () => await stack.parent('recorder', `recorder-${randomUUID()}`);
const startJob = async (input: Partial<TryOnJobInput>) => {
  const requestId = randomUUID();
  return await stack.client.workflow.start(workflowTypes.job, {
    taskQueue: stack.taskQueue,
    workflowId: jobWorkflowId(requestId),
    args: [{ requestId, account: 'dashscope', ...input }],
  });
};

describe.concurrent('an account of another vendor than the API', () => {
  test('fails the wait at its first attempt, and tells subscribers of no result', async () => {
    const events = await recorder();
    const taskId = stack.emulator.addTask({ durationSeconds: 1 });
    const handle = await stack.start({ taskId, account: 'dashscope', notify: [{ workflowId: events.workflowId }] });
    await expect(handle.result()).rejects.toMatchObject(refusal);
    expect(await eventsOf(events)).toEqual([
      expect.objectContaining({
        kind: 'outcome',
        outcome: expect.objectContaining({
          status: 'cancelled',
          error: { layer: 'task', code: 'InvalidTryOnInput', message: problem },
          polls: 0,
          images: [],
        }),
      }),
    ]);
    await events.signal('stop');
  });

  test('fails a job before its request is sent', async () => {
    const events = await recorder();
    const before = stack.emulator.submits.length;
    const handle = await startJob({ request: [aRequest], notify: [{ workflowId: events.workflowId }] });
    await expect(handle.result()).rejects.toMatchObject(refusal);
    expect(stack.emulator.submits).toHaveLength(before);
    expect((await eventsOf(events)).map(({ kind }) => kind)).toEqual(['outcome']);
    await events.signal('stop');
  });

  test('fails a job of a task that was submitted elsewhere, with its wait', async () => {
    const taskId = stack.emulator.addTask({ durationSeconds: 1 });
    const handle = await startJob({ taskId });
    await expect(handle.result()).rejects.toMatchObject(refusal);
    const wait = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    await expect(wait.result()).rejects.toMatchObject(refusal);
  });

  test('leaves a listing with the reason, long before its deadline', async () => {
    const listingId = randomUUID();
    const input: TryOnListingInput = {
      listingId,
      account: 'dashscope',
      tasks: [{ taskId: stack.emulator.addTask({ durationSeconds: 1 }) }],
    };
    const handle = await stack.client.workflow.start(workflowTypes.listing, {
      taskQueue: stack.taskQueue,
      workflowId: listingWorkflowId(listingId),
      args: [input],
    });
    expect(await handle.result()).toMatchObject({
      status: 'failed',
      images: [],
      outcomes: [{ status: 'cancelled', error: { code: 'InvalidTryOnInput', message: problem } }],
    });
  });
});

test('of which the vendor heard nothing', () => {
  expect(requests).toEqual([]);
});
