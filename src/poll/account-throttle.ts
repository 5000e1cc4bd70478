/**
 * What all looks of one account have in common within one process: pauses that the vendor ordered, a slow-down after a throttle,
 * outages, and the budget. A fold: state and event in, state out. Each wait keeps its own schedule and backoff beside it.
 */

import { jitterOf } from '../schedule/jitter.js';
import type { Verdict } from './classify.js';
import { backoffMs, waitRules } from './decide.js';

/** Rules of the gate; lengths in milliseconds. */
export const gateRules = {
  /** So many tasks, one after another, meet trouble of the vendor as a whole: an outage. One task's own trouble is none. */
  outageTroubles: 5,
  /** From one probe to the next while the outage lasts, as a single wait would ask. */
  probeGapMs: waitRules.errorBackoffMs,
  /** A probe that tells nothing for so long died with its attempt, which is bounded by 18 s. */
  probeLeaseMs: 20_000,
  /** Who comes while a probe is on its way comes again after this. */
  probeUnderwayMs: 5_000,
  /** One reply silences a whole account for no longer than this, whatever it asks for; the wait itself obeys it to the end. */
  mostPauseMs: 3_600_000,
  /** A throttle halves the pace, down to this share of the budget. */
  leastShare: 1 / 64,
  /** From a standstill back to the whole budget. */
  recoveryMs: 120_000,
  /** How much of the budget may be spent ahead: by newcomers, and by those who have waited for their turn. */
  burstMs: { newcomer: 100, inTurn: 250 },
  /** A place in the line this little ahead counts as come; what is told is further ahead. */
  slackMs: waitRules.dueSlackMs,
  /** The end of a pause this little ahead counts as come for who has no place: clocks round. */
  roundingMs: 5,
} as const;

/** The gate of one account. JSON; times are Unix milliseconds. */
export interface Gate {
  /** No look before this: a vendor's order. 0 is none. */
  readonly pausedUntilMs: number;
  /** When that was ordered. */
  readonly pausedAtMs: number;
  /** Tasks in a row that met trouble of the vendor as a whole, and the last of them. */
  readonly troubles: number;
  readonly troubledTaskId?: string;
  /** Set while the vendor is away. */
  readonly outage?: {
    /** Probes that failed, the trouble that began the outage included. */
    readonly failures: number;
    /** No probe before this. */
    readonly probeAtMs: number;
    /** A probe is on its way. */
    readonly isProbing: boolean;
  };
  /** Set after a throttle: the share of the budget at that time. */
  readonly slowdown?: { readonly share: number; readonly sinceMs: number };
  /** When the budget is level again: each look takes its gap. */
  readonly levelAtMs: number;
  /** The first free place in the line of those who are told to come again. */
  readonly lineEndMs: number;
}

/** An account of which nothing is known yet. */
export const openGate: Gate = { pausedUntilMs: 0, pausedAtMs: 0, troubles: 0, levelAtMs: 0, lineEndMs: 0 };

/** A wait that wants to look. */
export interface Wish {
  readonly nowMs: number;
  /** The place in the line that it was given before. */
  readonly placeMs?: number;
  /** The last look before its deadline, which is never refused. */
  readonly isLast?: boolean;
}

/** What {@link askGate} answers. `holdUntilMs`: come again then; without it the look may start. `isProbe`: it stands for all. */
export interface Asked {
  readonly gate: Gate;
  readonly holdUntilMs?: number;
  readonly isProbe: boolean;
}

/** A look that ended. */
export interface Looked {
  readonly taskId: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly isProbe: boolean;
  /** Absent where the look was broken off. */
  readonly verdict?: Verdict;
}

/** The share of the budget in force: falls by halves, rises evenly. */
export const shareAt = ({ slowdown }: Gate, nowMs: number): number =>
  slowdown === undefined
    ? 1
    : Math.min(1, slowdown.share + Math.max(0, nowMs - slowdown.sinceMs) / gateRules.recoveryMs);

/**
 * Whether a look may start now. Who may not is given a place in a line that moves by the budget, so that nobody comes back in a
 * crowd after a pause or an outage.
 * @param queriesPerSecond - the account's budget
 */
export function askGate(gate: Gate, wish: Wish, queriesPerSecond: number): Asked {
  const { nowMs, placeMs, isLast = false } = wish;
  const gapMs = 1000 / (queriesPerSecond * shareAt(gate, nowMs));
  const spent: Gate = { ...gate, levelAtMs: Math.max(gate.levelAtMs, nowMs) + gapMs };
  if (isLast) return { gate: spent, isProbe: false };
  const { outage } = gate;
  const isInTurn = placeMs !== undefined && placeMs <= nowMs + gateRules.slackMs;
  const openAtMs = Math.max(gate.pausedUntilMs, outage?.probeAtMs ?? 0);
  const paidAtMs = gate.levelAtMs - gateRules.burstMs[isInTurn ? 'inTurn' : 'newcomer'];
  if (openAtMs <= nowMs + (isInTurn ? gateRules.slackMs : gateRules.roundingMs) && paidAtMs <= nowMs) {
    if (outage === undefined) return { gate: spent, isProbe: false };
    const probing = { ...outage, isProbing: true, probeAtMs: nowMs + gateRules.probeLeaseMs };
    return { gate: { ...spent, outage: probing }, isProbe: true };
  }
  const wantedMs = outage?.isProbing ? Math.max(gate.pausedUntilMs, nowMs + gateRules.probeUnderwayMs) : openAtMs;
  const leastMs = Math.max(wantedMs, paidAtMs, nowMs + gateRules.slackMs + 1);
  if (placeMs !== undefined && placeMs >= leastMs) return { gate, holdUntilMs: placeMs, isProbe: false };
  const holdUntilMs = Math.ceil(Math.max(leastMs, gate.lineEndMs));
  return { gate: { ...gate, lineEndMs: holdUntilMs + gapMs }, holdUntilMs, isProbe: false };
}

const without = <K extends keyof Gate>(gate: Gate, ...keys: K[]): Omit<Gate, K> => {
  const copy = { ...gate };
  for (const key of keys) delete copy[key];
  return copy;
};

/** The vendor answered: it is not away. A line that was made for a later time is none any more. */
function answered(gate: Gate, look: Looked): Gate {
  const { outage } = gate;
  const isAhead = outage !== undefined && !look.isProbe;
  const open: Gate = { ...without(gate, 'outage', 'troubledTaskId'), troubles: 0 };
  return isAhead ? { ...open, lineEndMs: 0 } : open;
}

function troubled(gate: Gate, look: Looked): Gate {
  const { nowMs, taskId } = look;
  const { outage } = gate;
  const probeAfter = (failures: number): Gate => {
    const gapMs = backoffMs(gateRules.probeGapMs, failures, jitterOf(taskId, failures));
    return { ...gate, outage: { failures, probeAtMs: nowMs + gapMs, isProbing: false } };
  };
  if (outage !== undefined) return look.isProbe ? probeAfter(outage.failures + 1) : gate;
  if (gate.troubledTaskId === taskId) return gate;
  const troubles = gate.troubles + 1;
  if (troubles < gateRules.outageTroubles) return { ...gate, troubles, troubledTaskId: taskId };
  return { ...probeAfter(1), troubles, troubledTaskId: taskId };
}

function slower(gate: Gate, look: Looked): Gate {
  // Looks that were on their way already tell of the same throttle once more.
  if (gate.slowdown !== undefined && look.startedAtMs < gate.slowdown.sinceMs) return gate;
  const share = Math.max(gateRules.leastShare, shareAt(gate, look.nowMs) / 2);
  return { ...gate, slowdown: { share, sinceMs: look.nowMs } };
}

/** Takes in how a look ended. */
export function learnGate(gate: Gate, look: Looked): Gate {
  const { verdict, nowMs, startedAtMs } = look;
  if (verdict === undefined) {
    // Whoever comes next is the probe.
    if (!look.isProbe || gate.outage === undefined) return gate;
    return { ...gate, outage: { ...gate.outage, isProbing: false, probeAtMs: nowMs } };
  }
  // Without a key nothing was asked; what is too large is so for one task.
  const isTrouble = verdict.kind === 'trouble';
  if (isTrouble && verdict.error.code === 'NoKey') return learnGate(gate, { ...withoutVerdict(look) });
  const isAway = isTrouble && verdict.class === 'transient' && verdict.error.code !== 'TooLarge';
  let after = isAway ? troubled(gate, look) : answered(gate, look);
  if (!isTrouble || (verdict.class !== 'transient' && verdict.class !== 'throttled')) {
    // Who was heard in the middle of a pause shows that it is over.
    const isOver = after.pausedUntilMs > nowMs && startedAtMs > after.pausedAtMs;
    return isOver ? { ...after, pausedUntilMs: 0, lineEndMs: 0 } : after;
  }
  if (verdict.class === 'throttled') after = slower(after, look);
  const { hint } = verdict;
  if (hint === undefined || hint.delayMs <= 0) return after;
  const pausedUntilMs = nowMs + Math.min(hint.delayMs, gateRules.mostPauseMs);
  return pausedUntilMs <= after.pausedUntilMs ? after : { ...after, pausedUntilMs, pausedAtMs: nowMs };
}

const withoutVerdict = ({ verdict: _verdict, ...look }: Looked): Looked => look;

/** One line where a change is worth telling a person; `undefined` where nothing is. */
export function gateNews(before: Gate, after: Gate): string | undefined {
  if (before.outage === undefined && after.outage !== undefined) {
    return 'the vendor is away; one look in each gap stands for all waits of the account';
  }
  if (before.outage !== undefined && after.outage === undefined) return 'the vendor is back';
  if (after.slowdown !== before.slowdown) return 'the vendor throttles the account; its looks are halved for a while';
  return undefined;
}
