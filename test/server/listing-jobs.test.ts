/** Listings of requests: each starts, joins and leaves jobs. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  jobWorkflowId,
  type ListingTask,
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  type TryOnJobStatus,
  type TryOnListingInput,
  type TryOnListingResult,
  type TryOnListingStatus,
  workflowTypes,
} from '../../src/contract.js';
import { createTryOnClient } from '../../src/index.js';
import { aRequest, batches } from '../support/jobs.js';
import { expectValid } from '../support/schemas.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';
import { signalRaw, undecodable } from '../support/undecodable.js';
import { until } from '../support/until.js';
import { killWorker, startWorker } from '../support/worker-process.js';

const never = { script: [{ task: { state: 'running' } }] } as const;
const { address } = inject('temporal');

let stack: Stack;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-listing-'));
  stack = await startStack({
    address,
    env: { TRYON_ARCHIVE: `file://${folder}/images`, TRYON_ARCHIVE_ALLOW: '127.0.0.1' },
    emulator: { script: batches },
  });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const statusOf = async (handle: WorkflowHandle) => {
  const status = await handle.query<TryOnListingStatus>(messages.listingStatus);
  expectValid('TryOnListingStatus', status);
  return status;
};
const jobOf = (requestId: string) => stack.client.workflow.getHandle(jobWorkflowId(requestId));
const jobStatus = (requestId: string) => jobOf(requestId).query<TryOnJobStatus>(messages.jobStatus);
const start = async (input: Partial<TryOnListingInput>, on: Stack = stack) => {
  const listingId = randomUUID();
  return await on.client.workflow.start(workflowTypes.listing, {
    taskQueue: on.taskQueue,
    workflowId: listingWorkflowId(listingId),
    args: [{ listingId, tasks: [], ...input }],
  });
};
const resultOf = async (handle: WorkflowHandle) => {
  const result = (await handle.result()) as TryOnListingResult;
  expectValid('TryOnListingResult', result);
  return result;
};
const clothesOf = (requestId: string): string => `https://shop.example/${requestId}`;
const byRequest = (more: Partial<ListingTask> = {}): ListingTask & { requestId: string } => {
  const requestId = randomUUID();
  const request = { ...aRequest, clothesList: [{ imageUrl: clothesOf(requestId), type: 'tops' }] };
  return { requestId, request, ...more } as ListingTask & { requestId: string };
};
/** The tasks that the vendor sold for a request. */
const tasksOf = (requestId: string, { emulator }: Stack = stack): string[] =>
  emulator.submits.flatMap(({ taskId = '' }) =>
    emulator.task(taskId)?.subTasks[0]?.clothes === clothesOf(requestId) ? taskId : [],
  );

describe.concurrent('a listing', () => {
  test('of requests, one of them refused, and of a known task: each is submitted once, its images are archived', async () => {
    const known = { taskId: stack.emulator.addTask({ durationSeconds: 0.5 }), garmentId: 'hat' };
    const [coat, skirt] = [byRequest({ garmentId: 'coat' }), byRequest({ api: 'tryon-pro' })];
    const refused = { requestId: randomUUID(), request: { clothesList: [] } };
    const handle = await start({ tasks: [coat, known, refused, skirt] });
    expect((await statusOf(handle)).tasks.map(({ requestId }) => requestId)).toEqual([
      coat.requestId,
      undefined,
      refused.requestId,
      skirt.requestId,
    ]);
    const result = await resultOf(handle);
    expect(result.status).toBe('incomplete');
    expect(result.outcomes).toMatchObject([
      { requestId: coat.requestId, taskId: tasksOf(coat.requestId)[0], status: 'finished', api: 'tryon' },
      { taskId: known.taskId, status: 'finished' },
      { requestId: refused.requestId, status: 'rejected', error: { layer: 'service', code: '700' } },
      { requestId: skirt.requestId, status: 'finished', api: 'tryon-pro' },
    ]);
    expect(result.outcomes[1]).not.toHaveProperty('requestId');
    expect(result.outcomes[2]).not.toHaveProperty('taskId');
    expect([tasksOf(coat.requestId), tasksOf(skirt.requestId)].map((ids) => ids.length)).toEqual([1, 1]);
    const ofJobs = result.images.filter(({ requestId }) => requestId !== undefined);
    expect(ofJobs.length).toBeGreaterThan(0);
    for (const { archived, taskId, requestId } of ofJobs) {
      expect(tasksOf(requestId ?? '')).toEqual([taskId]);
      expect((await readFile(fileURLToPath(archived?.location ?? ''))).length).toBe(archived?.bytes);
    }
    const coats = result.images.filter(({ garmentId }) => garmentId === 'coat');
    expect(coats.map(({ requestId }) => requestId)).toEqual(coats.map(() => coat.requestId));
    expect((await statusOf(handle)).state).toBe('incomplete');
  });

  test('takes a request while it runs; a known request id changes nothing', async () => {
    const [first, second] = [byRequest(), byRequest()];
    const handle = await start({ tasks: [{ taskId: stack.emulator.addTask({ durationSeconds: 2 }) }] });
    const add = (task: unknown) =>
      handle.executeUpdate<TryOnListingStatus, [unknown]>(messages.addTask, { args: [task] });
    await Promise.all([add(first), add(second)]);
    expect((await add({ ...first, request: { other: true } })).tasks).toHaveLength(3);
    await expect(add({ requestId: 'x' })).rejects.toMatchObject({ cause: { type: 'InvalidTryOnInput' } });
    const result = await resultOf(handle);
    expect(result.status).toBe('complete');
    expect([tasksOf(first.requestId), tasksOf(second.requestId)].map((ids) => ids.length)).toEqual([1, 1]);
  });

  test('shares the job of a request with other listings and callers, also one that has ended', async () => {
    const task = byRequest({ garmentId: 'coat' });
    const client = await createTryOnClient({ client: stack.client, taskQueue: stack.taskQueue });
    const own = await client.jobs.start({ requestId: task.requestId, request: task.request });
    const [one, two] = await Promise.all([start({ tasks: [task] }), start({ tasks: [task] })]);
    const results = await Promise.all([resultOf(one), resultOf(two)]);
    const three = await resultOf(await start({ tasks: [task] }));
    expect([...results, three].map(({ status }) => status)).toEqual(['complete', 'complete', 'complete']);
    expect(three.images).toEqual(results[0]?.images);
    expect(tasksOf(task.requestId)).toHaveLength(1);
    expect((await jobOf(task.requestId).describe()).raw.workflowExecutionInfo?.firstRunId).toBe(own.runId);
  });

  test('takes a job that was cancelled as cancelled, and does not start it again', async () => {
    const task = byRequest();
    const client = await createTryOnClient({ client: stack.client, taskQueue: stack.taskQueue });
    await client.jobs.start({ requestId: task.requestId, request: task.request, account: 'nobody' });
    await client.jobs.cancel(task.requestId);
    await expect(client.jobs.result(task.requestId)).rejects.toMatchObject({ code: 'Cancelled' });
    const result = await resultOf(await start({ tasks: [task] }));
    expect(result).toMatchObject({ status: 'failed', outcomes: [{ status: 'cancelled' }] });
    expect(tasksOf(task.requestId)).toEqual([]);
  });

  test('that is cancelled submits nothing more; what was submitted goes on', async () => {
    const slow = stack.emulator.addTask(never);
    const sent = byRequest();
    const other = await createTryOnClient({ client: stack.client, taskQueue: stack.taskQueue });
    // A job that has its task, and is no child of the listing.
    await other.jobs.start({ requestId: sent.requestId, taskId: slow });
    const unsent = byRequest();
    const shared = byRequest();
    const one = await start({ account: 'nobody', tasks: [sent, unsent, shared] });
    await until(async () => (await statusOf(one)).tasks[0]?.taskId === slow);
    const two = await start({ account: 'nobody', tasks: [shared] });
    await until(async () => (await jobStatus(shared.requestId)).subscribers.length === 2);
    await until(async () => (await jobStatus(unsent.requestId)).submission.attempts === 1);
    await one.cancel();
    await expect(one.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    await expect(jobOf(unsent.requestId).result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(await jobStatus(sent.requestId)).toMatchObject({ state: 'waiting', subscribers: [] });
    expect(await jobStatus(shared.requestId)).toMatchObject({ state: 'submitting' });
    await two.cancel();
    await expect(jobOf(shared.requestId).result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    await jobOf(sent.requestId).cancel();
  });

  test('whose jobs nobody submits ends by its deadline: the jobs end before', async () => {
    const task = byRequest();
    const handle = await start({ account: 'nobody', timeoutSeconds: 4, tasks: [task] });
    expect(await resultOf(handle)).toMatchObject({
      status: 'failed',
      outcomes: [{ requestId: task.requestId, status: 'timeout', error: { code: 'NoWorker' } }],
    });
    expect(await jobOf(task.requestId).result()).toMatchObject({ status: 'timeout' });
  });

  test('shows a request that may have been submitted, until a person decides', async () => {
    const own = await startStack({ address, emulator: { script: batches } });
    try {
      own.emulator.scriptSubmits([{ use: 'reset-before-headers', polls: 1 }]);
      const task = byRequest();
      const handle = await start({ tasks: [task] }, own);
      await until(async () => (await statusOf(handle)).tasks[0]?.state === 'maybeSubmitted');
      await own.client.workflow
        .getHandle(jobWorkflowId(task.requestId))
        .executeUpdate(messages.resolveSubmission, { args: [{ giveUp: true }] });
      expect(await resultOf(handle)).toMatchObject({ status: 'failed', outcomes: [{ status: 'unresolved' }] });
    } finally {
      await own.stop();
    }
  });

  test('of as many requests as fit into its input starts each once, in batches', async () => {
    const request = { ...aRequest, note: 'x'.repeat(40_000) };
    const tasks = Array.from({ length: 32 }, () => byRequest({ request } as Partial<ListingTask>));
    const handle = await start({ tasks, account: 'nobody', timeoutSeconds: 600 });
    const last = tasks.at(-1)?.requestId ?? '';
    await until(async () => (await jobStatus(last).catch(() => undefined))?.submission.attempts === 1);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    const names = await stack.history(handle.workflowId);
    expect(names.filter((name) => name === 'startChildWorkflowExecutionInitiated')).toHaveLength(32);
    const { events } = await handle.fetchHistory();
    const failures = (events ?? []).flatMap((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? []);
    // The server repeats a workflow task that would end the workflow while a signal comes in.
    expect(failures.filter((message) => message !== 'UnhandledCommand')).toEqual([]);
    await expect(jobOf(last).result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  });
});

describe.concurrent('a listing rejoins after a dropped event', () => {
  /** Its wait or job forgets the listing, as if every event to it were lost; then it gets a signal that nobody can decode. */
  const loseEvents = async (listing: WorkflowHandle, from: WorkflowHandle) => {
    await from.executeUpdate(messages.unsubscribe, { args: [{ workflowId: listing.workflowId }] });
    await signalRaw(stack.client, listing.workflowId, messages.event, undecodable['another codec'] ?? []);
  };
  const hears = (listing: WorkflowHandle, from: { subscribers: readonly { workflowId?: string | undefined }[] }) =>
    from.subscribers.some(({ workflowId }) => workflowId === listing.workflowId);

  test('of a wait', async () => {
    const taskId = stack.emulator.addTask({ subTasks: 2, ...never });
    const wait = await stack.start({ taskId });
    const listing = await start({ tasks: [{ taskId }], timeoutSeconds: 20 });
    await until(async () => hears(listing, await stack.status(taskId)));
    await loseEvents(listing, wait);
    expect((await statusOf(listing)).warnings?.join()).toContain(`signal ${messages.event} was dropped`);
    await until(async () => hears(listing, await stack.status(taskId)));
    stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
    await wait.executeUpdate(messages.pollNow);
    expect(await resultOf(listing)).toMatchObject({ status: 'complete', outcomes: [{ taskId, status: 'finished' }] });
  });

  test('of a job that runs, and of one that has ended meanwhile', async () => {
    const client = await createTryOnClient({ client: stack.client, taskQueue: stack.taskQueue });
    const [running, ending] = [stack.emulator.addTask(never), stack.emulator.addTask(never)];
    const tasks = [byRequest(), byRequest()] as const;
    await client.jobs.start({ requestId: tasks[0].requestId, taskId: running, archive: false });
    await client.jobs.start({ requestId: tasks[1].requestId, taskId: ending, archive: false });
    const listing = await start({ tasks: [...tasks], timeoutSeconds: 24 });
    const isHeard = async (requestId: string) => hears(listing, await jobStatus(requestId));
    for (const { requestId } of tasks) await until(() => isHeard(requestId));
    await loseEvents(listing, jobOf(tasks[0].requestId));
    await loseEvents(listing, jobOf(tasks[1].requestId));
    stack.emulator.script(ending, [{ task: { state: 'finished' } }]);
    await client.jobs.pollNow(tasks[1].requestId);
    await client.jobs.result(tasks[1].requestId);
    await until(() => isHeard(tasks[0].requestId));
    // The listing still runs: the result of the other job came by the rejoining, not at the deadline.
    await until(async () => (await statusOf(listing)).tasks[1]?.state === 'finished');
    expect((await statusOf(listing)).state).toBe('waiting');
    stack.emulator.script(running, [{ task: { state: 'finished' } }]);
    await client.jobs.pollNow(tasks[0].requestId);
    expect(await resultOf(listing)).toMatchObject({ status: 'complete' });
    expect(tasks.flatMap(({ requestId }) => tasksOf(requestId))).toEqual([]);
  });
});

test('requests of a listing are submitted once each through a kill of the worker', { timeout: 240_000 }, async () => {
  const own = await startStack({
    address,
    noWorker: true,
    emulator: { script: [{ task: { state: 'finished' } }], latencyMs: 20 },
  });
  const env = { ...workerEnv(own.emulator, own.taskQueue), TEMPORAL_ADDRESS: address, TRYON_LOG_LEVEL: 'ERROR' };
  let worker = await startWorker(env);
  try {
    const tasks: (ListingTask & { requestId: string })[] = Array.from({ length: 8 }, () => byRequest());
    const refused = { requestId: randomUUID(), request: { clothesList: [] } };
    const handle = await start({ tasks: [...tasks.slice(0, 4), refused, ...tasks.slice(4)] }, own);
    await until(() => own.emulator.submits.length >= 3);
    await killWorker(worker);
    worker = await startWorker(env);
    let isOver = false;
    const result = resultOf(handle).finally(() => {
      isOver = true;
    });
    // The request that was under way may be parked: nobody can know what became of it.
    const resolving = until(async () => {
      const { tasks: shown } = await statusOf(handle).catch(() => ({ tasks: [] }));
      const parked = shown.filter(({ state }) => state === 'maybeSubmitted');
      for (const { requestId = '' } of parked) {
        const job = own.client.workflow.getHandle(jobWorkflowId(requestId));
        await job.executeUpdate(messages.resolveSubmission, { args: [{ giveUp: true }] }).catch(() => undefined);
      }
      return isOver;
    });
    const { outcomes } = await result;
    await resolving;
    const statuses = outcomes.map(({ status }) => status);
    expect(statuses.filter((status) => status === 'rejected')).toHaveLength(1);
    expect(statuses.filter((status) => status === 'unresolved').length).toBeLessThanOrEqual(1);
    for (const { requestId = '', status, taskId } of outcomes) {
      const sold = tasksOf(requestId, own);
      expect(sold.length).toBeLessThanOrEqual(1);
      if (status === 'finished') expect(sold).toEqual([taskId]);
    }
    expect(statuses.filter((status) => status === 'finished').length).toBeGreaterThanOrEqual(7);
  } finally {
    await killWorker(worker);
    await own.stop();
  }
});

test('a wait of a task has no request id to be known by', async () => {
  const taskId = stack.emulator.addTask({ durationSeconds: 0.2 });
  const handle = await start({ tasks: [{ taskId }] });
  const result = await resultOf(handle);
  expect(result.images.every((image) => image.taskId === taskId && image.requestId === undefined)).toBe(true);
  expect((await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).describe()).status.name).toBe('COMPLETED');
});
