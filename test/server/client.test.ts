import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import type { TryOnChange } from '../../src/client/events.js';
import { listWaits } from '../../src/client/list.js';
import { searchAttributes } from '../../src/contract.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: Stack;
let client: TryOnClient;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
  client = await createTryOnClient({ client: stack.client, taskQueue: stack.taskQueue });
});
afterAll(async () => await stack.stop());

const changesOf = async (changes: AsyncIterable<TryOnChange>): Promise<TryOnChange[]> => {
  const all: TryOnChange[] = [];
  for await (const change of changes) all.push(change);
  return all;
};
const idsOf = (changes: readonly TryOnChange[]): string[] =>
  changes.flatMap((change) => (change.kind === 'images' ? change.images.map(({ id }) => id) : []));

describe('starting again', () => {
  test('a task that is over gives its stored outcome, and the vendor is not asked', async () => {
    const taskId = stack.emulator.addTask({ script: 'finished' });
    const first = await client.waitFor({ taskId });
    expect(first).toMatchObject({ taskId, status: 'finished' });
    const { polls } = stack.emulator.task(taskId) ?? {};
    const again = await client.start({ taskId });
    expect(again.outcome).toEqual(first);
    expect(await client.waitFor({ taskId })).toEqual(first);
    expect(stack.emulator.task(taskId)?.polls).toBe(polls);
  });

  test('a wait that ran out of time waits on', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    expect(await client.waitFor({ taskId, timeoutSeconds: 1 })).toMatchObject({ status: 'timeout' });
    stack.emulator.script(taskId, 'finished');
    expect(await client.waitFor({ taskId })).toMatchObject({ status: 'finished' });
  });

  test('a cancelled wait is begun anew', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const first = await client.start({ taskId });
    await client.cancel(taskId);
    await expect(client.outcome(taskId)).rejects.toMatchObject({ code: 'Cancelled' });
    expect((await client.start({ taskId })).runId).not.toBe(first.runId);
    await client.cancel(taskId);
  });

  test('two that start at once share one wait', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const [one, other] = await Promise.all([client.start({ taskId }), client.start({ taskId })]);
    expect(one.runId).toBe(other.runId);
    await client.cancel(taskId);
  });
});

describe('subscribers', () => {
  test('are there from the start, once, and leave', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const subscriber = { workflowId: `nobody-${randomUUID()}` };
    const { status, runId } = await client.startAndSubscribe({ taskId }, subscriber);
    expect(status).toMatchObject({ taskId, state: 'waiting', waitId: runId, subscribers: [subscriber] });
    expect((await client.startAndSubscribe({ taskId }, subscriber)).status?.subscribers).toHaveLength(1);
    const other = { workflowId: `nobody-${randomUUID()}`, signal: 'told' };
    expect((await client.subscribe(taskId, other)).subscribers).toEqual([subscriber, other]);
    expect((await client.unsubscribe(taskId, subscriber)).subscribers).toEqual([other]);
    await client.cancel(taskId);
  });

  test('of a task that is over get its outcome at once', async () => {
    const taskId = stack.emulator.addTask({ script: 'finished' });
    const outcome = await client.waitFor({ taskId });
    const late = await client.startAndSubscribe({ taskId }, { workflowId: 'nobody' });
    expect(late).toMatchObject({ taskId, outcome });
    expect('status' in late).toBe(false);
  });
});

describe('the status', () => {
  test('counts polls up to date and tells when and why the next poll is', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    await client.start({ taskId });
    await stack.emulator.waitForQuery(taskId, 2);
    await expect
      .poll(() => client.status(taskId), { timeout: 30_000 })
      .toMatchObject({ isAnswered: true, pending: { isRunning: false, why: 'schedule' } });
    const status = await client.status(taskId);
    expect(status).toMatchObject({ taskId, state: 'waiting', vendorStatus: 'running', notes: [] });
    expect(status.polls).toBeGreaterThanOrEqual(2);
    expect(status.polls).toBeLessThanOrEqual(stack.emulator.task(taskId)?.polls ?? 0);
    const { pending } = status;
    expect(pending).toMatchObject({
      pollCostSeconds: expect.any(Number),
      model: { source: expect.any(String) },
      queue: `${stack.taskQueue}-vendor`,
    });
    expect(Date.parse(pending?.dueAt ?? '')).not.toBeNaN();
    await client.cancel(taskId);
  });

  test('of a blocked wait says what a person must do', async () => {
    const taskId = stack.emulator.addTask({ script: 'invalid-app-key' });
    await client.start({ taskId });
    await expect.poll(async () => (await client.status(taskId)).state, { timeout: 30_000 }).toBe('blocked');
    const { notes, error } = await client.status(taskId);
    expect(error).toMatchObject({ layer: 'gateway', code: 'InvalidAppKey' });
    expect(notes.join()).toMatch(/blocked, a person must act: .*check AIDGE_APP_KEY and AIDGE_ENDPOINT/);
    await client.cancel(taskId);
  });

  test('of an account that no worker serves names the queue', async () => {
    const taskId = randomUUID();
    await client.start({ taskId, account: 'shop-7', submittedAt: new Date(Date.now() - 60_000).toISOString() });
    await expect
      .poll(async () => (await client.status(taskId)).notes.join(), { timeout: 30_000 })
      .toContain(`no worker polls queue ${stack.taskQueue}-vendor-shop-7`);
    await client.cancel(taskId);
  });

  test('of a wait whose worker is missing is what the server knows', async () => {
    const lonely = await createTryOnClient({
      client: stack.client,
      taskQueue: `nobody-${randomUUID()}`,
      updateTimeoutMs: 500,
    });
    const taskId = randomUUID();
    await lonely.start({ taskId });
    const status = await lonely.status(taskId);
    expect(status).toMatchObject({ taskId, state: 'waiting', isAnswered: false, polls: 0, images: [] });
    expect(status.notes.join()).toContain(`no worker polls queue ${lonely.taskQueue}`);
    await expect(lonely.pollNow(taskId)).rejects.toMatchObject({
      code: 'NoWorker',
      message: expect.stringContaining(lonely.taskQueue),
    });
    await stack.client.workflow.getHandle(status.workflowId).terminate('the test is over');
    expect(await lonely.status(taskId)).toMatchObject({ state: 'terminated', isAnswered: false });
    await expect(lonely.outcome(taskId)).rejects.toMatchObject({ code: 'Terminated' });
  });

  test('pollNow asks before the next planned poll, setTimeout moves the deadline', async () => {
    const taskId = stack.emulator.addTask({ script: 'invalid-app-key' });
    await client.start({ taskId });
    await stack.emulator.waitForQuery(taskId, 1);
    await expect.poll(async () => (await client.status(taskId)).state, { timeout: 30_000 }).toBe('blocked');
    stack.emulator.script(taskId, 'finished');
    const { deadline } = await client.setTimeout(taskId, 7_200);
    expect(Date.parse(deadline) - Date.now()).toBeGreaterThan(7_000_000);
    await client.pollNow(taskId);
    expect(await client.outcome(taskId)).toMatchObject({ status: 'finished' });
    await expect(client.pollNow(taskId)).rejects.toMatchObject({ code: 'Ended' });
  });

  test.each(['status', 'outcome', 'cancel', 'pollNow'] as const)('%s of an unknown wait is NoWait', async (call) => {
    await expect(client[call](randomUUID())).rejects.toMatchObject({ name: 'TryOnClientError', code: 'NoWait' });
  });
});

describe('changes', () => {
  test('tell every image once, as it comes, and end with the outcome', async () => {
    const taskId = stack.emulator.addTask({ script: 'batches', subTasks: 3, imagesPerSubTask: 2 });
    await client.start({ taskId });
    const changes = await changesOf(client.events(taskId, { intervalMs: 100 }));
    const last = changes.at(-1);
    if (last?.kind !== 'outcome') throw new Error(`the last change is ${last?.kind}`);
    expect(idsOf(changes)).toHaveLength(6);
    expect(new Set(idsOf(changes))).toEqual(new Set(last.outcome.images.map(({ id }) => id)));
    expect(changes[0]?.kind).toBe('status');
    expect(changes.filter(({ kind }) => kind === 'images').length).toBeGreaterThan(1);
  });

  test('of a wait that is over are its images and its outcome', async () => {
    const taskId = stack.emulator.addTask({ script: 'finished' });
    await client.waitFor({ taskId });
    const changes = await changesOf(client.events(taskId));
    expect(changes.map(({ kind }) => kind)).toEqual(['status', 'images', 'outcome']);
  });

  test('tell that a wait is blocked, goes on, and was cancelled', async () => {
    const taskId = stack.emulator.addTask({ script: 'invalid-app-key' });
    await client.start({ taskId });
    const kinds: string[] = [];
    for await (const change of client.events(taskId, { intervalMs: 100 })) {
      kinds.push(change.kind);
      if (change.kind === 'blocked') {
        stack.emulator.script(taskId, 'stuck');
        await client.pollNow(taskId);
      }
      if (change.kind === 'unblocked') await client.cancel(taskId);
      if (change.kind === 'ended') expect(change).toMatchObject({ state: 'cancelled', error: { code: 'Cancelled' } });
    }
    expect(kinds.filter((kind) => ['blocked', 'unblocked', 'ended'].includes(kind))).toEqual([
      'blocked',
      'unblocked',
      'ended',
    ]);
  });

  test('stop at a signal, and the wait goes on', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    await client.start({ taskId });
    const stop = new AbortController();
    const watching = (async () => {
      for await (const _change of client.events(taskId, { signal: stop.signal })) stop.abort(new Error('enough'));
    })();
    await expect(watching).rejects.toThrow('enough');
    expect(await client.status(taskId)).toMatchObject({ state: 'waiting' });
    await client.cancel(taskId);
  });
});

describe('lists', () => {
  const found = async (options: Parameters<TryOnClient['list']>[0]): Promise<Map<string, string>> => {
    const waits = new Map<string, string>();
    for await (const { taskId, state } of client.list({ limit: 1_000, ...options })) waits.set(taskId, state);
    return waits;
  };

  test('find waits by state, with search attributes and without', async () => {
    const open = stack.emulator.addTask({ script: 'stuck' });
    const over = stack.emulator.addTask({ script: 'finished' });
    const failed = stack.emulator.addTask({ script: 'service-801' });
    await client.start({ taskId: open });
    await Promise.all([client.waitFor({ taskId: over }), client.waitFor({ taskId: failed })]);
    await expect.poll(async () => (await found({})).get(failed), { timeout: 30_000 }).toBe('failed');
    expect((await found({ state: 'finished' })).get(over)).toBe('finished');
    expect((await found({ state: 'waiting' })).get(open)).toBe('waiting');
    const finished = await found({ state: 'finished' });
    expect([finished.has(open), finished.has(failed)]).toEqual([false, false]);
    expect((await found({ olderThanSeconds: 3_600 })).has(open)).toBe(false);
    expect((await found({ limit: 1 })).size).toBe(1);
    const plain = [];
    for await (const wait of listWaits(stack.client, { state: 'failed', limit: 1_000 }, [], async () => [])) {
      plain.push(wait.taskId);
    }
    expect(plain).toContain(failed);
    expect(plain).not.toContain(over);
    await client.cancel(open);
  });

  test("of a listing find its tasks' waits, in its order", async () => {
    const listingId = `list-${randomUUID()}`;
    const tasks = ['finished', 'partial'].map((script) => ({
      taskId: stack.emulator.addTask({ script: script as 'finished' }),
    }));
    await client.listings.start({ listingId, tasks });
    await client.listings.result(listingId);
    // The server lists what has changed a little later.
    const ended = async () => [...(await found({ listingId }))].filter(([, state]) => state !== 'waiting');
    await until(async () => (await ended()).length === tasks.length);
    expect(await ended()).toEqual([
      [tasks[0]?.taskId, 'finished'],
      [tasks[1]?.taskId, 'partial'],
    ]);
  });
});

test('a wait is started with summary, details and search attributes', async () => {
  const taskId = stack.emulator.addTask({ script: 'stuck' });
  const { workflowId } = await client.start({ taskId, expectedImages: 8 });
  const description = await stack.client.workflow.getHandle(workflowId).describe();
  expect(await description.staticSummary()).toContain(taskId.slice(0, 8));
  expect(await description.staticDetails()).toMatch(/expected images: 8/);
  expect(description.searchAttributes[searchAttributes.taskId.name]).toEqual([taskId]);
  await client.cancel(taskId);
});

describe('a listing', () => {
  test('takes a task more, tells its status, and ends with its result', async () => {
    const listingId = `listing-${randomUUID()}`;
    const first = stack.emulator.addTask({ script: 'stuck' });
    const started = await client.listings.start({ listingId, tasks: [{ taskId: first, garmentId: 'coat' }] });
    expect((await client.listings.start({ listingId, tasks: [{ taskId: first }] })).runId).toBe(started.runId);
    const second = stack.emulator.addTask({ script: 'finished' });
    const status = await client.listings.addTask(listingId, { taskId: second });
    expect(status.tasks.map(({ taskId }) => taskId)).toEqual([first, second]);
    await expect
      .poll(async () => (await client.listings.status(listingId)).tasks[1]?.state, { timeout: 30_000 })
      .toBe('finished');
    stack.emulator.script(first, 'finished');
    expect(await client.listings.result(listingId)).toMatchObject({ listingId, status: 'complete' });
    const late = client.listings.addTask(listingId, { taskId: 'late' });
    await expect(late).rejects.toMatchObject({ code: 'Ended', message: `listing ${listingId} has ended` });
  });

  test('that nobody knows is NoWait', async () => {
    const unknown = randomUUID();
    await expect(client.listings.status(unknown)).rejects.toMatchObject({ code: 'NoWait' });
    await expect(client.listings.result(unknown)).rejects.toMatchObject({ code: 'NoWait' });
    await expect(client.listings.addTask(unknown, { taskId: 'a' })).rejects.toMatchObject({ code: 'NoWait' });
  });
});
