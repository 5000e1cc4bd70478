/** A namespace whose search attributes have another type, or lose one in mid-wait: no wait stops for it. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnActivities } from '../../src/activities/index.js';
import {
  jobWorkflowId,
  listingWorkflowId,
  messages,
  resultsWorkflowId,
  searchAttributes,
  type TryOnListingResult,
  workflowTypes,
} from '../../src/contract.js';
import { registeredSearchAttributes } from '../../src/temporal/search-attributes.js';
import { workflowSource } from '../../src/worker/bundle.js';
import { runCli } from '../cli/run-cli.js';
import { faultName } from '../support/fault-rows.js';
import { aTask } from '../support/replies.js';
import { quiet, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const { address } = inject('temporal');
const KEYWORD = 2;
const INT = 3;
const all = Object.values(searchAttributes).map(({ name }) => name);

let connection: Connection;
let native: NativeConnection;
beforeAll(async () => {
  quiet();
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
});
afterAll(async () => {
  await native?.close();
  await connection?.close();
});

/** A new namespace with these attributes. */
async function namespaceWith(types: Record<string, number>): Promise<string> {
  const namespace = `attributes-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const client = new Client({ connection, namespace });
  await until(async () => (await client.workflow.count().catch(() => undefined)) !== undefined);
  await until(async () =>
    connection.operatorService.addSearchAttributes({ namespace, searchAttributes: types }).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.keys(types).every((name) => name in (customAttributes ?? {}));
  });
  return namespace;
}

const contractTypes = Object.fromEntries(
  Object.values(searchAttributes).map(({ name, type }) => [name, type === 'INT' ? INT : KEYWORD]),
);

const failuresOf = async (client: Client, workflowId: string): Promise<string[]> => {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? []);
};

test(faultName(77, 'another type'), async () => {
  const namespace = await namespaceWith({ ...contractTypes, TryOnImageCount: KEYWORD });
  const stack = await startStack({ address, namespace });
  try {
    const taskId = stack.emulator.addTask({ script: 'finished' });
    expect(await stack.run({ taskId })).toMatchObject({ status: 'finished' });
    const listingId = randomUUID();
    const result = (await stack.client.workflow.execute(workflowTypes.listing, {
      taskQueue: stack.taskQueue,
      workflowId: listingWorkflowId(listingId),
      args: [{ listingId, tasks: [{ taskId: stack.emulator.addTask({ script: 'finished' }) }] }],
    })) as TryOnListingResult;
    expect(result.status).toBe('complete');
    const described = await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).describe();
    expect(described.searchAttributes.TryOnStatus).toEqual(['finished']);
    expect(described.searchAttributes).not.toHaveProperty('TryOnImageCount');
    const { out } = await runCli(['doctor', '--json'], { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
    const { checks } = JSON.parse(out) as {
      checks: { name: string; result: string; detail: string; remedy: string }[];
    };
    expect(checks.find(({ name }) => name === 'search attributes')).toMatchObject({
      result: 'warn',
      detail: 'of another type, and so not used: TryOnImageCount',
      remedy: expect.stringMatching(
        /^remove TryOnImageCount from the namespace, then .* --name TryOnImageCount --type Int$/,
      ),
    });
  } finally {
    await stack.stop();
  }
});

/** Workers of a namespace of their own, whose vendor has a task that runs until `finish`. */
async function runningTask() {
  const namespace = await namespaceWith(contractTypes);
  const client = new Client({ connection, namespace });
  const taskQueue = `attributes-${randomUUID()}`;
  let known: readonly string[] = all;
  let isDone = false;
  const activities = createTryOnActivities({
    vendor: {
      results: async () => ({
        reply: isDone ? aTask('finished', [['finished', 'a']]) : aTask('running'),
        queries: 1,
      }),
    },
    acceptsOtherTaskId: () => true,
    searchAttributes: () => known,
  });
  const shared = { connection: native, namespace, activities };
  const workers = await Promise.all([
    Worker.create({ ...shared, ...workflowSource, taskQueue }),
    Worker.create({ ...shared, taskQueue: `${taskQueue}-vendor` }),
  ]);
  const run = Promise.all(workers.map((worker) => worker.run()));
  return {
    namespace,
    client,
    taskQueue,
    /** What the workers know of the namespace from now on. */
    learn(names: readonly string[]) {
      known = names;
    },
    finish() {
      isDone = true;
    },
    async stop() {
      for (const worker of workers) worker.shutdown();
      await run;
    },
  };
}

describe(faultName(77, 'removed in mid-wait'), () => {
  test.each([{ removed: ['TryOnStatus'] }, { removed: [...all] }])('$removed', async ({ removed }) => {
    const { namespace, client, taskQueue, learn, finish, stop } = await runningTask();
    const taskId = randomUUID();
    const listingId = randomUUID();
    const handle = await client.workflow.start(workflowTypes.listing, {
      taskQueue,
      workflowId: listingWorkflowId(listingId),
      args: [{ listingId, tasks: [{ taskId, submittedAt: new Date(Date.now() - 100_000).toISOString() }] }],
    });
    const wait = client.workflow.getHandle(resultsWorkflowId(taskId));
    await until(async () => (await client.workflow.count(`TryOnTaskId = '${taskId}'`)).count === 1);
    // A child has its attributes from its first moment.
    expect((await wait.describe()).searchAttributes).toMatchObject({ TryOnStatus: ['waiting'], TryOnTaskId: [taskId] });

    await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: removed });
    await until(async () => (await registeredSearchAttributes(connection, namespace)).length === 5 - removed.length);
    finish();
    // The worker does not know yet, so the wait sets what is gone.
    await wait.executeUpdate('pollNow').catch(() => undefined);
    await until(async () => (await failuresOf(client, wait.workflowId)).length > 0);
    expect((await failuresOf(client, wait.workflowId)).join()).toMatch(/BadSearchAttributes|TryOn/);
    learn(all.filter((name) => !removed.includes(name)));
    expect(await wait.result()).toMatchObject({ status: 'finished' });
    expect(await handle.result()).toMatchObject({ status: 'complete' });
    await stop();
  });
});

describe('removed while a job runs', () => {
  test.each([{ removed: ['TryOnStatus'] }, { removed: [...all] }])('$removed', async ({ removed }) => {
    const { namespace, client, taskQueue, learn, finish, stop } = await runningTask();
    const [taskId, requestId] = [randomUUID(), randomUUID()];
    const job = await client.workflow.start(workflowTypes.job, {
      taskQueue,
      workflowId: jobWorkflowId(requestId),
      args: [{ requestId, taskId, archive: false }],
    });
    // The job and its wait.
    await until(async () => (await client.workflow.count(`TryOnTaskId = '${taskId}'`)).count === 2);
    await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: removed });
    await until(async () => (await registeredSearchAttributes(connection, namespace)).length === 5 - removed.length);
    finish();
    // No worker knows yet, so that the wait and then the job set what is gone, and are tried again.
    const wait = client.workflow.getHandle(resultsWorkflowId(taskId));
    await job.executeUpdate(messages.pollNow);
    await until(async () => (await failuresOf(client, wait.workflowId)).length > 0);
    learn(all.filter((name) => !removed.includes(name)));
    expect(await job.result()).toMatchObject({ requestId, status: 'finished', images: { length: 1 } });
    await stop();
  });
});
