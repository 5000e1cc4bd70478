import { describe, expect, test } from 'vitest';
import { distributionA, distributionB, distributionC, distributionD } from '../../bench/lib/distributions.js';
import { costAt, delayAt, exactCost, gridOf, integralOf, optimumOf } from '../../bench/lib/optimum.js';
import { gammaAbove, logGamma, normalTail } from '../../bench/lib/special.js';
import { afterLife } from '../../bench/polling/learning.js';
import { normalAbove } from '../../src/schedule/normal.js';
import { policyOf, pollTimes } from '../../src/schedule/schedule.js';

// The reference is brute force on an even grid, from the distribution alone: nothing of it is shared with the schedule.
const distributions = [
  distributionA(),
  distributionB(),
  distributionC(),
  distributionD(),
  distributionA(2),
  distributionA(0.5),
];

describe.each(distributions)('$name, distribution known', (distribution) => {
  const grid = gridOf(distribution, 0.25);

  test.each([0.2, 0.5, 1, 2])(
    'at %d s per poll the delay is within 2 %% of the optimum at the same polls',
    (pollCost) => {
      const cost = exactCost(
        distribution,
        pollTimes(policyOf({ model: distribution.model, pollCostSeconds: pollCost }), 1900),
      );
      const best = delayAt(grid, cost.polls, 1, 60);
      expect(cost.delaySeconds / best).toBeLessThan(1.02);
      // No schedule beats the exact one by more than the grid's coarseness.
      expect(cost.delaySeconds / best).toBeGreaterThan(0.995);
    },
  );

  test('under other guard rails too', () => {
    const policy = policyOf({ model: distribution.model, pollCostSeconds: 0.5, floorMs: 4000, ceilingMs: 20_000 });
    const cost = costAt(0.5, exactCost(distribution, pollTimes(policy, 1900)));
    expect(cost / costAt(0.5, optimumOf(grid, 0.5, 4, 20))).toBeLessThan(1.005);
  });
});

test('on distribution A about eight polls cost within 5 % of what any schedule can do', () => {
  const distribution = distributionA();
  const limit = integralOf(gridOf(distribution, 0.1)) ** 2 / 2;
  const cost = exactCost(distribution, pollTimes(policyOf({ model: distribution.model, pollCostSeconds: 0.49 }), 1900));
  expect(cost.polls).toBeCloseTo(8, 1);
  expect((cost.polls * cost.delaySeconds) / limit).toBeLessThan(1.05);
});

describe('learned from what the polls themselves saw, mean of six repeats', () => {
  const of = (distribution: ReturnType<typeof distributionA>, count: number) =>
    new Array<typeof distribution>(count).fill(distribution);

  test.each([
    ['distribution B', of(distributionB(), 100), 1.03],
    ['distribution D', of(distributionD(), 100), 1.03],
    ['distribution A twice as slow', of(distributionA(2), 100), 1.03],
    ['fifty jobs after they became twice as slow', [...of(distributionA(), 120), ...of(distributionA(2), 50)], 1.07],
    ['fifty jobs after they became twice as fast', [...of(distributionA(), 120), ...of(distributionA(0.5), 50)], 1.07],
  ])('%s', (name, jobs, bar) => {
    const [{ mean } = { mean: Number.NaN }] = afterLife({ name, jobs }, 0.5, 6, 11);
    expect(mean).toBeLessThan(bar);
  });
});

describe('the reference', () => {
  test.each([
    [5, Math.log(24)],
    [0.5, Math.log(Math.sqrt(Math.PI))],
  ])('log gamma of %d is known', (x, value) => {
    expect(logGamma(x)).toBeCloseTo(value, 12);
  });

  test('a gamma distribution of shape 1 is exponential', () => {
    for (const x of [0.1, 1, 2.5, 10]) expect(gammaAbove(1, x) / Math.exp(-x)).toBeCloseTo(1, 10);
  });

  test('agrees with the package on the normal distribution', () => {
    for (let z = -6; z <= 6; z += 0.37) expect(normalAbove(z) / normalTail(z)).toBeCloseTo(1, 6);
  });
});
