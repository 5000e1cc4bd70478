import { type Client, QueryNotRegisteredError, ServiceError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { queryProblem, queryStatus } from '../../src/client/query.js';

const refusal = (code: number, details: string): ServiceError =>
  new ServiceError('Failed to query Workflow', {
    cause: Object.assign(new Error(`${code} NAME: ${details}`), { code, details }),
  });
const noPoller = refusal(9, 'no poller seen for task queue recently, worker may be down');

describe('a query that failed says', () => {
  test.each<[string, Error, RegExp]>([
    ['that this client may not query', refusal(7, 'Request unauthorized.'), /let this client query .*unauthorized/],
    [
      'that the workflow fails',
      refusal(9, 'Cannot query workflow due to Workflow Task in failed state.'),
      /^the workflow fails on its worker .*see the worker's log/,
    ],
    [
      'that the workflow does not know the query',
      new QueryNotRegisteredError('Workflow did not register a handler for tryOnStatus', 3),
      /refused the query \(Workflow did not register.*this version of temporal-tryon/,
    ],
    ['what the server says', refusal(14, 'connection lost'), /^the query failed \(connection lost\)/],
  ])('%s', (_what, error, note) => {
    expect(queryProblem(error)).toMatch(note);
  });

  test.each([
    ['no answer in time', refusal(4, 'Deadline exceeded')],
    ['a queue without workers', noPoller],
  ])('nothing of %s: that is an absent worker', (_what, error) => {
    expect(queryProblem(error)).toBeUndefined();
  });
});

describe('a query of a wait', () => {
  const wait = { workflowId: 'w', runId: 'r', taskQueue: 'q' };
  const aClient = (query: () => Promise<unknown>, pollers: object[] = []): Client =>
    ({
      options: { namespace: 'default' },
      withDeadline: (_at: number, call: () => unknown) => call(),
      workflow: { getHandle: () => ({ query }) },
      workflowService: { describeTaskQueue: async () => ({ pollers }) },
    }) as unknown as Client;
  const alive = () => [{ identity: '1@host', lastAccessTime: { seconds: Date.now() / 1000 } }];

  test('gives the answer', async () => {
    expect(
      await queryStatus(
        aClient(async () => ({ taskId: 't' })),
        wait,
        100,
      ),
    ).toEqual({ answer: { taskId: 't' } });
  });

  test('names what failed, though the queue has no worker', async () => {
    const client = aClient(async () => {
      throw refusal(7, 'Request unauthorized.');
    });
    expect((await queryStatus(client, wait, 100)).note).toMatch(/does not let this client query/);
  });

  test('names the queue that nobody polls', async () => {
    const client = aClient(async () => {
      throw noPoller;
    });
    expect((await queryStatus(client, wait, 100)).note).toMatch(/^no worker polls queue q/);
  });

  test('says that a live worker did not answer', async () => {
    const client = aClient(async () => {
      throw refusal(4, 'Deadline exceeded');
    }, alive());
    expect((await queryStatus(client, wait, 100)).note).toMatch(/^no worker answered the query in time/);
  });
});
