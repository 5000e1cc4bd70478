/** Delays that no schedule computes. Pure. */

/**
 * Exponential backoff: doubles from `first` to `max`, plus up to 20 % jitter.
 * @param count - errors so far, from 1; counted apart from the schedule, so that neither resets the other
 * @param jitter - in [0, 1)
 * @returns milliseconds
 */
export function backoffMs(
  bounds: { readonly first: number; readonly max: number },
  count: number,
  jitter: number,
): number {
  const doubled = Math.min(bounds.max, bounds.first * 2 ** Math.min(30, count - 1));
  return Math.round(doubled * (1 + 0.2 * jitter));
}

/** Keeps a delay within the deadline: never past it, and no poll so close before it that the final poll follows at once. */
export function clampToDeadline(delayMs: number, nowMs: number, deadlineMs: number, floorMs: number): number {
  const leftMs = Math.max(0, Math.floor(deadlineMs - nowMs));
  const wantedMs = Math.round(delayMs);
  return leftMs - wantedMs < floorMs ? leftMs : wantedMs;
}
