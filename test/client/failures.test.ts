import { ApplicationFailure, type Client, WorkflowUpdateFailedError } from '@temporalio/client';
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
