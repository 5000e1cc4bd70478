/** The gates of all accounts of this process: what one look learns of the vendor, the others obey. */
import { askGate, type Gate, gateNews, learnGate, openGate } from '../poll/account-throttle.js';
import type { Verdict } from '../poll/classify.js';

/** A look that may start. */
export interface Admitted {
  readonly kind: 'admitted';
  /** To be called once, when it has ended. Returns one line where the account's state changed in a way worth a warning. */
  done(end: { readonly verdict?: Verdict; readonly nowMs: number }): string | undefined;
}

/** A look that must wait. */
export interface Held {
  readonly kind: 'held';
  readonly untilMs: number;
}

/** See the file's description. Times are Unix milliseconds of the Temporal server. */
export interface AccountGate {
  enter(look: {
    readonly account: string;
    readonly taskId: string;
    readonly nowMs: number;
    /** The last look before a deadline, which is never held. */
    readonly isLast: boolean;
  }): Admitted | Held;
  /** What is known of an account. */
  state(account: string): Gate;
}

/** Places that nobody came back for are forgotten so long after their time. */
const FORGET_MS = 60_000;
const SWEEP_EVERY = 1_000;
/** The rest of the budget is for the way to the vendor: what leaves evenly may arrive in a crowd. */
const PACE_SHARE = 0.95;

/** @param options - `queriesPerSecond`: the budget of an account */
export function createAccountGate(options: { readonly queriesPerSecond: (account: string) => number }): AccountGate {
  const gates = new Map<string, Gate>();
  /** By account and task. */
  const places = new Map<string, number>();
  let entries = 0;

  const sweep = (nowMs: number): void => {
    entries += 1;
    if (entries % SWEEP_EVERY !== 0) return;
    for (const [key, placeMs] of places) if (placeMs < nowMs - FORGET_MS) places.delete(key);
  };
  const state = (account: string): Gate => gates.get(account) ?? openGate;

  return {
    state,
    enter({ account, taskId, nowMs, isLast }) {
      sweep(nowMs);
      const key = `${account} ${taskId}`;
      const placeMs = places.get(key);
      const wish = { nowMs, isLast, ...(placeMs === undefined ? {} : { placeMs }) };
      const { gate, holdUntilMs, isProbe } = askGate(
        state(account),
        wish,
        PACE_SHARE * options.queriesPerSecond(account),
      );
      gates.set(account, gate);
      if (holdUntilMs !== undefined) {
        places.set(key, holdUntilMs);
        return { kind: 'held', untilMs: holdUntilMs };
      }
      places.delete(key);
      return {
        kind: 'admitted',
        done({ verdict, nowMs: endedAtMs }) {
          const before = state(account);
          const look = { taskId, startedAtMs: nowMs, nowMs: endedAtMs, isProbe };
          const after = learnGate(before, { ...look, ...(verdict === undefined ? {} : { verdict }) });
          gates.set(account, after);
          return gateNews(before, after);
        },
      };
    },
  };
}
