/** How patiently a Nexus operation waits for an outcome. Pure. */
import { limits } from '../contract.js';

/** How long after its deadline a wait's outcome may come before the operation checks whether the wait still exists. */
export const GRACE_MS = 60_000;
/** A wait that outlives its deadline again and again is asked less and less often: the operation's history stays short. */
const MAX_DOUBLINGS = 6;

/**
 * How long to wait for an outcome before the wait is asked again. Bounded whatever the deadline: a wait may answer one that is past, as
 * after a reset, or none that can be read.
 * @param deadlineMs - Unix milliseconds, as the wait answered; may be `NaN`
 * @param round - how often the wait was asked before
 */
export function patienceMs(deadlineMs: number, nowMs: number, round: number): number {
  const untilDeadlineMs = Number.isFinite(deadlineMs) ? deadlineMs - nowMs : 0;
  const boundedMs = Math.min(Math.max(0, untilDeadlineMs), 1000 * limits.timeoutSecondsMax);
  return boundedMs + GRACE_MS * 2 ** Math.min(round, MAX_DOUBLINGS);
}
