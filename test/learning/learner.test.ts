import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costAt } from '../../bench/lib/optimum.js';
import { createLearner, type JobRecord, learnModel, type Observation } from '../../src/learning/learner.js';
import {
  type DurationModel,
  distributionOf,
  priorFrom,
  priorModel,
  quantile,
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
const bimodal: DurationModel = {
  ...priorModel,
  tailFromSeconds: 180,
  modes: [
    { share: 0.58, logMedian: Math.log(18), logSpread: 0.3 },
    { share: 0.42, logMedian: Math.log(75), logSpread: 0.25 },
  ],
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
    ['a weight of nothing', { lowSeconds: 1, highSeconds: 5, weight: 0 }],
    ['a negative age', { lowSeconds: -5, highSeconds: 5 }],
  ])('%s is left out', (_name, odd) => {
    const jobs = jobsOf(tight, 40);
    expect(learnModel([odd, ...jobs, odd], priorModel)).toEqual(learnModel(jobs, priorModel));
  });

  test('any observations give a usable distribution', () => {
    const age = fc.double({ min: 0, max: 5000, noNaN: true });
    const observation = fc.record(
      { lowSeconds: age, highSeconds: age, weight: fc.double({ min: 0, max: 1, noNaN: true }) },
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

describe('groups', () => {
  const records = (group: Partial<JobRecord>, jobs: readonly Observation[], name: string): JobRecord[] =>
    jobs.map((job, k) => ({ api: 'try-on', account: 'default', id: `${name}-${k}`, atMs: k, ...group, ...job }));

  test('a group without jobs takes the distribution of the larger one', () => {
    const learner = createLearner({ prior: priorModel });
    learner.observe(records({ account: 'busy' }, jobsOf(tight, 100), 'busy'));
    const fresh = learner.modelFor({ api: 'try-on', account: 'new', subTasks: 4 });
    expect(fresh).toEqual(learner.modelFor({ api: 'try-on', account: 'busy' }));
    expect(regret(fresh, tight)).toBeLessThan(1.03);
  });

  test('a group of its own habits is told from the others', () => {
    const learner = createLearner({ prior: priorModel });
    const slow = times(tight, 4);
    learner.observe(records({ subTasks: 1 }, jobsOf(tight, 100), 'one'));
    learner.observe(records({ subTasks: 8 }, jobsOf(slow, 100), 'eight'));
    const group = { api: 'try-on', account: 'default' };
    expect(regret(learner.modelFor({ ...group, subTasks: 1 }), tight)).toBeLessThan(1.03);
    expect(regret(learner.modelFor({ ...group, subTasks: 8 }), slow)).toBeLessThan(1.03);
  });

  test('an API that nobody asked keeps the prior', () => {
    const learner = createLearner({ prior: priorModel });
    learner.observe(records({}, jobsOf(tight, 50), 'a'));
    expect(learner.modelFor({ api: 'other', account: 'default' })).toBe(priorModel);
  });

  test('a record told twice counts once', () => {
    const learner = createLearner({ prior: priorModel });
    const jobs = records({}, jobsOf(tight, 50), 'a');
    expect(learner.observe(jobs)).toBe(50);
    expect(learner.observe(jobs)).toBe(0);
    expect(learner.summary().records).toBe(50);
  });

  test('the end of a job replaces what was known while it was open', () => {
    const learner = createLearner({ prior: priorModel });
    const job = { api: 'try-on', account: 'default', id: 'a' };
    expect(learner.observe([{ ...job, atMs: 2, lowSeconds: 30 }])).toBe(1);
    expect(learner.observe([{ ...job, atMs: 1, lowSeconds: 20 }])).toBe(0);
    expect(learner.observe([{ ...job, atMs: 2, lowSeconds: 30, highSeconds: 35 }])).toBe(1);
    expect(learner.observe([{ ...job, atMs: 3, lowSeconds: 35 }])).toBe(0);
  });

  test('the order in which records come does not matter', () => {
    const jobs = records({}, [...jobsOf(priorModel, 60), ...jobsOf(times(priorModel, 2), 60)], 'a');
    const [there, back] = [createLearner({ prior: priorModel }), createLearner({ prior: priorModel })];
    there.observe(jobs);
    back.observe([...jobs].reverse());
    const group = { api: 'try-on', account: 'default' };
    expect(back.modelFor(group)).toEqual(there.modelFor(group));
  });

  test('phases are learned where the jobs told them', () => {
    const learner = createLearner({ prior: priorModel });
    const queued = priorFrom({ medianSeconds: 10, p95Seconds: 40, tailWeight: 0.01 });
    const running = priorFrom({ medianSeconds: 28, p95Seconds: 40, tailWeight: 0.01 });
    const [waits, works] = [jobsOf(queued, 80), jobsOf(running, 80)];
    const jobs = records({}, jobsOf(priorModel, 80), 'a');
    learner.observe(jobs.slice(0, 40));
    const group = { api: 'try-on', account: 'default' };
    expect(learner.modelFor(group).phases).toBeUndefined();
    learner.observe(
      jobs.map((job, k) => ({
        ...job,
        atMs: job.atMs + 1000,
        queued: waits[k] as Observation,
        running: works[k] as Observation,
      })),
    );
    const { phases } = learner.modelFor(group);
    expect(regret(phases?.queued as DurationModel, queued)).toBeLessThan(1.03);
    expect(regret(phases?.running as DurationModel, running)).toBeLessThan(1.03);
  });

  test('only the newest records are kept', () => {
    const learner = createLearner({ prior: priorModel, maxRecords: 100 });
    const slow = times(tight, 3);
    learner.observe(records({}, [...jobsOf(tight, 300), ...jobsOf(slow, 100)], 'a'));
    expect(learner.summary().records).toBeLessThanOrEqual(110);
    expect(regret(learner.modelFor({ api: 'try-on', account: 'default' }), slow)).toBeLessThan(1.03);
  });

  test('the summary names each group with its jobs', () => {
    const learner = createLearner({ prior: priorModel });
    learner.observe(records({ subTasks: 2 }, jobsOf(tight, 30), 'two'));
    learner.observe(records({}, jobsOf(tight, 10), 'plain'));
    const { groups } = learner.summary();
    expect(groups.map(({ model: _model, ...group }) => group)).toEqual([
      { api: 'try-on', jobs: 40 },
      { api: 'try-on', account: 'default', jobs: 40 },
      { api: 'try-on', account: 'default', subTasks: 2, jobs: 30 },
    ]);
    for (const { model } of groups) expect(model.source).toBe('learned');
  });
});
