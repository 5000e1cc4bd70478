import { describe, expect, test } from 'vitest';
import {
  binEdges,
  binPosition,
  type DurationModel,
  expectedFinish,
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

const binned = (of: (age: number) => number): DurationModel => ({
  ...priorModel,
  binWeights: binEdges(1800)
    .slice(1)
    .map((edge, bin, edges) => of(edges[bin - 1] ?? 0) - of(edge)),
});
const twoModes = (age: number): number =>
  0.75 * survival(priorFrom({ medianSeconds: 15, p95Seconds: 25 }), age) +
  0.25 * survival(priorFrom({ medianSeconds: 90, p95Seconds: 130 }), age);
const models: [string, DurationModel][] = [
  ['the prior', priorModel],
  ['a tight distribution', priorFrom({ medianSeconds: 40, p95Seconds: 60, tailWeight: 0 })],
  ['a histogram of two modes', binned(twoModes)],
  ['a histogram with gaps', { ...priorModel, binWeights: [0, 0, 0, ...new Array<number>(40).fill(0), 3, 1, 0, 0, 2] }],
  ['a distribution that is all tail', { ...priorModel, tailWeight: 1 }],
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

test('a guess without spread still has some', () => {
  const model = priorFrom({ medianSeconds: 40, p95Seconds: 40 });
  expect(survival(model, 41)).toBeLessThan(survival(model, 40.5));
});

test('jobs of the tail end from the given age on', () => {
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

  test('a job past the bulk is expected in the tail', () => {
    const { shareDone, medianMs } = expectedFinish({ model: priorModel, ageMs: 400_000 });
    expect(shareDone).toBeGreaterThan(0.97);
    expect(medianMs).toBeGreaterThan(1_000_000);
  });

  test('nothing is expected beyond the horizon', () => {
    expect(expectedFinish({ model: priorModel, ageMs: 1_800_000 })).toEqual({ shareDone: 1 });
  });
});

describe('the histogram of a learned distribution', () => {
  test('has bins that grow by a constant factor, from 0 to the horizon', () => {
    const edges = binEdges(1800);
    expect(edges[0]).toBe(0);
    expect(edges[1]).toBe(0.5);
    expect(edges.at(-1)).toBe(1800);
    for (let k = 1; k < edges.length - 2; k++)
      expect(Math.log((edges[k + 1] as number) / (edges[k] as number))).toBeCloseTo(0.125, 9);
    for (const [k, edge] of edges.entries()) expect(binPosition(edges, edge)).toBeCloseTo(k, 6);
  });

  test('is near the distribution that it was made from', () => {
    const model = binned((age) => survival(priorModel, age));
    for (const age of [1, 7, 20, 33.3, 60, 250, 1500])
      expect(Math.abs(survival(model, age) - survival(priorModel, age))).toBeLessThan(2e-4);
  });

  test('without weights has every job over at once', () => {
    expect(survival({ ...priorModel, binWeights: [] }, 10)).toBe(0);
  });
});
