/** Rate limits of the emulated vendor, by account: a sliding window, then a ban. Time is an argument. */

/** So many calls in any such span; the next one is refused, and all that follow until the ban is over. */
export interface RateLimit {
  readonly count: number;
  readonly windowSeconds: number;
  /** Default 0: refused only while the window is full. */
  readonly throttleSeconds?: number;
}

/** Counts calls against a limit. */
export class Limiter {
  readonly #limit: RateLimit;
  readonly #callsMs = new Map<string, number[]>();
  readonly #bannedUntilMs = new Map<string, number>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Whole seconds until calls are accepted again, or `undefined` where this one is accepted. A refused call is not counted. */
  refuses(account: string, nowMs: number): number | undefined {
    const { count, windowSeconds, throttleSeconds = 0 } = this.#limit;
    const untilMs = this.#bannedUntilMs.get(account) ?? 0;
    if (nowMs < untilMs) return Math.ceil((untilMs - nowMs) / 1000);
    const fromMs = nowMs - windowSeconds * 1000;
    const calls = (this.#callsMs.get(account) ?? []).filter((callMs) => callMs > fromMs);
    this.#callsMs.set(account, calls);
    if (calls.length < count) {
      calls.push(nowMs);
      return undefined;
    }
    this.#bannedUntilMs.set(account, nowMs + throttleSeconds * 1000);
    const [oldestMs = nowMs] = calls;
    return throttleSeconds > 0 ? throttleSeconds : Math.max(0, Math.ceil((oldestMs - fromMs) / 1000));
  }
}
