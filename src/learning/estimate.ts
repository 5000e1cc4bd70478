/**
 * Estimates the duration distribution of the next jobs from what polls saw of past ones. Pure: the same observations give the same model on
 * every worker. Work is bounded by the number of observations, and every result is finite.
 *
 * 1. A grid of lognormals around the prior is weighed by how well each explains the jobs. Their mean is the base: all there is to go by after a
 *    few jobs.
 * 2. A histogram is fitted to the jobs by expectation and maximisation, as a mixture of narrow lognormals at fixed places (a smoothed
 *    form of Turnbull's estimator for interval-censored data). The base counts as so many jobs; how many is weighed by how well each
 *    job is predicted from the others.
 * 3. Jobs fade with a half-life. Jobs before a change of the distribution are dropped.
 */
import { binEdges, binPosition, type DurationModel } from '../schedule/distribution.js';
import { normalAbove } from '../schedule/normal.js';
import { type AgeInterval, createLognormalGrid, type LognormalGrid, logSumExp } from './lognormal-grid.js';

/** What is known of one job's duration: a censored interval. */
export interface Observation {
  /** Age at the last poll that saw it unfinished; 0 where there was none. */
  readonly lowSeconds: number;
  /** Age at the poll that saw it finished; absent where none did yet (right-censored). */
  readonly highSeconds?: number;
  /** Age when its wait began: a job that was over by then would not have been observed (left-truncated). Default 0. */
  readonly fromSeconds?: number;
}

/** Settings of the estimator, tuned with `bench/polling`. */
export const estimatorSettings = {
  /** A job this many jobs ago counts half. */
  halfLifeJobs: 120,
  /** Older jobs than this many are left out. */
  maxJobs: 256,
  /** Spread of the histogram's lognormals: less than that of any mode that is worth resolving. */
  kernelSpread: 0.22,
  rounds: 30,
  /** How many jobs the base may count as. */
  baseJobs: [8, 64, 512],
  /** A change needs so many jobs on either side of it, and this gain in the logarithm of the likelihood, twice: by lognormals and by fits. */
  minSegmentJobs: 8,
  minLognormalGain: -2,
  minFitGain: 10,
  maxChanges: 5,
} as const;

const settings = estimatorSettings;
// A point would have no likelihood beside intervals; it is given this relative width.
const pointWidth = 0.005;
// Weights of a model are whole numbers of this many parts: they stay short as JSON.
const weightParts = 100_000;

interface Interval extends AgeInterval {
  /** The same as positions among the bins. */
  readonly lowAt: number;
  readonly highAt: number;
  readonly fromAt: number;
}

/** Observations as intervals; those that no clock can give (not a number, over before they begin) are left out. */
function intervalsOf(observations: readonly Observation[], edges: readonly number[]): Interval[] {
  const last = edges.length - 1;
  const intervals: Interval[] = [];
  for (const { lowSeconds, highSeconds: high = Number.POSITIVE_INFINITY, fromSeconds = 0 } of observations) {
    if (!(lowSeconds >= 0 && lowSeconds < Number.POSITIVE_INFINITY && high >= lowSeconds && high > 0)) continue;
    const from = Math.min(Math.max(0, fromSeconds || 0), lowSeconds);
    const low = Math.min(lowSeconds, high * (1 - pointWidth));
    const lowAt = Math.min(last - 0.01, binPosition(edges, low));
    const highAt = Math.max(lowAt + 0.01, binPosition(edges, high));
    intervals.push({ low, high, from, lowAt, highAt, fromAt: Math.min(lowAt, binPosition(edges, from)) });
  }
  return intervals;
}

/** The estimator of one prior, over jobs oldest first. */
class Estimator {
  readonly #edges: readonly number[];
  readonly #bins: number;
  readonly #intervals: readonly Interval[];
  readonly #grid: LognormalGrid;
  /** Logarithms of the likelihoods of each job, by lognormal. */
  readonly #rows: readonly Float64Array[];
  readonly #kernels: readonly Float64Array[];

  constructor(observations: readonly Observation[], prior: DurationModel) {
    this.#edges = binEdges(prior.horizonSeconds);
    this.#bins = this.#edges.length - 1;
    this.#intervals = intervalsOf(observations, this.#edges);
    this.#grid = createLognormalGrid(prior);
    this.#rows = this.#intervals.map((interval) => this.#grid.logLikelihoods(interval));
    this.#kernels = this.#makeKernels();
  }

  get jobs(): number {
    return this.#intervals.length;
  }

  /** Share of the jobs that end in each bin. */
  estimate(): Float64Array {
    return this.#fit(this.#lastChange(), this.jobs).shares;
  }

  /** A narrow lognormal at the middle of each bin, as shares of the bins. */
  #makeKernels(): Float64Array[] {
    const logs = this.#edges.map((edge) => Math.log(edge));
    return Array.from({ length: this.#bins }, (_, k) => {
      const [low, high] = [logs[k] as number, logs[k + 1] as number];
      const middle = k === 0 ? high - settings.kernelSpread / 2 : (low + high) / 2;
      const above = logs.map((log) => normalAbove((log - middle) / settings.kernelSpread));
      return Float64Array.from(
        { length: this.#bins },
        (_, bin) => (above[bin] as number) - (bin === this.#bins - 1 ? 0 : (above[bin + 1] as number)),
      );
    });
  }

  /** The mixture of kernels of these weights, as weights of bins. */
  #mixed(weights: Float64Array): Float64Array {
    const mixed = new Float64Array(this.#bins);
    for (let k = 0; k < this.#bins; k++) {
      const weight = weights[k] as number;
      if (weight < 1e-9) continue;
      const kernel = this.#kernels[k] as Float64Array;
      for (let bin = 0; bin < this.#bins; bin++) mixed[bin] = (mixed[bin] as number) + weight * (kernel[bin] as number);
    }
    return mixed;
  }

  /**
   * Where the distribution last changed: the split at which lognormals of their own on either side explain the jobs best, if the fit
   * to the jobs before it predicts the later ones clearly worse than these predict each other.
   * @returns the first job after it; 0 where there was none
   */
  #lastChange(): number {
    const { minSegmentJobs, minLognormalGain, minFitGain, maxChanges } = settings;
    const { logBeliefs } = this.#grid;
    const end = this.jobs;
    let start = 0;
    for (let changes = 0; changes < maxChanges; changes++) {
      const all = logBeliefs.slice();
      for (let job = start; job < end; job++) addTo(all, this.#rows[job] as Float64Array, 1);
      const unchanged = logSumExp(all);
      const before = logBeliefs.slice();
      let split = -1;
      let best: number = minLognormalGain;
      for (let job = start; job <= end - minSegmentJobs; job++) {
        if (job - start >= minSegmentJobs) {
          const after = all.map((sum, k) => sum - (before[k] as number) + (logBeliefs[k] as number));
          const gain = logSumExp(before) + logSumExp(after) - unchanged;
          if (gain > best) [split, best] = [job, gain];
        }
        addTo(before, this.#rows[job] as Float64Array, 1);
      }
      if (split < 0) break;
      const cumulative = cumulated(this.#fit(start, split).shares);
      let predicted = 0;
      for (let job = split; job < end; job++)
        predicted += this.#weight(job, end) * logShare(this.#intervals[job] as Interval, cumulative);
      if (this.#fit(split, end).logScore - predicted < minFitGain) break;
      start = split;
    }
    return start;
  }

  #weight(job: number, end: number): number {
    return 2 ** ((job - end + 1) / settings.halfLifeJobs);
  }

  /** The mean of the lognormals by their evidence, as shares of the bins. */
  #base(start: number, end: number): Float64Array {
    const evidence = this.#grid.logBeliefs.slice();
    for (let job = start; job < end; job++) addTo(evidence, this.#rows[job] as Float64Array, this.#weight(job, end));
    return this.#grid.sharesOf(evidence, this.#edges);
  }

  /** Fits jobs from `start` to before `end`; the score is the logarithm of the likelihood of each by the others. */
  #fit(start: number, end: number): { readonly shares: Float64Array; readonly logScore: number } {
    const base = this.#base(start, end);
    const fits = settings.baseJobs.map((baseJobs) => this.#fitBeside(base, baseJobs, start, end));
    const logScore = Math.max(...fits.map((fit) => fit.logScore));
    const shares = new Float64Array(this.#bins);
    for (const fit of fits) addTo(shares, fit.shares, Math.exp(fit.logScore - logScore));
    return { shares: normalized(shares), logScore };
  }

  #fitBeside(base: Float64Array, baseJobs: number, start: number, end: number) {
    let jobs = 0;
    for (let job = start; job < end; job++) jobs += this.#weight(job, end);
    let kernelWeights = base.map((share) => (jobs * (share + 1 / this.#bins)) / 2);
    let cumulative = cumulated(base);
    let previous = cumulative;
    for (let round = 0; round < settings.rounds; round++) {
      const counts = new Float64Array(this.#bins);
      for (let job = start; job < end; job++)
        spread(this.#intervals[job] as Interval, this.#weight(job, end), cumulative, counts);
      const mixed = this.#mixed(kernelWeights);
      const ratios = counts.map((count, bin) => count / Math.max(1e-9, mixed[bin] as number));
      kernelWeights = kernelWeights.map((weight, k) => weight * dot(this.#kernels[k] as Float64Array, ratios));
      const weights = this.#mixed(kernelWeights);
      addTo(weights, base, baseJobs);
      [previous, cumulative] = [cumulative, cumulated(normalized(weights))];
    }
    let logScore = 0;
    for (let job = start; job < end; job++) {
      const interval = this.#intervals[job] as Interval;
      const weight = this.#weight(job, end);
      const own = new Float64Array(this.#bins);
      spread(interval, weight, previous, own);
      const ownCumulative = cumulated(this.#mixed(own));
      const others = (at: (of: Float64Array) => number): number =>
        Math.max(0, (jobs + baseJobs) * at(cumulative) - at(ownCumulative)) / (jobs + baseJobs - weight);
      const share = others((of) => valueAt(of, interval.highAt) - valueAt(of, interval.lowAt));
      const alive = others((of) => (of[of.length - 1] as number) - valueAt(of, interval.fromAt));
      logScore += weight * Math.log((1e-5 + share) / (1e-5 + (interval.fromAt > 0 ? alive : 1)));
    }
    return { shares: differences(cumulative), logScore };
  }
}

function addTo(sum: Float64Array, values: Float64Array, weight: number): void {
  for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] as number) + weight * (values[k] as number);
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += (one[k] as number) * (other[k] as number);
  return sum;
}

function normalized(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function cumulated(shares: Float64Array): Float64Array {
  const sums = new Float64Array(shares.length + 1);
  for (let bin = 0; bin < shares.length; bin++) sums[bin + 1] = (sums[bin] as number) + (shares[bin] as number);
  return sums;
}

const differences = (sums: Float64Array): Float64Array =>
  Float64Array.from({ length: sums.length - 1 }, (_, bin) => (sums[bin + 1] as number) - (sums[bin] as number));

/** A cumulated share at a position among the bins. */
function valueAt(sums: Float64Array, position: number): number {
  const bin = Math.min(sums.length - 2, Math.floor(position));
  const low = sums[bin] as number;
  return low + (position - bin) * ((sums[bin + 1] as number) - low);
}

/** Logarithm of the likelihood of an interval. */
function logShare({ lowAt, highAt, fromAt }: Interval, cumulative: Float64Array): number {
  const alive = fromAt > 0 ? 1 - valueAt(cumulative, fromAt) : 1;
  return Math.log((1e-5 + valueAt(cumulative, highAt) - valueAt(cumulative, lowAt)) / (1e-5 + alive));
}

/**
 * Adds a job to the bins in which it may have ended, by their present shares. A left-truncated job stands also for those that were over
 * before they could be observed: together they count as one.
 */
function spread(
  { lowAt, highAt, fromAt }: Interval,
  weight: number,
  cumulative: Float64Array,
  counts: Float64Array,
): void {
  const before = fromAt > 0 ? valueAt(cumulative, fromAt) : 0;
  if (before > 0) addBetween(0, fromAt, weight);
  const share = 1e-7 + valueAt(cumulative, highAt) - valueAt(cumulative, lowAt);
  addBetween(lowAt, highAt, (weight * (1 - before)) / share);

  function addBetween(low: number, high: number, factor: number): void {
    const last = Math.min(counts.length - 1, Math.floor(high));
    for (let bin = Math.floor(low); bin <= last; bin++) {
      const share = (cumulative[bin + 1] as number) - (cumulative[bin] as number);
      const covered = Math.min(bin + 1, high) - Math.max(bin, low);
      counts[bin] = (counts[bin] as number) + factor * share * covered;
    }
  }
}

/**
 * Learns a distribution. Never throws; takes a few tens of milliseconds.
 * @param observations - oldest first; one for each job
 * @param prior - lognormal; holds where data are few
 */
export function learnModel(observations: readonly Observation[], prior: DurationModel): DurationModel {
  const estimator = new Estimator(observations.slice(-settings.maxJobs), prior);
  if (estimator.jobs < 2) return prior;
  const { phases: _phases, ...lognormal } = prior;
  const binWeights = Array.from(estimator.estimate(), (share) => Math.round(weightParts * share));
  return { ...lognormal, binWeights, source: 'learned', jobs: estimator.jobs };
}
