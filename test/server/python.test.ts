/** A service in Python that knows only the contract's names and JSON: `examples/python`, against the real server. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { messages, resultsWorkflowId, type TryOnEvent, type TryOnStatus } from '../../src/contract.js';
import { type Called, expectJob, jobFolder, type Received, signalledEvents } from '../support/languages.js';
import { type Program, type Programs, programs } from '../support/programs.js';
import { temporalPython } from '../support/python.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const cwd = fileURLToPath(new URL('../../examples/python', import.meta.url));
let stack: Stack;
let started: Programs;
let interpreter: string;
let jobs: Awaited<ReturnType<typeof jobFolder>>;

// Cold, the SDK comes from PyPI first.
beforeAll(async () => {
  interpreter = await temporalPython();
  const { address, namespace } = inject('temporal');
  jobs = await jobFolder();
  // The script is that of submitted tasks; all others have one of their own.
  stack = await startStack({ address, namespace, env: jobs.env, emulator: { script: 'batches' } });
  started = programs({
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TRYON_TASK_QUEUE: stack.taskQueue,
    PYTHONDONTWRITEBYTECODE: '1',
  });
}, 300_000);

afterAll(async () => {
  await started?.stop();
  await stack?.stop();
  await jobs?.remove();
});

const python = (...args: string[]): Program => started.start(interpreter, args, { cwd });

const signalled = (workflowId: string) => signalledEvents(stack.client, workflowId);

describe('a caller in Python', () => {
  test('starts a wait by name, subscribes a workflow in the same call, queries it and awaits the outcome', async () => {
    const [taskId, followerId] = [
      stack.emulator.addTask({ script: 'batches', subTasks: 3 }),
      `follower-${randomUUID()}`,
    ];
    const follower = python('follower.py', followerId);
    await follower.says('listening');
    const called = await python('caller.py', taskId, followerId).json<Called>();
    expect(called.subscribed).toMatchObject({ taskId, state: 'waiting', subscribers: [{ workflowId: followerId }] });
    expect(called.status).toMatchObject({ taskId, waitId: called.subscribed.waitId });
    expect(called.outcome).toMatchObject({ taskId, status: 'finished' });
    expect(called.outcome.images).toHaveLength(12);

    const { outcome, images, kinds } = await follower.json<Received>();
    expect(kinds).toEqual(['images', 'images', 'outcome']);
    expect(outcome).toEqual(called.outcome);
    expect(images).toEqual(called.outcome.images);
    const events = await signalled(followerId);
    expect(events.map(({ waitId, sequence }) => [waitId, sequence])).toEqual(
      [1, 2, 3].map((sequence) => [called.subscribed.waitId, sequence]),
    );
  });

  test('joins a wait that runs already', async () => {
    const [taskId, followerId] = [stack.emulator.addTask({ script: 'stuck' }), `follower-${randomUUID()}`];
    const wait = await stack.start({ taskId });
    const follower = python('follower.py', followerId);
    await follower.says('listening');
    const caller = python('caller.py', taskId, followerId);
    await caller.says('waiting, 0 images so far');
    stack.emulator.script(taskId, 'finished');
    await wait.executeUpdate(messages.pollNow);
    const { outcome, subscribed } = await caller.json<Called>();
    expect(subscribed.waitId).toBe((await stack.status(taskId)).waitId);
    expect(outcome).toEqual(await wait.result());
    expect((await follower.json<Received>()).kinds).toEqual(['outcome']);
  });

  test.each([
    ['the task id', ['no spaces', 'someone'], 'InvalidTryOnInput: taskId is "no spaces"; give 1 to 200 visible ASCII'],
    ['the timeout', [randomUUID(), 'someone', '0'], 'InvalidTryOnInput: timeoutSeconds is 0; give 1 to 2592000'],
    ['the subscriber', [randomUUID(), ''], 'InvalidTryOnInput: workflowId is ""; give a workflow id'],
  ])('is refused wrong input: %s', async (_what, args, refusal) => {
    const { code, stderr } = await python('caller.py', ...args).ended;
    expect(stderr).toContain(refusal);
    expect(code).toBe(1);
  });
});

test('a job by name submits a request once and says where its images are archived', async () => {
  await expectJob((...args) => python('job.py', ...args), jobs.request, stack);
});

describe('a parent workflow in Python', () => {
  test('starts the wait as its child and takes each event once', async () => {
    const taskId = stack.emulator.addTask({ script: 'batches', subTasks: 3 });
    const { outcome, images, kinds } = await python('parent.py', taskId).json<Received>();
    expect(kinds).toEqual(['images', 'images', 'outcome']);
    expect(outcome).toMatchObject({ taskId, status: 'finished' });
    expect(images).toEqual(outcome.images);
    expect(images).toHaveLength(12);
    const { parentExecution } = await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).describe();
    expect(parentExecution?.workflowId).toBe(`python-parent-${taskId}`);
    const sequences = (await signalled(`python-parent-${taskId}`)).map(({ sequence }) => sequence);
    expect(sequences).toEqual([1, 2, 3]);
  });

  test('joins a wait that runs already, and drops an event that comes twice', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const parentId = `python-parent-${taskId}`;
    const wait = await stack.start({ taskId });
    const parent = python('parent.py', taskId);
    const hasJoined = ({ subscribers }: TryOnStatus) => subscribers.some(({ workflowId }) => workflowId === parentId);
    await until(async () => hasJoined(await stack.status(taskId)));
    const repeated: TryOnEvent = { kind: 'unblocked', taskId, waitId: randomUUID(), sequence: 1 };
    for (const event of [repeated, repeated])
      await stack.client.workflow.getHandle(parentId).signal(messages.event, event);
    stack.emulator.script(taskId, 'finished');
    await wait.executeUpdate(messages.pollNow);
    const { outcome, kinds } = await parent.json<Received>();
    expect(outcome).toEqual(await wait.result());
    expect(kinds.toSorted()).toEqual(['outcome', 'snapshot', 'unblocked']);
  });

  test('leaves the wait when it is cancelled, so that a wait nobody listens to ends', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const parent = python('parent.py', taskId);
    await stack.emulator.waitForQuery(taskId);
    await stack.client.workflow.getHandle(`python-parent-${taskId}`).cancel();
    expect((await parent.ended).code).not.toBe(0);
    await until(async () => (await stack.status(taskId)).state === 'cancelled');
  });

  test('fails with the refusal of its wait', async () => {
    const { code, stderr } = await python('parent.py', randomUUID(), '0').ended;
    expect(stderr).toContain('timeoutSeconds is 0; give 1 to 2592000');
    expect(code).toBe(1);
  });
});

test('a machine without Python is told the remedy', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'no-python-'));
  try {
    await expect(temporalPython({ PATH: dir, TRYON_CACHE_DIR: dir })).rejects.toThrow('install Python 3.10 or later');
  } finally {
    await rm(dir, { recursive: true });
  }
});
