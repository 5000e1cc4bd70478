/**
 * How long jobs take: a distribution of few parameters, as plain JSON, so that it can be recorded beside each reply. Pure.
 *
 * The bulk of the jobs is lognormal (or a mixture of lognormal modes); a small share is stuck, its ends spread evenly up to a
 * horizon by which every job is taken to be over. Durations count from the moment the vendor accepted the job.
 */
import { normalAbove, normalDensity, z95 } from './normal.js';

/** One lognormal part of the bulk. */
export interface DurationMode {
  /** Weight within the bulk; the weights of a model need not add up to 1. */
  readonly share: number;
  /** Natural logarithm of the median in seconds. */
  readonly logMedian: number;
  /** Standard deviation of the natural logarithm. */
  readonly logSpread: number;
}

/** A distribution of durations. Every field is a number, a text or a list of such: it survives JSON. */
export interface DurationModel {
  /** Natural logarithm of the bulk's median in seconds. */
  readonly logMedian: number;
  /** Standard deviation of the bulk's natural logarithm. */
  readonly logSpread: number;
  /** Share of the jobs that are stuck, 0 to 1. */
  readonly tailWeight: number;
  /** Age in seconds by which every job is over. */
  readonly horizonSeconds: number;
  /** Age in seconds from which stuck jobs end; default: the bulk's 95 % point, by `logMedian` and `logSpread`. */
  readonly tailFromSeconds?: number;
  /** Where one lognormal does not describe the bulk; `logMedian` and `logSpread` then only sum it up. */
  readonly modes?: readonly DurationMode[];
  /** Where replies tell waiting from being worked on: the distribution of each. */
  readonly phases?: PhaseModels;
  /** Where the model comes from. */
  readonly source?: 'prior' | 'learned' | 'given';
  /** How many jobs it was learned from, by weight. */
  readonly jobs?: number;
}

/** Laws of the parts of a job. */
export interface PhaseModels {
  /** From submission to the start of the work. */
  readonly queued: DurationModel;
  /** From the start of the work to its end. */
  readonly running: DurationModel;
  /** From the first images to the last, where they come one by one. */
  readonly finishing?: DurationModel;
}

/** What a person can tell about durations. */
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

/** Holds until there are data: an assumption (median 40 s, 95 % within 120 s, 3 % stuck), not the vendor's word. */
export const priorModel: DurationModel = priorFrom({ medianSeconds: 40, p95Seconds: 120 });

// A distribution whose survival vanishes long before the horizon would have no opinion on a job that lives on; this much is always stuck.
const minTailWeight = 1e-4;

/** The bulk as weighted modes; weights add up to 1. */
export function modesOf(model: DurationModel): readonly DurationMode[] {
  const modes = model.modes?.filter((mode) => mode.share > 0 && mode.logSpread > 0) ?? [];
  if (modes.length === 0) return [{ share: 1, logMedian: model.logMedian, logSpread: model.logSpread }];
  const sum = modes.reduce((total, mode) => total + mode.share, 0);
  return modes.map((mode) => ({ ...mode, share: mode.share / sum }));
}

/** Age in seconds from which stuck jobs end. */
export function tailFrom(model: DurationModel): number {
  const from = model.tailFromSeconds ?? Math.exp(model.logMedian + z95 * model.logSpread);
  return Math.min(Math.max(0, from), 0.9 * model.horizonSeconds);
}

/** A model made ready for many questions. Ages are seconds since submission. */
export interface DurationDistribution {
  readonly horizonSeconds: number;
  /** Share of the jobs not over at `age`. */
  survival(age: number): number;
  /** Share of all jobs that end per second at `age`. */
  density(age: number): number;
}

/** Prepares a model. The distribution is cut at the horizon: `survival` is 0 from there on. */
export function distributionOf(model: DurationModel): DurationDistribution {
  const modes = modesOf(model);
  const horizon = model.horizonSeconds;
  const from = tailFrom(model);
  const stuck = Math.min(1, Math.max(minTailWeight, model.tailWeight));
  const whole = (age: number): number => {
    const beyond = Math.min(1, Math.max(0, (horizon - age) / (horizon - from)));
    if (age <= 0) return 1;
    const log = Math.log(age);
    let bulk = 0;
    for (const mode of modes) bulk += mode.share * normalAbove((log - mode.logMedian) / mode.logSpread);
    return (1 - stuck) * bulk + stuck * beyond;
  };
  const over = whole(horizon);
  return {
    horizonSeconds: horizon,
    survival: (age) => (age >= horizon ? 0 : Math.max(0, (whole(age) - over) / (1 - over))),
    density: (age) => {
      if (age <= 0 || age >= horizon) return 0;
      const log = Math.log(age);
      let bulk = 0;
      for (const { share, logMedian, logSpread } of modes)
        bulk += (share * normalDensity((log - logMedian) / logSpread)) / (logSpread * age);
      return ((1 - stuck) * bulk + (age > from ? stuck / (horizon - from) : 0)) / (1 - over);
    },
  };
}

/** Mean duration in seconds: the integral of the distribution's survival, by Simpson's rule over steps that grow with age. */
export function meanSeconds(model: DurationModel): number {
  const { survival, horizonSeconds } = distributionOf(model);
  const steps = 400;
  let sum = 0;
  for (let k = 0; k < steps; k++) {
    const [from, to] = [horizonSeconds * (k / steps) ** 3, horizonSeconds * ((k + 1) / steps) ** 3];
    sum += ((to - from) / 6) * (survival(from) + 4 * survival((from + to) / 2) + survival(to));
  }
  return sum;
}

/** Share of the jobs not over at an age in seconds. */
export const survival = (model: DurationModel, ageSeconds: number): number =>
  distributionOf(model).survival(ageSeconds);

/** Of the jobs not over at an age in seconds, the share that ends per second; infinite from the horizon on. */
export function hazard(model: DurationModel, ageSeconds: number): number {
  const distribution = distributionOf(model);
  const left = distribution.survival(ageSeconds);
  return left > 0 ? distribution.density(ageSeconds) / left : Number.POSITIVE_INFINITY;
}

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

/** Tells how far a job of this age is, given that it is not over. Pure; never throws. */
export function expectedFinish({ model, ageMs }: { model: DurationModel; ageMs: number }): ExpectedFinish {
  const age = Math.max(0, ageMs / 1000);
  if (age >= model.horizonSeconds) return { shareDone: 1 };
  return {
    shareDone: 1 - survival(model, age),
    medianMs: Math.round(1000 * quantile(model, 0.5, age)),
    p95Ms: Math.round(1000 * quantile(model, 0.95, age)),
  };
}
