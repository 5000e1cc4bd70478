import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { type AccountThrottles, createAccountThrottles } from '../../src/activities/account-throttles.js';
import { createTryOnActivities } from '../../src/activities/index.js';
import type { Classification } from '../../src/poll/classify.js';
import type { PollInput, PollReport, PollState } from '../../src/poll/poll-state.js';
import type { Reply } from '../../src/poll/reply.js';
import { pollInputOf } from '../support/poll.js';
import { aFault, replies } from '../support/replies.js';
import { startMs } from '../support/simulate.js';

const away: Classification = {
  kind: 'error',
  class: 'transient',
  retries: 0,
  error: { layer: 'transport', code: 'Http503', message: 'no' },
};
const throttleOf = (queriesPerSecond = 1_000) => createAccountThrottles({ queriesPerSecond: () => queriesPerSecond });
const enter = (
  throttle: AccountThrottles,
  taskId: string,
  nowMs: number,
  more: { account?: string; isFinal?: boolean } = {},
) => throttle.enter({ account: 'default', taskId, nowMs, isFinal: false, ...more });
/** Errors of five tasks, one after another. */
const darken = (throttle: AccountThrottles, nowMs = 1_000) => {
  const news: (string | undefined)[] = [];
  for (let k = 0; k < 5; k++) {
    const entry = enter(throttle, `dark-${k}`, nowMs);
    if (entry.kind === 'admitted') news.push(entry.release({ classification: away, repliedAtMs: nowMs }));
  }
  return news;
};

describe('the throttles of a process', () => {
  test('tell of an outage once, as it begins', () => {
    const news = darken(throttleOf());
    expect(news.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(news[4]).toMatch(/unavailable/);
  });

  test('are one for each account', () => {
    const throttle = throttleOf();
    darken(throttle);
    expect(enter(throttle, 't-1', 1_100).kind).toBe('deferred');
    expect(enter(throttle, 't-1', 1_100, { account: 'other' }).kind).toBe('admitted');
    expect(throttle.state('other').outage).toBeUndefined();
  });

  test('keep the place of who comes again too early, and let the last poll pass', () => {
    const throttle = throttleOf();
    darken(throttle);
    const first = enter(throttle, 't-1', 1_100);
    expect(first).toEqual({ kind: 'deferred', untilMs: expect.any(Number) });
    expect(enter(throttle, 't-1', 1_200)).toEqual(first);
    expect(enter(throttle, 't-1', 1_200, { isFinal: true }).kind).toBe('admitted');
  });
});

describe('an attempt', () => {
  /** Runs one attempt at this time, with the heartbeat of the one before. */
  async function attempt(
    throttle: AccountThrottles,
    reply: Reply,
    at: { ageMs: number; attempt?: number; input?: Partial<PollInput>; carried?: PollState },
  ) {
    let queries = 0;
    const nowMs = startMs + at.ageMs;
    const { tryOnPoll } = createTryOnActivities({
      throttles: throttle,
      clock: { observe: () => undefined, now: () => nowMs },
      vendor: {
        results: async () => {
          queries += 1;
          return { reply, queries: 1 };
        },
      },
    });
    const environment = new MockActivityEnvironment({
      attempt: at.attempt ?? 2,
      scheduledTimestampMs: startMs,
      currentAttemptScheduledTimestampMs: nowMs,
      ...(at.carried === undefined ? {} : { heartbeatDetails: at.carried }),
    });
    const beats: PollState[] = [];
    environment.on('heartbeat', (state: PollState) => beats.push(state));
    const outcome: unknown = await environment.run(tryOnPoll, pollInputOf(at.input)).catch((error: unknown) => error);
    return { outcome, queries, beats };
  }

  test('that is held fails as pending without a query, and its number is no poll', async () => {
    const throttle = throttleOf();
    darken(throttle, startMs + 40_000);
    const { outcome, queries, beats } = await attempt(throttle, replies.running, { ageMs: 40_000 });
    expect(queries).toBe(0);
    expect(outcome).toBeInstanceOf(ApplicationFailure);
    expect(outcome).toMatchObject({ type: 'TryOnPending', nextRetryDelay: expect.any(Number) });
    expect(beats).toMatchObject([{ polls: 0, asOfAttempt: 2 }]);
    const [carried] = beats;
    const delayMs = (outcome as { nextRetryDelay: number }).nextRetryDelay;
    const next = await attempt(throttle, replies.finished, {
      ageMs: 40_000 + delayMs,
      attempt: 3,
      ...(carried === undefined ? {} : { carried }),
    });
    expect(next.queries).toBe(1);
    expect(next.outcome as PollReport).toMatchObject({ state: { polls: 1 }, end: { status: 'finished' } });
    expect(throttle.state('default').outage).toBeUndefined();
  });

  test('at the deadline is taken whatever the throttle says', async () => {
    const throttle = throttleOf();
    darken(throttle, startMs + 40_000);
    const input = { deadlineMs: startMs + 40_000 };
    const { outcome, queries } = await attempt(throttle, replies.finished, { ageMs: 40_000, input });
    expect(queries).toBe(1);
    expect(outcome as PollReport).toMatchObject({ end: { status: 'finished' } });
  });

  test('close to the deadline is held no further than that', async () => {
    const throttle = throttleOf();
    darken(throttle, startMs + 40_000);
    const input = { deadlineMs: startMs + 40_600 };
    const { outcome } = await attempt(throttle, replies.finished, { ageMs: 40_000, input });
    expect(outcome).toMatchObject({ type: 'TryOnPending', nextRetryDelay: 600 });
  });

  test('that meets a throttle silences the others', async () => {
    const throttle = throttleOf();
    const throttled = aFault('Http429', { httpStatus: 429, retryAfter: '30' });
    await attempt(throttle, throttled, { ageMs: 40_000 });
    const other = await attempt(throttle, replies.running, { ageMs: 41_000, input: { taskId: 't-2' } });
    expect(other.queries).toBe(0);
    expect(other.outcome).toMatchObject({ nextRetryDelay: 29_000 });
  });
});
