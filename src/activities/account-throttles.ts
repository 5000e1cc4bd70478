/** The throttles of all accounts of this process: what one poll learns about the vendor, the others obey. */
import { defined } from '../defined.js';
import {
  type AccountThrottle,
  admitPoll,
  initialThrottle,
  observePoll,
  throttleChange,
} from '../poll/account-throttle.js';
import type { Classification } from '../poll/classify.js';

/** A poll that may be sent. */
export interface AdmittedPoll {
  readonly kind: 'admitted';
  /**
   * To be called once, when the poll has ended.
   * @param polled - absent where it was cancelled
   * @returns a line for the log, where the account's state changed
   */
  release(polled?: { readonly classification: Classification; readonly repliedAtMs: number }): string | undefined;
}

/** A poll that must wait until `untilMs`. */
export interface DeferredPoll {
  readonly kind: 'deferred';
  readonly untilMs: number;
}

/** See the file's description. Times are Unix milliseconds of the Temporal server. */
export interface AccountThrottles {
  enter(poll: {
    readonly account: string;
    readonly taskId: string;
    readonly nowMs: number;
    /** The final poll before a deadline, which is never deferred. */
    readonly isFinal: boolean;
  }): AdmittedPoll | DeferredPoll;
  /** What is known of an account. */
  state(account: string): AccountThrottle;
}

/** Admits every poll. */
export const noThrottles: AccountThrottles = {
  enter: () => ({ kind: 'admitted', release: () => undefined }),
  state: () => initialThrottle,
};

/** A place in line that nobody came back for is forgotten so long after its time. */
const FORGET_MS = 60_000;
const SWEEP_EVERY = 1_000;
/** The rest of the budget is slack for the network: polls that leave evenly may arrive in a burst. */
const PACE_SHARE = 0.95;

/** @param options - `queriesPerSecond`: the budget of an account */
export function createAccountThrottles(options: {
  readonly queriesPerSecond: (account: string) => number;
}): AccountThrottles {
  const throttles = new Map<string, AccountThrottle>();
  /** Places in line, by account and task. */
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
    enter({ account, taskId, nowMs, isFinal }) {
      sweep(nowMs);
      const key = `${account} ${taskId}`;
      const request = defined({ taskId, nowMs, isFinal, placeMs: places.get(key) });
      const queriesPerSecond = PACE_SHARE * options.queriesPerSecond(account);
      const { throttle, deferUntilMs, isProbe } = admitPoll(state(account), request, queriesPerSecond);
      throttles.set(account, throttle);
      if (deferUntilMs !== undefined) {
        places.set(key, deferUntilMs);
        return { kind: 'deferred', untilMs: deferUntilMs };
      }
      places.delete(key);
      return {
        kind: 'admitted',
        release(polled) {
          const before = state(account);
          const endedAtMs = polled?.repliedAtMs ?? nowMs;
          const ended = { taskId, startedAtMs: nowMs, nowMs: endedAtMs, isProbe };
          const after = observePoll(before, { ...ended, ...defined({ classification: polled?.classification }) });
          throttles.set(account, after);
          return throttleChange(before, after);
        },
      };
    },
  };
}
