/**
 * What a poll costs, so that all waits together keep within a budget of queries by polling less often, not by queueing. Pure.
 */
import type { DurationModel } from './distribution.js';
import { priorModel } from './distribution.js';
import { policyOf, scheduleCost } from './schedule.js';

/** Bounds and habits of the poll cost, in seconds of mean delay per poll. */
export const pollCostLimits = {
  /** Below this, a poll is so cheap that the floor between polls alone decides. */
  minSeconds: 0.02,
  /** Above this, the ceiling between polls alone decides. */
  maxSeconds: 60,
  /**
   * Of the budget, the share that is planned for, and that the vendor's queue lets through: a queue held to a rate lets a second's worth
   * pass at once after a quiet spell, so that in any 5 s at most 6 s' worth leave it, 1.1 times the budget. The rest is for second
   * requests, `doctor` and other callers.
   */
  plannedShare: 5.5 / 6,
  /** What a poll costs where the budget leaves it free: more polls than this buys no delay that a person would notice. */
  wantedSeconds: 0.5,
} as const;

/** What a poll cost is made from. */
export interface PollCostInput {
  /** The budget, for all waits together. */
  readonly queriesPerSecond: number;
  /** Jobs that start per second. */
  readonly jobsPerSecond: number;
  readonly model?: DurationModel;
  readonly floorMs?: number;
  readonly ceilingMs?: number;
  /** Of the budget, the share to plan for; default {@link pollCostLimits}' 0.917. */
  readonly plannedShare?: number;
}

const bounded = (pollCost: number): number =>
  Math.min(pollCostLimits.maxSeconds, Math.max(pollCostLimits.minSeconds, pollCost));

const kept = new Map<string, number>();
const maxKept = 64;

/**
 * The least poll cost at which the polls of all waits fit the budget: found by halving on the schedule's own mean number of polls,
 * which falls as the poll cost rises. Where even the dearest polls do not fit, the dearest.
 */
export function pollCostFor({
  queriesPerSecond,
  jobsPerSecond,
  model = priorModel,
  floorMs = 1000,
  ceilingMs = 60_000,
  plannedShare = pollCostLimits.plannedShare,
}: PollCostInput): number {
  if (!(jobsPerSecond > 0)) return pollCostLimits.minSeconds;
  const polls = (plannedShare * queriesPerSecond) / jobsPerSecond;
  if (!(polls > 0)) return pollCostLimits.maxSeconds;
  // Two digits of the target are plenty, and make repeated questions cheap.
  const goal = Number(polls.toPrecision(3));
  const { source: _source, jobs: _jobs, ...distribution } = model;
  const key = JSON.stringify([goal, distribution, floorMs, ceilingMs]);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const pollsAt = (pollCost: number): number =>
    scheduleCost(policyOf({ model, pollCostSeconds: pollCost, floorMs, ceilingMs })).polls;
  let low = Math.log(pollCostLimits.minSeconds);
  let high = Math.log(pollCostLimits.maxSeconds);
  if (pollsAt(pollCostLimits.minSeconds) <= goal) high = low;
  else if (pollsAt(pollCostLimits.maxSeconds) > goal) low = high;
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    if (pollsAt(Math.exp(middle)) > goal) low = middle;
    else high = middle;
  }
  const pollCost = bounded(Math.exp(high));
  const oldest = kept.keys().next();
  if (kept.size >= maxKept && !oldest.done) kept.delete(oldest.value);
  kept.set(key, pollCost);
  return pollCost;
}

/**
 * The rate to hold a vendor's queue to, `maxTaskQueueActivitiesPerSecond` of all its workers: 0.917 of the account's budget, so that no
 * more than 5.5 s' worth of the budget leave the queue in any 5 s.
 * @param queriesPerSecond - what the vendor grants the account
 */
export const vendorQueueRate = (queriesPerSecond: number): number => pollCostLimits.plannedShare * queriesPerSecond;

/** A correction of the poll cost by what attempts see; carried from one to the next by whoever keeps it. */
export interface PollCostCorrection {
  /** What the fed-forward poll cost is multiplied by; 1 at first. */
  readonly factor: number;
  /** Mean lag of late, in milliseconds; 0 at first. */
  readonly lagMs: number;
}

/** No correction yet. */
export const noCorrection: PollCostCorrection = { factor: 1, lagMs: 0 };

/** How the correction behaves. */
export const correctionLimits = {
  /** A lag counts as this at most: an outage or a sleeping worker is not load. */
  maxLagMs: 5000,
  /** Below this the queue has room: an idle server's lag is 8 ms in the middle and 74 ms at 95 % (measured). */
  idleLagMs: 100,
  /**
   * Nothing is done about a lag up to this: a queue held to a rate that is used well has 1 to 2 s of it at times, more where it has several
   * partitions, and what is polled late is polled less often.
   */
  usedLagMs: 2_000,
  /** Weight of a new lag in the mean of late. */
  newShare: 0.05,
  /** How much one attempt raises the factor at the largest lag, and lowers it where the queue has room. */
  riseShare: 0.004,
  fallShare: 0.004,
  minFactor: 0.5,
  maxFactor: 8,
} as const;

/**
 * Corrects the poll cost after one attempt. Slow on purpose: polls that come late by a queue make them dearer, polls on time cheaper, both over
 * hundreds of attempts. The poll cost fed forward is near by itself, and a quicker correction swings.
 * @param lagMs - when the attempt ran less when it was due
 */
export function correctPollCost(before: PollCostCorrection, lagMs: number): PollCostCorrection {
  const limits = correctionLimits;
  const seen = Math.min(limits.maxLagMs, Math.max(0, Number.isFinite(lagMs) ? lagMs : 0));
  const mean = before.lagMs + limits.newShare * (seen - before.lagMs);
  const strain = Math.max(0, mean - limits.usedLagMs) / (limits.maxLagMs - limits.usedLagMs);
  const step = mean < limits.idleLagMs ? 1 - limits.fallShare : 1 + limits.riseShare * strain;
  return { factor: Math.min(limits.maxFactor, Math.max(limits.minFactor, before.factor * step)), lagMs: mean };
}

/** Poll costs are whole powers of this: a schedule hardly feels 5 %, and each poll cost in use costs a table. */
const pollCostStep = 1.05;

/** Where the budget leaves the poll cost free, no lag says nothing of what the budget would bear: such a correction is forgotten. */
export const correctionAt = (fed: number, correction: PollCostCorrection): PollCostCorrection =>
  fed > pollCostLimits.wantedSeconds || correction.factor > 1 ? correction : { ...correction, factor: 1 };

/**
 * The poll cost in force: what the budget asks, corrected; never less than wanted.
 * @param wantedSeconds - the poll cost where the budget leaves it free; default 0.5
 */
export function pollCostInForce(
  fed: number,
  correction: PollCostCorrection = noCorrection,
  wantedSeconds: number = pollCostLimits.wantedSeconds,
): number {
  const { factor } = correction;
  const pollCost = bounded(Math.max(fed * factor, wantedSeconds * Math.max(1, factor)));
  return Number(bounded(pollCostStep ** Math.round(Math.log(pollCost) / Math.log(pollCostStep))).toPrecision(4));
}
