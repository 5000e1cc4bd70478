import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchSearchAttributes } from '../../src/temporal/search-attributes.js';

const MINUTE_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aServer(...answers: (readonly string[] | Error)[]) {
  const listSearchAttributes = vi.fn(async () => {
    const answer = answers.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return { customAttributes: Object.fromEntries(answer.map((name) => [name, 2])) };
  });
  const withDeadline = (_at: number, work: () => unknown) => work();
  return { operatorService: { listSearchAttributes }, withDeadline } as unknown as Parameters<
    typeof watchSearchAttributes
  >[0];
}

test('of the search attributes of a namespace, those of the contract count', async () => {
  const watched = watchSearchAttributes(aServer(['TryOnStatus', 'Other']), 'default');
  await watched.first;
  expect(watched.names()).toEqual(['TryOnStatus']);
  watched.stop();
});

test('a read that fails leaves the last good names in force; one that succeeds replaces them', async () => {
  const watched = watchSearchAttributes(aServer(['TryOnStatus'], new Error('unavailable'), ['TryOnTaskId']), 'default');
  await watched.first;
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(watched.names()).toEqual(['TryOnStatus']);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(watched.names()).toEqual(['TryOnTaskId']);
  watched.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('without the right to list them there are none', async () => {
  const watched = watchSearchAttributes(aServer(new Error('permission denied')), 'default');
  await watched.first;
  expect(watched.names()).toEqual([]);
  watched.stop();
});
