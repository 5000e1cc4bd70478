import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { createTryOnClient } from '../../src/client/client.js';

/** A server whose wait has completed, and is started again between two descriptions. */
function restartedWait(): Client {
  const runs = ['first', 'second'];
  const getHandle = (workflowId: string, runId?: string) => ({
    client: { getHandle },
    workflowId,
    describe: async () => ({ status: { name: 'COMPLETED' }, runId: runs.shift() }),
    result: async () => ({ status: 'finished', taskId: runId }),
  });
  return {
    options: { namespace: 'default' },
    connection: {
      operatorService: { listSearchAttributes: async () => ({ customAttributes: {} }) },
      withDeadline: (_at: number, call: () => unknown) => call(),
    },
    withDeadline: (_at: number, call: () => unknown) => call(),
    workflow: {
      start: async () => {
        throw new WorkflowExecutionAlreadyStartedError('', 'tryon-results-t', 'tryOnResults');
      },
      getHandle,
    },
  } as unknown as Client;
}

test('a stored outcome comes with the run that stored it', async () => {
  const tryOn = await createTryOnClient({ client: restartedWait() });
  expect(await tryOn.start({ taskId: 't' })).toMatchObject({ runId: 'first', outcome: { taskId: 'first' } });
});
