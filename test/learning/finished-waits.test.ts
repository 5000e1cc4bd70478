import type { Client } from '@temporalio/client';
import { defaultDataConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { resultsWorkflowId } from '../../src/contract.js';
import { readFinishedWaits } from '../../src/learning/finished-waits.js';

const submittedAt = '2026-01-31T12:00:00.000Z';
const outcome = (taskId: string) => ({
  ...{ taskId, account: 'default', status: 'finished', submittedAt },
  ...{ finishedAt: '2026-01-31T12:00:40.000Z', timing: { pendingUntil: '2026-01-31T12:00:35.000Z' } },
});

/** A server with these tasks' waits; those in `unreadable` refuse their history. */
const clientOf = (taskIds: readonly string[], unreadable: readonly string[], queries: string[] = []) =>
  ({
    options: { namespace: 'default', loadedDataConverter: { ...defaultDataConverter, payloadCodecs: [] } },
    withDeadline: (_ms: number, work: () => unknown) => work(),
    workflow: {
      async *list({ query }: { query: string }) {
        queries.push(query);
        for (const taskId of taskIds)
          yield { workflowId: resultsWorkflowId(taskId), runId: taskId, startTime: new Date(submittedAt) };
      },
    },
    workflowService: {
      async getWorkflowExecutionHistoryReverse({ execution }: { execution: { runId: string } }) {
        if (unreadable.includes(execution.runId)) throw new Error('PERMISSION_DENIED: no histories\n at x');
        const payloads = [defaultDataConverter.payloadConverter.toPayload(outcome(execution.runId))];
        return { history: { events: [{ workflowExecutionCompletedEventAttributes: { result: { payloads } } }] } };
      },
    },
  }) as unknown as Client;

test('finished waits are read from their closing events; cancelled ones are not listed', async () => {
  const queries: string[] = [];
  const client = clientOf(['1', '2'], [], queries);
  const { records, unread } = await readFinishedWaits({ client, taskQueue: "it's", limit: 10 });
  expect(unread).toBe(0);
  expect(records).toMatchObject([{ id: '1', lowSeconds: 35, highSeconds: 40 }, { id: '2' }]);
  expect(queries).toEqual(["WorkflowType = 'tryOnResults' AND TaskQueue = 'it\\'s' AND ExecutionStatus = 'Completed'"]);
});

test('waits that cannot be read are counted, with the reason', async () => {
  const client = clientOf(['1', '2', '3', '4', '5'], ['2', '5']);
  const { records, unread, reason } = await readFinishedWaits({ client, taskQueue: 'tryon', limit: 10 });
  expect(records.map(({ id }) => id)).toEqual(['1', '3', '4']);
  expect(unread).toBe(2);
  expect(reason).toBe('PERMISSION_DENIED: no histories');
});

test('no more are read than asked for', async () => {
  const client = clientOf(['1', '2', '3'], []);
  const { records } = await readFinishedWaits({ client, taskQueue: 'tryon', limit: 2 });
  expect(records).toHaveLength(2);
});
