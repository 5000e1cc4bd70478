/**
 * Fits a distribution of durations to what schedules see: that a job ended between two polls, or had not ended at the last one. Pure.
 */
import { type DurationMode, type DurationModel, modesOf, tailFrom } from '../schedule/distribution.js';
import { normalBetween, normalDensity, z95 } from '../schedule/normal.js';

/** What is known of one job's duration. */
export interface Observation {
  /** Age at the last poll that saw it unfinished; 0 where there was none. */
  readonly lowSeconds: number;
  /** Age at the poll that saw it finished; absent where none did yet (right-censored). */
  readonly highSeconds?: number;
  /** How much it counts; default 1. */
  readonly weight?: number;
}

/** An observation on the logarithmic scale that fits work on. */
export interface Span {
  readonly low: number;
  readonly high: number;
  readonly lowSeconds: number;
  readonly highSeconds: number;
  readonly weight: number;
}

// A point would have no likelihood beside spans; it is given this relative width.
const pointWidth = 0.002;
// No job is quicker than this; it keeps logarithms within reason.
const minSeconds = 0.05;

/** Takes observations to spans; ones that no clock can give (not a number, ends before it begins) are left out. */
export function spansOf(observations: readonly Observation[]): Span[] {
  const spans: Span[] = [];
  for (const { lowSeconds, highSeconds = Number.POSITIVE_INFINITY, weight = 1 } of observations) {
    if (!(lowSeconds >= 0 && highSeconds >= lowSeconds && highSeconds > 0 && weight > 0)) continue;
    if (lowSeconds === Number.POSITIVE_INFINITY) continue;
    let low = lowSeconds < minSeconds ? 0 : lowSeconds;
    let high = Math.max(minSeconds, highSeconds);
    if (high - low < pointWidth * high) [low, high] = [high * (1 - pointWidth / 2), high * (1 + pointWidth / 2)];
    spans.push({ low: Math.log(low), high: Math.log(high), lowSeconds: low, highSeconds: high, weight });
  }
  return spans;
}

/** The parts of a model that a fit works with; weights of `modes` add up to 1. */
export interface Shape {
  readonly modes: readonly DurationMode[];
  readonly tailWeight: number;
  readonly fromSeconds: number;
  readonly horizonSeconds: number;
}

/** The parts of a model. */
export const shapeOf = (model: DurationModel): Shape => ({
  modes: modesOf(model),
  tailWeight: model.tailWeight,
  fromSeconds: tailFrom(model),
  horizonSeconds: model.horizonSeconds,
});

const minSpread = 0.03;
const maxSpread = 2.5;
// No observation is held to be impossible: a clock that jumped must not outvote a hundred good jobs.
const minLikelihood = 1e-7;

// Fits run these millions of times: no closures and no iterators in them.
function tailAbove(shape: Shape, age: number): number {
  const share = (shape.horizonSeconds - age) / (shape.horizonSeconds - shape.fromSeconds);
  return Math.min(1, Math.max(0, share));
}

function tailBetween(shape: Shape, low: number, high: number): number {
  // A wait that outlived the horizon is a stuck job too.
  if (high === Number.POSITIVE_INFINITY) return Math.max(tailAbove(shape, low), 1e-3);
  return tailAbove(shape, low) - tailAbove(shape, high);
}

function modeBetween(mode: DurationMode, span: Span): number {
  return normalBetween((span.low - mode.logMedian) / mode.logSpread, (span.high - mode.logMedian) / mode.logSpread);
}

/** Logarithm of the likelihood of spans, by weight. */
export function logLikelihood(shape: Shape, spans: readonly Span[]): number {
  const { modes } = shape;
  let sum = 0;
  for (let n = 0; n < spans.length; n++) {
    const span = spans[n] as Span;
    let bulk = 0;
    for (let k = 0; k < modes.length; k++) {
      const mode = modes[k] as DurationMode;
      bulk += mode.share * modeBetween(mode, span);
    }
    const stuck = tailBetween(shape, span.lowSeconds, span.highSeconds);
    sum += span.weight * Math.log(minLikelihood + (1 - shape.tailWeight) * bulk + shape.tailWeight * stuck);
  }
  return sum;
}

// First and second moment of a standard normal cut to [low, high]; a narrow or far cut is its middle.
function momentsWithin(low: number, high: number, share: number): [mean: number, square: number] {
  const width = high - low;
  if (width < 0.02 || share < 1e-12) {
    const middle = width < 20 ? (low + high) / 2 : Number.isFinite(low) && low > 0 ? low + 1 / (1 + low) : high;
    return [middle, middle * middle + (width < 20 ? (width * width) / 12 : 0)];
  }
  const atLow = Number.isFinite(low) ? normalDensity(low) : 0;
  const atHigh = Number.isFinite(high) ? normalDensity(high) : 0;
  const mean = (atLow - atHigh) / share;
  const lowTerm = atLow === 0 ? 0 : low * atLow;
  const highTerm = atHigh === 0 ? 0 : high * atHigh;
  return [mean, Math.max(mean * mean, 1 + (lowTerm - highTerm) / share)];
}

/** What a fit leans on where data are few. */
export interface Lean {
  readonly logMedian: number;
  readonly logSpread: number;
  readonly tailWeight: number;
  /** Jobs that the guess of the spread counts for, for each mode. */
  readonly spreadJobs: number;
  /** Jobs that the guess of the median counts for. */
  readonly medianJobs: number;
  /** Jobs that the guess of the stuck share counts for. */
  readonly tailJobs: number;
}

const bulkEnd = (modes: readonly DurationMode[]): number =>
  Math.max(...modes.filter((mode) => mode.share > 0.1).map((mode) => Math.exp(mode.logMedian + z95 * mode.logSpread)));

/** One step of expectation and maximisation. */
function improve(shape: Shape, spans: readonly Span[], lean: Lean): Shape {
  const count = shape.modes.length;
  const weights = new Float64Array(count);
  const means = new Float64Array(count);
  const squares = new Float64Array(count);
  let tailMass = 0;
  let whole = 0;
  const shares = new Float64Array(count);
  const within = new Float64Array(count);
  for (let n = 0; n < spans.length; n++) {
    const span = spans[n] as Span;
    const stuck = shape.tailWeight * tailBetween(shape, span.lowSeconds, span.highSeconds);
    let sum = stuck + minLikelihood;
    for (let k = 0; k < count; k++) {
      const mode = shape.modes[k] as DurationMode;
      const between = modeBetween(mode, span);
      const share = (1 - shape.tailWeight) * mode.share * between;
      within[k] = between;
      shares[k] = share;
      sum += share;
    }
    whole += span.weight;
    tailMass += (span.weight * stuck) / sum;
    for (let k = 0; k < count; k++) {
      const { logMedian, logSpread } = shape.modes[k] as DurationMode;
      const part = (span.weight * (shares[k] as number)) / sum;
      if (part < 1e-9) continue;
      const low = (span.low - logMedian) / logSpread;
      const high = (span.high - logMedian) / logSpread;
      const [mean, square] = momentsWithin(low, high, within[k] as number);
      weights[k] = (weights[k] as number) + part;
      means[k] = (means[k] as number) + part * (logMedian + logSpread * mean);
      squares[k] =
        (squares[k] as number) +
        part * (logMedian * logMedian + 2 * logMedian * logSpread * mean + logSpread * logSpread * square);
    }
  }
  const bulk = weights.reduce((total, weight) => total + weight, 0);
  const modes = shape.modes.map((_, k): DurationMode => {
    const weight = weights[k] as number;
    const logMedian =
      ((means[k] as number) + lean.medianJobs * lean.logMedian) / Math.max(1e-9, weight + lean.medianJobs);
    const spread = (squares[k] as number) - 2 * logMedian * (means[k] as number) + weight * logMedian * logMedian;
    const away = lean.medianJobs * (logMedian - lean.logMedian) ** 2;
    const variance =
      (Math.max(0, spread) + away + lean.spreadJobs * lean.logSpread ** 2) /
      (weight + lean.medianJobs + lean.spreadJobs);
    return {
      share: count === 1 ? 1 : (weight + 1) / (bulk + count),
      logMedian,
      logSpread: Math.min(maxSpread, Math.max(minSpread, Math.sqrt(variance))),
    };
  });
  const sum = modes.reduce((total, mode) => total + mode.share, 0);
  return {
    ...shape,
    modes: modes.map((mode) => ({ ...mode, share: mode.share / sum })),
    tailWeight: (tailMass + lean.tailJobs * lean.tailWeight) / (whole + lean.tailJobs),
    fromSeconds: Math.min(0.9 * shape.horizonSeconds, bulkEnd(modes)),
  };
}

function refine(start: Shape, spans: readonly Span[], lean: Lean, rounds: number): Shape {
  let shape = start;
  let before = Number.NEGATIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    shape = improve(shape, spans, lean);
    if (round % 5 !== 4) continue;
    const now = logLikelihood(shape, spans);
    if (Math.abs(now - before) < 0.03) break;
    before = now;
  }
  return shape;
}

function middleOf(spans: readonly Span[]): number {
  const middles = spans
    .filter((span) => Number.isFinite(span.high))
    .map((span) => ({ at: Math.log((span.lowSeconds + span.highSeconds) / 2), weight: span.weight }))
    .sort((a, b) => a.at - b.at);
  const half = middles.reduce((total, { weight }) => total + weight, 0) / 2;
  let seen = 0;
  for (const { at, weight } of middles) {
    seen += weight;
    if (seen >= half) return at;
  }
  return Math.log(Math.max(1, ...spans.map((span) => span.lowSeconds)));
}

/** The best single lognormal with a stuck share. */
export function fitOne(spans: readonly Span[], horizonSeconds: number, lean: Lean): Shape {
  const mode = { share: 1, logMedian: middleOf(spans), logSpread: lean.logSpread };
  const start = { modes: [mode], tailWeight: lean.tailWeight, fromSeconds: bulkEnd([mode]), horizonSeconds };
  return refine({ ...start, fromSeconds: Math.min(0.9 * horizonSeconds, start.fromSeconds) }, spans, lean, 40);
}

/** The best two lognormals with a stuck share, begun from one: side by side, and one within the other. */
export function fitTwo(spans: readonly Span[], one: Shape, lean: Lean, rounds = 60): Shape {
  const { logMedian, logSpread } = one.modes[0] as DurationMode;
  const starts: DurationMode[][] = [
    [
      { share: 0.5, logMedian: logMedian - 0.8 * logSpread, logSpread: 0.5 * logSpread },
      { share: 0.5, logMedian: logMedian + 0.8 * logSpread, logSpread: 0.5 * logSpread },
    ],
    [
      { share: 0.3, logMedian: logMedian - logSpread, logSpread },
      { share: 0.7, logMedian: logMedian + 0.3 * logSpread, logSpread: 0.7 * logSpread },
    ],
  ];
  const twoLean = { ...lean, logSpread: 0.5 * logSpread, medianJobs: 0, spreadJobs: Math.max(1, lean.spreadJobs / 2) };
  const [beside, inside] = starts.map((modes) => refine({ ...one, modes }, spans, twoLean, 10)) as [Shape, Shape];
  const better = logLikelihood(beside, spans) > logLikelihood(inside, spans) ? beside : inside;
  return refine(better, spans, twoLean, rounds);
}

/**
 * A bulk with a long left tail in the logarithm, as a gamma distribution of shape 1.8 has: two modes in fixed proportion, of which only
 * place and width are fitted. Found by descent from one lognormal.
 */
export function fitSkewed(spans: readonly Span[], one: Shape): Shape {
  const { logMedian, logSpread } = one.modes[0] as DurationMode;
  const skewed = (middle: number, spread: number): Shape => {
    const modes = skewPattern.map(({ share, off, wide }) => ({
      share,
      logMedian: middle + off * spread,
      logSpread: wide * spread,
    }));
    return { ...one, modes, fromSeconds: Math.min(0.9 * one.horizonSeconds, bulkEnd(modes)) };
  };
  let [middle, log] = [logMedian, Math.log(logSpread)];
  let max = logLikelihood(skewed(middle, Math.exp(log)), spans);
  for (let step = 0.2; step > 0.02; step /= 2) {
    let moved = true;
    for (let round = 0; moved && round < maxSteps; round++) {
      moved = false;
      for (const [a, b] of [
        [step * logSpread, 0],
        [-step * logSpread, 0],
        [0, step],
        [0, -step],
      ] as const) {
        const value = logLikelihood(skewed(middle + a, Math.exp(log + b)), spans);
        if (value <= max) continue;
        [middle, log, max, moved] = [middle + a, log + b, value, true];
      }
    }
  }
  return skewed(middle, Math.exp(log));
}

/** Steps of one width that a descent takes at most. */
const maxSteps = 100;

// The nearest two lognormals to a gamma distribution of shape 1.78, about mean 0 with deviation 1 in the logarithm.
const skewPattern = [
  { share: 0.29, off: -0.8, wide: 1.13 },
  { share: 0.71, off: 0.33, wide: 0.71 },
] as const;
