/** What metrics and learning see of one attempt of the polling activity. */
import type { Classification } from './classify.js';
import type { PollEnd, PollState } from './poll-state.js';

/** One attempt of the polling activity, as it ended. Times are Unix milliseconds of the Temporal server. */
export interface AttemptSeen {
  readonly taskId: string;
  readonly account: string;
  readonly api: string;
  readonly submittedAtMs: number;
  /** Whether it is the first one of a wait. */
  readonly isFirst: boolean;
  /** False for an attempt on the workflows' queue, which only finds out when to poll: its lag says nothing about the vendor's queue. */
  readonly isOnVendorQueue: boolean;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly state: PollState;
  /** Where the wait ended with it. */
  readonly end?: PollEnd;
  /** The poll, where one was sent. An attempt that is not due, or deferred by the account's throttle, sends none. */
  readonly poll?: { readonly classification: Classification; readonly queries: number };
  /** Images that no attempt before reported; default 0. */
  readonly newImages?: number;
}
