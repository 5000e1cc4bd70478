/** Learning, simulated: a schedule learns from what its own looks saw; its cost is computed from the true law, not sampled. */

import type { Observation } from '../../src/learning/fit.js';
import { learnModel } from '../../src/learning/model.js';
import { type DurationModel, priorModel } from '../../src/schedule/distribution.js';
import { lookTimes, policyOf } from '../../src/schedule/schedule.js';
import type { Law } from '../lib/distributions.js';
import { costAt, exactCost, gridOf, optimumOf } from '../lib/optimum.js';
import { type Draw, seeded } from '../lib/random.js';

/** What looks at these times see of a job: after which it ended, and which saw it. */
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
  jobs: readonly Law[],
  draw: Draw,
  price: number,
  prior: DurationModel,
  every: number,
): DurationModel {
  let model = learnModel(past, prior);
  let times = lookTimes(policyOf({ model, priceSeconds: price }), 1900);
  for (const [k, law] of jobs.entries()) {
    past.push(seenBy(times, law.draw(draw)));
    if ((k + 1) % every !== 0 && k + 1 < jobs.length) continue;
    model = learnModel(past, prior);
    times = lookTimes(policyOf({ model, priceSeconds: price }), 1900);
  }
  return model;
}

/** Cost of a model's schedule under a law, over the least cost there. */
export const regretOf = (model: DurationModel, law: Law, price: number, least: number): number =>
  costAt(price, exactCost(law, lookTimes(policyOf({ model, priceSeconds: price }), 1900))) / least;

/** Mean and worst over repeats. */
export interface Regret {
  readonly mean: number;
  readonly worst: number;
  /** The same for a schedule that keeps to what it believed at first: the first law where the life has two, else the prior. */
  readonly unlearned: number;
}

const summary = (values: readonly number[]): Omit<Regret, 'unlearned'> => ({
  mean: values.reduce((total, value) => total + value, 0) / values.length,
  worst: Math.max(...values),
});

export const leastCost = (law: Law, price: number): number => costAt(price, optimumOf(gridOf(law, 0.2), price, 1, 60));

/** A life: so many jobs of one law after another. */
export interface Life {
  readonly name: string;
  readonly jobs: readonly Law[];
  /** After how many jobs its cost is taken; default: at its end. */
  readonly at?: readonly number[];
  readonly prior?: DurationModel;
}

/** Cost over the optimum of the law of the moment, after so many jobs of a life; over repeats. */
export function afterLife(
  life: Life,
  price: number,
  repeats: number,
  seed: number,
  every = 10,
): (Regret & { jobs: number })[] {
  const marks = life.at ?? [life.jobs.length];
  const prior = life.prior ?? priorModel;
  const found = marks.map((jobs) => {
    const law = life.jobs[jobs - 1] as Law;
    const believed = life.jobs[0] === law ? prior : (life.jobs[0] as Law).model;
    const least = leastCost(law, price);
    return { jobs, law, least, unlearned: regretOf(believed, law, price, least), values: [] as number[] };
  });
  for (let repeat = 0; repeat < repeats; repeat++) {
    const draw = seeded(seed + 7919 * repeat);
    const past: Observation[] = [];
    for (const { jobs, law, least, values } of found) {
      const model = runJobs(past, life.jobs.slice(past.length, jobs), draw, price, prior, every);
      values.push(regretOf(model, law, price, least));
    }
  }
  return found.map(({ jobs, unlearned, values }) => ({ jobs, unlearned, ...summary(values) }));
}
