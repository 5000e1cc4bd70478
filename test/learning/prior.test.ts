import { describe, expect, test } from 'vitest';
import type { JobRecord } from '../../src/learning/job-record.js';
import { createJobStore } from '../../src/learning/job-store.js';
import { startLearning } from '../../src/learning/learning.js';
import { priorPolicies, priorPolicy } from '../../src/learning/prior.js';
import { modelReport } from '../../src/learning/report.js';
import { priorFrom, priorModel, quantile } from '../../src/schedule/distribution.js';
import { defaultPolicy, floorOf, pollTimes } from '../../src/schedule/schedule.js';

const facts = { isSubmitSafeToRepeat: false, canListTasks: false };
const nowMs = Date.parse('2026-01-31T12:00:00Z');
/** Jobs of an API that took so many seconds, give or take one. */
const jobs = (api: string | undefined, seconds: number, count = 40): JobRecord[] =>
  Array.from({ length: count }, (_, k) => ({
    id: `${api}-${k}`,
    account: 'default',
    ...(api === undefined ? {} : { api }),
    submittedAtMs: nowMs - 900_000 + k,
    lowSeconds: seconds - 1,
    highSeconds: seconds + 1,
  }));

describe('the schedule of an API before anything is learned', () => {
  test('is the default one where the vendor says nothing', () => {
    expect(priorPolicy({ prior: priorModel }, facts)).toEqual(defaultPolicy);
    expect(priorPolicies({ prior: priorModel })()).toEqual(defaultPolicy);
  });

  test("has the vendor's durations, unless a person has set some", () => {
    const prior = { medianSeconds: 8, p95Seconds: 20 };
    expect(priorPolicy({ prior: priorModel }, { ...facts, prior }).model).toEqual(priorFrom(prior));
    expect(priorPolicy({ prior: priorModel, isPriorSet: true }, { ...facts, prior }).model).toBe(priorModel);
  });

  test('polls no faster than the vendor asks for', () => {
    const policy = priorPolicy(
      { prior: priorFrom({ medianSeconds: 5, p95Seconds: 8 }) },
      { ...facts, minPollMs: 3_000 },
    );
    const times = pollTimes(policy);
    expect(times.every((time, k) => time - (times[k - 1] ?? 0) >= 3)).toBe(true);
    expect([floorOf(), floorOf(200), floorOf(3_000)]).toEqual([1_000, 1_000, 3_000]);
  });

  test('is the same object each time: tables are kept by it', () => {
    const of = priorPolicies({ prior: priorModel });
    expect(of('dashscope')).toBe(of('dashscope'));
    expect(of('tryon')).toBe(of());
  });
});

describe('durations', () => {
  test('are kept apart by API', () => {
    const store = createJobStore();
    store.add([...jobs(undefined, 10), ...jobs('aidge-2026', 90)]);
    expect(store.settled('default', nowMs, nowMs)).toEqual(jobs(undefined, 10));
    expect(store.settled('default', nowMs, nowMs, 'aidge-2026')).toEqual(jobs('aidge-2026', 90));
    expect(store.settled('default', nowMs, nowMs, 'tryon-pro')).toEqual([]);
  });

  test('are learned by API; an account without a named one goes by its first', async () => {
    const records = [...jobs(undefined, 10), ...jobs('aidge-2026', 90)];
    const learning = startLearning({
      accounts: [{ name: 'default', queriesPerSecond: 20, apis: ['tryon', 'tryon-pro', 'aidge-2026'] }],
      prior: priorModel,
      finishedWaits: async () => ({ records, unread: 0 }),
      nowMs: () => nowMs,
    });
    await learning.ready;
    const medianOf = (api?: string) => quantile(learning.policy('default', api).model, 0.5);
    await learning.stop();
    expect(medianOf('aidge-2026')).toBeGreaterThan(60);
    expect(medianOf()).toBeLessThan(15);
    expect(medianOf()).toBe(medianOf('tryon'));
    expect(learning.policy('default', 'tryon-pro').model).toBe(priorModel);
  });

  test('are reported by account and API', () => {
    const records = [...jobs('aidge-2026', 90), ...jobs(undefined, 10, 30)];
    const { groups } = modelReport({ records, prior: priorModel, nowMs, queriesPerSecond: () => 20 });
    expect(groups.map(({ account, api, jobs }) => [account, api, jobs])).toEqual([
      ['default', 'aidge-2026', 40],
      ['default', 'tryon', 30],
    ]);
  });
});
