/** The state of a wait: what continue-as-new carries to the next run. Plain JSON. */
import type { OutcomeStatus, SubscriberStatus, TryOnError, TryOnImage } from '../contract.js';
import type { PollState } from '../poll/poll-state.js';

/** See the file's description. Times are Unix milliseconds of workflow time. */
export interface WaitState {
  readonly waitId: string;
  readonly sequence: number;
  readonly taskId: string;
  readonly account: string;
  readonly api: string;
  readonly submittedAtMs: number;
  readonly deadlineMs: number;
  readonly expectedImages?: number;
  /** A wait that is cancelled cancels the task too, if it has not begun. */
  readonly cancelTask?: true;
  readonly subscribers: readonly SubscriberStatus[];
  readonly images: readonly TryOnImage[];
  /** By the id of an image: its `key` in {@link PollImage}, where it has one. */
  readonly imageKeys?: Readonly<Record<string, string>>;
  readonly poll: PollState;
  /** Search attributes that the namespace has, by the last report. */
  readonly searchAttributes: readonly string[];
  /** See the status. Absent: none. */
  readonly warnings?: readonly string[];
  readonly end?: WaitEnd;
}

/** How and when a wait ended. */
export interface WaitEnd {
  readonly status: OutcomeStatus | 'cancelled';
  readonly error?: TryOnError;
  readonly atMs: number;
}
