import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { resultsWorkflowId, type TryOnEvent } from '../../src/contract.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
});
afterAll(async () => await stack.stop());

describe('a wait on the real server', () => {
  test('collects the images of a finished task in 13 events, and 1 for search attributes', async () => {
    const taskId = stack.emulator.addTask({ durationSeconds: 1 });
    const outcome = await stack.run({ taskId });
    expect(outcome).toMatchObject({ taskId, status: 'finished', account: 'default', api: 'tryon' });
    expect(outcome.images).toHaveLength(8);
    const history = await stack.history(resultsWorkflowId(taskId));
    expect(history).toHaveLength(14);
  });

  test('an unknown task ends as notFound', async () => {
    const outcome = await stack.run({ taskId: randomUUID(), submittedAt: new Date(Date.now() - 60_000).toISOString() });
    expect(outcome).toMatchObject({ status: 'notFound', error: { code: 'NotFound' } });
  });
});
