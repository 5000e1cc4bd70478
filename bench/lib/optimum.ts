/**
 * The best schedule of a distribution under a floor and a ceiling, by brute force on an even grid. Written apart from `src`, from the distribution's
 * survival function alone; a reference, not quick.
 */
import type { Distribution } from './distributions.js';

/** A distribution on an even grid. */
export interface Grid {
  readonly step: number;
  /** Share of the jobs over by the k-th point. */
  readonly over: Float64Array;
  /** Mean of the durations of those, summed: the integral of t dF. */
  readonly summed: Float64Array;
}

/** Puts a distribution on a grid. */
export function gridOf(distribution: Pick<Distribution, 'horizonSeconds' | 'survival'>, step: number): Grid {
  const count = Math.round(distribution.horizonSeconds / step);
  const over = Float64Array.from({ length: count + 1 }, (_, k) => 1 - distribution.survival(k * step));
  over[count] = 1;
  const summed = new Float64Array(count + 1);
  for (let k = 1; k <= count; k++)
    summed[k] = (summed[k - 1] as number) + ((over[k] as number) - (over[k - 1] as number)) * (k - 0.5) * step;
  return { step, over, summed };
}

/** Polls and delay of a schedule, by the distribution itself. */
export interface Cost {
  readonly polls: number;
  readonly delaySeconds: number;
}

/** Poll cost x mean polls + mean delay. */
export const costAt = (pollCost: number, { polls, delaySeconds }: Cost): number => pollCost * polls + delaySeconds;

/** Times in seconds and their mean cost. */
export interface Optimum extends Cost {
  readonly times: readonly number[];
  readonly pollCost: number;
}

/** Least poll cost x polls + delay. Every gap from every grid point is tried. */
export function optimumOf(grid: Grid, pollCost: number, floorSeconds: number, ceilingSeconds: number): Optimum {
  const { step, over, summed } = grid;
  const last = over.length - 1;
  const narrow = Math.max(1, Math.round(floorSeconds / step));
  const wide = Math.round(ceilingSeconds / step);
  const min = new Float64Array(last + 1);
  const choice = new Int32Array(last + 1).fill(last);
  for (let from = last - 1; from >= 0; from--) {
    const f = over[from] as number;
    const g = summed[from] as number;
    let best = Number.POSITIVE_INFINITY;
    for (let to = Math.min(last, from + narrow); to <= Math.min(last, from + wide); to++) {
      const cost = to * step * ((over[to] as number) - f) - ((summed[to] as number) - g) + (min[to] as number);
      if (cost < best) {
        best = cost;
        choice[from] = to;
      }
    }
    min[from] = best + pollCost * (1 - f);
  }
  const times: number[] = [];
  let polls = 0;
  for (let at = 0; at < last; at = choice[at] as number) {
    polls += 1 - (over[at] as number);
    times.push((choice[at] as number) * step);
  }
  return { times, pollCost, polls, delaySeconds: (min[0] as number) - pollCost * polls };
}

/** The least mean delay at a mean number of polls: between the two best schedules next to it, mixed. */
export function delayAt(grid: Grid, polls: number, floorSeconds: number, ceilingSeconds: number): number {
  let [cheap, dear] = [1e-3, 1e3];
  let more = optimumOf(grid, cheap, floorSeconds, ceilingSeconds);
  let fewer = optimumOf(grid, dear, floorSeconds, ceilingSeconds);
  if (polls >= more.polls) return more.delaySeconds;
  if (polls <= fewer.polls) return fewer.delaySeconds;
  for (let round = 0; round < 24 && more.polls - fewer.polls > 0.002 * polls; round++) {
    const pollCost = Math.sqrt(cheap * dear);
    const now = optimumOf(grid, pollCost, floorSeconds, ceilingSeconds);
    if (now.polls > polls) [cheap, more] = [pollCost, now];
    else [dear, fewer] = [pollCost, now];
  }
  const share = (polls - fewer.polls) / Math.max(1e-12, more.polls - fewer.polls);
  return share * more.delaySeconds + (1 - share) * fewer.delaySeconds;
}

/** The integral of sqrt(f S): half its square is the least polls x delay where no guard rails bind and polls are many. */
export function integralOf({ step, over }: Grid): number {
  let sum = 0;
  for (let k = 1; k < over.length; k++) {
    const [before, after] = [over[k - 1] as number, over[k] as number];
    sum += Math.sqrt((Math.max(0, after - before) / step) * Math.max(0, 1 - (before + after) / 2)) * step;
  }
  return sum;
}

/** Exact mean cost of fixed times under a distribution; the last gap goes on where the times end before the horizon. */
export function exactCost(distribution: Distribution, times: Iterable<number>): Cost {
  let polls = 0;
  let delaySeconds = 0;
  let age = 0;
  let left = 1;
  for (const until of times) {
    if (left < 1e-9) break;
    polls += left;
    const parts = 2 * Math.max(4, Math.ceil((until - age) / 1.5));
    const width = (until - age) / parts;
    let sum = 0;
    let now = left;
    for (let k = 1; k <= parts; k++) {
      const after = distribution.survival(age + k * width);
      // Mean of the two ends, the middle counted in the next round of the rule.
      sum += left - (now + after) / 2;
      now = after;
    }
    delaySeconds += sum * width;
    age = until;
    left = now;
  }
  return { polls, delaySeconds };
}
