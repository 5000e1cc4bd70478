/** The distribution is known: this package's schedule and the peers' against the exact optimum, on the same draws. */
import { jitterOf } from '../../src/schedule/jitter.js';
import { nextPoll, policyOf } from '../../src/schedule/schedule.js';
import {
  type Distribution,
  distributionA,
  distributionB,
  distributionC,
  distributionD,
  driftAt,
} from '../lib/distributions.js';
import { type Cost, type Grid, gridOf, integralOf, optimumOf } from '../lib/optimum.js';
import { seeded } from '../lib/random.js';
import { type Peer, peers } from './peers.js';

/** Guard rails of every schedule here but the peers', and of the optimum they are held against; seconds. */
export const rails = { floorSeconds: 1, ceilingSeconds: 60 } as const;
const gridStep = 0.25;

/** Distributions that jobs follow one after the other; each is known while it holds. */
export interface World {
  readonly name: string;
  readonly distributions: readonly {
    readonly distribution: Distribution;
    readonly grid: Grid;
    readonly durations: Float64Array;
  }[];
}

/** The five worlds of the benchmark, with their jobs drawn. */
export function worlds(jobs: number, seed: number): World[] {
  const drift = new Map<number, number>();
  for (let job = 25; job < 800; job += 50) {
    const times = Number(driftAt(job).toFixed(4));
    drift.set(times, (drift.get(times) ?? 0) + 1 / 16);
  }
  const named: [string, (readonly [Distribution, number])[]][] = [
    ...[distributionA(), distributionB(), distributionC(), distributionD()].map(
      (distribution): [string, (readonly [Distribution, number])[]] => [distribution.name, [[distribution, 1]]],
    ),
    ['E drifting', [...drift].map(([times, share]) => [distributionA(times), share] as const)],
  ];
  return named.map(([name, distributions], index) => {
    const draw = seeded(seed + 1000 * index);
    return {
      name,
      distributions: distributions.map(([distribution, share]) => ({
        distribution,
        grid: gridOf(distribution, gridStep),
        durations: Float64Array.from({ length: Math.round(jobs * share) }, () => distribution.draw(draw)).sort(),
      })),
    };
  });
}

/** What a schedule did: means, and points of the delay's distribution. */
export interface Measured extends Cost {
  readonly p95Seconds: number;
  readonly p99Seconds: number;
}

function measured(polls: number, delays: Float64Array): Measured {
  delays.sort();
  const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? 0;
  return {
    polls: polls / delays.length,
    delaySeconds: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
    p95Seconds: at(0.95),
    p99Seconds: at(0.99),
  };
}

const jobsOf = (world: World): number => world.distributions.reduce((sum, { durations }) => sum + durations.length, 0);

/** Each job under its own distribution's schedule, poll by poll as an activity asks for it: whole milliseconds, jitter by job and poll. */
export function ours(world: World, pollCost: number): Measured {
  const delays = new Float64Array(jobsOf(world));
  let polls = 0;
  let job = 0;
  for (const { distribution, durations } of world.distributions) {
    const policy = policyOf({
      model: distribution.model,
      pollCostSeconds: pollCost,
      floorMs: 1000 * rails.floorSeconds,
      ceilingMs: 1000 * rails.ceilingSeconds,
    });
    for (const duration of durations) {
      let ageMs = 0;
      for (let poll = 1; ageMs < 1000 * duration; poll++, polls++)
        ageMs += nextPoll({ ageMs, policy, jitter: jitterOf(`job-${job}`, poll) }).delayMs;
      delays[job++] = ageMs / 1000 - duration;
    }
  }
  return measured(polls, delays);
}

/** The optimum of each distribution at one poll cost, on the same jobs. */
export function optimal(world: World, pollCost: number): Measured {
  const delays = new Float64Array(jobsOf(world));
  let polls = 0;
  let job = 0;
  for (const { grid, durations } of world.distributions) {
    const { times } = optimumOf(grid, pollCost, rails.floorSeconds, rails.ceilingSeconds);
    let k = 0;
    for (const duration of durations) {
      while ((times[k] as number) < duration) k++;
      polls += k + 1;
      delays[job++] = (times[k] as number) - duration;
    }
  }
  return measured(polls, delays);
}

const between = (low: Measured, high: Measured, share: number): Measured => {
  const mix = (a: number, b: number): number => (1 - share) * a + share * b;
  return {
    polls: mix(low.polls, high.polls),
    delaySeconds: mix(low.delaySeconds, high.delaySeconds),
    p95Seconds: mix(low.p95Seconds, high.p95Seconds),
    p99Seconds: mix(low.p99Seconds, high.p99Seconds),
  };
};

/** The optimum on the same jobs at a mean number of polls, or at a mean delay: mixed from its two nearest. */
export function optimumAt(world: World, what: 'polls' | 'delaySeconds', goal: number): Measured {
  // Of polls a low poll cost gives more, of delay less.
  const above = (now: Measured): boolean => (what === 'polls' ? now.polls > goal : now.delaySeconds < goal);
  let [cheap, dear] = [1e-3, 500];
  let [low, high] = [optimal(world, cheap), optimal(world, dear)];
  if (!above(low)) return low;
  if (above(high)) return high;
  for (let round = 0; round < 20 && Math.abs(low[what] - high[what]) > 0.005 * goal; round++) {
    const pollCost = Math.sqrt(cheap * dear);
    const now = optimal(world, pollCost);
    if (above(now)) [cheap, low] = [pollCost, now];
    else [dear, high] = [pollCost, now];
  }
  const width = high[what] - low[what];
  return between(low, high, width === 0 ? 0 : (goal - low[what]) / width);
}

/** A peer's schedule on the same jobs. */
export function peer(world: World, { times }: Peer, seed: number): Measured {
  const delays = new Float64Array(jobsOf(world));
  const draw = seeded(seed);
  let polls = 0;
  let job = 0;
  for (const { durations } of world.distributions)
    for (const duration of durations)
      for (const time of times(draw)) {
        polls++;
        if (time < duration) continue;
        delays[job++] = time - duration;
        break;
      }
  return measured(polls, delays);
}

/** Half the square of the integral of sqrt(f S), for a world of one distribution. */
export const limitOf = (world: World): number | undefined =>
  world.distributions.length === 1 && world.distributions[0]
    ? integralOf(world.distributions[0].grid) ** 2 / 2
    : undefined;

export { peers };
