/** The throttles of all accounts of this process: what one poll learns of the vendor, the others obey. */
import {
  type AccountThrottle,
  admitPoll,
  initialThrottle,
  observePoll,
  throttleChange,
} from '../poll/account-throttle.js';
import type { Classification } from '../poll/classify.js';

/** A poll that may start. */
export interface Admitted {
  readonly kind: 'admitted';
  /** To be called once, when it has ended. Returns one line where the account's state changed in a way worth a warning. */
  done(end: { readonly classification?: Classification; readonly nowMs: number }): string | undefined;
}

/** A poll that must wait. */
export interface Deferred {
  readonly kind: 'deferred';
  readonly untilMs: number;
}

/** See the file's description. Times are Unix milliseconds of the Temporal server. */
export interface AccountThrottles {
  enter(poll: {
    readonly account: string;
    readonly taskId: string;
    readonly nowMs: number;
    /** The last poll before a deadline, which is never held. */
    readonly isLast: boolean;
  }): Admitted | Deferred;
  /** What is known of an account. */
  state(account: string): AccountThrottle;
}

/** Places that nobody came back for are forgotten so long after their time. */
const FORGET_MS = 60_000;
const SWEEP_EVERY = 1_000;
/** The rest of the budget is for the way to the vendor: what leaves evenly may arrive in a crowd. */
const PACE_SHARE = 0.95;

/** @param options - `queriesPerSecond`: the budget of an account */
export function createAccountThrottles(options: {
  readonly queriesPerSecond: (account: string) => number;
}): AccountThrottles {
  const throttles = new Map<string, AccountThrottle>();
  /** By account and task. */
  const places = new Map<string, number>();
  let entries = 0;

  const sweep = (nowMs: number): void => {
    entries += 1;
    if (entries % SWEEP_EVERY !== 0) return;
    for (const [key, placeMs] of places) if (placeMs < nowMs - FORGET_MS) places.delete(key);
  };
  const state = (account: string): AccountThrottle => throttles.get(account) ?? initialThrottle;

  return {
    state,
    enter({ account, taskId, nowMs, isLast }) {
      sweep(nowMs);
      const key = `${account} ${taskId}`;
      const placeMs = places.get(key);
      const request = { nowMs, isLast, ...(placeMs === undefined ? {} : { placeMs }) };
      const { throttle, deferUntilMs, isProbe } = admitPoll(
        state(account),
        request,
        PACE_SHARE * options.queriesPerSecond(account),
      );
      throttles.set(account, throttle);
      if (deferUntilMs !== undefined) {
        places.set(key, deferUntilMs);
        return { kind: 'deferred', untilMs: deferUntilMs };
      }
      places.delete(key);
      return {
        kind: 'admitted',
        done({ classification, nowMs: endedAtMs }) {
          const before = state(account);
          const poll = { taskId, startedAtMs: nowMs, nowMs: endedAtMs, isProbe };
          const after = observePoll(before, { ...poll, ...(classification === undefined ? {} : { classification }) });
          throttles.set(account, after);
          return throttleChange(before, after);
        },
      };
    },
  };
}
