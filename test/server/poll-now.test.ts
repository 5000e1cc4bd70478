/** `pollNow` pauses and unpauses the polling activity: whatever happens between, the activity must not stay paused. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, inject, test } from 'vitest';
import { createTryOnActivities } from '../../src/activities/index.js';
import { messages, resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { workflowSource } from '../../src/worker/bundle.js';
import { aTask } from '../support/replies.js';
import { quiet } from '../support/stack.js';
import { until } from '../support/until.js';

test('a pause that an interrupted pollNow left is taken off by the next one, also while an attempt runs', async () => {
  quiet();
  const { address, namespace } = inject('temporal');
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  const taskQueue = `poll-now-${randomUUID()}`;
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let polls = 0;
  const activities = createTryOnActivities({
    vendor: {
      async results() {
        polls += 1;
        if (polls > 1) return { reply: aTask('finished', [['finished', 'a']]), queries: 1 };
        await answered;
        return { reply: aTask('running'), queries: 1 };
      },
    },
    acceptsOtherTaskId: () => true,
  });
  const shared = { connection: native, namespace, activities };
  const workers = await Promise.all([
    Worker.create({ ...shared, ...workflowSource, taskQueue }),
    Worker.create({ ...shared, taskQueue: `${taskQueue}-vendor` }),
  ]);
  const run = Promise.all(workers.map((worker) => worker.run()));
  const taskId = randomUUID();
  const workflowId = resultsWorkflowId(taskId);
  const submittedAt = new Date(Date.now() - 100_000).toISOString();
  const args = [{ taskId, submittedAt, timeoutSeconds: 25 }];
  const handle = await client.workflow.start(workflowTypes.results, { taskQueue, workflowId, args });
  await until(() => polls === 1);
  // What a worker leaves that dies between the two calls.
  await connection.workflowService.pauseActivity({
    namespace,
    execution: { workflowId },
    type: 'tryOnPoll',
    reason: 'pollNow',
  });
  await handle.executeUpdate(messages.pollNow);
  const isPaused = async () => (await handle.describe()).raw.pendingActivities?.some((one) => one.paused) ?? false;
  const helperIsDone = async () => {
    const { raw } = await handle.describe();
    return !raw.pendingActivities?.some((one) => one.activityType?.name === 'tryOnPollNow');
  };
  await until(helperIsDone);
  expect(await isPaused()).toBe(false);
  answer();
  expect(await handle.result()).toMatchObject({ status: 'finished', polls: 2 });
  for (const worker of workers) worker.shutdown();
  await run;
  await native.close();
  await connection.close();
});
