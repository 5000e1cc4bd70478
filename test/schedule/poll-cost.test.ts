import { describe, expect, test } from 'vitest';
import { nextPollCost, pollCostSettings, roundedPollCost, vendorQueueRate } from '../../src/schedule/poll-cost.js';
import { policyOf, scheduleCost } from '../../src/schedule/schedule.js';

const { minSeconds, maxSeconds, maxStep } = pollCostSettings;
const budget = 20;
const full = vendorQueueRate(budget);

test("a vendor's queue is held to eleven twelfths of the account's budget", () => {
  expect(vendorQueueRate(20)).toBeCloseTo(18.33, 2);
});

/** Most tasks that leave one partition in any 5 s, by the matcher of servers before 1.31 and from it: full when the window begins. */
const inFiveSeconds = {
  bucket: (perSecond: number): number => Math.ceil(perSecond) + Math.floor(5 * perSecond),
  'generic cell rate': (perSecond: number): number => 1 + Math.floor(6 * perSecond),
};

describe.each(Object.entries(inFiveSeconds))('by a %s limiter in each partition', (_name, most) => {
  test.each([1, 2, 4, 8])('%d partitions let at most 5.5 times the budget through in any 5 s', (partitions) => {
    for (let budget = 0.05; budget < 60; budget += 0.05) {
      const allowed = 5.5 * budget;
      // Fewer than one task for each partition in 5 s: no limiter holds that in each window.
      if (allowed < partitions) continue;
      const perPartition = Math.fround(vendorQueueRate(budget, partitions)) / partitions;
      expect(partitions * most(perPartition), `${budget}`).toBeLessThanOrEqual(allowed + 1e-9);
    }
  });
});

test.each([1, 4])(
  'with %d partitions the mean rate is below the budget, and near it where that is not small',
  (partitions) => {
    for (const budget of [0, 0.01, 0.1, 1, 5, 20, 100, 1000]) {
      expect(vendorQueueRate(budget, partitions)).toBeLessThanOrEqual((5.5 / 6) * budget);
    }
    expect(vendorQueueRate(20, partitions)).toBeGreaterThan(0.89 * 20);
    expect(vendorQueueRate(0, partitions)).toBe(0);
  },
);

describe('the poll cost', () => {
  test.each([
    ['falls where the budget has room', { pollsPerSecond: full / 2, lagSeconds: 0 }, -1],
    ['stays on a queue that is used well', { pollsPerSecond: full, lagSeconds: 1.4 }, 0],
    ['rises where polls queue up', { pollsPerSecond: full, lagSeconds: 3 }, 1],
    ['rises where polls queue up at a low rate: a slow server', { pollsPerSecond: 2, lagSeconds: 4 }, 1],
    ['falls without polls', { pollsPerSecond: 0, lagSeconds: 0 }, -1],
  ])('%s', (_name, load, sign) => {
    expect(Math.sign(nextPollCost(4, load, budget) - 4)).toBe(sign);
  });

  test('changes by a bounded factor at a step, so that an hour of outage counts like any lag', () => {
    const outage = nextPollCost(4, { pollsPerSecond: 0, lagSeconds: 3600 }, budget);
    expect(outage).toBe(nextPollCost(4, { pollsPerSecond: 0, lagSeconds: 5 }, budget));
    expect(outage).toBeLessThanOrEqual(4 * maxStep);
    expect(nextPollCost(4, { pollsPerSecond: 0, lagSeconds: 0 }, budget)).toBeCloseTo(4 / maxStep, 9);
  });

  test('stays within its bounds', () => {
    let cost: number = minSeconds;
    for (let step = 0; step < 100; step++) cost = nextPollCost(cost, { pollsPerSecond: full, lagSeconds: 5 }, budget);
    expect(cost).toBe(maxSeconds);
    for (let step = 0; step < 100; step++) cost = nextPollCost(cost, { pollsPerSecond: 1, lagSeconds: 0 }, budget);
    expect(cost).toBe(minSeconds);
  });

  test.each([
    [{ pollsPerSecond: Number.NaN, lagSeconds: 0 }, budget],
    [{ pollsPerSecond: 5, lagSeconds: Number.NaN }, budget],
    [{ pollsPerSecond: 5, lagSeconds: -5 }, budget],
    [{ pollsPerSecond: 5, lagSeconds: 0 }, 0],
  ])('is a number for %j at a budget of %d', (load, queriesPerSecond) => {
    const cost = nextPollCost(4, load, queriesPerSecond);
    expect(cost).toBeGreaterThanOrEqual(minSeconds);
    expect(cost).toBeLessThanOrEqual(maxSeconds);
  });

  // Jobs of the prior, each at the schedule's mean number of polls; the queue lets no more through than its rate.
  test.each([0.5, 2, 4, 8])('settles where the polls of %d jobs per second fit the budget', (jobsPerSecond) => {
    let cost: number = minSeconds;
    for (let step = 0; step < 60; step++) {
      const demand = jobsPerSecond * scheduleCost(policyOf({ pollCostSeconds: roundedPollCost(cost) })).polls;
      const load = { pollsPerSecond: Math.min(full, demand), lagSeconds: demand > full ? 4 : 0.1 };
      cost = nextPollCost(cost, load, budget);
    }
    const demand = jobsPerSecond * scheduleCost(policyOf({ pollCostSeconds: cost })).polls;
    expect(demand).toBeLessThan(1.15 * full);
    if (cost > minSeconds) expect(demand).toBeGreaterThan(0.85 * full);
  });
});

test('rounded poll costs are few, so that tables are reused', () => {
  const costs = new Set(Array.from({ length: 1000 }, (_, k) => roundedPollCost(1 + k / 1000)));
  expect(costs.size).toBeLessThan(20);
  expect(roundedPollCost(0.1)).toBe(minSeconds);
  expect(roundedPollCost(1e9)).toBe(maxSeconds);
});
