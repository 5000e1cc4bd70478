/** What one attempt of the polling activity tells metrics and learning. */
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
  /** False for one that only found out when to poll, on the workflows' queue: it tells nothing of how crowded the vendor's is. */
  readonly isOnVendorQueue: boolean;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly state: PollState;
  /** Where the wait ended with it. */
  readonly end?: PollEnd;
  /** The poll, where one was taken; an attempt that is not due yet, or held by the account's throttle, takes none. */
  readonly poll?: { readonly classification: Classification; readonly queries: number };
  /** Images that it told and no attempt before; default 0. */
  readonly newImages?: number;
}
