/**
 * The throttle of one account within one process: pauses that the vendor ordered, a slowdown after throttling, a circuit breaker for outages,
 * and the budget. A fold: state and event in, state out. Each wait keeps its own schedule and backoff beside it.
 */
import { jitterOf } from '../schedule/jitter.js';
import { backoffMs } from './backoff.js';
import type { Classification } from './classify.js';
import { pollRules } from './rules.js';

/** Numbers of the throttle. Lengths in milliseconds. */
export const throttleRules = {
  /** Errors of so many tasks since the vendor's last answer make an outage. Suspects are no evidence. */
  outageTasks: 5,
  /** Task ids that are remembered as failing by themselves. */
  maxSuspects: 64,
  /** Between two probes during an outage; the same as the backoff of a single wait. */
  probeGapMs: pollRules.errorBackoffMs,
  /** A probe without a result after this has died with its attempt, which is bounded by 18 s. */
  probeLeaseMs: 20_000,
  /** A poll that comes while a probe is under way is deferred by this. */
  probeUnderwayMs: 5_000,
  /** One reply pauses the whole account for at most this; its own wait obeys the full pause. */
  maxPauseMs: 3_600_000,
  /** Throttling halves the rate, down to this share of the budget. */
  minShare: 1 / 64,
  /** From zero back to the whole budget. */
  recoveryMs: 120_000,
  /** How much of the budget may be spent ahead: by new polls, and by polls whose place in line has come. */
  burstMs: { newcomer: 100, inTurn: 250 },
  /** A place in line this little ahead counts as come; deferrals are always longer. */
  slackMs: pollRules.dueSlackMs,
  /** For a poll without a place, a pause that ends this soon counts as over: clocks round. */
  roundingMs: 5,
} as const;

/** The state of an account's throttle. JSON; times are Unix milliseconds. */
export interface AccountThrottle {
  /** No poll before this, by order of the vendor; 0: no pause. */
  readonly pausedUntilMs: number;
  /** When that was ordered. */
  readonly pausedAtMs: number;
  /** Tasks that met an error of the vendor as a whole since its last answer. */
  readonly failing: readonly string[];
  /** Tasks that failed while others were answered: their errors are their own. */
  readonly suspects: readonly string[];
  /** Set during an outage: the circuit is open. */
  readonly outage?: {
    /** Failed probes, and one for the errors that began the outage. */
    readonly failures: number;
    /** No probe by a task that has failed before this. */
    readonly probeAtMs: number;
    /**
     * No probe by another task before this. It backs off by the number of tasks that failed, so that a few tasks with errors of
     * their own do not keep the others waiting.
     */
    readonly newcomerAtMs: number;
    /** A probe is under way. */
    readonly isProbing: boolean;
  };
  /** Set after throttling: the share of the budget at that time. */
  readonly slowdown?: { readonly share: number; readonly sinceMs: number };
  /** When the budget that was spent ahead is regained: each poll takes its gap. */
  readonly levelAtMs: number;
  /** The first free place in the line of deferred polls. */
  readonly lineEndMs: number;
}

/** The throttle of an account without history: admits. */
export const initialThrottle: AccountThrottle = {
  pausedUntilMs: 0,
  pausedAtMs: 0,
  failing: [],
  suspects: [],
  levelAtMs: 0,
  lineEndMs: 0,
};

/** A wait that asks to poll. */
export interface AdmissionRequest {
  readonly taskId: string;
  readonly nowMs: number;
  /** The place in line that it was given before. */
  readonly placeMs?: number;
  /** The final poll before its deadline, which is never deferred. */
  readonly isFinal?: boolean;
}

/** The answer. `deferUntilMs`: ask again then; without it the poll is admitted. `isProbe`: it tests for all whether the outage is over. */
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
  /** Absent where the poll was cancelled. */
  readonly classification?: Classification;
}

/** The share of the budget in force: halved by throttling, then rising linearly. */
export const shareAt = ({ slowdown }: AccountThrottle, nowMs: number): number =>
  slowdown === undefined
    ? 1
    : Math.min(1, slowdown.share + Math.max(0, nowMs - slowdown.sinceMs) / throttleRules.recoveryMs);

/**
 * Admits a poll, or defers it to a place in a line that moves by the budget, so that polls do not come back in a burst after a pause or an
 * outage.
 * @param queriesPerSecond - the account's budget
 */
export function admitPoll(throttle: AccountThrottle, request: AdmissionRequest, queriesPerSecond: number): Admission {
  const { taskId, nowMs, placeMs, isFinal = false } = request;
  const gapMs = 1000 / (queriesPerSecond * shareAt(throttle, nowMs));
  const spent: AccountThrottle = { ...throttle, levelAtMs: Math.max(throttle.levelAtMs, nowMs) + gapMs };
  if (isFinal) return { throttle: spent, isProbe: false };
  const { outage } = throttle;
  const isInTurn = placeMs !== undefined && placeMs <= nowMs + throttleRules.slackMs;
  const probeAtMs = outage?.[hasFailed(throttle, taskId) ? 'probeAtMs' : 'newcomerAtMs'] ?? 0;
  const openAtMs = Math.max(throttle.pausedUntilMs, probeAtMs);
  const paidAtMs = throttle.levelAtMs - throttleRules.burstMs[isInTurn ? 'inTurn' : 'newcomer'];
  if (openAtMs <= nowMs + (isInTurn ? throttleRules.slackMs : throttleRules.roundingMs) && paidAtMs <= nowMs) {
    if (outage === undefined) return { throttle: spent, isProbe: false };
    const leaseEndMs = nowMs + throttleRules.probeLeaseMs;
    const probing = { ...outage, isProbing: true, probeAtMs: leaseEndMs, newcomerAtMs: leaseEndMs };
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

/** The vendor answered, so any outage is over, and with it the line. */
function afterAnswer(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  const { outage } = throttle;
  const isAhead = outage !== undefined && !poll.isProbe;
  const suspects = [...throttle.suspects, ...throttle.failing].filter((taskId) => taskId !== poll.taskId);
  const open: AccountThrottle = {
    ...without(throttle, 'outage'),
    failing: [],
    suspects: suspects.slice(-throttleRules.maxSuspects),
  };
  return isAhead ? { ...open, lineEndMs: 0 } : open;
}

function afterError(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  const { taskId } = poll;
  const { outage } = throttle;
  const failing = hasFailed(throttle, taskId)
    ? throttle.failing
    : [...throttle.failing, taskId].slice(-throttleRules.maxSuspects);
  const failed = { ...throttle, failing };
  if (outage !== undefined) return poll.isProbe ? probeAfter(failed, outage.failures + 1, poll) : failed;
  return failing.length < throttleRules.outageTasks ? failed : probeAfter(failed, 1, poll);
}

function probeAfter(throttle: AccountThrottle, failures: number, { nowMs, taskId }: EndedPoll): AccountThrottle {
  const gapMs = (count: number) => backoffMs(throttleRules.probeGapMs, count, jitterOf(taskId, count));
  const probeAtMs = nowMs + gapMs(failures);
  // Tasks that failed as probes, of which each was a newcomer once.
  const newcomerFailures = throttle.failing.length - throttleRules.outageTasks + 1;
  const newcomerAtMs = nowMs + gapMs(Math.max(1, Math.min(newcomerFailures, failures)));
  return { ...throttle, outage: { failures, probeAtMs, newcomerAtMs, isProbing: false } };
}

const hasFailed = ({ failing, suspects }: AccountThrottle, taskId: string): boolean =>
  failing.includes(taskId) || suspects.includes(taskId);

function slowDown(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  // Polls that were under way report the same throttling again.
  if (throttle.slowdown !== undefined && poll.startedAtMs < throttle.slowdown.sinceMs) return throttle;
  const share = Math.max(throttleRules.minShare, shareAt(throttle, poll.nowMs) / 2);
  return { ...throttle, slowdown: { share, sinceMs: poll.nowMs } };
}

/** Takes the end of a poll in. */
export function observePoll(throttle: AccountThrottle, poll: EndedPoll): AccountThrottle {
  const { classification, nowMs, startedAtMs } = poll;
  if (classification === undefined) {
    // The next poll is the probe.
    if (!poll.isProbe || throttle.outage === undefined) return throttle;
    return { ...throttle, outage: { ...throttle.outage, isProbing: false, probeAtMs: nowMs, newcomerAtMs: nowMs } };
  }
  // `NoKey` sent nothing; `TooLarge` concerns one task.
  const isError = classification.kind === 'error';
  if (isError && classification.error.code === 'NoKey') return observePoll(throttle, withoutClassification(poll));
  const isVendorError = isError && classification.class === 'transient' && classification.error.code !== 'TooLarge';
  let after = isVendorError ? afterError(throttle, poll) : afterAnswer(throttle, poll);
  if (!isError || (classification.class !== 'transient' && classification.class !== 'throttled')) {
    // An answer in the middle of a pause shows that it is over.
    const isOver = after.pausedUntilMs > nowMs && startedAtMs > after.pausedAtMs;
    return isOver ? { ...after, pausedUntilMs: 0, lineEndMs: 0 } : after;
  }
  if (classification.class === 'throttled') after = slowDown(after, poll);
  const { hint } = classification;
  if (hint === undefined || hint.delayMs <= 0) return after;
  const pausedUntilMs = nowMs + Math.min(hint.delayMs, throttleRules.maxPauseMs);
  return pausedUntilMs <= after.pausedUntilMs ? after : { ...after, pausedUntilMs, pausedAtMs: nowMs };
}

const withoutClassification = ({ classification: _classification, ...poll }: EndedPoll): EndedPoll => poll;

/** A line for the log where the state changed in a way that matters to people. */
export function throttleChange(before: AccountThrottle, after: AccountThrottle): string | undefined {
  if (before.outage === undefined && after.outage !== undefined) {
    return 'the vendor is unavailable; one poll at a time probes for all waits of the account';
  }
  if (before.outage !== undefined && after.outage === undefined) return 'the vendor is available again';
  if (after.slowdown !== before.slowdown)
    return 'the vendor throttles the account; polls continue at half the rate for a while';
  return undefined;
}
