/** Workflows that an operator resets after all has ended. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { listingWorkflowId, type TryOnListingResult, type TryOnOutcome, workflowTypes } from '../../src/contract.js';
import { faultName } from '../support/fault-rows.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
});
afterAll(async () => await stack?.stop());

const queriesOf = (taskId: string) => stack.emulator.queries.filter((query) => query.taskId === taskId).length;

/** Resets a workflow to one of its completed workflow tasks, by index; -1: the last. Gives the new run. */
async function reset(
  { workflowId }: WorkflowHandle,
  index: number,
  leftOut: readonly number[] = [],
): Promise<WorkflowHandle> {
  const handle = stack.client.workflow.getHandle(workflowId);
  const { events } = await handle.fetchHistory();
  const completed = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const { runId } = await handle.describe();
  const answer = await stack.client.workflowService.resetWorkflowExecution({
    namespace: stack.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'test',
    workflowTaskFinishEventId: completed.at(index)?.eventId ?? null,
    requestId: randomUUID(),
    resetReapplyExcludeTypes: [...leftOut],
  });
  return stack.client.workflow.getHandle(workflowId, answer.runId ?? '');
}

const SIGNAL = 1;

async function endedListing(
  timeoutSeconds = 60,
): Promise<{ handle: WorkflowHandle; result: TryOnListingResult; taskIds: string[] }> {
  const taskIds = [stack.emulator.addTask({ script: 'finished' }), stack.emulator.addTask({ script: 'batches' })];
  const listingId = randomUUID();
  const handle = await stack.client.workflow.start(workflowTypes.listing, {
    taskQueue: stack.taskQueue,
    workflowId: listingWorkflowId(listingId),
    args: [{ listingId, timeoutSeconds, tasks: taskIds.map((taskId) => ({ taskId })) }],
  });
  return { handle, result: (await handle.result()) as TryOnListingResult, taskIds };
}

test(faultName(89, 'to its last workflow task'), async () => {
  const { handle, result, taskIds } = await endedListing();
  const before = taskIds.map(queriesOf);
  const again = await reset(handle, -1);
  expect(await again.result()).toEqual(result);
  expect(taskIds.map(queriesOf)).toEqual(before);
});

test.each([0, 1, 2, 3])(`${faultName(89, 'to workflow task')} %i`, async (index) => {
  const { handle, result } = await endedListing();
  const again = await reset(handle, index);
  const repeated = (await again.result()) as TryOnListingResult;
  expect(repeated.status).toBe('complete');
  expect(repeated.images.map(({ id }) => id)).toEqual(result.images.map(({ id }) => id));
});

test(faultName(89, 'without its signals'), async () => {
  const { handle, result, taskIds } = await endedListing(15);
  const before = taskIds.map(queriesOf);
  const again = await reset(handle, 1, [SIGNAL]);
  expect(await again.result()).toEqual({ ...result, images: expect.arrayContaining(result.images) });
  expect(taskIds.map(queriesOf)).toEqual(before);
});

test(faultName(89, 'a wait'), async () => {
  const taskId = stack.emulator.addTask({ script: 'batches' });
  const handle = await stack.start({ taskId });
  const outcome = (await handle.result()) as TryOnOutcome;
  const queries = queriesOf(taskId);
  const last = await reset(handle, -1);
  expect(await last.result()).toEqual(outcome);
  expect(queriesOf(taskId)).toBe(queries);
  const first = await reset(handle, 0);
  expect(await first.result()).toMatchObject({ status: 'finished', images: outcome.images });
});
