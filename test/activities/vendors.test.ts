import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { createTryOnActivities, type Vendor } from '../../src/activities/index.js';
import type { AttemptSeen } from '../../src/poll/attempt.js';
import type { Reply } from '../../src/poll/reply.js';
import { UnknownApiError, WrongVendorError } from '../../src/providers/client.js';
import { pollInputOf } from '../support/poll.js';
import { startMs } from '../support/simulate.js';

/** A code that only DashScope documents, as a reason to stop. */
const reply: Reply = {
  kind: 'answer',
  httpStatus: 400,
  gatewayCode: 'InvalidApiKey',
  gatewayMessage: 'no such key',
} as Reply;

/** Runs one attempt of the poll; what it asked the vendor, what was learned, and its result or error. */
async function poll(vendor: Partial<Vendor>, api?: string) {
  const asked: unknown[] = [];
  const seen: AttemptSeen[] = [];
  const policies: unknown[] = [];
  const { tryOnPoll } = createTryOnActivities({
    clock: { observe: () => undefined, now: () => startMs + 60_000 },
    onAttempt: (attempt) => seen.push(attempt),
    policy: (...of) => {
      policies.push(of);
      throw new Error('no schedule');
    },
    vendor: {
      results: async (call) => {
        asked.push(call.api);
        return { reply, queries: 1 };
      },
      ...vendor,
    },
  });
  const environment = new MockActivityEnvironment({
    attempt: 2,
    scheduledTimestampMs: startMs,
    currentAttemptScheduledTimestampMs: startMs + 60_000,
  });
  const input = { ...pollInputOf({}), ...(api === undefined ? {} : { api }) };
  const result = await environment.run(tryOnPoll, input).catch((error: unknown) => error);
  return { asked, seen, policies, result };
}

const wrong = new WrongVendorError({ name: 'default', vendor: 'aidge' }, { name: 'fashn', vendor: 'fashn' });

test('an account of another vendor fails for good, before anything else', async () => {
  const { result, asked, policies } = await poll({
    check: () => {
      throw wrong;
    },
  });
  expect(result).toMatchObject({ type: 'InvalidTryOnInput', nonRetryable: true, message: wrong.message });
  expect([asked, policies]).toEqual([[], []]);
});

test('an API that this version does not know fails, to be tried by a newer one', async () => {
  const error = new UnknownApiError('aidge-2099');
  const { result, asked } = await poll({
    check: () => {
      throw error;
    },
  });
  expect(result).toBe(error);
  expect(asked).toEqual([]);
});

test('the schedule is asked for by account and API', async () => {
  expect((await poll({}, 'dashscope')).policies).toEqual([['default', 'dashscope']]);
  expect((await poll({})).policies).toEqual([['default', undefined]]);
});
