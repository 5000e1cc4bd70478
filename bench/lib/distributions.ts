/**
 * Duration distributions to test schedules on. They are assumptions: nobody publishes try-on durations. Each is given as a survival
 * function and as draws, apart from `src`, and beside it the package's own model of it.
 */

import { binEdges, type DurationModel, priorModel } from '../../src/schedule/distribution.js';
import { type Draw, exponentialDraw, normalDraw } from './random.js';
import { gammaAbove, normalTail, root } from './special.js';

export interface Distribution {
  readonly name: string;
  readonly horizonSeconds: number;
  /** Share of the jobs not over at an age in seconds. */
  readonly survival: (age: number) => number;
  readonly draw: (draw: Draw) => number;
  /** The package's model of it, for schedules that know the distribution. */
  readonly model: DurationModel;
}

interface Part {
  readonly above: (age: number) => number;
  readonly draw: (draw: Draw) => number;
}

const z95 = root((z) => 0.05 - normalTail(z), 1, 2);

const lognormal = (median: number, spread: number): Part => ({
  above: (age) => (age <= 0 ? 1 : normalTail(Math.log(age / median) / spread)),
  draw: (draw) => median * Math.exp(spread * normalDraw(draw)),
});

const gammaQuantile = (shape: number, share: number): number =>
  root((x) => 1 - share - gammaAbove(shape, x), 0, 20 * shape + 50);

/** Gamma by its median and 95 % point, of shape 1 or more. */
function gamma(median: number, p95: number): Part {
  // The ratio of the two quantiles falls as the shape grows.
  const shape = root((k) => p95 / median - gammaQuantile(k, 0.95) / gammaQuantile(k, 0.5), 1, 60);
  const scale = median / gammaQuantile(shape, 0.5);
  const d = shape - 1 / 3;
  return {
    above: (age) => gammaAbove(shape, age / scale),
    // Marsaglia and Tsang 2000
    draw: (draw) => {
      for (;;) {
        const z = normalDraw(draw);
        const v = (1 + z / Math.sqrt(9 * d)) ** 3;
        if (v > 0 && -exponentialDraw(draw) < 0.5 * z * z + d - d * v + d * Math.log(v)) return d * v * scale;
      }
    },
  };
}

/** The package's model of a distribution that is none of its own. */
export function modelOf(survival: (age: number) => number, horizonSeconds: number): DurationModel {
  const left = binEdges(horizonSeconds).map(survival);
  const binWeights = left.slice(1).map((after, bin) => Math.round(1e5 * ((left[bin] as number) - after)));
  return { ...priorModel, horizonSeconds, binWeights, source: 'given' };
}

function distribution(
  name: string,
  parts: readonly (readonly [share: number, part: Part])[],
  tail: { share: number; from: number },
  given?: DurationModel,
  horizonSeconds = 1800,
): Distribution {
  const whole = (age: number): number => {
    let sum = tail.share * Math.min(1, Math.max(0, (horizonSeconds - age) / (horizonSeconds - tail.from)));
    for (const [share, part] of parts) sum += (1 - tail.share) * share * part.above(age);
    return sum;
  };
  const beyond = whole(horizonSeconds);
  const survival = (age: number): number => Math.max(0, (whole(age) - beyond) / (1 - beyond));
  return {
    name,
    horizonSeconds,
    model: given ?? modelOf(survival, horizonSeconds),
    survival,
    draw: (draw) => {
      for (;;) {
        let pick = draw();
        if (pick < tail.share) return tail.from + (horizonSeconds - tail.from) * draw();
        pick = (pick - tail.share) / (1 - tail.share);
        let chosen = parts[0]?.[1] as Part;
        for (const [share, part] of parts) {
          chosen = part;
          if (pick < share) break;
          pick -= share;
        }
        const age = chosen.draw(draw);
        if (age < horizonSeconds) return age;
      }
    },
  };
}

const spreadOf = (median: number, p95: number): number => Math.log(p95 / median) / z95;

/** Lognormal with an evenly spread tail, its bulk `times` as slow. */
function lognormalDistribution(
  name: string,
  median: number,
  p95: number,
  tail: { share: number; from: number },
  times = 1,
): Distribution {
  const spread = spreadOf(median, p95);
  return distribution(name, [[1, lognormal(median * times, spread)]], tail, {
    logMedian: Math.log(median * times),
    logSpread: spread,
    tailWeight: tail.share,
    tailFromSeconds: tail.from,
    horizonSeconds: 1800,
    source: 'given',
  });
}

/** A: 97 % lognormal of median 40 s and 95 % point 120 s. `times` makes its bulk slower. */
export const distributionA = (times = 1): Distribution =>
  lognormalDistribution(times === 1 ? 'A lognormal' : `A x ${times}`, 40, 120, { share: 0.03, from: 120 }, times);

/** B: 97 % gamma of the same median and 95 % point. */
export const distributionB = (): Distribution =>
  distribution('B gamma', [[1, gamma(40, 120)]], { share: 0.03, from: 120 });

/** C: tight, 99 % lognormal of median 40 s and 95 % point 60 s. */
export const distributionC = (): Distribution => lognormalDistribution('C tight', 40, 60, { share: 0.01, from: 120 });

/** D: two modes, 58 % about 18 s and 42 % about 75 s, of which 3 % are tail. */
export const distributionD = (times = 1): Distribution =>
  distribution(
    times === 1 ? 'D bimodal' : `D x ${times}`,
    [
      [0.58, lognormal(18 * times, 0.3)],
      [0.42, lognormal(75 * times, 0.25)],
    ],
    { share: 0.03, from: 180 },
  );

/** E: drifts. How many times slower than distribution A the job of this number is: up to twice as slow, then twice as fast, over 800 jobs. */
export const driftAt = (job: number): number => 2 ** Math.sin((2 * Math.PI * job) / 800);
