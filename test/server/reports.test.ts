/** Faults that other projects and a review reported, against the real server. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { limits, listingWorkflowId, resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { faultName } from '../support/fault-rows.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
});
afterAll(async () => await stack?.stop());

test(faultName(76, 'six poisoned tasks, then eight healthy ones'), async () => {
  const poisoned = await Promise.all(
    Array.from({ length: 6 }, () =>
      stack.start({ taskId: stack.emulator.addTask({ script: 'service-unknown always' }), timeoutSeconds: 3_600 }),
    ),
  );
  const healthy = Array.from({ length: 8 }, () => stack.emulator.addTask({ durationSeconds: 2 }));
  const outcomes = await Promise.all(healthy.map((taskId) => stack.run({ taskId, timeoutSeconds: 3_600 })));
  for (const outcome of outcomes) expect(outcome.status).toBe('finished');
  for (const handle of poisoned) {
    expect((await handle.describe()).status.name).toBe('RUNNING');
    await handle.cancel();
  }
}, 60_000);

test(faultName(79, 'one more than allowed'), async () => {
  const notify = Array.from({ length: limits.notified + 1 }, (_none, index) => ({ workflowId: `w${index}` }));
  await expect(stack.run({ taskId: randomUUID(), notify })).rejects.toMatchObject({
    cause: {
      type: 'InvalidTryOnInput',
      message: expect.stringMatching(/^notify is .*; give at most 1000 subscribers$/),
    },
  });
});

const forged = { status: 'finished', images: [], end: { status: 'finished', atMs: 0 } };
test.each([
  ['an outcome', forged],
  ['an empty object', {}],
  ['null', null],
  ['a text', 'x'],
])(`${faultName(80, 'a wait')}: %s`, async (_what, state) => {
  const taskId = stack.emulator.addTask({ script: 'batches' });
  const outcome = (await stack.client.workflow.execute(workflowTypes.results, {
    taskQueue: stack.taskQueue,
    workflowId: resultsWorkflowId(taskId),
    args: [{ taskId }, state],
  })) as { status: string; polls: number; images: unknown[] };
  expect(outcome.status).toBe('finished');
  expect(outcome.polls).toBeGreaterThan(0);
  expect(outcome.images.length).toBeGreaterThan(0);
});

test.each([
  ['a result', { listing: { tasks: [], inbox: { tasks: {}, taken: {} } }, searchAttributes: [] }],
  ['an empty object', {}],
])(`${faultName(80, 'a listing')}: %s`, async (_what, state) => {
  const taskId = stack.emulator.addTask({ script: 'finished' });
  const listingId = randomUUID();
  const result = await stack.client.workflow.execute(workflowTypes.listing, {
    taskQueue: stack.taskQueue,
    workflowId: listingWorkflowId(listingId),
    args: [{ listingId, tasks: [{ taskId }] }, state],
  });
  expect(result).toMatchObject({ listingId, status: 'complete' });
});
