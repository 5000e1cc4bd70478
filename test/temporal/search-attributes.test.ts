import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  readSearchAttributes,
  rememberSearchAttributes,
  watchSearchAttributes,
} from '../../src/temporal/search-attributes.js';

const MINUTE_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aServer(...answers: (readonly string[] | Error)[]) {
  const listSearchAttributes = vi.fn(async () => {
    const answer = answers.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return { customAttributes: Object.fromEntries(answer.map((name) => [name, name === 'TryOnImageCount' ? 3 : 2])) };
  });
  const withDeadline = (_at: number, work: () => unknown) => work();
  const describeNamespace = async () => {
    throw new Error('permission denied');
  };
  return {
    operatorService: { listSearchAttributes },
    workflowService: { describeNamespace },
    withDeadline,
  } as unknown as Parameters<typeof watchSearchAttributes>[0];
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

describe('types', () => {
  const withAliases = (aliases: Record<string, string>) => ({
    operatorService: { listSearchAttributes: async () => Promise.reject(new Error('permission denied')) },
    workflowService: { describeNamespace: async () => ({ config: { customSearchAttributeAliases: aliases } }) },
  });

  test('an attribute of another type counts as absent', async () => {
    const server = {
      operatorService: {
        listSearchAttributes: async () => ({
          customAttributes: { TryOnImageCount: 2, TryOnStatus: 1, TryOnAccount: 7, TryOnTaskId: 2, toString: 2 },
        }),
      },
    };
    expect(await readSearchAttributes(server as never, 'default')).toEqual({
      registered: ['TryOnTaskId'],
      mistyped: ['TryOnStatus', 'TryOnImageCount', 'TryOnAccount'],
    });
  });

  test('where the server refuses to list them, the description of the namespace tells', async () => {
    const aliases = {
      Keyword01: 'TryOnStatus',
      Int02: 'TryOnImageCount',
      KeywordList01: 'TryOnAccount',
      Text01: 'Other',
    };
    expect(await readSearchAttributes(withAliases(aliases) as never, 'default')).toEqual({
      registered: ['TryOnStatus', 'TryOnImageCount'],
      mistyped: ['TryOnAccount'],
    });
  });

  test('a namespace without aliases says nothing, so the refusal stands', async () => {
    await expect(readSearchAttributes(withAliases({}) as never, 'default')).rejects.toThrow('permission denied');
  });
});

test('a client reads again after a minute, and keeps what it knew where that fails', async () => {
  let nowMs = 0;
  const server = aServer(new Error('unavailable'), ['TryOnStatus'], new Error('unavailable'), ['TryOnTaskId']);
  const names = rememberSearchAttributes(
    { connection: server as never, options: { namespace: 'default' } },
    () => nowMs,
  );
  const seen: (readonly string[])[] = [];
  for (nowMs = 0; nowMs <= 3 * MINUTE_MS; nowMs += MINUTE_MS / 2) seen.push(await names());
  expect(seen).toEqual([[], [], ['TryOnStatus'], ['TryOnStatus'], ['TryOnStatus'], ['TryOnStatus'], ['TryOnTaskId']]);
});
