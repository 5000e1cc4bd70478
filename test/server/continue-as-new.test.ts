import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  messages,
  resultsWorkflowId,
  type TryOnEvent,
  type TryOnListingResult,
  type TryOnOutcome,
  type TryOnStatus,
} from '../../src/contract.js';
import { startDevServer } from '../../src/dev-server/temporal-server.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

// A server of its own, which suggests continue-as-new early.
let server: Awaited<ReturnType<typeof startDevServer>>;
let stack: Stack;
beforeAll(async () => {
  server = await startDevServer({
    uiPort: false,
    extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=40'],
    log: () => undefined,
  });
  stack = await startStack({ address: server.address, parents: true });
});
afterAll(async () => {
  await stack?.stop();
  await server?.stop();
});

describe('continue-as-new', () => {
  test('carries a wait on: one waitId, one numbering, every image once', async () => {
    const taskId = stack.emulator.addTask({
      subTasks: 3,
      script: [
        { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
        { task: { state: 'running', finishedSubTasks: 2 } },
      ],
    });
    const recorder = await stack.parent('recorder', `recorder-${taskId}`);
    const first = await stack.start({ taskId, notify: [{ workflowId: recorder.workflowId }] });
    const { runId } = await first.describe();
    await until(async () => (await stack.status(taskId)).sequence === 2);
    const handle = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    const before = await stack.status(taskId);
    for (let index = 0; index < 20; index++) {
      const args: [object] = [{ workflowId: `gone-${index % 3}` }];
      await handle.executeUpdate<TryOnStatus, [object]>(messages.subscribe, { args });
    }
    await until(async () => (await handle.describe()).runId !== runId);
    const after = await stack.status(taskId);
    expect(after).toMatchObject({ waitId: before.waitId, sequence: 2 });
    expect(after.subscribers).toHaveLength(4);
    stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
    await handle.executeUpdate(messages.pollNow);
    const outcome = (await handle.result()) as TryOnOutcome;
    expect(outcome.status).toBe('finished');
    expect(outcome.images).toHaveLength(12);
    expect(outcome.polls).toBe(stack.emulator.queries.filter((query) => query.taskId === taskId).length);
    await recorder.signal('stop');
    const events: TryOnEvent[] = await recorder.result();
    expect(events.map((event) => event.sequence)).toEqual([1, 2, 3]);
    expect(new Set(events.map((event) => event.waitId)).size).toBe(1);
  });

  test('carries a listing on', async () => {
    const tasks = Array.from({ length: 6 }, () => ({
      taskId: stack.emulator.addTask({
        subTasks: 3,
        script: [
          { polls: 3, task: { state: 'running', finishedSubTasks: 'per-poll' } },
          { task: { state: 'finished' } },
        ],
      }),
    }));
    const handle = await stack.client.workflow.start('tryOnListing', {
      taskQueue: stack.taskQueue,
      workflowId: 'tryon-listing-long',
      args: [{ listingId: 'long', tasks }],
    });
    const { runId } = await handle.describe();
    const result = (await handle.result()) as TryOnListingResult;
    expect(result.status).toBe('complete');
    expect(result.images).toHaveLength(72);
    expect((await stack.client.workflow.getHandle('tryon-listing-long').describe()).runId).not.toBe(runId);
  });
});
