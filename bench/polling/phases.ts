/** Phases distinguished: jobs wait in a queue, then are worked on, and the replies show which. */

import type { DurationModel } from '../../src/schedule/distribution.js';
import { type NextPollInput, nextPoll, policyOf } from '../../src/schedule/schedule.js';
import { modelOf } from '../lib/distributions.js';
import { type Cost, delayAt, gridOf } from '../lib/optimum.js';
import { exponentialDraw, normalDraw, seeded } from '../lib/random.js';

const horizonSeconds = 720;

/** Share of the points above an age. */
function survivalOf(points: readonly number[]): (age: number) => number {
  const sorted = [...points].sort((a, b) => a - b);
  return (age) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as number) <= age) low = middle + 1;
      else high = middle;
    }
    return 1 - low / sorted.length;
  };
}

const fitted = (points: readonly number[], horizon: number): DurationModel => modelOf(survivalOf(points), horizon);

/** Our cost at each poll cost, and the blind optimum's delay at the same polls over ours. */
export function phased(
  count: number,
  seed: number,
  pollCosts: readonly number[],
): (Cost & { readonly pollCost: number; readonly gain: number })[] {
  const draw = seeded(seed + 77);
  const jobs = Array.from({ length: count }, (): [queued: number, running: number] => {
    let queued = horizonSeconds;
    while (queued > 600) queued = 10 * Math.exp(1.09 * normalDraw(draw));
    // A gamma distribution of shape 20 is the sum of twenty exponential ones: median 28 s, 95 % within 40 s.
    let running = 0;
    for (let k = 0; k < 20; k++) running += exponentialDraw(draw);
    return [queued, (running * 28) / 19.67];
  });
  const survival = survivalOf(jobs.map(([queued, running]) => queued + running));
  const grid = gridOf({ horizonSeconds, survival }, 0.25);
  const queued = fitted(
    jobs.map(([wait]) => wait),
    horizonSeconds,
  );
  const running = fitted(
    jobs.map(([, work]) => work),
    400,
  );
  const total = fitted(
    jobs.map(([wait, work]) => wait + work),
    horizonSeconds,
  );
  const model = { ...total, phases: { queued, running } };
  return pollCosts.map((pollCost) => {
    const policy = policyOf({ model, pollCostSeconds: pollCost });
    let polls = 0;
    let delay = 0;
    for (const [wait, work] of jobs) {
      let age = 0;
      let seen: Pick<NextPollInput, 'phase'> & { began: number; gap: number } = {
        phase: 'submitted',
        began: 0,
        gap: 0,
      };
      while (age < wait + work) {
        const before = age;
        age +=
          nextPoll({
            ageMs: 1000 * age,
            policy,
            jitter: 0.5,
            phase: seen.phase ?? 'unknown',
            phaseForMs: 1000 * (age - seen.began),
            phaseGapMs: 1000 * seen.gap,
          }).delayMs / 1000;
        polls++;
        if (seen.phase === 'submitted' && age >= wait)
          seen = { phase: 'running', began: (before + age) / 2, gap: age - before };
      }
      delay += age - wait - work;
    }
    const cost = { polls: polls / count, delaySeconds: delay / count };
    return { pollCost, ...cost, gain: delayAt(grid, cost.polls, 1, 60) / cost.delaySeconds };
  });
}
