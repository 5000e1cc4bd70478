/** Services in other languages that know only the contract's names and JSON: `examples/`, against the real server. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  failureTypes,
  messages,
  resultsWorkflowId,
  type TryOnEvent,
  type TryOnImage,
  type TryOnOutcome,
  type TryOnStatus,
  workflowTypes,
} from '../../src/contract.js';
import {
  type BuiltExample,
  type Called,
  type CommandLine,
  expectJob,
  jobFolder,
  languages,
  type Received,
  signalledEvents,
} from '../support/languages.js';
import { type Program, type Programs, programs } from '../support/programs.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: Stack;
let started: Programs;
let jobs: Awaited<ReturnType<typeof jobFolder>>;

beforeAll(async () => {
  const { address, namespace, httpUrl } = inject('temporal');
  jobs = await jobFolder();
  // The script is that of submitted tasks; all others have one of their own.
  stack = await startStack({ address, namespace, env: jobs.env, emulator: { script: 'batches' } });
  started = programs({
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_HTTP_URL: httpUrl,
    TRYON_TASK_QUEUE: stack.taskQueue,
  });
});

afterAll(async () => {
  await started?.stop();
  await stack?.stop();
  await jobs?.remove();
});

/** Ids of the images in the order that the vendor gives. */
const idsOf = ({ images }: { images: readonly TryOnImage[] }): string[] => images.map(({ id }) => id);

const signalled = (workflowId: string) => signalledEvents(stack.client, workflowId);

/** Runs what is to be signalled, a listing that waits for its first task, and ends it. */
async function withSubscriber(use: (workflowId: string) => Promise<void>): Promise<void> {
  const [listingId, workflowId] = ['subscriber', `subscriber-${randomUUID()}`];
  const { taskQueue } = stack;
  const args = [{ listingId, tasks: [] }];
  const listing = await stack.client.workflow.start(workflowTypes.listing, { workflowId, taskQueue, args });
  try {
    await use(workflowId);
  } finally {
    await listing.terminate();
  }
}

/** Ends a task that has been running, and asks for it at once. */
async function finish(taskId: string): Promise<void> {
  stack.emulator.script(taskId, 'finished');
  await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).executeUpdate(messages.pollNow);
}

describe.concurrent.each(languages)('from $name', ({ build, parentId: parentPrefix, seesRefusal = false }) => {
  let example: BuiltExample;
  // Cold, its SDK is fetched and compiled first.
  beforeAll(async () => {
    example = await build();
  }, 900_000);
  afterAll(async () => await example?.remove?.());

  const run = (line: CommandLine | undefined, ...args: string[]): Program => {
    if (line === undefined) throw new Error('the example has no such program');
    return started.start(line.program, [...line.args, ...args], { cwd: line.cwd });
  };
  const parentIdOf = (taskId: string) => `${parentPrefix}-${taskId}`;

  test('a caller starts a wait by name, subscribes a workflow, queries it and awaits the outcome', async () => {
    await withSubscriber(async (workflowId) => {
      const taskId = stack.emulator.addTask({ script: 'batches', subTasks: 2 });
      const { subscribed, status, outcome } = await run(example.caller, taskId, workflowId).json<Called>();
      expect(subscribed).toMatchObject({ taskId, subscribers: [{ workflowId }] });
      expect(status).toMatchObject({ taskId, waitId: subscribed.waitId });
      expect(outcome).toMatchObject({ taskId, status: 'finished' });
      expect(outcome.images).toHaveLength(8);

      const events = await signalled(workflowId);
      expect(events.map(({ kind, waitId, sequence }) => [kind, waitId, sequence])).toEqual([
        ['images', subscribed.waitId, 1],
        ['outcome', subscribed.waitId, 2],
      ]);
    });
  });

  test('a caller joins a wait that runs already', async () => {
    await withSubscriber(async (workflowId) => {
      const taskId = stack.emulator.addTask({ script: 'stuck' });
      const wait = await stack.start({ taskId });
      const caller = run(example.caller, taskId, workflowId);
      await caller.says('waiting, 0 images so far');
      await finish(taskId);
      const { subscribed, outcome } = await caller.json<Called>();
      expect(subscribed.waitId).toBe((await stack.status(taskId)).waitId);
      expect(idsOf(outcome)).toEqual(idsOf((await wait.result()) as TryOnOutcome));
      expect((await signalled(workflowId)).map(({ kind }) => kind)).toEqual(['outcome']);
    });
  });

  test.each([
    ['the task id', ['no spaces', 'someone'], 'taskId is "no spaces"; give 1 to 200 visible ASCII'],
    ['the timeout', [randomUUID(), 'someone', '0'], 'timeoutSeconds is 0; give 1 to 2592000'],
    ['the subscriber', [randomUUID(), ''], 'workflowId is ""; give a workflow id'],
  ])('a caller is refused wrong input: %s', async (_what, args, refusal) => {
    const { code, stderr } = await run(example.caller, ...args).ended;
    expect(stderr).toContain(`${failureTypes.invalidInput}: `);
    expect(stderr).toContain(refusal);
    expect(code).toBe(1);
  });

  test('a job by name submits a request once and says where its images are archived', async () => {
    await expectJob((...args) => run(example.job, ...args), jobs.request, stack);
  });

  if (parentPrefix === undefined) return;

  describe('a parent workflow', () => {
    test('starts the wait as its child and takes each event once', async () => {
      const taskId = stack.emulator.addTask({ script: 'batches', subTasks: 2 });
      const received = await run(example.parent, taskId).json<Received>();
      expect(received.kinds).toEqual(['images', 'outcome']);
      expect(received.outcome).toMatchObject({ taskId, status: 'finished' });
      expect(idsOf(received)).toEqual(idsOf(received.outcome));
      expect(received.images).toHaveLength(8);
      const { parentExecution } = await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).describe();
      expect(parentExecution?.workflowId).toBe(parentIdOf(taskId));
      expect((await signalled(parentIdOf(taskId))).map(({ sequence }) => sequence)).toEqual([1, 2]);
    });

    test('joins a wait that runs already, and drops an event that comes twice', async () => {
      const taskId = stack.emulator.addTask({ script: 'stuck' });
      const wait = await stack.start({ taskId });
      const parent = run(example.parent, taskId);
      const hasJoined = ({ subscribers }: TryOnStatus) =>
        subscribers.some(({ workflowId }) => workflowId === parentIdOf(taskId));
      await until(async () => hasJoined(await stack.status(taskId)));
      const repeated: TryOnEvent = { kind: 'unblocked', taskId, waitId: randomUUID(), sequence: 1 };
      const handle = stack.client.workflow.getHandle(parentIdOf(taskId));
      for (const event of [repeated, repeated]) await handle.signal(messages.event, event);
      await finish(taskId);
      const received = await parent.json<Received>();
      expect(received.kinds.toSorted()).toEqual(['outcome', 'snapshot', 'unblocked']);
      expect(idsOf(received)).toEqual(idsOf((await wait.result()) as TryOnOutcome));
    });

    test('leaves the wait when it is cancelled, so that a wait nobody listens to ends', async () => {
      const taskId = stack.emulator.addTask({ script: 'stuck' });
      const parent = run(example.parent, taskId);
      await stack.emulator.waitForQuery(taskId);
      await stack.client.workflow.getHandle(parentIdOf(taskId)).cancel();
      expect((await parent.ended).code).not.toBe(0);
      await until(async () => (await stack.status(taskId)).state === 'cancelled');
    });

    if (!seesRefusal) return;

    test('fails with the refusal of its wait', async () => {
      const { code, stderr } = await run(example.parent, randomUUID(), '0').ended;
      expect(stderr).toContain('timeoutSeconds is 0; give 1 to 2592000');
      expect(code).toBe(1);
    });
  });
});
