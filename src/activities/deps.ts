/** What the activities depend on. */

import type { Archiver } from '../archive/archiver.js';
import type { AttemptSeen } from '../poll/attempt.js';
import type { Reply } from '../poll/reply.js';
import type { SubmitResult } from '../providers/submit-result.js';
import type { SchedulePolicy } from '../schedule/schedule.js';
import type { AccountThrottles } from './account-throttles.js';
import type { ServerClock } from './server-clock.js';
import type { Poster } from './webhook.js';

/** The part of the vendor client that a poll needs; tests pass a fake. */
export interface Vendor {
  /**
   * Throws `WrongVendorError` where the account is of another vendor than the API, and `UnknownApiError` where this version does not know the
   * API. Absent: no account is.
   */
  check?(call: { readonly account: string; readonly api?: string }): void;
  /** Sends one query. Rejects only when `signal` is aborted, and as {@link check} does: every answer or fault is a reply. */
  results(call: {
    readonly account: string;
    readonly api?: string;
    readonly taskId: string;
    readonly signal: AbortSignal;
  }): Promise<{ readonly reply: Reply; readonly queries: number }>;
  /**
   * Submits a request, and never sends it twice. Rejects only as {@link check} does. `maySend` is asked just before the request is sent.
   * Absent: jobs cannot submit.
   */
  submit?(call: {
    readonly account: string;
    readonly request: unknown;
    readonly api?: string;
    readonly maySend: () => boolean;
  }): Promise<SubmitResult>;
  /** Asks the vendor to cancel a task that has not begun; `undefined` where the API cannot. Rejects as `results` does. Absent: never asked. */
  cancel?(call: {
    readonly account: string;
    readonly api?: string;
    readonly taskId: string;
    readonly signal: AbortSignal;
  }): Promise<Reply | undefined>;
}

/** The part of the archiver that the activity needs; tests pass a fake. */
export type ImageArchiver = Pick<Archiver, 'archive'> & Partial<Pick<Archiver, 'renders'>>;

/** What the activities depend on. */
export interface TryOnDeps {
  readonly vendor: Vendor;
  /** The schedule in force for an account and an API, by default `tryon`; default: the prior's. */
  readonly policy?: (account: string, api?: string) => SchedulePolicy;
  /** Called with every attempt: durations and load are learned from them. */
  readonly onAttempt?: (attempt: AttemptSeen) => void;
  /** Whether an account accepts a reply about another task as its own; default: none does. */
  readonly acceptsOtherTaskId?: (account: string) => boolean;
  /** The contract's search attributes that the namespace has registered; default: none. */
  readonly searchAttributes?: () => readonly string[];
  readonly clock?: ServerClock;
  /** What all waits of an account in this process share; default: nothing. */
  readonly throttles?: AccountThrottles;
  /** Archives images; absent: the worker has no store. */
  readonly archiver?: ImageArchiver;
  /** The accounts whose waits Nexus callers may start and join; default: `default` alone. */
  readonly nexusAccounts?: readonly string[];
  /** Posts to webhooks; default: none is known. */
  readonly webhooks?: Poster;
}

/** The dependencies of a poll, all given. */
export type PollDeps = Required<Omit<TryOnDeps, 'nexusAccounts' | 'webhooks' | 'archiver'>>;
