/**
 * The best schedule of a law under a floor and a ceiling, by brute force on an even grid. Written apart from `src`, from the law's
 * survival function alone; a reference, not quick.
 */
import type { Law } from './distributions.js';

/** A law on an even grid. */
export interface Grid {
  readonly step: number;
  /** Share of the jobs over by the k-th point. */
  readonly over: Float64Array;
  /** Mean of the durations of those, summed: the integral of t dF. */
  readonly summed: Float64Array;
}

/** Puts a law on a grid. */
export function gridOf(law: Pick<Law, 'horizonSeconds' | 'survival'>, step: number): Grid {
  const count = Math.round(law.horizonSeconds / step);
  const over = Float64Array.from({ length: count + 1 }, (_, k) => 1 - law.survival(k * step));
  over[count] = 1;
  const summed = new Float64Array(count + 1);
  for (let k = 1; k <= count; k++)
    summed[k] = (summed[k - 1] as number) + ((over[k] as number) - (over[k - 1] as number)) * (k - 0.5) * step;
  return { step, over, summed };
}

/** Looks and delay of a schedule, by the law itself. */
export interface Cost {
  readonly looks: number;
  readonly delaySeconds: number;
}

/** Price x mean looks + mean delay. */
export const costAt = (price: number, { looks, delaySeconds }: Cost): number => price * looks + delaySeconds;

/** Times in seconds and their mean cost. */
export interface Optimum extends Cost {
  readonly times: readonly number[];
  readonly price: number;
}

/** Least price x looks + delay. Every gap from every grid point is tried. */
export function optimumOf(grid: Grid, price: number, floorSeconds: number, ceilingSeconds: number): Optimum {
  const { step, over, summed } = grid;
  const last = over.length - 1;
  const narrow = Math.max(1, Math.round(floorSeconds / step));
  const wide = Math.round(ceilingSeconds / step);
  const least = new Float64Array(last + 1);
  const choice = new Int32Array(last + 1).fill(last);
  for (let from = last - 1; from >= 0; from--) {
    const f = over[from] as number;
    const g = summed[from] as number;
    let best = Number.POSITIVE_INFINITY;
    for (let to = Math.min(last, from + narrow); to <= Math.min(last, from + wide); to++) {
      const cost = to * step * ((over[to] as number) - f) - ((summed[to] as number) - g) + (least[to] as number);
      if (cost < best) {
        best = cost;
        choice[from] = to;
      }
    }
    least[from] = best + price * (1 - f);
  }
  const times: number[] = [];
  let looks = 0;
  for (let at = 0; at < last; at = choice[at] as number) {
    looks += 1 - (over[at] as number);
    times.push((choice[at] as number) * step);
  }
  return { times, price, looks, delaySeconds: (least[0] as number) - price * looks };
}

/** The least mean delay at a mean number of looks: between the two best schedules next to it, mixed. */
export function delayAt(grid: Grid, looks: number, floorSeconds: number, ceilingSeconds: number): number {
  let [cheap, dear] = [1e-3, 1e3];
  let more = optimumOf(grid, cheap, floorSeconds, ceilingSeconds);
  let fewer = optimumOf(grid, dear, floorSeconds, ceilingSeconds);
  if (looks >= more.looks) return more.delaySeconds;
  if (looks <= fewer.looks) return fewer.delaySeconds;
  for (let round = 0; round < 24 && more.looks - fewer.looks > 0.002 * looks; round++) {
    const price = Math.sqrt(cheap * dear);
    const now = optimumOf(grid, price, floorSeconds, ceilingSeconds);
    if (now.looks > looks) [cheap, more] = [price, now];
    else [dear, fewer] = [price, now];
  }
  const share = (looks - fewer.looks) / Math.max(1e-12, more.looks - fewer.looks);
  return share * more.delaySeconds + (1 - share) * fewer.delaySeconds;
}

/** The integral of sqrt(f S): half its square is the least looks x delay where no guard rails bind and looks are many. */
export function integralOf({ step, over }: Grid): number {
  let sum = 0;
  for (let k = 1; k < over.length; k++) {
    const [before, after] = [over[k - 1] as number, over[k] as number];
    sum += Math.sqrt((Math.max(0, after - before) / step) * Math.max(0, 1 - (before + after) / 2)) * step;
  }
  return sum;
}

/** Exact mean cost of fixed times under a law; the last gap goes on where the times end before the horizon. */
export function exactCost(law: Law, times: Iterable<number>): Cost {
  let looks = 0;
  let delaySeconds = 0;
  let age = 0;
  let left = 1;
  for (const until of times) {
    if (left < 1e-9) break;
    looks += left;
    const parts = 2 * Math.max(4, Math.ceil((until - age) / 1.5));
    const width = (until - age) / parts;
    let sum = 0;
    let now = left;
    for (let k = 1; k <= parts; k++) {
      const after = law.survival(age + k * width);
      // Mean of the two ends, the middle counted in the next round of the rule.
      sum += left - (now + after) / 2;
      now = after;
    }
    delaySeconds += sum * width;
    age = until;
    left = now;
  }
  return { looks, delaySeconds };
}
