/** Learning, simulated: a schedule learns from what its own polls saw; its cost is computed from the true distribution, not sampled. */

import { learnModel, type Observation } from '../../src/learning/estimate.js';
import { type DurationModel, priorModel } from '../../src/schedule/distribution.js';
import { policyOf, pollTimes } from '../../src/schedule/schedule.js';
import type { Distribution } from '../lib/distributions.js';
import { costAt, exactCost, gridOf, optimumOf } from '../lib/optimum.js';
import { type Draw, seeded } from '../lib/random.js';

/** What polls at these times see of a job: after which it ended, and which saw it. */
export function seenBy(times: readonly number[], duration: number): Observation {
  let lowSeconds = 0;
  for (const time of times) {
    if (time >= duration) return { lowSeconds, highSeconds: time };
    lowSeconds = time;
  }
  return { lowSeconds };
}

/** Runs one job after another under the schedule learned so far; learns again after every `every` jobs. */
export function runJobs(
  past: Observation[],
  jobs: readonly Distribution[],
  draw: Draw,
  pollCost: number,
  prior: DurationModel,
  every: number,
): DurationModel {
  let model = learnModel(past, prior);
  let times = pollTimes(policyOf({ model, pollCostSeconds: pollCost }), 1900);
  for (const [k, distribution] of jobs.entries()) {
    past.push(seenBy(times, distribution.draw(draw)));
    if ((k + 1) % every !== 0 && k + 1 < jobs.length) continue;
    model = learnModel(past, prior);
    times = pollTimes(policyOf({ model, pollCostSeconds: pollCost }), 1900);
  }
  return model;
}

/** Cost of a model's schedule under a distribution, over the least cost there. */
export const regretOf = (model: DurationModel, distribution: Distribution, pollCost: number, min: number): number =>
  costAt(pollCost, exactCost(distribution, pollTimes(policyOf({ model, pollCostSeconds: pollCost }), 1900))) / min;

/** Mean and worst over repeats. */
export interface Regret {
  readonly mean: number;
  readonly worst: number;
  /** The same for a schedule that keeps to what it believed at first: the first distribution where the life has two, else the prior. */
  readonly unlearned: number;
}

const summary = (values: readonly number[]): Omit<Regret, 'unlearned'> => ({
  mean: values.reduce((total, value) => total + value, 0) / values.length,
  worst: Math.max(...values),
});

export const minCost = (distribution: Distribution, pollCost: number): number =>
  costAt(pollCost, optimumOf(gridOf(distribution, 0.2), pollCost, 1, 60));

/** A life: so many jobs of one distribution after another. */
export interface Life {
  readonly name: string;
  readonly jobs: readonly Distribution[];
  /** After how many jobs its cost is taken; default: at its end. */
  readonly at?: readonly number[];
  readonly prior?: DurationModel;
}

/** Cost over the optimum of the current distribution, after so many jobs of a life; over repeats. */
export function afterLife(
  life: Life,
  pollCost: number,
  repeats: number,
  seed: number,
  every = 10,
): (Regret & { jobs: number })[] {
  const marks = life.at ?? [life.jobs.length];
  const prior = life.prior ?? priorModel;
  const found = marks.map((jobs) => {
    const distribution = life.jobs[jobs - 1] as Distribution;
    const believed = life.jobs[0] === distribution ? prior : (life.jobs[0] as Distribution).model;
    const min = minCost(distribution, pollCost);
    return {
      jobs,
      distribution,
      min,
      unlearned: regretOf(believed, distribution, pollCost, min),
      values: [] as number[],
    };
  });
  for (let repeat = 0; repeat < repeats; repeat++) {
    const draw = seeded(seed + 7919 * repeat);
    const past: Observation[] = [];
    for (const { jobs, distribution, min, values } of found) {
      const model = runJobs(past, life.jobs.slice(past.length, jobs), draw, pollCost, prior, every);
      values.push(regretOf(model, distribution, pollCost, min));
    }
  }
  return found.map(({ jobs, unlearned, values }) => ({ jobs, unlearned, ...summary(values) }));
}
