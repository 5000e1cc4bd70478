/**
 * What all polls of one account have in common within one process: pauses that the vendor ordered, a slow-down after a throttle,
 * outages, and the budget. A fold: state and event in, state out. Each wait keeps its own schedule and backoff beside it.
 */

import { jitterOf } from '../schedule/jitter.js';
import { backoffMs } from './backoff.js';
import type { Classification } from './classify.js';
import { pollRules } from './rules.js';

/** Rules of the throttle; lengths in milliseconds. */
export const throttleRules = {
  /** So many tasks, one after another, meet errors of the vendor as a whole: an outage. One task's own errors is none. */
  outageErrors: 5,
  /** From one probe to the next while the outage lasts, as a single wait would ask. */
  probeGapMs: pollRules.errorBackoffMs,
  /** A probe that tells nothing for so long died with its attempt, which is bounded by 18 s. */
  probeLeaseMs: 20_000,
  /** Who comes while a probe is on its way comes again after this. */
  probeUnderwayMs: 5_000,
  /** One reply silences a whole account for no longer than this, whatever it asks for; the wait itself obeys it to the end. */
  maxPauseMs: 3_600_000,
  /** A throttle halves the pace, down to this share of the budget. */
  minShare: 1 / 64,
  /** From a standstill back to the whole budget. */
  recoveryMs: 120_000,
  /** How much of the budget may be spent ahead: by newcomers, and by those who have waited for their turn. */
  burstMs: { newcomer: 100, inTurn: 250 },
  /** A place in the line this little ahead counts as come; what is told is further ahead. */
  slackMs: pollRules.dueSlackMs,
  /** The end of a pause this little ahead counts as come for who has no place: clocks round. */
  roundingMs: 5,
} as const;

/** The throttle of one account. JSON; times are Unix milliseconds. */
export interface AccountThrottle {
  /** No poll before this: a vendor's order. 0 is none. */
  readonly pausedUntilMs: number;
  /** When that was ordered. */
  readonly pausedAtMs: number;
  /** Tasks in a row that met errors of the vendor as a whole, and the last of them. */
  readonly errors: number;
  readonly failedTaskId?: string;
  /** Set while the vendor is away. */
  readonly outage?: {
    /** Probes that failed, the errors that began the outage included. */
    readonly failures: number;
    /** No probe before this. */
    readonly probeAtMs: number;
    /** A probe is on its way. */
    readonly isProbing: boolean;
  };
  /** Set after a throttle: the share of the budget at that time. */
  readonly slowdown?: { readonly share: number; readonly sinceMs: number };
  /** When the budget is level again: each poll takes its gap. */
  readonly levelAtMs: number;
  /** The first free place in the line of those who are told to come again. */
  readonly lineEndMs: number;
}

/** An account of which nothing is known yet. */
export const initialThrottle: AccountThrottle = {
  pausedUntilMs: 0,
  pausedAtMs: 0,
  errors: 0,
  levelAtMs: 0,
  lineEndMs: 0,
};

/** A wait that wants to poll. */
export interface AdmissionRequest {
  readonly nowMs: number;
  /** The place in the line that it was given before. */
  readonly placeMs?: number;
  /** The last poll before its deadline, which is never refused. */
  readonly isFinal?: boolean;
}

/** What {@link admitPoll} answers. `deferUntilMs`: come again then; without it the poll may start. `isProbe`: it stands for all. */
export interface Admission {
  readonly throttle: AccountThrottle;
  readonly deferUntilMs?: number;
  readonly isProbe: boolean;
}

/** A poll that ended. */
export interface EndedPoll {
  readonly taskId: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly isProbe: boolean;
  /** Absent where the poll was broken off. */
  readonly classification?: Classification;
}

/** The share of the budget in force: falls by halves, rises evenly. */
export const shareAt = ({ slowdown }: AccountThrottle, nowMs: number): number =>
  slowdown === undefined
    ? 1
    : Math.min(1, slowdown.share + Math.max(0, nowMs - slowdown.sinceMs) / throttleRules.recoveryMs);

/**
 * Whether a poll may start now. Who may not is given a place in a line that moves by the budget, so that nobody comes back in a
 * crowd after a pause or an outage.
 * @param queriesPerSecond - the account's budget
 */
export function admitPoll(throttle: AccountThrottle, request: AdmissionRequest, queriesPerSecond: number): Admission {
  const { nowMs, placeMs, isFinal = false } = request;
  const gapMs = 1000 / (queriesPerSecond * shareAt(throttle, nowMs));
  const spent: AccountThrottle = { ...throttle, levelAtMs: Math.max(throttle.levelAtMs, nowMs) + gapMs };
  if (isFinal) return { throttle: spent, isProbe: false };
  const { outage } = throttle;
  const isInTurn = placeMs !== undefined && placeMs <= nowMs + throttleRules.slackMs;
  const openAtMs = Math.max(throttle.pausedUntilMs, outage?.probeAtMs ?? 0);
  const paidAtMs = throttle.levelAtMs - throttleRules.burstMs[isInTurn ? 'inTurn' : 'newcomer'];
  if (openAtMs <= nowMs + (isInTurn ? throttleRules.slackMs : throttleRules.roundingMs) && paidAtMs <= nowMs) {
    if (outage === undefined) return { throttle: spent, isProbe: false };
    const probing = { ...outage, isProbing: true, probeAtMs: nowMs + throttleRules.probeLeaseMs };
    return { throttle: { ...spent, outage: probing }, isProbe: true };
  }
  const wantedMs = outage?.isProbing
    ? Math.max(throttle.pausedUntilMs, nowMs + throttleRules.probeUnderwayMs)
    : openAtMs;
  const minMs = Math.max(wantedMs, paidAtMs, nowMs + throttleRules.slackMs + 1);
  if (placeMs !== undefined && placeMs >= minMs) return { throttle, deferUntilMs: placeMs, isProbe: false };
  const deferUntilMs = Math.ceil(Math.max(minMs, throttle.lineEndMs));
  return { throttle: { ...throttle, lineEndMs: deferUntilMs + gapMs }, deferUntilMs, isProbe: false };
}

const without = <K extends keyof AccountThrottle>(
  throttle: AccountThrottle,
  ...keys: K[]
): Omit<AccountThrottle, K> => {
  const copy = { ...throttle };
  for (const key of keys) delete copy[key];
  return copy;
};

/** The vendor answered: it is not away. A line that was made for a later time is none any more. */
function answered(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  const { outage } = throttle;
  const isAhead = outage !== undefined && !poll.isProbe;
  const open: AccountThrottle = { ...without(throttle, 'outage', 'failedTaskId'), errors: 0 };
  return isAhead ? { ...open, lineEndMs: 0 } : open;
}

function failedPoll(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  const { nowMs, taskId } = poll;
  const { outage } = throttle;
  const probeAfter = (failures: number): AccountThrottle => {
    const gapMs = backoffMs(throttleRules.probeGapMs, failures, jitterOf(taskId, failures));
    return { ...throttle, outage: { failures, probeAtMs: nowMs + gapMs, isProbing: false } };
  };
  if (outage !== undefined) return poll.isProbe ? probeAfter(outage.failures + 1) : throttle;
  if (throttle.failedTaskId === taskId) return throttle;
  const errors = throttle.errors + 1;
  if (errors < throttleRules.outageErrors) return { ...throttle, errors, failedTaskId: taskId };
  return { ...probeAfter(1), errors, failedTaskId: taskId };
}

function slower(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  // Polls that were on their way already tell of the same throttle once more.
  if (throttle.slowdown !== undefined && poll.startedAtMs < throttle.slowdown.sinceMs) return throttle;
  const share = Math.max(throttleRules.minShare, shareAt(throttle, poll.nowMs) / 2);
  return { ...throttle, slowdown: { share, sinceMs: poll.nowMs } };
}

/** Takes in how a poll ended. */
export function observePoll(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  const { classification, nowMs, startedAtMs } = poll;
  if (classification === undefined) {
    // Whoever comes next is the probe.
    if (!poll.isProbe || throttle.outage === undefined) return throttle;
    return { ...throttle, outage: { ...throttle.outage, isProbing: false, probeAtMs: nowMs } };
  }
  // Without a key nothing was asked; what is too large is so for one task.
  const isError = classification.kind === 'error';
  if (isError && classification.error.code === 'NoKey')
    return observePoll(throttle, { ...withoutClassification(poll) });
  const isAway = isError && classification.class === 'transient' && classification.error.code !== 'TooLarge';
  let after = isAway ? failedPoll(throttle, poll) : answered(throttle, poll);
  if (!isError || (classification.class !== 'transient' && classification.class !== 'throttled')) {
    // Who was heard in the middle of a pause shows that it is over.
    const isOver = after.pausedUntilMs > nowMs && startedAtMs > after.pausedAtMs;
    return isOver ? { ...after, pausedUntilMs: 0, lineEndMs: 0 } : after;
  }
  if (classification.class === 'throttled') after = slower(after, poll);
  const { hint } = classification;
  if (hint === undefined || hint.delayMs <= 0) return after;
  const pausedUntilMs = nowMs + Math.min(hint.delayMs, throttleRules.maxPauseMs);
  return pausedUntilMs <= after.pausedUntilMs ? after : { ...after, pausedUntilMs, pausedAtMs: nowMs };
}

const withoutClassification = ({ classification: _verdict, ...poll }: EndedPoll): EndedPoll => poll;

/** One line where a change is worth telling a person; `undefined` where nothing is. */
export function throttleChange(before: AccountThrottle, after: AccountThrottle): string | undefined {
  if (before.outage === undefined && after.outage !== undefined) {
    return 'the vendor is away; one poll in each gap stands for all waits of the account';
  }
  if (before.outage !== undefined && after.outage === undefined) return 'the vendor is back';
  if (after.slowdown !== before.slowdown) return 'the vendor throttles the account; its polls are halved for a while';
  return undefined;
}
