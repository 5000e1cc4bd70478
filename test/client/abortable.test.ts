import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { abortable } from '../../src/client/abortable.js';

/** A client whose calls hang until their signal, as a long poll does. */
function hanging() {
  const signals: AbortSignal[] = [];
  const client = {
    withAbortSignal: (signal: AbortSignal, call: () => Promise<unknown>) => {
      signals.push(signal);
      const aborted = new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('CANCELLED')));
      });
      return Promise.race([call(), aborted]);
    },
  };
  return { client: client as unknown as Client, signals };
}

test('a call under way ends with the reason of the signal', async () => {
  const { client } = hanging();
  const stop = new AbortController();
  const ended = abortable(client, stop.signal, () => new Promise(() => undefined));
  stop.abort(new Error('enough'));
  await expect(ended).rejects.toThrow('enough');
});

test('an aborted signal lets nothing begin', async () => {
  const { client, signals } = hanging();
  await expect(abortable(client, AbortSignal.abort(new Error('late')), async () => 1)).rejects.toThrow('late');
  expect(signals).toEqual([]);
});

test('a long call gets a new signal now and then, and begins again', async () => {
  const { client, signals } = hanging();
  const result = await abortable(
    client,
    new AbortController().signal,
    () => (signals.length < 3 ? new Promise<string>(() => undefined) : Promise.resolve('done')),
    1,
  );
  expect(result).toBe('done');
  expect(new Set(signals).size).toBe(3);
});

test('an error of the call itself is thrown', async () => {
  const { client } = hanging();
  await expect(
    abortable(client, new AbortController().signal, () => Promise.reject(new Error('broken'))),
  ).rejects.toThrow('broken');
});
