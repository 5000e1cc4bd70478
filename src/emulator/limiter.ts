/** Rate limits of the emulated vendor, per account: a sliding window, then a throttle. Time is an argument. */

/** At most `count` calls in any window. The next call is refused, and so are all others until the throttle ends. */
export interface RateLimit {
  readonly count: number;
  readonly windowSeconds: number;
  /** Default 0: calls are refused only while the window is full. */
  readonly throttleSeconds?: number;
}

/** Counts calls against a limit. */
export class Limiter {
  readonly #limit: RateLimit;
  readonly #callsMs = new Map<string, number[]>();
  readonly #throttledUntilMs = new Map<string, number>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Counts a call and returns `undefined`, or refuses it and returns the whole seconds until calls are accepted again. */
  admit(account: string, nowMs: number): number | undefined {
    const { count, windowSeconds, throttleSeconds = 0 } = this.#limit;
    const untilMs = this.#throttledUntilMs.get(account) ?? 0;
    if (nowMs < untilMs) return Math.ceil((untilMs - nowMs) / 1000);
    const fromMs = nowMs - windowSeconds * 1000;
    const calls = (this.#callsMs.get(account) ?? []).filter((callMs) => callMs > fromMs);
    this.#callsMs.set(account, calls);
    if (calls.length < count) {
      calls.push(nowMs);
      return undefined;
    }
    this.#throttledUntilMs.set(account, nowMs + throttleSeconds * 1000);
    const [oldestMs = nowMs] = calls;
    return throttleSeconds > 0 ? throttleSeconds : Math.max(0, Math.ceil((oldestMs - fromMs) / 1000));
  }
}
