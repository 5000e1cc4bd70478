/** Wrong and hostile input against the real server: refused as the contract says, or carried as the text that it is. */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { imageUrlConcerns } from '../../src/client/image-url.js';
import { messages, resultsWorkflowId, type TryOnListingResult, workflowTypes } from '../../src/contract.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ address: inject('temporal').address });
});
afterAll(async () => await stack.stop());

const refusals: [what: string, args: unknown[]][] = [
  ['no argument', []],
  ['null', [null]],
  ['a text', ['text']],
  ['a number', [5]],
  ['a list', [[{ taskId: 'x' }]]],
  ['an empty object', [{}]],
  ['another type in each field', [{ taskId: 5, timeoutSeconds: 'x', notify: {}, account: [], submittedAt: 1 }]],
  ['control characters in the id', [{ taskId: 'a\u0000\u001b[31mb' }]],
  ['a very long id', [{ taskId: 'x'.repeat(100_000) }]],
  ['half a character', [{ taskId: '\ud800' }]],
  ['prototype keys', [JSON.parse('{"taskId":"x","__proto__":{"a":1},"constructor":{"b":2}}')]],
  ['a hostile subscriber', [{ taskId: 'x', notify: [{ workflowId: 'a\nb', signal: '__x' }] }]],
];

describe.each([
  { type: workflowTypes.results, also: [] as typeof refusals },
  {
    type: workflowTypes.listing,
    also: [['tasks of wrong types', [{ listingId: 'l', tasks: [null, 5, 'x', [], {}] }]]] as typeof refusals,
  },
])('$type', ({ type, also }) => {
  test('refuses every wrong input with InvalidTryOnInput, in words', async () => {
    const ends = await Promise.all(
      [...refusals, ...also].map(async ([what, args]) => {
        const options = { taskQueue: stack.taskQueue, workflowId: `hostile-${randomUUID()}`, args: args as [unknown] };
        const error = await stack.client.workflow.execute(type, options).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        return { what, error };
      }),
    );
    for (const { what, error } of ends) {
      expect(error, what).toBeInstanceOf(WorkflowFailedError);
      const { cause } = error as WorkflowFailedError;
      expect(cause, what).toMatchObject({ type: 'InvalidTryOnInput', nonRetryable: true });
      expect(cause?.message, what).toMatch(/; (?:give|remove|leave)/);
      expect(cause?.message.length, what).toBeLessThan(4_000);
      expect(cause?.message, what).not.toMatch(/\p{Cc}/u);
    }
  });
});

test('a wait goes on, whatever its updates and signals are given', async () => {
  const taskId = stack.emulator.addTask({
    script: [{ polls: 3, task: { state: 'running' } }, { task: { state: 'finished' } }],
  });
  const handle = await stack.start({ taskId });
  const wrong = [
    null,
    'text',
    5,
    [],
    { workflowId: 5 },
    { workflowId: '' },
    JSON.parse('{"workflowId":"a","__proto__":{"x":1}}'),
  ];
  for (const value of wrong) {
    await handle.signal(messages.subscribeSignal, value);
    await handle.signal(messages.unsubscribeSignal, value);
    for (const name of [messages.subscribe, messages.unsubscribe, messages.setTimeout]) {
      const update = handle.executeUpdate(name, { args: [value] });
      await expect(update, `${name} ${JSON.stringify(value)}`).rejects.toMatchObject({
        cause: { type: 'InvalidTryOnInput' },
      });
    }
  }
  expect(await handle.result()).toMatchObject({ status: 'finished' });
});

test('ids that are names of the prototype, paths or markup are ids like any other', async () => {
  const ids = ['__proto__', 'constructor', 'toString', '../../etc/passwd', '<img/src=x>', '%2e%2e', '*'];
  for (const taskId of ids) stack.emulator.addTask({ taskId, script: 'finished' });
  const listingId = `hostile-${randomUUID()}`;
  const result = (await stack.client.workflow.execute(workflowTypes.listing, {
    taskQueue: stack.taskQueue,
    workflowId: `tryon-listing-${listingId}`,
    args: [{ listingId, tasks: ids.map((taskId) => ({ taskId, garmentId: taskId })) }],
  })) as TryOnListingResult;
  expect(result.status).toBe('complete');
  expect(new Set(result.images.map(({ garmentId }) => garmentId))).toEqual(new Set(ids));
  expect(result.outcomes.map(({ taskId }) => taskId).sort()).toEqual([...ids].sort());
});

describe('image addresses are text: passed on byte for byte, flagged for who asks, never fetched', () => {
  test.each([
    { script: 'file-urls', begins: 'file:///etc/', concern: 'scheme' },
    { script: 'metadata-urls', begins: 'http://169.254.169.254/', concern: 'metadataHost' },
    { script: 'loopback-urls', begins: 'http://127.0.0.1:', concern: 'loopbackHost' },
  ] as const)('$script', async ({ script, begins, concern }) => {
    const fetched = stack.emulator.stats.images;
    const taskId = stack.emulator.addTask({ script });
    const outcome = await stack.run({ taskId });
    expect(outcome.images.length).toBeGreaterThan(0);
    for (const { imageUrl } of outcome.images) {
      expect(imageUrl.startsWith(begins)).toBe(true);
      expect(imageUrlConcerns(imageUrl)).toContain(concern);
    }
    expect(stack.emulator.stats.images).toBe(fetched);
    expect((await stack.history(resultsWorkflowId(taskId))).at(-1)).toBe('workflowExecutionCompleted');
  });
});
