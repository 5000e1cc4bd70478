/** Rows of the fault table that need the machine, or a stack, for themselves. */
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { createTryOnClient } from '../../src/client/client.js';
import { resultsWorkflowId, type TryOnOutcome } from '../../src/contract.js';
import { faultName } from '../support/fault-rows.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address, emulator: { seed: 7_500 } });
});
afterAll(async () => await stack?.stop());
afterEach(() => {
  vi.restoreAllMocks();
});

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const millis = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;

/** From the request to cancel to the end, by the server's own times. */
async function settledMs(taskId: string): Promise<number> {
  const { events } = await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).fetchHistory();
  const asked = events?.find((event) => event.workflowExecutionCancelRequestedEventAttributes);
  const over = events?.at(-1);
  return millis(over?.eventTime) - millis(asked?.eventTime);
}

test.each([3_600_000, -3_600_000])(faultName(34, 'by %d ms'), async (stepMs) => {
  const taskId = stack.emulator.addTask({ script: 'stuck' });
  const handle = await stack.start({ taskId, timeoutSeconds: 5 });
  await stack.emulator.waitForQuery(taskId, 1);
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + stepMs);
  const outcome = (await handle.result()) as TryOnOutcome;
  expect(outcome.status).toBe('timeout');
  const waitedMs = Date.parse(outcome.finishedAt) - Date.parse(outcome.submittedAt);
  expect(waitedMs).toBeGreaterThanOrEqual(4_700);
  // Late by an hour would be an hour; what is left is for a busy machine.
  expect(waitedMs).toBeLessThan(60_000);
  expect(outcome.polls).toBeLessThan(10);
});

// By the server's own times. A machine that is busy with something else may be late once.
test(faultName(67), { retry: 2 }, async () => {
  for (let round = 0; round < 3; round++) {
    const taskId = stack.emulator.addTask({ script: 'hang' });
    const handle = await stack.start({ taskId, submittedAt: ago(1_000) });
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(await settledMs(taskId)).toBeLessThanOrEqual(1_000);
    await until(() => stack.emulator.stats.inFlight === 0);
  }
});

test(faultName(68), async () => {
  const taskId = stack.emulator.addTask({ script: [{ task: { state: 'finished' }, wire: 'slow', seconds: 0.3 }] });
  const handle = await stack.start({ taskId, submittedAt: ago(1_000) });
  await stack.emulator.waitForQuery(taskId, 1);
  await handle.cancel();
  expect(await handle.result()).toMatchObject({ status: 'finished', images: { length: 8 } });
});

test(faultName(73), async () => {
  const workerless = await startStack({
    address: inject('temporal').address,
    noWorker: true,
    emulator: { seed: 7_501 },
  });
  try {
    const client = await createTryOnClient({ client: workerless.client, taskQueue: workerless.taskQueue });
    const taskId = workerless.emulator.addTask({ script: 'stuck' });
    const { workflowId } = await client.start({ taskId, timeoutSeconds: 60 });
    const status = await client.status(taskId);
    expect(status).toMatchObject({ taskId, state: 'waiting', isAnswered: false, images: [] });
    expect(status.notes.join('\n')).toMatch(/worker/);
    const { searchAttributes } = await workerless.client.workflow.getHandle(workflowId).describe();
    expect(searchAttributes).toMatchObject({ TryOnTaskId: [taskId], TryOnStatus: ['waiting'] });
    const query = workerless.client.withDeadline(Date.now() + 3_000, () => workerless.status(taskId));
    await expect(query).rejects.toMatchObject({ cause: { message: expect.stringMatching(/deadline|poller/i) } });
    await workerless.client.workflow.getHandle(workflowId).terminate();
  } finally {
    await workerless.stop();
  }
});
