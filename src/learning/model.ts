/**
 * From what was seen of past jobs to the distribution of the next ones: prior and fits are weighed by their evidence, a change of speed is
 * followed at once, old jobs fade. Pure: the same observations give the same model on every worker.
 */
import type { DurationMode, DurationModel } from '../schedule/distribution.js';
import {
  fitOne,
  fitSkewed,
  fitTwo,
  type Lean,
  logLikelihood,
  type Observation,
  type Shape,
  type Span,
  shapeOf,
  spansOf,
} from './fit.js';

/** How learning goes; the defaults are the benchmark's. */
export interface LearnOptions {
  /** A job this many jobs ago counts half; default 120. */
  readonly halfLifeJobs?: number;
  /** Older jobs than this many are left out; default 256. */
  readonly maxJobs?: number;
}

/** Jobs that a change of speed must be seen in, at least, and that must lie before it. */
const minRecent = 8;
const minOlder = 20;
/** Jobs in which a new distribution is polled for; beyond them, the fading of old jobs has done its work. */
const minOwn = 20;
const maxOwn = 120;
/** Log of the odds against a new distribution, where there is a change. */
const ownOdds = 4;
/** Log of the odds against a change at a given job, changes being rare. */
const changeOdds = 5;
/** A change of less log odds is not followed, one of more is taken for sure. */
const minOdds = -2;
const sureOdds = 4;
/** After a change of speed, jobs from before it tell the shape only, and count for this many at most. */
const olderJobs = 40;

function leanOn(parent: Shape): Lean {
  let logMedian = 0;
  let square = 0;
  for (const mode of parent.modes) {
    logMedian += mode.share * mode.logMedian;
    square += mode.share * (mode.logSpread ** 2 + mode.logMedian ** 2);
  }
  const logSpread = Math.sqrt(Math.max(1e-4, square - logMedian ** 2));
  return { logMedian, logSpread, tailWeight: parent.tailWeight, spreadJobs: 3, medianJobs: 0.3, tailJobs: 25 };
}

const totalOf = (spans: readonly Span[]): number => spans.reduce((total, span) => total + span.weight, 0);

/** A candidate distribution and the logarithm of its evidence. */
type Candidate = readonly [shape: Shape, evidence: number];

/**
 * Parent, one mode, one skewed mode, two modes; each with its evidence: likelihood, less half the logarithm of the jobs for each
 * number fitted (Schwarz 1978).
 */
function candidatesFor(spans: readonly Span[], parent: Shape): Candidate[] {
  const candidates: Candidate[] = [[parent, logLikelihood(parent, spans)]];
  const jobs = totalOf(spans);
  if (jobs < 1.5) return candidates;
  const half = Math.log(Math.max(Math.E, jobs)) / 2;
  const one = fitOne(spans, parent.horizonSeconds, leanOn(parent));
  candidates.push([one, logLikelihood(one, spans) - 2 * half]);
  if (jobs < 12) return candidates;
  const skewed = fitSkewed(spans, one);
  candidates.push([skewed, logLikelihood(skewed, spans) - 2 * half - 0.7]);
  const two = fitTwo(spans, one, leanOn(parent));
  candidates.push([two, logLikelihood(two, spans) - 5 * half]);
  return candidates;
}

const maxOf = (candidates: readonly Candidate[]): number => Math.max(...candidates.map(([, evidence]) => evidence));

/** The mean of distributions by their weights, which need not add up to 1; distributions of less than a hundredth are left out. */
function mean(distributions: readonly (readonly [shape: Shape, weight: number])[]): Shape {
  const whole = distributions.reduce((total, [, weight]) => total + weight, 0);
  const modes: DurationMode[] = [];
  let tailWeight = 0;
  let fromSeconds = 0;
  let horizonSeconds = 0;
  for (const [shape, weight] of distributions) {
    horizonSeconds = Math.max(horizonSeconds, shape.horizonSeconds);
    const share = weight / whole;
    if (share < 0.01) continue;
    tailWeight += share * shape.tailWeight;
    fromSeconds += share * shape.fromSeconds;
    for (const mode of shape.modes) modes.push({ ...mode, share: share * mode.share });
  }
  return { modes: trimmed(modes), tailWeight, fromSeconds, horizonSeconds };
}

/** The mean of the candidates by their evidence. A parent that fits stays; one that does not is outvoted after about ten jobs. */
function weigh(spans: readonly Span[], parent: Shape): Shape {
  const candidates = candidatesFor(spans, parent);
  const max = maxOf(candidates);
  return mean(candidates.map(([shape, evidence]) => [shape, Math.exp(evidence - max)]));
}

function trimmed(modes: readonly DurationMode[]): DurationMode[] {
  const kept = modes.filter((mode) => mode.share >= 0.01);
  const sum = kept.reduce((total, mode) => total + mode.share, 0);
  return kept.map((mode) => ({ ...mode, share: mode.share / sum }));
}

const scaled = (spans: readonly Span[], log: number): Span[] => {
  const factor = Math.exp(log);
  return spans.map((span) => ({
    low: span.low + log,
    high: span.high + log,
    lowSeconds: span.lowSeconds * factor,
    highSeconds: span.highSeconds * factor,
    weight: span.weight,
  }));
};

const moved = (shape: Shape, log: number): Shape => ({
  ...shape,
  modes: shape.modes.map((mode) => ({ ...mode, logMedian: mode.logMedian + log })),
  fromSeconds: Math.min(0.9 * shape.horizonSeconds, shape.fromSeconds * Math.exp(log)),
});

interface Change {
  /** How many of the newest jobs came after it. */
  readonly recent: number;
  /** Logarithm of how many times slower jobs became; absent where the distribution became another one. */
  readonly log?: number;
  /** Logarithm of the odds that there was this change. */
  readonly odds: number;
}

/** The factor, as a logarithm, by which a distribution explains spans best; golden steps about the best of a coarse grid. */
function bestMove(shape: Shape, spans: readonly Span[]): { log: number; value: number } {
  let log = 0;
  let value = logLikelihood(shape, spans);
  for (let step = 0.3; step > 0.02; step /= 3) {
    const centre = log;
    const reach = step === 0.3 ? 10 : 3;
    for (let k = -reach; k <= reach; k++) {
      const now = logLikelihood(moved(shape, centre + k * step), spans);
      if (now > value) [log, value] = [centre + k * step, now];
    }
  }
  return { log, value };
}

/**
 * Polls for a change: the split for which a distribution before it, and the same made faster or slower (or one of its own) after it, explain
 * all jobs better than one distribution does, by more than chance and the rarity of changes account for.
 */
function findChange(spans: readonly Span[], parent: Shape): Change | undefined {
  const flat = spans.map((span) => ({ ...span, weight: 1 }));
  const max = flat.length - minOlder;
  if (max < minRecent) return undefined;
  const unchanged = logLikelihood(weigh(flat, parent), flat) + changeOdds;
  let best: Change | undefined;
  let gained = minOdds;
  let fitted = 0;
  let nextOwn = minOwn;
  let older = parent;
  for (let recent = minRecent; recent <= max; recent = Math.ceil(recent * 1.35)) {
    // The distribution before the split, on jobs before it only; fitted anew where the split has moved far.
    if (recent > fitted) {
      fitted = Math.min(max, recent <= 30 ? 30 : 4 * recent);
      older = weigh(flat.slice(0, flat.length - fitted), parent);
    }
    const newest = flat.slice(flat.length - recent);
    const before = logLikelihood(older, flat.slice(0, flat.length - recent)) - unchanged;
    const { log, value } = bestMove(older, newest);
    const gain = before + value - Math.log(recent) / 2;
    if (gain > gained) [best, gained] = [{ recent, log, odds: gain }, gain];
    if (recent < nextOwn || recent > maxOwn) continue;
    nextOwn = 2 * recent;
    const own = before + maxOf(candidatesFor(newest, parent)) - ownOdds;
    if (own > gained) [best, gained] = [{ recent, odds: own }, own];
  }
  return best;
}

/** The jobs as they would be at the present speed, those before a change counting for less; those of another distribution are dropped. */
function follow(spans: readonly Span[], { recent, log }: Change): Span[] {
  const split = spans.length - recent;
  if (log === undefined) return spans.slice(split);
  const older = scaled(spans.slice(0, split), log);
  const share = Math.min(1, olderJobs / Math.max(1e-9, totalOf(older)));
  return [...older.map((span) => ({ ...span, weight: span.weight * share })), ...spans.slice(split)];
}

/** The distribution of the next jobs. A change that is not sure is believed by its odds; up to three changes are followed. */
function distributionFrom(spans: readonly Span[], parent: Shape, changes = 3): Shape {
  const change = changes > 0 ? findChange(spans, parent) : undefined;
  if (change === undefined) return weigh(spans, parent);
  const after = distributionFrom(follow(spans, change), parent, changes - 1);
  if (change.odds > sureOdds) return after;
  return mean([
    [after, Math.exp(change.odds)],
    [weigh(spans, parent), 1],
  ]);
}

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

function modelOf(shape: Shape, jobs: number): DurationModel {
  const { logMedian, logSpread } = leanOn(shape);
  return {
    logMedian: rounded(logMedian),
    logSpread: rounded(logSpread),
    tailWeight: rounded(shape.tailWeight),
    horizonSeconds: shape.horizonSeconds,
    tailFromSeconds: Math.round(shape.fromSeconds),
    ...(shape.modes.length > 1 && {
      modes: shape.modes.map((mode) => ({
        share: rounded(mode.share),
        logMedian: rounded(mode.logMedian),
        logSpread: rounded(mode.logSpread),
      })),
    }),
    source: 'learned',
    jobs: Math.round(jobs),
  };
}

/**
 * Learns a distribution. Pure; never throws; a few tens of milliseconds.
 * @param observations - oldest first; one for each job
 * @param parent - what holds where data are few: a prior, or the distribution of a larger group
 */
export function learnModel(
  observations: readonly Observation[],
  parent: DurationModel,
  { halfLifeJobs = 120, maxJobs = 256 }: LearnOptions = {},
): DurationModel {
  const newest = spansOf(observations.slice(-maxJobs));
  if (newest.length < 2) return parent;
  const faded = newest.map((span, k) => ({
    ...span,
    weight: span.weight * 2 ** (-(newest.length - 1 - k) / halfLifeJobs),
  }));
  return modelOf(distributionFrom(faded, shapeOf(parent)), newest.length);
}

/** The package's nearest model of a distribution that is given as spans and weights; for benchmarks and `model --from`. */
export function fitModel(observations: readonly Observation[], horizonSeconds: number): DurationModel {
  const spans = spansOf(observations);
  const lean = { logMedian: 0, logSpread: 0.5, tailWeight: 0.03, spreadJobs: 0.01, medianJobs: 0, tailJobs: 0.01 };
  const one = fitOne(spans, horizonSeconds, lean);
  return { ...modelOf(fitTwo(spans, one, lean, 400), totalOf(spans)), source: 'given' };
}
