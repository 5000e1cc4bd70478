import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costAt } from '../../bench/lib/optimum.js';
import { learnModel, type Observation } from '../../src/learning/estimate.js';
import { type JobRecord, learnFromRecords } from '../../src/learning/job-record.js';
import {
  binEdges,
  type DurationModel,
  distributionOf,
  priorFrom,
  priorModel,
  quantile,
  survival,
} from '../../src/schedule/distribution.js';
import { policyOf, scheduleCost } from '../../src/schedule/schedule.js';

// Jobs at the evenly spaced quantiles of a distribution, in an order that mixes them, seen by polls every five seconds.
function jobsOf(model: DurationModel, count: number): Observation[] {
  return Array.from({ length: count }, (_, k) => {
    const duration = quantile(model, ((k * 0.6180339887) % 1) * 0.999);
    const highSeconds = 5 * Math.ceil(duration / 5);
    return { lowSeconds: highSeconds - 5, highSeconds };
  });
}

// Cost of the schedule for one distribution where another is true, over the cost of the right one.
function regret(model: DurationModel, truth: DurationModel): number {
  const cost = (policyModel: DurationModel): number =>
    ((polls) => costAt(0.5, polls))(scheduleCost(policyOf({ model: policyModel }), truth));
  return cost(model) / cost(truth);
}

const times = (model: DurationModel, factor: number): DurationModel => ({
  ...model,
  logMedian: model.logMedian + Math.log(factor),
});
const tight = priorFrom({ medianSeconds: 40, p95Seconds: 60, tailWeight: 0.01 });
const twoModes = (age: number): number =>
  0.58 * survival(priorFrom({ medianSeconds: 18, p95Seconds: 29.5 }), age) +
  0.42 * survival(priorFrom({ medianSeconds: 75, p95Seconds: 113 }), age);
const bimodal: DurationModel = {
  ...priorModel,
  binWeights: binEdges(1800)
    .slice(1)
    .map((edge, bin, edges) => twoModes(edges[bin - 1] ?? 0) - twoModes(edge)),
};

describe('after a hundred jobs', () => {
  test.each([
    ['the prior itself', priorModel],
    ['twice as slow', times(priorModel, 2)],
    ['four times as fast', times(priorModel, 0.25)],
    ['tight', tight],
    ['two modes', bimodal],
  ])('the schedule costs little more than the best: %s', (_name, truth) => {
    expect(regret(learnModel(jobsOf(truth, 100), priorModel), truth)).toBeLessThan(1.03);
  });
});

describe('a vendor that becomes faster or slower', () => {
  test.each([0.25, 0.5, 2, 4])('is followed within 50 jobs: %d times', (factor) => {
    const truth = times(priorModel, factor);
    const model = learnModel([...jobsOf(priorModel, 200), ...jobsOf(truth, 50)], priorModel);
    expect(regret(model, truth)).toBeLessThan(1.07);
  });

  test('is not suspected where nothing changed', () => {
    const model = learnModel(jobsOf(tight, 250), priorModel);
    expect(regret(model, tight)).toBeLessThan(1.01);
  });
});

describe('few or odd data', () => {
  test.each([0, 1])('the prior holds at %d jobs', (count) => {
    expect(learnModel(jobsOf(tight, count), priorModel)).toBe(priorModel);
  });

  test('an open job counts as not over yet', () => {
    const ended = jobsOf(priorModel, 60);
    const open = Array.from({ length: 60 }, () => ({ lowSeconds: 200 }));
    const without = learnModel(ended, priorModel);
    const withOpen = learnModel(
      ended.flatMap((job, k) => [job, open[k] as Observation]),
      priorModel,
    );
    expect(distributionOf(withOpen).survival(200)).toBeGreaterThan(0.3);
    expect(distributionOf(without).survival(200)).toBeLessThan(0.1);
  });

  test.each([
    ['no number', { lowSeconds: Number.NaN, highSeconds: 5 }],
    ['an end before the beginning', { lowSeconds: 50, highSeconds: 5 }],
    ['an endless age', { lowSeconds: Number.POSITIVE_INFINITY }],
    ['a negative age', { lowSeconds: -5, highSeconds: 5 }],
  ])('%s is left out', (_name, odd) => {
    const jobs = jobsOf(tight, 40);
    expect(learnModel([odd, ...jobs, odd], priorModel)).toEqual(learnModel(jobs, priorModel));
  });

  test('any observations give a usable distribution', () => {
    const age = fc.double({ min: 0, max: 5000, noNaN: true });
    const observation = fc.record(
      { lowSeconds: age, highSeconds: age, fromSeconds: age },
      { requiredKeys: ['lowSeconds'] },
    );
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 40 }), (observations) => {
        const model = learnModel(observations, priorModel);
        const distribution = distributionOf(model);
        expect(distribution.survival(0)).toBe(1);
        for (const at of [1, 10, 100, 1000]) {
          expect(distribution.survival(at)).toBeGreaterThanOrEqual(0);
          expect(distribution.survival(at)).toBeLessThanOrEqual(1);
        }
        expect(Number.isFinite(scheduleCost(policyOf({ model })).polls)).toBe(true);
        expect(JSON.parse(JSON.stringify(model))).toEqual(model);
      }),
      { numRuns: 40 },
    );
  });
});

describe('waits that began late', () => {
  // Half of the jobs are observed only if they are still open after 60 s.
  const isLate = (k: number): boolean => k % 2 === 1;
  const jobs = jobsOf(priorModel, 400).flatMap((job, k): Observation[] => {
    if (!isLate(k)) return [job];
    return job.lowSeconds >= 60 ? [{ ...job, fromSeconds: 60 }] : [];
  });

  test('do not make jobs seem slower', () => {
    const model = learnModel(jobs, priorModel);
    expect(quantile(model, 0.5)).toBeLessThan(1.12 * quantile(priorModel, 0.5));
    expect(regret(model, priorModel)).toBeLessThan(1.03);
    const naive = jobs.map(({ fromSeconds: _from, ...job }) => job);
    expect(quantile(learnModel(naive, priorModel), 0.5)).toBeGreaterThan(1.12 * quantile(model, 0.5));
  });

  test('alone leave the earlier ages to the prior', () => {
    const late = jobs.filter(({ fromSeconds }) => fromSeconds !== undefined);
    const model = learnModel(late, priorModel);
    expect(survival(model, 60)).toBeLessThan(0.55);
    expect(survival(model, 60)).toBeGreaterThan(0.15);
  });
});

test('a model is short as JSON, so that it fits into the details of a failure', () => {
  const model = learnModel(jobsOf(bimodal, 200), priorModel);
  expect(JSON.stringify(model).length).toBeLessThan(600);
});

describe('phases', () => {
  const queued = priorFrom({ medianSeconds: 10, p95Seconds: 40, tailWeight: 0.01 });
  const running = priorFrom({ medianSeconds: 28, p95Seconds: 40, tailWeight: 0.01 });
  const [waits, works] = [jobsOf(queued, 80), jobsOf(running, 80)];
  const plain = jobsOf(priorModel, 80).map(
    (job, k): JobRecord => ({ id: `${k}`, account: 'default', submittedAtMs: k, ...job }),
  );
  const phased = plain.map(
    (job, k): JobRecord => ({ ...job, queued: waits[k] as Observation, running: works[k] as Observation }),
  );

  test('are learned if nearly all jobs showed them', () => {
    const { phases } = learnFromRecords(phased, priorModel);
    expect(regret(phases?.queued as DurationModel, queued)).toBeLessThan(1.03);
    expect(regret(phases?.running as DurationModel, running)).toBeLessThan(1.03);
  });

  test('are not learned from a few', () => {
    expect(learnFromRecords([...plain.slice(0, 40), ...phased.slice(40)], priorModel).phases).toBeUndefined();
  });
});
