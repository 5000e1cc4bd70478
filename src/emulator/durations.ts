/** How long emulated tasks take. The vendor publishes no generation time: the defaults are an assumption. Pure. */
import type { Random } from './random.js';

/**
 * Durations of emulated tasks, in seconds from the accepted submit to the end: a lognormal distribution with a uniform tail. All
 * fields are optional.
 */
export interface TaskDurations {
  /** Every task takes exactly this long; the other fields are ignored. */
  readonly fixedSeconds?: number;
  /** Median of the lognormal part. Default 40. */
  readonly medianSeconds?: number;
  /** 95th percentile of the lognormal part. Default 120. */
  readonly p95Seconds?: number;
  /** Share of tasks in the tail, 0 to 1. Default 0.03. */
  readonly tailWeight?: number;
  /** Shortest duration of the tail. Default 120. */
  readonly tailFromSeconds?: number;
  /** Longest duration of the tail. Default 1800. */
  readonly tailToSeconds?: number;
  /** Multiplies every duration. Default 1. */
  readonly scale?: number;
}

/** The 95% quantile of the standard normal distribution. */
const z95 = 1.6448536269514722;

/** Draws one duration in seconds; calls `random` two or three times. */
export function drawSeconds(durations: TaskDurations, random: Random): number {
  if (durations.fixedSeconds !== undefined) return durations.fixedSeconds;
  const { medianSeconds = 40, p95Seconds = 120, tailWeight = 0.03 } = durations;
  const { tailFromSeconds = 120, tailToSeconds = 1800, scale = 1 } = durations;
  if (random() < tailWeight) return scale * (tailFromSeconds + (tailToSeconds - tailFromSeconds) * random());
  const sigma = Math.log(p95Seconds / medianSeconds) / z95;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return scale * medianSeconds * Math.exp(sigma * normal);
}
