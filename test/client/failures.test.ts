import {
  ApplicationFailure,
  type Client,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { expect, test } from 'vitest';
import { updateError } from '../../src/client/failures.js';
import { failureTypes } from '../../src/contract.js';

const refused = (type: string) =>
  new WorkflowUpdateFailedError(
    'Workflow Update failed',
    ApplicationFailure.nonRetryable('the listing has ended', type),
  );
const explained = (type: string) => updateError(refused(type), 'listing coats', {} as Client, 'tryon');

test('an update that comes after the end of a listing is no wrong input', async () => {
  expect(await explained(failureTypes.ended)).toMatchObject({ code: 'Ended', message: 'listing coats has ended' });
});
test('wrong input stays wrong input', async () => {
  expect(await explained(failureTypes.invalidInput)).toMatchObject({ name: 'TryOnInputError' });
});
test('any other failure is a refusal', async () => {
  expect(await explained('Odd')).toMatchObject({ code: 'Refused' });
});

/** A client whose server says this of the queue's pollers. */
const clientOf = (describeTaskQueue: () => Promise<unknown>) =>
  ({
    connection: { options: { address: '127.0.0.1:7233' } },
    options: { namespace: 'default' },
    withDeadline: (_at: number, call: () => unknown) => call(),
    workflowService: { describeTaskQueue },
  }) as unknown as Client;
const grpcError = (code: number, details: string) =>
  Object.assign(new Error(`${code} NAME: ${details}`), { code, details, metadata: {} });

test.each([
  ['a queue without workers', async () => ({ pollers: [] }), 'NoWorker', /no worker polls queue tryon/],
  [
    'a server that is away',
    () => Promise.reject(grpcError(14, 'gone')),
    'NoServer',
    /at 127.0.0.1:7233 cannot answer now/,
  ],
  ['a server that is too slow', () => Promise.reject(grpcError(4, 'late')), 'NoServer', /cannot answer now/],
  ['a server that does not tell', () => Promise.reject(grpcError(7, 'no')), 'NoWorker', /its worker may be busy/],
] as const)('an update without an answer names %s', async (_what, describeTaskQueue, code, message) => {
  const timedOut = new WorkflowUpdateRPCTimeoutOrCancelledError('timed out');
  const error = await updateError(timedOut, 'listing coats', clientOf(describeTaskQueue), 'tryon');
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
});
