import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { priorModel } from '../../src/schedule/distribution.js';
import {
  correctionAt,
  correctionLimits,
  correctPollCost,
  noCorrection,
  pollCostFor,
  pollCostInForce,
  pollCostLimits,
} from '../../src/schedule/poll-cost.js';
import { policyOf, scheduleCost } from '../../src/schedule/schedule.js';

describe('the poll cost fed forward', () => {
  // Expected load and mean delay on the prior distribution at a budget of 20 queries per second, all of it planned for.
  test.each([
    { jobsPerSecond: 1, pollCost: 0.073, delaySeconds: 1.43 },
    { jobsPerSecond: 2, pollCost: 0.31, delaySeconds: 2.93 },
    { jobsPerSecond: 4, pollCost: 1.38, delaySeconds: 6.12 },
    { jobsPerSecond: 6, pollCost: 3.89, delaySeconds: 9.96 },
  ])('fits $jobsPerSecond jobs per second into 20 queries per second', ({ jobsPerSecond, pollCost, delaySeconds }) => {
    const pollCostSeconds = pollCostFor({ queriesPerSecond: 20, jobsPerSecond, plannedShare: 1 });
    expect(pollCostSeconds / pollCost).toBeCloseTo(1, 1);
    const cost = scheduleCost(policyOf({ pollCostSeconds }));
    expect(cost.polls * jobsPerSecond).toBeLessThanOrEqual(20.1);
    expect(cost.polls * jobsPerSecond).toBeGreaterThan(19.5);
    expect(cost.delaySeconds).toBeCloseTo(delaySeconds, 0);
  });

  test('plans for nine tenths of the budget', () => {
    const cost = scheduleCost(policyOf({ pollCostSeconds: pollCostFor({ queriesPerSecond: 20, jobsPerSecond: 4 }) }));
    expect(cost.polls * 4).toBeCloseTo(18, 0);
    expect(cost.delaySeconds).toBeLessThan(7.5);
  });

  test.each([
    ['no jobs', { queriesPerSecond: 20, jobsPerSecond: 0 }, pollCostLimits.minSeconds],
    ['hardly any jobs', { queriesPerSecond: 20, jobsPerSecond: 0.001 }, pollCostLimits.minSeconds],
    ['more jobs than any schedule can follow', { queriesPerSecond: 1, jobsPerSecond: 100 }, pollCostLimits.maxSeconds],
    ['no budget', { queriesPerSecond: 0, jobsPerSecond: 1 }, pollCostLimits.maxSeconds],
    ['a rate that is no number', { queriesPerSecond: 20, jobsPerSecond: Number.NaN }, pollCostLimits.minSeconds],
  ])('is bounded at %s', (_name, input, pollCost) => {
    expect(pollCostFor(input)).toBeCloseTo(pollCost, 6);
  });

  test('rises with the rate of jobs', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 20, noNaN: true }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        (rate, more) => {
          const fewer = pollCostFor({ queriesPerSecond: 20, jobsPerSecond: rate, model: priorModel });
          const dearer = pollCostFor({ queriesPerSecond: 20, jobsPerSecond: rate * more, model: priorModel });
          expect(dearer).toBeGreaterThanOrEqual(fewer * 0.999);
        },
      ),
      { numRuns: 10 },
    );
  });
});

const factorAfter = (lags: readonly number[]): number => lags.reduce(correctPollCost, noCorrection).factor;

describe('the correction by lag', () => {
  test('leaves the poll cost alone on a queue that is used well', () => {
    expect(factorAfter(Array.from({ length: 1000 }, (_, k) => (k % 10 === 0 ? 4000 : 800)))).toBe(1);
  });

  test('a single late attempt hardly counts', () => {
    expect(factorAfter([3_600_000])).toBeLessThan(1.002);
  });

  test('an hour of outage counts like five seconds', () => {
    expect(factorAfter(new Array<number>(20).fill(3_600_000))).toBe(factorAfter(new Array<number>(20).fill(5000)));
  });

  test('steady lag makes polls dearer, up to a bound', () => {
    const lagging = new Array<number>(400).fill(4000);
    expect(factorAfter(lagging)).toBeGreaterThan(1.5);
    expect(factorAfter(new Array<number>(10_000).fill(5000))).toBe(correctionLimits.maxFactor);
  });

  test('polls on time make them cheaper, down to a bound', () => {
    const onTime = new Array<number>(5000).fill(40);
    expect(factorAfter([...new Array<number>(400).fill(4000), ...onTime])).toBe(correctionLimits.minFactor);
  });

  test('is not below 1 where the budget leaves the poll cost free', () => {
    const low = { factor: 0.6, lagMs: 8 };
    expect(correctionAt(0.4, low)).toEqual({ factor: 1, lagMs: 8 });
    expect(correctionAt(2, low)).toBe(low);
    expect(correctionAt(0.4, { factor: 2, lagMs: 900 })).toEqual({ factor: 2, lagMs: 900 });
  });

  test.each([Number.NaN, -5000, Number.NEGATIVE_INFINITY])('a lag of %d counts as none', (lag) => {
    expect(correctPollCost(noCorrection, lag)).toEqual(correctPollCost(noCorrection, 0));
  });
});

describe('the poll cost in force', () => {
  test('is what is wanted while the budget has room', () => {
    expect(pollCostInForce(0.02) / 0.5).toBeCloseTo(1, 1);
    expect(pollCostInForce(0.6, { factor: 0.5, lagMs: 8 }) / 0.5).toBeCloseTo(1, 1);
  });

  test('is what the budget asks, corrected', () => {
    expect(pollCostInForce(2, { factor: 1.5, lagMs: 0 }) / 3).toBeCloseTo(1, 1);
  });

  test('takes few values, so that tables are reused', () => {
    const pollCosts = new Set(Array.from({ length: 1000 }, (_, k) => pollCostInForce(1 + k / 1000)));
    expect(pollCosts.size).toBeLessThan(20);
  });

  test('stays within its bounds', () => {
    expect(pollCostInForce(60, { factor: 8, lagMs: 0 })).toBe(pollCostLimits.maxSeconds);
  });
});
