/**
 * How long jobs take: a duration distribution as plain JSON, so that it can be recorded beside each reply. Pure.
 *
 * A prior is lognormal with a tail: a small share of the jobs ends evenly spread up to a horizon, by which every job is taken to be over.
 * A learned distribution is a histogram over ages that grow by a constant factor. Durations count from the moment the vendor accepted the
 * job.
 */
import { normalAbove, z95 } from './normal.js';

/** A duration distribution. Every field is a number, a text or a list of such: it survives JSON. */
export interface DurationModel {
  /** Natural logarithm of the median in seconds, without the tail. */
  readonly logMedian: number;
  /** Standard deviation of the natural logarithm, without the tail. */
  readonly logSpread: number;
  /** Share of the jobs in the tail, 0 to 1. */
  readonly tailWeight: number;
  /** Age in seconds by which every job is over. */
  readonly horizonSeconds: number;
  /** Age in seconds from which jobs of the tail end; default: the 95 % point of the rest. */
  readonly tailFromSeconds?: number;
  /**
   * A learned distribution: how many of the jobs end in each of its bins, in any unit. The first bin ends at 0.5 s, each further edge is
   * larger by a factor of e^0.125, the last one is the horizon. It replaces the lognormal and its tail, which are then those of the prior.
   */
  readonly binWeights?: readonly number[];
  /** Where replies distinguish waiting from being worked on: the distribution of each. */
  readonly phases?: PhaseModels;
  /** Where the model comes from. */
  readonly source?: 'prior' | 'learned' | 'given';
  /** How many jobs it was learned from. */
  readonly jobs?: number;
}

/** Distributions of the parts of a job. */
export interface PhaseModels {
  /** From submission to the start of the work. */
  readonly queued: DurationModel;
  /** From the start of the work to its end. */
  readonly running: DurationModel;
}

/** A person's guess of durations. */
export interface DurationGuess {
  readonly medianSeconds: number;
  readonly p95Seconds: number;
  /** Default 0.03. */
  readonly tailWeight?: number;
  /** Default 1800. */
  readonly horizonSeconds?: number;
}

/** A model from a person's guess. */
export function priorFrom({
  medianSeconds,
  p95Seconds,
  tailWeight = 0.03,
  horizonSeconds = 1800,
}: DurationGuess): DurationModel {
  const logSpread = Math.max(0.02, Math.log(p95Seconds / medianSeconds) / z95);
  return { logMedian: Math.log(medianSeconds), logSpread, tailWeight, horizonSeconds, source: 'prior' };
}

/** Holds until there are data: an assumption (median 40 s, 95 % within 120 s, 3 % in the tail), not the vendor's word. */
export const priorModel: DurationModel = priorFrom({ medianSeconds: 40, p95Seconds: 120 });

// A distribution whose survival vanishes long before the horizon would say nothing of a job that lives on; this much is always in the tail.
const minTailWeight = 1e-4;

/** The histogram of learned distributions: a first bin from 0, then bins whose edges grow by this much in the logarithm. */
export const binSettings = { firstSeconds: 0.5, logStep: 0.125 } as const;

/** Edges of the bins of a learned distribution in seconds, from 0 to the horizon; one more than there are bins. */
export function binEdges(horizonSeconds: number): number[] {
  const { firstSeconds, logStep } = binSettings;
  const count = Math.max(0, Math.ceil(Math.log(horizonSeconds / firstSeconds) / logStep - 1e-9));
  return [0, ...Array.from({ length: count }, (_, k) => firstSeconds * Math.exp(k * logStep)), horizonSeconds];
}

/** Where an age lies among the bins: the bin's number and, as a fraction, how far into it. */
export function binPosition(edges: readonly number[], age: number): number {
  const last = edges.length - 1;
  if (!(age > 0)) return 0;
  if (age >= (edges[last] as number)) return last;
  const { firstSeconds, logStep } = binSettings;
  if (age < (edges[1] as number)) return age / (edges[1] as number);
  const bin = Math.min(last - 1, 1 + Math.floor(Math.log(age / firstSeconds) / logStep + 1e-9));
  const from = edges[bin] as number;
  return bin + Math.min(1, Math.max(0, Math.log(age / from) / Math.log((edges[bin + 1] as number) / from)));
}

/** Age in seconds from which jobs of the tail end. */
export function tailFrom(model: DurationModel): number {
  const from = model.tailFromSeconds ?? Math.exp(model.logMedian + z95 * model.logSpread);
  return Math.min(Math.max(0, from), 0.9 * model.horizonSeconds);
}

/** A model made ready for many questions. Ages are seconds since submission. */
export interface DurationDistribution {
  readonly horizonSeconds: number;
  /** Share of the jobs not over at `age`. */
  survival(age: number): number;
}

/** Prepares a model. The distribution is cut at the horizon: `survival` is 0 from there on. */
export const distributionOf = (model: DurationModel): DurationDistribution =>
  model.binWeights === undefined ? lognormalWithTail(model) : histogram(model.binWeights, model.horizonSeconds);

function lognormalWithTail(model: DurationModel): DurationDistribution {
  const { logMedian, logSpread, horizonSeconds: horizon } = model;
  const from = tailFrom(model);
  const tail = Math.min(1, Math.max(minTailWeight, model.tailWeight));
  const whole = (age: number): number => {
    if (age <= 0) return 1;
    const beyond = Math.min(1, Math.max(0, (horizon - age) / (horizon - from)));
    return (1 - tail) * normalAbove((Math.log(age) - logMedian) / logSpread) + tail * beyond;
  };
  const over = whole(horizon);
  return {
    horizonSeconds: horizon,
    survival: (age) => (age >= horizon ? 0 : Math.max(0, (whole(age) - over) / (1 - over))),
  };
}

/** Between two edges the survival follows a cubic that falls all the way; its slopes at the edges are means of both sides (Fritsch and Butland 1984). */
function histogram(weights: readonly number[], horizonSeconds: number): DurationDistribution {
  const edges = binEdges(horizonSeconds);
  const bins = edges.length - 1;
  const weight = (bin: number): number => Math.max(0, weights[bin] ?? 0);
  const left = new Float64Array(bins + 1);
  for (let bin = bins - 1; bin >= 0; bin--) left[bin] = (left[bin + 1] as number) + weight(bin);
  const whole = left[0] || 1;
  const slope = (edge: number): number => {
    const [before, after] = [weight(edge - 1), weight(edge)];
    return before + after > 0 && edge > 0 && edge < bins ? (2 * before * after) / (before + after) : 0;
  };
  return {
    horizonSeconds,
    survival: (age) => {
      if (age >= horizonSeconds) return 0;
      const position = binPosition(edges, age);
      const bin = Math.min(bins - 1, Math.floor(position));
      const t = position - bin;
      const [fall, from, to] = [weight(bin), slope(bin), slope(bin + 1)];
      const fallen = t * t * (3 - 2 * t) * fall + t * (1 - t) * ((1 - t) * from - t * to);
      return Math.max(0, (left[bin] as number) - fallen) / whole;
    },
  };
}

/** Share of the jobs not over at an age in seconds. */
export const survival = (model: DurationModel, ageSeconds: number): number =>
  distributionOf(model).survival(ageSeconds);

/**
 * The age in seconds by which a share of jobs is over.
 * @param share - 0 to 1
 * @param aliveAtSeconds - count only jobs that are not over at this age; default 0
 */
export function quantile(model: DurationModel, share: number, aliveAtSeconds = 0): number {
  const distribution = distributionOf(model);
  const goal = distribution.survival(aliveAtSeconds) * (1 - share);
  let low = Math.max(0, aliveAtSeconds);
  let high = model.horizonSeconds;
  if (low >= high) return low;
  for (let step = 0; step < 60 && high - low > 1e-6; step++) {
    const middle = (low + high) / 2;
    if (distribution.survival(middle) > goal) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** What a person may expect of a job that is not over. Ages count from submission. */
export interface ExpectedFinish {
  /** Share of jobs like this that are over by now, 0 to 1. */
  readonly shareDone: number;
  /** Age at which half of the jobs that are still open now will be over; absent beyond the horizon. */
  readonly medianMs?: number;
  /** The same for 95 % of them. */
  readonly p95Ms?: number;
}

/** How far a job of this age is, given that it is not over. Pure; never throws. */
export function expectedFinish({ model, ageMs }: { model: DurationModel; ageMs: number }): ExpectedFinish {
  const age = Math.max(0, ageMs / 1000);
  if (age >= model.horizonSeconds) return { shareDone: 1 };
  return {
    shareDone: 1 - survival(model, age),
    medianMs: Math.round(1000 * quantile(model, 0.5, age)),
    p95Ms: Math.round(1000 * quantile(model, 0.95, age)),
  };
}
