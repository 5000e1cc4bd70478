import { describe, expect, test } from 'vitest';
import { budgetCheck, budgetLines, budgetReport } from '../../src/cli/budget-report.js';
import { vendorQueueRate } from '../../src/schedule/poll-cost.js';
import type { QueueLimit, QueueState } from '../../src/temporal/queue-limit.js';
import { limitReasons } from '../../src/temporal/vendor-limit.js';

const settings = 20;
const account = { account: 'eu-shop', taskQueue: 'tryon-vendor-eu-shop', settingsQueriesPerSecond: settings };
const quiet: QueueState = { inForce: { source: 'server', perSecond: 100_000 }, backlog: 0, backlogAgeSeconds: 0 };
const limited = (perSecond: number, reason: string, identity = 'ann'): QueueState => {
  const limit: QueueLimit = { perSecond: Math.fround(perSecond), identity, reason, setAt: '2026-01-31T12:00:00.000Z' };
  return { ...quiet, inForce: { source: 'queue', perSecond }, limit };
};
const byWorker = (budget: number, partitions = 1) =>
  limited(vendorQueueRate(budget, partitions), limitReasons.worker(budget), 'temporal-tryon worker 1@host');
const byPolls: QueueState = { ...quiet, inForce: { source: 'polls', perSecond: vendorQueueRate(20) } };

const check = (state: QueueState, partitions?: number) => budgetCheck(budgetReport(account, state, partitions));

describe('doctor, about a budget,', () => {
  test.each([
    [
      'is content where a worker has set that of the settings',
      byWorker(20),
      1,
      'ok',
      /^20 queries\/s: .*; 1 partition$/,
    ],
    ['compares with the rate for four partitions', byWorker(20, 4), 4, 'ok', /; 4 partitions$/],
    ['assumes four partitions where they are not listed', byWorker(20, 4), undefined, 'ok', /an unknown number/],
    ['warns where another worker has other settings', byWorker(10), 1, 'warn', /^10 queries.*the settings here say 20/],
    ['warns where nothing limits the queue', quiet, 1, 'warn', /the queue has no limit/],
    ['warns where the limit comes with polls', byPolls, 1, 'warn', /with their polls \(20 queries\/s\)/],
  ] as const)('%s', (_name, state, partitions, result, detail) => {
    expect(check(state, partitions)).toMatchObject({ result, detail: expect.stringMatching(detail) });
  });

  test("says how to give an operator's limit back", () => {
    const found = check(limited(vendorQueueRate(5), limitReasons.operator(5, 'too many throttles')), 1);
    expect(found.detail).toContain('too many throttles (ann at 2026-01-31T12:00:00.000Z)');
    expect(found.remedy).toContain('`temporal-tryon budget eu-shop --clear`');
  });
});

describe('the report of a budget', () => {
  const text = (state: QueueState) => budgetLines(budgetReport(account, state, 1)).join('\n');

  test('shows backlog and rates', () => {
    const load = { backlog: 41, backlogAgeSeconds: 12, addedPerSecond: 20.123, dispatchedPerSecond: 18.3 };
    const shown = text({ ...byWorker(20), ...load });
    expect(shown).toMatch(/backlog +41 polls, the oldest for 12 s/);
    expect(shown).toMatch(/rate +18\.3 polls\/s dispatched, 20\.1 added/);
  });

  test('says that a queue is stopped', () => {
    expect(text(limited(0, limitReasons.operator(0)))).toMatch(/budget +0 queries\/s \(stopped/);
  });

  test('says what becomes of a limit that was given back', () => {
    expect(text(limited(3, limitReasons.released))).toMatch(/released by an operator; a worker sets its own/);
  });
});
