/**
 * What a poll costs, in seconds of mean delay. All waits of an account share one poll cost: the higher it is, the less often they poll. A feedback
 * loop finds the cost at which their polls use the account's budget and do not queue. Pure.
 */

/** Bounds of the poll cost and settings of the feedback loop. */
export const pollCostSettings = {
  /** Poll cost where the budget is no limit: more polls than this buys no delay that a person would notice. Never less. */
  minSeconds: 0.5,
  /** Above this, the ceiling between polls alone decides. */
  maxSeconds: 60,
  /**
   * The share of the budget that is planned for, and that the vendor's queue lets through: a queue held to a rate lets a second's worth
   * pass at once after a quiet spell, so that in any 5 s at most 6 s' worth leave it, 1.1 times the budget. The rest is reserved for immediate
   * retries, `doctor` and `submit`.
   */
  plannedShare: 5.5 / 6,
  /** A queue that is used well has this lag: a poll waits so long for its turn. More means that polls queue up. */
  usedLagSeconds: 1.5,
  /** A lag counts as this at most: an outage or a sleeping worker is no load. */
  maxLagSeconds: 5,
  /** Below this share of the planned rate the queue has room, whatever the lag. */
  usedShare: 0.97,
  /** How much of the difference one step corrects, and by which factor it changes the cost at most. */
  gain: 0.5,
  maxStep: 2,
} as const;

const settings = pollCostSettings;

/** The account's budget bounds this many seconds' worth of it in any window of five seconds: 5.5 times the rate in any 5 s. */
const boundSeconds = 5.5;
/** A window and the second's worth that may have been saved up before it: so many seconds' worth leave a partition, and one task more. */
const windowSeconds = 6;
/** Keeps the rate below the point from which one more task fits into a window, also after it was rounded to a 32-bit float. */
const belowPoint = 1 - 1e-4;

/**
 * The rate to hold a vendor's queue to: 0.917 of the account's budget, a little less where that makes no whole number of tasks.
 *
 * The server divides the rate among the queue's partitions. Each lets a second's worth pass at once after a quiet spell, and at least one task,
 * so that with rate r in a partition at most 1 + 6 r (rounded down) leave it in any 5 s. All together must stay within 5.5 times the budget.
 * A budget below one query per partition in 5 s cannot be held in each window: there the mean rate counts.
 * @param queriesPerSecond - what the vendor grants the account; 0 stops the queue
 * @param partitions - of the queue; default 1
 */
export function vendorQueueRate(queriesPerSecond: number, partitions = 1): number {
  const tasksInWindow = Math.floor((boundSeconds * queriesPerSecond) / partitions);
  const held = (belowPoint * partitions * Math.max(1, tasksInWindow)) / windowSeconds;
  return Math.min(settings.plannedShare * queriesPerSecond, held);
}

/** What was seen of an account's vendor queue of late. */
export interface QueueLoad {
  /** Polls of all workers. */
  readonly pollsPerSecond: number;
  /** Mean time from when a poll was due to when it ran. */
  readonly lagSeconds: number;
}

/**
 * The poll cost after one step, half a minute after the one before. Polls that queue up raise it; unused budget lowers it. Polls per second go with
 * one over the square root of the cost, which is why the share is squared.
 * @param before - the cost in force
 * @param queriesPerSecond - the account's budget
 */
export function nextPollCost(before: number, load: QueueLoad, queriesPerSecond: number): number {
  const { usedLagSeconds, maxLagSeconds, usedShare, gain, maxStep, minSeconds, maxSeconds } = settings;
  const lag = Math.min(maxLagSeconds, Math.max(0, load.lagSeconds));
  const share = load.pollsPerSecond / (usedShare * vendorQueueRate(queriesPerSecond));
  const wanted = lag > usedLagSeconds ? lag / usedLagSeconds : Math.min(1, Math.max(share, 0.01) ** 2);
  const step = Math.min(maxStep, Math.max(1 / maxStep, wanted ** gain));
  const after = before * (Number.isFinite(step) ? step : 1);
  return Math.min(maxSeconds, Math.max(minSeconds, after));
}

/** Costs in force are the least cost times whole powers of this: 5 % hardly change a schedule, and each cost in use takes a table. */
const roundingFactor = 1.05;

/** A poll cost rounded for use. */
export function roundedPollCost(pollCost: number): number {
  const { minSeconds, maxSeconds } = settings;
  const power = Math.round(Math.log(pollCost / minSeconds) / Math.log(roundingFactor));
  return Number(Math.min(maxSeconds, Math.max(minSeconds, minSeconds * roundingFactor ** power)).toPrecision(4));
}
