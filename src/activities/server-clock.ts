/**
 * The Temporal server's time, as an activity can know it. Deadlines come from workflow time, which is the server's; a worker's wall
 * clock may be wrong or step. Each attempt carries when it was due by the server's clock; it runs at that time or later, so the
 * largest difference to a monotonic clock is the best estimate of the offset.
 */
export interface ServerClock {
  /**
   * Takes in a time that the server has passed, in Unix milliseconds.
   * @param isCertain - false for when a retry was due: a crowded server was seen to hand one out seconds before its time, from a
   *   duplicate of the attempt before. Such times count only until there is a certain one. Default true.
   */
  observe(serverMs: number, isCertain?: boolean): void;
  /** Now, in the server's Unix milliseconds; never ahead of the truth by more than the drift of two clocks in 500 attempts. */
  now(): number | Promise<number>;
  /**
   * When this attempt was due. Given where the server's time means something else: the time-skipping test server gives the time when the
   * attempt before failed.
   */
  dueAt?(toldMs: number, nowMs: number): number;
}

const WINDOW = 500;

/** @param monotonicMs - a clock that never steps; default `performance.now` */
export function createServerClock(
  monotonicMs: () => number = () => performance.now(),
): ServerClock & { now(): number } {
  const never = Number.NEGATIVE_INFINITY;
  /** The largest differences of this window and the one before, certain ones and others. */
  let [older, newer, olderRetry, newerRetry] = [never, never, never, never];
  let seen = 0;
  return {
    observe(serverMs, isCertain = true) {
      const offset = serverMs - monotonicMs();
      if (isCertain) newer = Math.max(newer, offset);
      else newerRetry = Math.max(newerRetry, offset);
      seen += 1;
      if (seen % WINDOW === 0) [older, newer, olderRetry, newerRetry] = [newer, never, newerRetry, never];
    },
    now() {
      const certain = Math.max(older, newer);
      const offset = certain === never ? Math.max(olderRetry, newerRetry) : certain;
      return Math.round(offset === never ? Date.now() : offset + monotonicMs());
    },
  };
}
