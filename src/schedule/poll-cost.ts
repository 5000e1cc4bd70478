/**
 * What a look costs, so that all waits together keep within a budget of queries by looking less often, not by queueing. Pure.
 */
import type { DurationModel } from './distribution.js';
import { priorModel } from './distribution.js';
import { policyOf, scheduleCost } from './schedule.js';

/** Bounds and habits of the price, in seconds of mean delay per look. */
export const priceLimits = {
  /** Below this, a look is so cheap that the floor between looks alone decides. */
  leastSeconds: 0.02,
  /** Above this, the ceiling between looks alone decides. */
  mostSeconds: 60,
  /**
   * Of the budget, the share that is planned for, and that the vendor's queue lets through: a queue held to a rate lets a second's worth
   * pass at once after a quiet spell, so that in any 5 s at most 6 s' worth leave it, 1.1 times the budget. The rest is for second
   * requests, `doctor` and other callers.
   */
  plannedShare: 5.5 / 6,
  /** What a look costs where the budget leaves it free: more looks than this buys no delay that a person would notice. */
  wantedSeconds: 0.5,
} as const;

/** What a price is made from. */
export interface PriceInput {
  /** The budget, for all waits together. */
  readonly queriesPerSecond: number;
  /** Jobs that start per second. */
  readonly jobsPerSecond: number;
  readonly model?: DurationModel;
  readonly floorMs?: number;
  readonly ceilingMs?: number;
  /** Of the budget, the share to plan for; default {@link priceLimits}' 0.917. */
  readonly plannedShare?: number;
}

const bounded = (price: number): number => Math.min(priceLimits.mostSeconds, Math.max(priceLimits.leastSeconds, price));

const kept = new Map<string, number>();
const mostKept = 64;

/**
 * The least price at which the looks of all waits fit the budget: found by halving on the schedule's own mean number of looks,
 * which falls as the price rises. Where even the dearest looks do not fit, the dearest.
 */
export function priceFor({
  queriesPerSecond,
  jobsPerSecond,
  model = priorModel,
  floorMs = 1000,
  ceilingMs = 60_000,
  plannedShare = priceLimits.plannedShare,
}: PriceInput): number {
  if (!(jobsPerSecond > 0)) return priceLimits.leastSeconds;
  const looks = (plannedShare * queriesPerSecond) / jobsPerSecond;
  if (!(looks > 0)) return priceLimits.mostSeconds;
  // Two digits of the target are plenty, and make repeated questions cheap.
  const goal = Number(looks.toPrecision(3));
  const { source: _source, jobs: _jobs, ...law } = model;
  const key = JSON.stringify([goal, law, floorMs, ceilingMs]);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const looksAt = (price: number): number =>
    scheduleCost(policyOf({ model, priceSeconds: price, floorMs, ceilingMs })).looks;
  let low = Math.log(priceLimits.leastSeconds);
  let high = Math.log(priceLimits.mostSeconds);
  if (looksAt(priceLimits.leastSeconds) <= goal) high = low;
  else if (looksAt(priceLimits.mostSeconds) > goal) low = high;
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    if (looksAt(Math.exp(middle)) > goal) low = middle;
    else high = middle;
  }
  const price = bounded(Math.exp(high));
  const oldest = kept.keys().next();
  if (kept.size >= mostKept && !oldest.done) kept.delete(oldest.value);
  kept.set(key, price);
  return price;
}

/**
 * The rate to hold a vendor's queue to, `maxTaskQueueActivitiesPerSecond` of all its workers: 0.917 of the account's budget, so that no
 * more than 5.5 s' worth of the budget leave the queue in any 5 s.
 * @param queriesPerSecond - what the vendor grants the account
 */
export const vendorQueueRate = (queriesPerSecond: number): number => priceLimits.plannedShare * queriesPerSecond;

/** A correction of the price by what attempts see; carried from one to the next by whoever keeps it. */
export interface PriceCorrection {
  /** What the fed-forward price is multiplied by; 1 at first. */
  readonly factor: number;
  /** Mean lag of late, in milliseconds; 0 at first. */
  readonly lagMs: number;
}

/** No correction yet. */
export const noCorrection: PriceCorrection = { factor: 1, lagMs: 0 };

/** How the correction behaves. */
export const correctionHabits = {
  /** A lag counts as this at most: an outage or a sleeping worker is not load. */
  mostLagMs: 5000,
  /** Below this the queue has room: an idle server's lag is 8 ms in the middle and 74 ms at 95 % (measured). */
  idleLagMs: 100,
  /**
   * Nothing is done about a lag up to this: a queue held to a rate that is used well has 1 to 2 s of it at times, more where it has several
   * partitions, and what is looked at late is looked at less often.
   */
  usedLagMs: 2_000,
  /** Weight of a new lag in the mean of late. */
  newShare: 0.05,
  /** How much one attempt raises the factor at the largest lag, and lowers it where the queue has room. */
  riseShare: 0.004,
  fallShare: 0.004,
  leastFactor: 0.5,
  mostFactor: 8,
} as const;

/**
 * Corrects the price after one attempt. Slow on purpose: looks that come late by a queue make them dearer, looks on time cheaper, both over
 * hundreds of attempts. The price fed forward is near by itself, and a quicker correction swings.
 * @param lagMs - when the attempt ran less when it was due
 */
export function correctPrice(before: PriceCorrection, lagMs: number): PriceCorrection {
  const habits = correctionHabits;
  const seen = Math.min(habits.mostLagMs, Math.max(0, Number.isFinite(lagMs) ? lagMs : 0));
  const mean = before.lagMs + habits.newShare * (seen - before.lagMs);
  const strain = Math.max(0, mean - habits.usedLagMs) / (habits.mostLagMs - habits.usedLagMs);
  const step = mean < habits.idleLagMs ? 1 - habits.fallShare : 1 + habits.riseShare * strain;
  return { factor: Math.min(habits.mostFactor, Math.max(habits.leastFactor, before.factor * step)), lagMs: mean };
}

/** Prices are whole powers of this: a schedule hardly feels 5 %, and each price in use costs a table. */
const priceStep = 1.05;

/** Where the budget leaves the price free, no lag says nothing of what the budget would bear: such a correction is forgotten. */
export const correctionAt = (fed: number, correction: PriceCorrection): PriceCorrection =>
  fed > priceLimits.wantedSeconds || correction.factor > 1 ? correction : { ...correction, factor: 1 };

/**
 * The price in force: what the budget asks, corrected; never less than wanted.
 * @param wantedSeconds - the price where the budget leaves it free; default 0.5
 */
export function priceInForce(
  fed: number,
  correction: PriceCorrection = noCorrection,
  wantedSeconds: number = priceLimits.wantedSeconds,
): number {
  const { factor } = correction;
  const price = bounded(Math.max(fed * factor, wantedSeconds * Math.max(1, factor)));
  return Number(bounded(priceStep ** Math.round(Math.log(price) / Math.log(priceStep))).toPrecision(4));
}
