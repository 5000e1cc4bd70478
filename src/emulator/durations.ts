/** How long emulated tasks take. The vendor publishes no generation time: the default distribution is an assumption. Pure. */
import type { Random } from './chance.js';

/** Seconds from the accepted submit to the end of a task. Every field may be left out. */
export interface DurationDistribution {
  /** Every task takes just this long; the other fields are unused then. */
  readonly fixedSeconds?: number;
  /** Median of the lognormal part; default 40. */
  readonly medianSeconds?: number;
  /** 95th percentile of the lognormal part; default 120. */
  readonly p95Seconds?: number;
  /** Share of tasks, 0 to 1, that hang on far longer, uniformly between the next two; default 0.03. */
  readonly tailWeight?: number;
  /** Default 120. */
  readonly tailFromSeconds?: number;
  /** Default 1800. */
  readonly tailToSeconds?: number;
  /** Multiplies every draw; default 1. */
  readonly scale?: number;
}

/** The 95 % quantile of the standard normal distribution. */
const z95 = 1.6448536269514722;

/** One duration in seconds, drawn from `distribution`; takes two or three draws of `random`. */
export function drawSeconds(distribution: DurationDistribution, random: Random): number {
  if (distribution.fixedSeconds !== undefined) return distribution.fixedSeconds;
  const { medianSeconds = 40, p95Seconds = 120, tailWeight = 0.03 } = distribution;
  const { tailFromSeconds = 120, tailToSeconds = 1800, scale = 1 } = distribution;
  if (random() < tailWeight) return scale * (tailFromSeconds + (tailToSeconds - tailFromSeconds) * random());
  const sigma = Math.log(p95Seconds / medianSeconds) / z95;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return scale * medianSeconds * Math.exp(sigma * normal);
}
