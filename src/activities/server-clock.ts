/**
 * The Temporal server's time, as an activity can know it. Deadlines come from workflow time, which is the server's; a worker's wall
 * clock may be wrong or step. Each attempt carries when it was due by the server's clock; it runs at that time or later, so the
 * largest difference to a monotonic clock is the best estimate of the offset.
 */
export interface ServerClock {
  /** Takes in a time that the server has passed, in Unix milliseconds. */
  observe(serverMs: number): void;
  /** Now, in the server's Unix milliseconds; never ahead of the truth by more than the drift of two clocks in 500 attempts. */
  now(): number | Promise<number>;
  /**
   * When this attempt was due. Given where the server's own word is not that: the time-skipping test server tells when the attempt
   * before failed.
   */
  dueAt?(toldMs: number, nowMs: number): number;
}

const WINDOW = 500;

/** @param monotonicMs - a clock that never steps; default `performance.now` */
export function createServerClock(
  monotonicMs: () => number = () => performance.now(),
): ServerClock & { now(): number } {
  let older = Number.NEGATIVE_INFINITY;
  let newer = Number.NEGATIVE_INFINITY;
  let seen = 0;
  return {
    observe(serverMs) {
      newer = Math.max(newer, serverMs - monotonicMs());
      seen += 1;
      if (seen % WINDOW === 0) {
        older = newer;
        newer = Number.NEGATIVE_INFINITY;
      }
    },
    now() {
      const offset = Math.max(older, newer);
      return Math.round(offset === Number.NEGATIVE_INFINITY ? Date.now() : offset + monotonicMs());
    },
  };
}
