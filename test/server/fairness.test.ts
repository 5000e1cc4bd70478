import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
});
afterAll(async () => await stack.stop());

/** The fairness key of each poll that was scheduled. */
async function keysOf(handle: WorkflowHandle): Promise<(string | undefined)[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled?.activityType?.name === 'tryOnPoll' ? [scheduled.priority?.fairnessKey || undefined] : [],
  );
}

test.each([
  { name: 'plain', listingId: `shirt-${randomUUID()}` },
  { name: 'longer than a key may be, and not ASCII', listingId: `ブラウス-${'x'.repeat(80)}-${randomUUID()}` },
])('polls of a listing take turns with those of others, by its id: $name', async ({ listingId }) => {
  const taskId = stack.emulator.addTask({ script: 'finished' });
  const workflowId = `tryon-listing-${listingId}`;
  await stack.client.workflow.execute(workflowTypes.listing, {
    taskQueue: stack.taskQueue,
    workflowId,
    args: [{ listingId, tasks: [{ taskId }] }],
  });
  const keys = await keysOf(stack.client.workflow.getHandle(resultsWorkflowId(taskId)));
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(workflowId.replace(/[^ -~]/g, '_').endsWith(key ?? 'none')).toBe(true);
});

test('those of a wait on its own have no key', async () => {
  const taskId = stack.emulator.addTask({ script: 'finished' });
  const handle = await stack.start({ taskId });
  await handle.result();
  expect(new Set(await keysOf(handle))).toEqual(new Set([undefined]));
});
