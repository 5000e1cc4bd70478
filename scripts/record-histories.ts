/**
 * Records a history of every shape of the workflows under `test/histories/`, from the real server: `npm run histories`. Until a version is
 * released, they are recorded again after each change of workflow code. From then on they stay, and the code must replay them.
 * `npm run histories -- job` records only those whose name begins with `job`.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import {
  jobWorkflowId,
  type ListingTask,
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  type TryOnJobInput,
  type TryOnJobResult,
  type TryOnResultsInput,
  workflowTypes,
} from '../src/contract.js';
import { startDevServer } from '../src/dev-server/temporal-server.js';
import type { NewTask, Script } from '../src/testing.js';
import { aRequest } from '../test/support/jobs.js';
import { type Stack, startStack } from '../test/support/stack.js';
import { until } from '../test/support/until.js';

const folder = fileURLToPath(new URL('../test/histories/', import.meta.url));
const longAgo = new Date(Date.now() - 1_000_000).toISOString();
const running: NewTask = { script: [{ task: { state: 'running' } }] };

/** A started wait of a new task. */
async function wait(
  stack: Stack,
  task: NewTask,
  input: Partial<TryOnResultsInput> = {},
): Promise<[WorkflowHandle, string]> {
  const taskId = stack.emulator.addTask(task);
  return [await stack.start({ taskId, ...input }), taskId];
}

const settled = (handle: WorkflowHandle): Promise<unknown> => handle.result().catch(() => undefined);

async function finish(stack: Stack, handle: WorkflowHandle, taskId: string): Promise<void> {
  stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
  await handle.executeUpdate(messages.pollNow);
  await settled(handle);
}

const batches: NewTask = {
  subTasks: 3,
  script: [
    { polls: 2, task: { state: 'running', finishedSubTasks: 1 } },
    { polls: 2, task: { state: 'running', finishedSubTasks: 2 } },
    { task: { state: 'finished' } },
  ],
};

/** Name of the file, and what makes the history; gives the workflow id and, for a first run, its run id. */
const shapes: Record<string, (stack: Stack) => Promise<{ workflowId: string; runId?: string }>> = {
  async plain(stack) {
    const [handle] = await wait(stack, { durationSeconds: 1 });
    await settled(handle);
    return handle;
  },
  async 'many-polls'(stack) {
    const [handle] = await wait(stack, {
      script: [{ polls: 5, task: { state: 'running' } }, { task: { state: 'finished' } }],
    });
    await settled(handle);
    return handle;
  },
  async batches(stack) {
    const [handle] = await wait(stack, batches, { notify: [{ workflowId: 'nobody' }] });
    await settled(handle);
    return handle;
  },
  async blocked(stack) {
    const script = [{ use: 'no-resource', polls: 1 }, { task: { state: 'running' } }] as const;
    const [handle, taskId] = await wait(stack, { script }, { submittedAt: longAgo });
    await until(async () => (await stack.status(taskId)).state === 'blocked');
    await handle.executeUpdate(messages.pollNow);
    await stack.emulator.waitForQuery(taskId, 2);
    await finish(stack, handle, taskId);
    return handle;
  },
  async 'late-subscriber'(stack) {
    const [handle, taskId] = await wait(stack, batches);
    await stack.emulator.waitForQuery(taskId, 2);
    await handle.executeUpdate(messages.subscribe, { args: [{ workflowId: 'nobody', timeoutSeconds: 7200 }] });
    await handle.signal('tryOnSubscribe', { workflowId: 'nobody-else' });
    await handle.signal('tryOnUnsubscribe', { workflowId: 'nobody-else' });
    await settled(handle);
    return handle;
  },
  async 'poll-now'(stack) {
    const [handle, taskId] = await wait(stack, running, { submittedAt: longAgo });
    await stack.emulator.waitForQuery(taskId, 1);
    await finish(stack, handle, taskId);
    return handle;
  },
  async 'set-timeout'(stack) {
    const [handle, taskId] = await wait(stack, running, { submittedAt: longAgo });
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.executeUpdate(messages.setTimeout, { args: [{ timeoutSeconds: 1 }] });
    await settled(handle);
    return handle;
  },
  async 'continue-as-new'(stack) {
    const [handle, taskId] = await wait(stack, running, { submittedAt: longAgo });
    const { runId } = await handle.describe();
    await stack.emulator.waitForQuery(taskId, 1);
    const current = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    while ((await current.describe()).runId === runId) {
      await current.executeUpdate(messages.subscribe, { args: [{ workflowId: 'nobody' }] });
    }
    await finish(stack, current, taskId);
    return { workflowId: handle.workflowId, runId };
  },
  async 'continued-as-new'(stack) {
    const { workflowId } = await (shapes['continue-as-new'] as (stack: Stack) => Promise<{ workflowId: string }>)(
      stack,
    );
    return { workflowId };
  },
  async 'cancelled-before-first-poll'(stack) {
    const [handle] = await wait(stack, running);
    await until(async () => (await handle.describe()).raw.pendingActivities?.[0]?.attempt === 2);
    await handle.cancel();
    await settled(handle);
    return handle;
  },
  async 'cancelled-between-polls'(stack) {
    const [handle, taskId] = await wait(stack, running, { submittedAt: longAgo, notify: [{ workflowId: 'nobody' }] });
    await stack.emulator.waitForQuery(taskId, 1);
    await until(async () => (await handle.describe()).raw.pendingActivities?.[0]?.attempt === 2);
    await handle.cancel();
    await settled(handle);
    return handle;
  },
  async 'cancelled-in-flight'(stack) {
    const [handle, taskId] = await wait(stack, { script: 'hang' }, { submittedAt: longAgo });
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.cancel();
    await settled(handle);
    return handle;
  },
  async 'answer-beats-cancellation'(stack) {
    const slow = { script: [{ task: { state: 'finished' }, wire: 'slow', seconds: 0.4 }] } as const;
    const [handle, taskId] = await wait(stack, slow, { submittedAt: longAgo });
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.cancel();
    await settled(handle);
    return handle;
  },
  async deadline(stack) {
    const [handle] = await wait(stack, running, { submittedAt: longAgo, timeoutSeconds: 2 });
    await settled(handle);
    return handle;
  },
  async 'no-worker'(stack) {
    const [handle] = await wait(stack, running, { account: 'nobody', timeoutSeconds: 1 });
    await settled(handle);
    return handle;
  },
  async 'not-found'(stack) {
    const handle = await stack.start({ taskId: 'unknown', submittedAt: longAgo });
    await settled(handle);
    return handle;
  },
  async 'invalid-input'(stack) {
    const handle = await stack.start({ taskId: 'x', timeoutSeconds: -1 });
    await settled(handle);
    return handle;
  },
  async 'unsubscribed-child'(stack) {
    const taskId = stack.emulator.addTask(running);
    const parent = await stack.parent('parent', `parent-${taskId}`, [{ taskId }, stack.taskQueue]);
    await stack.emulator.waitForQuery(taskId, 1);
    await parent.signal('leave', taskId);
    const handle = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    await settled(handle);
    await parent.terminate();
    return handle;
  },
  async listing(stack) {
    const [first, second] = [stack.emulator.addTask(batches), stack.emulator.addTask({ durationSeconds: 1 })];
    const handle = await stack.client.workflow.start(workflowTypes.listing, {
      taskQueue: stack.taskQueue,
      workflowId: listingWorkflowId('recorded'),
      args: [{ listingId: 'recorded', tasks: [{ taskId: first, garmentId: 'coat' }] }],
    });
    const { runId } = await handle.describe();
    await handle.executeUpdate(messages.addTask, { args: [{ taskId: second, garmentId: 'skirt' }] });
    await settled(handle);
    return { workflowId: handle.workflowId, runId };
  },
  async 'listing-cancelled'(stack) {
    const taskId = stack.emulator.addTask(running);
    const handle = await stack.client.workflow.start(workflowTypes.listing, {
      taskQueue: stack.taskQueue,
      workflowId: listingWorkflowId('cancelled'),
      args: [{ listingId: 'cancelled', tasks: [{ taskId }] }],
    });
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.cancel();
    await settled(handle);
    return handle;
  },
};

/** Starts a job by name, as other services do. */
const startJob = (stack: Stack, requestId: string, input: Partial<TryOnJobInput> = { request: [aRequest, aRequest] }) =>
  stack.client.workflow.start(workflowTypes.job, {
    taskQueue: stack.taskQueue,
    workflowId: jobWorkflowId(requestId),
    args: [{ requestId, ...input }],
  });

const jobShapes: typeof shapes = {
  async job(stack) {
    const handle = await startJob(stack, 'recorded');
    await settled(handle);
    return handle;
  },
  async 'job-of-known-task'(stack) {
    const taskId = stack.emulator.addTask(batches);
    const handle = await startJob(stack, 'known', { taskId, notify: [{ workflowId: 'nobody' }] });
    await settled(handle);
    return handle;
  },
  async 'job-rejected'(stack) {
    const handle = await startJob(stack, 'rejected', { request: { clothesList: [] } });
    await settled(handle);
    return handle;
  },
  async 'job-cancelled'(stack) {
    const taskId = stack.emulator.addTask(running);
    const handle = await startJob(stack, 'cancelled', { taskId });
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.cancel();
    await settled(handle);
    return handle;
  },
  async 'job-continue-as-new'(stack) {
    const taskId = stack.emulator.addTask(running);
    const { workflowId } = await startJob(stack, 'continued', { taskId, notify: [{ workflowId: 'nobody' }] });
    const handle = stack.client.workflow.getHandle(workflowId);
    const { runId } = await handle.describe();
    await stack.emulator.waitForQuery(taskId, 1);
    while ((await handle.describe()).runId === runId) {
      await handle.executeUpdate(messages.subscribe, { args: [{ workflowId: 'nobody' }] });
    }
    stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
    await handle.executeUpdate(messages.pollNow);
    const result = (await handle.result()) as TryOnJobResult;
    if (result.status !== 'finished' || result.images.length === 0) throw new Error(`status ${result.status}`);
    return { workflowId, runId };
  },
  async 'job-no-worker'(stack) {
    const handle = await startJob(stack, 'no-worker', { request: aRequest, account: 'nobody', timeoutSeconds: 1 });
    await settled(handle);
    return handle;
  },
};

const startListing = (stack: Stack, listingId: string, tasks: readonly ListingTask[], more: object = {}) =>
  stack.client.workflow.start(workflowTypes.listing, {
    taskQueue: stack.taskQueue,
    workflowId: listingWorkflowId(listingId),
    args: [{ listingId, tasks: [...tasks], ...more }],
  });
const byRequest = (requestId: string): ListingTask => ({ requestId, request: aRequest });
const nobodySubmits = async (stack: Stack, listingId: string, requestId: string) => {
  const handle = await startListing(stack, listingId, [byRequest(requestId)], { account: 'nobody' });
  const job = stack.client.workflow.getHandle(jobWorkflowId(requestId));
  const status = () => job.query<{ submission: { attempts: number } }>(messages.jobStatus).catch(() => undefined);
  await until(async () => (await status())?.submission.attempts === 1);
  await handle.cancel();
  await settled(handle);
  await settled(job);
  return { handle, job };
};

const listingOfRequestShapes: typeof shapes = {
  async 'listing-of-requests'(stack) {
    const known = { taskId: stack.emulator.addTask(batches), garmentId: 'hat' };
    const refused = { requestId: 'listed-refused', request: { clothesList: [] } };
    const handle = await startListing(stack, 'of-requests', [byRequest('listed-1'), known, refused]);
    const { runId } = await handle.describe();
    await handle.executeUpdate(messages.addTask, { args: [byRequest('listed-2')] });
    await settled(handle);
    return { workflowId: handle.workflowId, runId };
  },
  async 'listing-of-requests-joined'(stack) {
    const job = await startJob(stack, 'listed-ended');
    await settled(job);
    const handle = await startListing(stack, 'joined', [byRequest('listed-ended')]);
    await settled(handle);
    return handle;
  },
  async 'listing-of-requests-continued'(stack) {
    const tasks = Array.from({ length: 8 }, (_none, index) => byRequest(`continued-${index}`));
    const handle = await startListing(stack, 'continued', tasks);
    const { status } = (await handle.result()) as { status: string };
    const last = await stack.client.workflow.getHandle(handle.workflowId).describe();
    if (status !== 'complete' || last.runId === handle.firstExecutionRunId)
      throw new Error(`${status}, or no next run`);
    return { workflowId: handle.workflowId, runId: last.runId };
  },
  async 'listing-of-requests-cancelled'(stack) {
    return (await nobodySubmits(stack, 'requests-cancelled', 'never-1')).handle;
  },
  async 'listing-of-requests-abandoned-job'(stack) {
    return (await nobodySubmits(stack, 'requests-abandoned', 'never-2')).job;
  },
};

/** A job whose request is lost on the way, which a person resolves: after the others, because it scripts all submits. */
async function recordParked(stack: Stack): Promise<WorkflowHandle> {
  stack.emulator.scriptSubmits([{ use: 'reset-before-headers', polls: 1 }]);
  const handle = await startJob(stack, 'parked');
  await until(async () => (await handle.query<{ state: string }>(messages.jobStatus)).state === 'maybeSubmitted');
  const taskId = stack.emulator.addTask(batches);
  await handle.executeUpdate(messages.resolveSubmission, { args: [{ taskId }] });
  await settled(handle);
  return handle;
}

/** Stack traces name places on this machine's disk, and replay does not read them. */
const withoutStacks = (history: string): string =>
  JSON.stringify(
    JSON.parse(history, (key, value) => (key === 'stackTrace' ? undefined : value)),
    null,
    2,
  );

const server = await startDevServer({
  uiPort: false,
  extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'],
  log: () => undefined,
});
try {
  const stack = await startStack({
    address: server.address,
    parents: true,
    // Tasks of jobs; all others have a script of their own.
    emulator: { script: batches.script as Script },
  });
  try {
    const [prefix = ''] = process.argv.slice(2);
    if (prefix === '') await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const rounds = [{ ...shapes, ...jobShapes, ...listingOfRequestShapes }, { 'job-parked': recordParked }];
    for (const round of rounds) {
      const wanted = Object.entries(round).filter(([name]) => name.startsWith(prefix));
      await Promise.all(
        wanted.map(async ([name, record]) => {
          const { workflowId, runId } = await record(stack);
          const history = await stack.client.workflow.getHandle(workflowId, runId).fetchHistory();
          await writeFile(`${folder}${name}.json`, `${withoutStacks(historyToJSON(history))}\n`);
          process.stderr.write(`${name}: ${history.events?.length} events\n`);
        }),
      );
    }
  } finally {
    await stack.stop();
  }
} finally {
  await server.stop();
}
