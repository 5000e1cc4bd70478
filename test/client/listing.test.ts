import { type Client, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { createListingClient } from '../../src/client/listing.js';

const refusal = (code: number, details: string): ServiceError =>
  new ServiceError('Failed to query Workflow', {
    cause: Object.assign(new Error(`${code} NAME: ${details}`), { code, details, metadata: {} }),
  });

/** A client for listings whose queries end so, on a queue without workers. */
function listingsWhere(query: () => Promise<unknown>) {
  const handle = { query, describe: async () => ({ taskQueue: 'tryon' }) };
  const client = {
    connection: { options: { address: '127.0.0.1:7233' } },
    options: { namespace: 'default' },
    withDeadline: (_at: number, call: () => unknown) => call(),
    workflow: { getHandle: () => handle },
    workflowService: { describeTaskQueue: async () => ({ pollers: [] }) },
  };
  const place = async () => ({ taskQueue: 'tryon', registered: [] });
  return createListingClient({ client: client as unknown as Client, place, updateTimeoutMs: 100 });
}

test.each([
  ['an unknown listing', new WorkflowNotFoundError('none', 'w', undefined), 'NoWait', /there is no listing coats/],
  [
    'no answer in time',
    refusal(4, 'Deadline exceeded'),
    'NoWorker',
    /coats did not answer; no worker polls queue tryon/,
  ],
  ['a queue without workers', refusal(9, 'no poller seen for task queue recently'), 'NoWorker', /no worker polls/],
  [
    'a workflow that fails',
    refusal(9, 'Workflow Task in failed state'),
    'QueryFailed',
    /coats: the workflow fails on its/,
  ],
  ['another version', refusal(3, 'unknown queryType'), 'QueryFailed', /refused the query .*runs this version/],
  ['a missing right', refusal(7, 'Request unauthorized.'), 'NotAllowed', /refuses this call/],
  ['a server that is away', refusal(14, 'gone'), 'NoServer', /at 127.0.0.1:7233 cannot answer now/],
  ['all else', refusal(2, 'odd'), 'NoServer', /odd/],
])('the status of a listing names %s', async (_what, error, code, message) => {
  const { status } = listingsWhere(() => Promise.reject(error));
  await expect(status('coats')).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
