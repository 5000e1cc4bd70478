import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkflowHandle } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnJoin } from '../../src/activities/join.js';
import {
  jobWorkflowId,
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  type TryOnEvent,
  type TryOnJobInput,
  type TryOnJobResult,
  type TryOnJobStatus,
  type TryOnListingInput,
  type TryOnResultsInput,
  workflowTypes,
} from '../../src/contract.js';
import { aRequest } from '../support/jobs.js';
import { received } from '../support/parents.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Requests to DashScope, as `GET /path`. */
const requests: string[] = [];
/** States of its tasks, by id. */
const states = new Map<string, string>();
const addTask = (state: string): string => {
  const taskId = randomUUID();
  states.set(taskId, state);
  return taskId;
};
const pathOf = (taskId: string) => `/api/v1/tasks/${taskId}`;
const countOf = (request: string) => requests.filter((one) => one === request).length;

/** What DashScope documents, in its smallest form. */
function answer(method: string, path: string): [number, unknown] {
  const [, taskId = '', more] = /^\/api\/v1\/tasks\/([^/]+)(\/cancel)?$/.exec(path) ?? [];
  if (method === 'POST' && path === '/api/v1/services/aigc/image2image/image-synthesis') {
    return [200, { request_id: 'r-1', output: { task_id: addTask('SUCCEEDED'), task_status: 'PENDING' } }];
  }
  const state = states.get(taskId) ?? 'UNKNOWN';
  if (more === undefined) {
    const image = state === 'SUCCEEDED' ? { image_url: `https://oss.example/${taskId}.png?Signature=s` } : {};
    return [200, { request_id: 'r-2', output: { task_id: taskId, task_status: state, ...image } }];
  }
  if (state === 'BUSY') return [503, {}];
  if (state !== 'PENDING') return [400, { code: 'UnsupportedOperation', message: 'not PENDING', request_id: 'r-3' }];
  states.set(taskId, 'CANCELED');
  return [200, { request_id: 'r-4' }];
}

let vendor: Server;
let stack: Stack;
beforeAll(async () => {
  vendor = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const [status, body] = answer(request.method ?? '', request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    vendor.listen(0, '127.0.0.1', resolve);
  });
  stack = await startStack({
    address: inject('temporal').address,
    parents: true,
    env: {
      TRYON_NEXUS_ACCOUNTS: 'default,dashscope',
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

describe('an account of another vendor than the API', () => {
  test('fails the wait at its first attempt, and tells subscribers of no result', async () => {
    const events = await recorder();
    const taskId = stack.emulator.addTask({ durationSeconds: 1 });
    const handle = await stack.start({ taskId, account: 'dashscope', notify: [{ workflowId: events.workflowId }] });
    await expect(handle.result()).rejects.toMatchObject(refusal);
    expect(requests.filter((request) => request.includes(taskId))).toEqual([]);
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

test('a Nexus caller that names the wrong vendor gets the refusal', async () => {
  const taskId = stack.emulator.addTask({ durationSeconds: 1 });
  const handle = await stack.client.workflow.start('tryOnAwaitResults', {
    taskQueue: stack.taskQueue,
    workflowId: `await-${randomUUID()}`,
    args: [{ taskId, account: 'dashscope' }],
  });
  await expect(handle.result()).rejects.toMatchObject(refusal);
});

test('a wait that has been refused already refuses those who join it in the same way', async () => {
  const taskId = stack.emulator.addTask({ durationSeconds: 1 });
  const wait = await stack.start({ taskId, account: 'dashscope' });
  await expect(wait.result()).rejects.toMatchObject(refusal);
  const input = { taskId, account: 'dashscope' };
  const join = new MockActivityEnvironment({ taskQueue: stack.taskQueue }, { client: stack.client }).run(
    createTryOnJoin(['dashscope']),
    { input, subscriber: { workflowId: 'caller' }, mayStart: false },
  );
  await expect(join).rejects.toMatchObject(refusal.cause);
});

describe.concurrent('a task of another vendor', () => {
  const imagesOf = (taskId: string) => [
    expect.objectContaining({ imageUrl: `https://oss.example/${taskId}.png?Signature=s` }),
  ];

  test('is waited for by its api alone', async () => {
    const taskId = addTask('SUCCEEDED');
    expect(await stack.run({ taskId, api: 'dashscope' })).toMatchObject({
      ...{ taskId, status: 'finished', account: 'dashscope', api: 'dashscope' },
      images: imagesOf(taskId),
    });
  });

  test('is submitted, waited for and reported by its api', async () => {
    const request = { model: 'aitryon-plus', input: { person_image_url: 'https://shop.example/a.jpg' } };
    const handle = await startJob({ api: 'dashscope', request });
    const result = (await handle.result()) as TryOnJobResult;
    expect(result).toMatchObject({ status: 'finished', account: 'dashscope', api: 'dashscope' });
    expect(result.images).toEqual(imagesOf(result.taskId ?? ''));
    expect(await handle.query<TryOnJobStatus>(messages.jobStatus)).toMatchObject({ api: 'dashscope' });
  });

  test('shares a listing with tasks of the default one', async () => {
    const listingId = randomUUID();
    const [other, plain] = [addTask('SUCCEEDED'), stack.emulator.addTask({ durationSeconds: 0.5 })];
    const tasks = [{ taskId: other, api: 'dashscope' as const }, { taskId: plain }];
    const handle = await stack.client.workflow.start(workflowTypes.listing, {
      taskQueue: stack.taskQueue,
      workflowId: listingWorkflowId(listingId),
      args: [{ listingId, tasks }],
    });
    expect(await handle.result()).toMatchObject({
      status: 'complete',
      outcomes: [
        { taskId: other, status: 'finished', account: 'dashscope', api: 'dashscope' },
        { taskId: plain, status: 'finished', account: 'default', api: 'tryon' },
      ],
    });
  });
});

describe.concurrent('a wait that is cancelled', () => {
  const cancelled = { cause: { name: 'CancelledFailure' } };
  /** Starts a wait, lets it poll once, and cancels it. */
  const cancel = async (taskId: string, input: Partial<TryOnResultsInput> = {}) => {
    const handle = await stack.start({ taskId, api: 'dashscope', ...input });
    await until(async () => countOf(`GET ${pathOf(taskId)}`) > 0);
    await until(async () => (await handle.describe()).raw.pendingActivities?.[0]?.attempt === 2);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject(cancelled);
    return handle;
  };
  const submittedAt = new Date(Date.now() - 60_000).toISOString();

  test('cancels its task too, if it is asked to and the task has not begun', async () => {
    const taskId = addTask('PENDING');
    await cancel(taskId, { cancelTask: true, submittedAt });
    expect(countOf(`POST ${pathOf(taskId)}/cancel`)).toBe(1);
    expect(states.get(taskId)).toBe('CANCELED');
  });

  test('leaves a task alone that was seen to run', async () => {
    const taskId = addTask('RUNNING');
    await cancel(taskId, { cancelTask: true, submittedAt });
    expect(countOf(`POST ${pathOf(taskId)}/cancel`)).toBe(0);
  });

  test('leaves its task alone if it is not asked to cancel it', async () => {
    const taskId = addTask('PENDING');
    await cancel(taskId, { submittedAt });
    expect(countOf(`POST ${pathOf(taskId)}/cancel`)).toBe(0);
  });

  test('ends all the same if the vendor cannot be asked, after two tries', async () => {
    const taskId = addTask('PENDING');
    const handle = await stack.start({ taskId, api: 'dashscope', cancelTask: true, submittedAt });
    await until(async () => countOf(`GET ${pathOf(taskId)}`) > 0);
    states.set(taskId, 'BUSY');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject(cancelled);
    expect(countOf(`POST ${pathOf(taskId)}/cancel`)).toBe(2);
  });

  test('cancels the task of a job that was cancelled', async () => {
    const taskId = addTask('PENDING');
    const handle = await startJob({ taskId, api: 'dashscope', cancelTask: true });
    const wait = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    await until(async () => (await wait.describe().catch(() => undefined)) !== undefined);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject(cancelled);
    await until(async () => states.get(taskId) === 'CANCELED');
  });
});
