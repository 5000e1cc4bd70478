import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { limits, messages, resultsWorkflowId, type TryOnOutcome, type TryOnStatus } from '../../src/contract.js';
import { startDevServer } from '../../src/dev-server/temporal-server.js';
import { jsonBytes } from '../../src/json-size.js';
import type { NewTask } from '../../src/testing.js';
import type { Tallied, Tally } from '../support/interleave-tally.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

interface LimitStack extends Stack {
  /** Starts a receiver that keeps little of what it is told. */
  receiver(): Promise<Receiver>;
}

interface Receiver {
  readonly handle: WorkflowHandle;
  readonly workflowId: string;
  tally(): Promise<Tally>;
}

async function startLimitStack(address: string): Promise<LimitStack> {
  const stack = await startStack({ address });
  const connection = await NativeConnection.connect({ address });
  const taskQueue = `${stack.taskQueue}-receivers`;
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('../support/interleave-tally.ts', import.meta.url)),
  });
  const run = worker.run();
  return {
    ...stack,
    async receiver() {
      const handle = await stack.client.workflow.start('tally', { taskQueue, workflowId: `receiver-${randomUUID()}` });
      return { handle, workflowId: handle.workflowId, tally: () => handle.query<Tally>('tally') };
    },
    async stop() {
      worker.shutdown();
      await run;
      await connection.close();
      await stack.stop();
    },
  };
}

const pollNow = (handle: WorkflowHandle) => handle.executeUpdate<TryOnStatus, []>(messages.pollNow);
const subscribe = (handle: WorkflowHandle, workflowId: string) =>
  handle.executeUpdate<TryOnStatus, [object]>(messages.subscribe, { args: [{ workflowId }] });
const whole = (told: { images: readonly unknown[]; imagesOmitted?: number | undefined }) =>
  told.images.length + (told.imagesOmitted ?? 0);
const idsOf = (events: readonly Pick<Tallied, 'kind' | 'ids'>[], ...kinds: Tallied['kind'][]) =>
  events.filter((event) => kinds.includes(event.kind)).flatMap((event) => event.ids);
const numbers = (events: readonly Tallied[]) =>
  events.filter((event) => event.kind !== 'snapshot').map((event) => event.sequence);

/** So many images of two sub-tasks, all told while the task goes on or as it ends. */
const large = (images: number, state: 'running' | 'finished' = 'running') => ({
  subTasks: 2,
  script: [{ task: { state, finishedSubTasks: 2, imagesPerSubTask: images / 2 } }] as const,
});

/** Workflow tasks that answered updates; answers given in one of them travel in one message. Reads few events at a time: they are large. */
async function tasksWithAnswers(stack: LimitStack, { workflowId }: WorkflowHandle): Promise<number> {
  const { workflowService, options } = stack.client;
  const tasks = new Set<number>();
  let task = 0;
  let index = 0;
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await workflowService.getWorkflowExecutionHistory({
      namespace: options.namespace,
      execution: { workflowId },
      maximumPageSize: 2,
      nextPageToken: nextPageToken ?? new Uint8Array(),
    });
    for (const event of page.history?.events ?? []) {
      index += 1;
      if (event.workflowTaskCompletedEventAttributes) task = index;
      if (event.workflowExecutionUpdateCompletedEventAttributes) tasks.add(task);
    }
    ({ nextPageToken } = page);
  } while (nextPageToken?.length);
  return tasks.size;
}

describe('on a server with its usual limits', () => {
  let stack: LimitStack;
  beforeAll(async () => {
    stack = await startLimitStack(inject('temporal').address);
  });
  afterAll(async () => await stack?.stop());

  async function started(task: NewTask, notify: readonly { workflowId: string; signal?: string }[]) {
    const taskId = stack.emulator.addTask(task);
    const handle = await stack.start({ taskId, submittedAt: ago(1000), notify: [...notify] });
    return { taskId, handle };
  }
  /** Polls again until all images but those of a last report are known: a report has room for 1 MiB of them. */
  async function untilKnown(handle: WorkflowHandle, min: number) {
    await until(async () => {
      const status = await handle.query<TryOnStatus>(messages.status);
      if (whole(status) >= min) return true;
      if (status.polls > 0) await pollNow(handle);
      return false;
    });
  }

  test('8,000 images: every subscriber, early, late by an update or by a signal, gets each of them once', async () => {
    const count = 8_000;
    const early = await Promise.all([stack.receiver(), stack.receiver(), stack.receiver()]);
    const [byUpdate, bySignal] = await Promise.all([stack.receiver(), stack.receiver()]);
    const { taskId, handle } = await started(
      large(count),
      early.map(({ workflowId }) => ({ workflowId })),
    );
    await untilKnown(handle, 4_000);
    // Three answers of 1.5 MiB would be more than the server takes in one message.
    const [answer, ...others] = await Promise.all(
      [byUpdate.workflowId, 'gone-1', 'gone-2'].map((id) => subscribe(handle, id)),
    );
    await handle.signal(messages.subscribeSignal, { workflowId: bySignal.workflowId });
    stack.emulator.script(taskId, large(count, 'finished').script);
    await pollNow(handle);
    const outcome = (await handle.result()) as TryOnOutcome;
    expect(outcome.status).toBe('finished');
    expect(whole(outcome)).toBe(count);
    expect(outcome.imagesOmitted).toBeGreaterThan(0);
    expect(jsonBytes(outcome)).toBeLessThanOrEqual(limits.resultBytes);

    for (const receiver of early) {
      const { events, inboxImages } = await receiver.tally();
      expect(numbers(events)).toEqual(events.map((_event, index) => index + 1));
      expect(new Set(idsOf(events, 'images')).size).toBe(count);
      expect(idsOf(events, 'images')).toHaveLength(count);
      expect(inboxImages).toBe(count);
    }
    for (const status of [answer, ...others]) expect(whole(status as TryOnStatus)).toBeGreaterThanOrEqual(4_000);
    const tasks = await tasksWithAnswers(stack, handle);
    expect(jsonBytes([answer, ...others])).toBeLessThanOrEqual(tasks * (limits.resultBytes + 10_240));

    const answered = (answer as TryOnStatus).images.map((image) => image.id.slice(0, 8));
    for (const [receiver, known] of [
      [byUpdate, answered],
      [bySignal, []],
    ] as const) {
      const { events, inboxImages } = await receiver.tally();
      const told = [...known, ...idsOf(events, 'images', 'snapshot')];
      expect(told).toHaveLength(count);
      expect(new Set(told).size).toBe(count);
      expect(inboxImages).toBe(new Set([...idsOf(events, 'images', 'snapshot', 'outcome')]).size);
      expect(events.at(-1)?.kind).toBe('outcome');
    }
    // A parent in workflow code has nothing but its events.
    expect((await bySignal.tally()).inboxImages).toBe(count);
  });

  test('5,000 sub-tasks: every image is told, the outcome names as many sub-tasks as fit', async () => {
    const receiver = await stack.receiver();
    const task: NewTask = { subTasks: 5_000, script: [{ task: { state: 'finished', imagesPerSubTask: 1 } }] };
    const { handle } = await started(task, [{ workflowId: receiver.workflowId }]);
    const outcome = (await handle.result()) as TryOnOutcome;
    expect(outcome.status).toBe('finished');
    expect(whole(outcome)).toBe(5_000);
    expect(jsonBytes(outcome)).toBeLessThanOrEqual(limits.resultBytes);
    const { events, inboxImages } = await receiver.tally();
    expect(inboxImages).toBe(5_000);
    expect(numbers(events)).toEqual(events.map((_event, index) => index + 1));
  });

  test('as many subscribers as an input takes: each gets the outcome', async () => {
    const receiver = await stack.receiver();
    const notify = Array.from({ length: limits.notified }, (_none, index) => ({
      workflowId: receiver.workflowId,
      signal: `s-${index}`,
    }));
    const { handle } = await started({ script: [{ task: { state: 'finished' } }] }, notify);
    expect(await handle.result()).toMatchObject({ status: 'finished' });
    const { events } = await receiver.tally();
    expect(events).toHaveLength(limits.notified);
    expect(new Set(events.map((event) => `${event.signal} ${event.kind}`)).size).toBe(limits.notified);
  });

  test('a reply above 4 MiB is errors, and the wait goes on', async () => {
    const { taskId, handle } = await started({ script: 'beyond-the-cap' }, []);
    await until(
      async () =>
        (await handle.query<TryOnStatus>(messages.status)).polls > 0 ||
        stack.emulator.queries.some((query) => query.taskId === taskId),
    );
    stack.emulator.script(taskId, large(200, 'finished').script);
    await pollNow(handle);
    const outcome = (await handle.result()) as TryOnOutcome;
    expect(outcome).toMatchObject({ status: 'finished' });
    expect(outcome.polls).toBeGreaterThanOrEqual(2);
  });
});

describe('on a server with lower limits', () => {
  let server: Awaited<ReturnType<typeof startDevServer>>;
  let stack: LimitStack;
  const maxSignals = 3;
  const maxUpdates = 30;
  beforeAll(async () => {
    const settings = {
      'history.maximumSignalsPerExecution': maxSignals,
      'history.maxTotalUpdates': maxUpdates,
    };
    server = await startDevServer({
      uiPort: false,
      extraArgs: Object.entries(settings).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
      log: () => undefined,
    });
    stack = await startLimitStack(server.address);
  });
  afterAll(async () => {
    await stack?.stop();
    await server?.stop();
  });

  test('a receiver that has had all the signals that it may have is no error, and no other subscriber misses any', async () => {
    const [full, other] = await Promise.all([stack.receiver(), stack.receiver()]);
    for (let index = 0; index < maxSignals; index++) await full.handle.signal('anything', { kind: 'images' });
    await expect(full.handle.signal('anything', {})).rejects.toThrow();
    const taskId = stack.emulator.addTask({
      subTasks: 2,
      script: [{ polls: 1, task: { state: 'running', finishedSubTasks: 1 } }, { task: { state: 'finished' } }],
    });
    const notify = [full, other].map(({ workflowId }) => ({ workflowId }));
    const outcome = await stack.run({ taskId, submittedAt: ago(1), notify });
    expect(outcome).toMatchObject({ status: 'finished' });
    expect((await other.tally()).events.map((event) => event.kind)).toEqual(['images', 'outcome']);
    expect((await full.tally()).events).toHaveLength(maxSignals);
  });

  test('more updates than one run may have: the wait carries on in new runs, and none is refused', async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
    const { runId } = await (await stack.start({ taskId, submittedAt: ago(1000) })).describe();
    const handle = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    const runs = new Set<string>();
    const waitIds = new Set<string>();
    for (let index = 0; index < 2 * maxUpdates + 5; index++) {
      const { waitId, subscribers } = await subscribe(handle, `gone-${index}`);
      expect(subscribers).toHaveLength(index + 1);
      waitIds.add(waitId);
      runs.add((await handle.describe()).runId);
    }
    expect(waitIds).toEqual(new Set([runId]));
    expect(runs.size).toBeGreaterThanOrEqual(3);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
  });
});
