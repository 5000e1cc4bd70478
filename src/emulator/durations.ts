/** How long emulated tasks take. The vendor publishes no generation time: the default law is an assumption. Pure. */
import type { Random } from './chance.js';

/** Seconds from the accepted submit to the end of a task. Every field may be left out. */
export interface DurationLaw {
  /** Every task takes just this long; the other fields are unused then. */
  readonly fixedSeconds?: number;
  /** Median of the lognormal part; default 40. */
  readonly medianSeconds?: number;
  /** 95th percentile of the lognormal part; default 120. */
  readonly p95Seconds?: number;
  /** Share of tasks, 0 to 1, that hang on far longer, uniformly between the next two; default 0.03. */
  readonly stuckShare?: number;
  /** Default 120. */
  readonly stuckFromSeconds?: number;
  /** Default 1800. */
  readonly stuckToSeconds?: number;
  /** Multiplies every draw; default 1. */
  readonly scale?: number;
}

/** The 95 % quantile of the standard normal law. */
const z95 = 1.6448536269514722;

/** One duration in seconds, drawn from `law`; takes two or three draws of `random`. */
export function drawSeconds(law: DurationLaw, random: Random): number {
  if (law.fixedSeconds !== undefined) return law.fixedSeconds;
  const { medianSeconds = 40, p95Seconds = 120, stuckShare = 0.03 } = law;
  const { stuckFromSeconds = 120, stuckToSeconds = 1800, scale = 1 } = law;
  if (random() < stuckShare) return scale * (stuckFromSeconds + (stuckToSeconds - stuckFromSeconds) * random());
  const sigma = Math.log(p95Seconds / medianSeconds) / z95;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return scale * medianSeconds * Math.exp(sigma * normal);
}
