import { describe, expect, test } from 'vitest';
import {
  type DurationModel,
  distributionOf,
  expectedFinish,
  hazard,
  meanSeconds,
  priorFrom,
  priorModel,
  quantile,
  survival,
} from '../../src/schedule/distribution.js';
import { erfc, normalBetween } from '../../src/schedule/normal.js';

// Values of erfc: Abramowitz and Stegun, table 7.1, and its asymptotic series for 5.
test.each([
  [0, 1],
  [0.5, 0.4795001222],
  [1, 0.1572992071],
  [2, 0.0046777349],
  [-1, 1.8427007929],
  [5, 1.5374597945e-12],
])('erfc(%d) is right to six digits', (x, value) => {
  expect(erfc(x) / value).toBeCloseTo(1, 6);
});

test('a far stretch of the normal distribution keeps its small share', () => {
  expect(normalBetween(6, 7) / 9.853e-10).toBeCloseTo(1, 3);
  expect(normalBetween(-7, -6)).toBeCloseTo(normalBetween(6, 7), 20);
});

const bimodal: DurationModel = {
  ...priorModel,
  modes: [
    { share: 3, logMedian: Math.log(15), logSpread: 0.3 },
    { share: 1, logMedian: Math.log(90), logSpread: 0.25 },
  ],
};
const models: [string, DurationModel][] = [
  ['the prior', priorModel],
  ['a tight distribution', priorFrom({ medianSeconds: 40, p95Seconds: 60, tailWeight: 0 })],
  ['two modes', bimodal],
  ['a distribution that is all stuck', { ...priorModel, tailWeight: 1 }],
];

describe.each(models)('%s', (_name, model) => {
  test('falls from 1 to 0 at the horizon', () => {
    let before = 1;
    for (let age = 0; age <= 2000; age += 5) {
      const left = survival(model, age);
      expect(left).toBeLessThanOrEqual(before);
      expect(left).toBeGreaterThanOrEqual(0);
      before = left;
    }
    expect(survival(model, 0)).toBe(1);
    expect(survival(model, model.horizonSeconds)).toBe(0);
  });

  test('has a density that is the fall of its survival', () => {
    const distribution = distributionOf(model);
    for (const age of [5, 12, 40, 83, 200, 1000]) {
      const fall = (distribution.survival(age - 0.01) - distribution.survival(age + 0.01)) / 0.02;
      // erfc is good to 1.2e-7, which the difference quotient magnifies
      expect(Math.abs(distribution.density(age) - fall)).toBeLessThan(1e-5);
    }
  });

  test('has quantiles that undo its survival', () => {
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      expect(survival(model, quantile(model, share))).toBeCloseTo(1 - share, 4);
      expect(survival(model, quantile(model, share, 50)) / survival(model, 50)).toBeCloseTo(1 - share, 4);
    }
  });
});

test('the prior has the median and the 95 % point of its guess', () => {
  const model = priorFrom({ medianSeconds: 40, p95Seconds: 120, tailWeight: 0 });
  expect(quantile(model, 0.5)).toBeCloseTo(40, 1);
  expect(quantile(model, 0.95)).toBeCloseTo(120, 0);
});

test('a guess without spread still has a density', () => {
  expect(hazard(priorFrom({ medianSeconds: 40, p95Seconds: 40 }), 41)).toBeGreaterThan(0);
});

test('stuck jobs end from the given age on', () => {
  const model = { ...priorFrom({ medianSeconds: 10, p95Seconds: 15, tailWeight: 0.1 }), tailFromSeconds: 300 };
  expect(survival(model, 100)).toBeCloseTo(0.1, 4);
  expect(survival(model, 300)).toBeCloseTo(0.1, 4);
  expect(survival(model, 1050)).toBeCloseTo(0.05, 4);
});

describe('what may be expected of an open job', () => {
  test('half are over at the median of a fresh job', () => {
    const { shareDone, medianMs, p95Ms } = expectedFinish({ model: priorModel, ageMs: 0 });
    expect(shareDone).toBe(0);
    expect(medianMs).toBeCloseTo(1000 * quantile(priorModel, 0.5), -1);
    expect(p95Ms).toBeCloseTo(1000 * quantile(priorModel, 0.95), -1);
  });

  test('a job past the bulk is expected among the stuck', () => {
    const { shareDone, medianMs } = expectedFinish({ model: priorModel, ageMs: 400_000 });
    expect(shareDone).toBeGreaterThan(0.97);
    expect(medianMs).toBeGreaterThan(1_000_000);
  });

  test('nothing is told beyond the horizon', () => {
    expect(expectedFinish({ model: priorModel, ageMs: 1_800_000 })).toEqual({ shareDone: 1 });
  });
});

test('the mean of a distribution is the integral of what is not over, the stuck included', () => {
  const { survival: left, horizonSeconds } = distributionOf(priorModel);
  let sum = 0;
  for (let age = 0.05; age < horizonSeconds; age += 0.1) sum += 0.1 * left(age);
  expect(meanSeconds(priorModel) / sum).toBeCloseTo(1, 3);
  // Law A of a median of 40 s with 3 % stuck: 77.3 s.
  expect(meanSeconds(priorModel)).toBeCloseTo(77.3, 0);
});
