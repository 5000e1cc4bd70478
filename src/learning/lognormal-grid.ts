/** A grid of lognormals around a prior, each with the prior's tail: what durations may be like before many jobs are known. Pure. */
import { type DurationModel, tailFrom } from '../schedule/distribution.js';
import { normalAbove, normalBetween } from '../schedule/normal.js';

/** Settings of the grid, tuned with `bench/polling`. */
export const gridSettings = {
  /** Medians up to so many steps, in the logarithm, from the prior's; spreads of so many octaves times the prior's. */
  medianStep: 0.125,
  medianSteps: 24,
  spreadOctaves: [-1.5, -1, -0.5, 0, 0.5, 1],
  /** Belief beforehand: the prior itself with this weight, else a normal distribution about it. */
  ownWeight: 0.3,
  medianDeviation: 1.2,
  spreadDeviation: 0.6,
} as const;

// No observation is held to be impossible: a clock that jumped must not outvote a hundred good jobs.
const minLikelihood = 3e-5;

/** Ages in seconds between which a job ended, `high` infinite if it is not over; it was observed because it was not over at `from`. */
export interface AgeInterval {
  readonly low: number;
  readonly high: number;
  readonly from: number;
}

interface Lognormal {
  readonly logMedian: number;
  readonly logSpread: number;
  readonly logBelief: number;
}

function lognormalsAround({ logMedian, logSpread }: DurationModel): Lognormal[] {
  const { medianStep, medianSteps, spreadOctaves, ownWeight, medianDeviation, spreadDeviation } = gridSettings;
  const octave = Math.LN2 / spreadDeviation;
  const cell = ((medianStep / medianDeviation) * (octave / 2)) / (2 * Math.PI);
  return spreadOctaves.flatMap((octaves) =>
    Array.from({ length: 2 * medianSteps + 1 }, (_, k) => {
      const away = (k - medianSteps) * medianStep;
      const isOwn = away === 0 && octaves === 0;
      const square = (away / medianDeviation) ** 2 + (octaves * octave) ** 2;
      return {
        logMedian: logMedian + away,
        logSpread: logSpread * 2 ** octaves,
        logBelief: isOwn ? Math.log(ownWeight) : Math.log((1 - ownWeight) * cell) - square / 2,
      };
    }),
  );
}

/** See the file's description. */
export interface LognormalGrid {
  /** Logarithms of what is believed of each lognormal beforehand. */
  readonly logBeliefs: Float64Array;
  /** Logarithm of the likelihood of one job under each lognormal. */
  logLikelihoods(job: AgeInterval): Float64Array;
  /** The mean distribution, as shares of the bins between these edges. `logWeights` need not be normalised. */
  sharesOf(logWeights: Float64Array, edges: readonly number[]): Float64Array;
}

/** Makes the grid around a prior. */
export function createLognormalGrid(prior: DurationModel): LognormalGrid {
  const { horizonSeconds } = prior;
  const lognormals = lognormalsAround(prior);
  const tailWeight = Math.min(1, Math.max(1e-3, prior.tailWeight));
  const tailFromSeconds = tailFrom(prior);
  const tailAbove = (age: number): number =>
    Math.min(1, Math.max(0, (horizonSeconds - age) / (horizonSeconds - tailFromSeconds)));

  return {
    logBeliefs: Float64Array.from(lognormals, ({ logBelief }) => logBelief),
    logLikelihoods({ low, high, from }) {
      // A wait that outlived the horizon was in the tail too.
      const tail = tailAbove(low) - (high === Number.POSITIVE_INFINITY ? -1e-3 : tailAbove(high));
      const [logLow, logHigh, logFrom] = [Math.log(low), Math.log(high), Math.log(from)];
      const tailPart = minLikelihood + tailWeight * tail;
      const fromPart = minLikelihood + tailWeight * tailAbove(from);
      return Float64Array.from(lognormals, ({ logMedian, logSpread }) => {
        const bulk = normalBetween((logLow - logMedian) / logSpread, (logHigh - logMedian) / logSpread);
        const value = Math.log(tailPart + (1 - tailWeight) * bulk);
        if (from === 0) return value;
        return value - Math.log(fromPart + (1 - tailWeight) * normalAbove((logFrom - logMedian) / logSpread));
      });
    },
    sharesOf(logWeights, edges) {
      const whole = logSumExp(logWeights);
      const left = new Float64Array(edges.length);
      for (const [k, { logMedian, logSpread }] of lognormals.entries()) {
        const share = Math.exp((logWeights[k] as number) - whole);
        if (share < 1e-4) continue;
        for (const [place, edge] of edges.entries()) {
          const bulk = normalAbove((Math.log(edge) - logMedian) / logSpread);
          left[place] = (left[place] as number) + share * ((1 - tailWeight) * bulk + tailWeight * tailAbove(edge));
        }
      }
      const weights = left.slice(1).map((after, bin) => Math.max(1e-7, (left[bin] as number) - after));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return weights.map((weight) => weight / sum);
    },
  };
}

/** Logarithm of the sum of the exponentials of values. */
export function logSumExp(values: Float64Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > max) max = value;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - max);
  return max + Math.log(sum);
}
