import { type Client, ServiceError } from '@temporalio/client';
import { expect, test, vi } from 'vitest';
import { byUpdate } from '../../src/client/failures.js';

const client = { withDeadline: (_at: number, ask: () => unknown) => ask() } as unknown as Client;
const refusal = (message: string, code: number): ServiceError =>
  new ServiceError('Workflow Update failed', { cause: Object.assign(new Error(message), { code }) });
const dropped = refusal('Unable to perform workflow execution update due to unexpected workflow task failure.', 9);

test('an update that the server dropped is sent again', async () => {
  const ask = vi.fn().mockRejectedValueOnce(dropped).mockRejectedValueOnce(dropped).mockResolvedValue('answer');
  await expect(byUpdate(client, 1_000, ask)).resolves.toBe('answer');
  expect(ask).toHaveBeenCalledTimes(3);
});

test('an update that is dropped three times fails', async () => {
  const ask = vi.fn().mockRejectedValue(dropped);
  await expect(byUpdate(client, 1_000, ask)).rejects.toBe(dropped);
  expect(ask).toHaveBeenCalledTimes(3);
});

test.each([
  ['another precondition', refusal('something else', 9)],
  ['a lost connection', refusal('unexpected workflow task failure', 14)],
  ['an error that is no answer of the server', new TypeError('x')],
])('%s fails at once', async (_name, error) => {
  const ask = vi.fn().mockRejectedValue(error);
  await expect(byUpdate(client, 1_000, ask)).rejects.toBe(error);
  expect(ask).toHaveBeenCalledTimes(1);
});
