/** Errors of the client. Match on `code`; each message names the cure. */
import type { OutcomeStatus, TryOnError } from '../contract.js';
import { tryOnApi } from '../vendor/apis/tryon.js';
import { rowOfError } from './advice.js';

/**
 * - `NoWait`: no wait, or listing, of that id is known to the namespace
 * - `Ended`: it has ended, so that it takes no update
 * - `Cancelled`, `Terminated`, `Refused`: it ended without an outcome
 * - `NoWorker`: nobody answered in time
 * - `NoServer`, `NoNamespace`, `NotAllowed`, `BadConfig`: no connection to Temporal that could be used
 */
export type TryOnClientErrorCode =
  | 'NoWait'
  | 'Ended'
  | 'Cancelled'
  | 'Terminated'
  | 'Refused'
  | 'NoWorker'
  | 'NoServer'
  | 'NoNamespace'
  | 'NotAllowed'
  | 'BadConfig';

/** What the client could not do, and why. */
export class TryOnClientError extends Error {
  override readonly name = 'TryOnClientError';
  constructor(
    readonly code: TryOnClientErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Wrong input, refused before any call, or by the workflow. Each problem names field, value and cure. */
export class TryOnInputError extends Error {
  override readonly name = 'TryOnInputError';
  readonly code = 'InvalidTryOnInput';
  constructor(
    readonly problems: readonly string[],
    options?: ErrorOptions,
  ) {
    super(problems.join('; '), options);
  }
}

/** One line on an outcome or trouble that the vendor or the way to it gave, with its cure where a table knows one. */
export function describeError(error: TryOnError): string {
  const row = rowOfError(error, tryOnApi);
  const cure = row?.cure === undefined ? '' : `; ${row.cure}`;
  return `${error.layer} ${error.code}: ${error.message}${cure}`;
}

/** As {@link describeError}, for a wait that goes on. */
export const adviceOn = (error: TryOnError, isBlocked: boolean): string =>
  isBlocked
    ? `blocked, a person must act: ${describeError(error)}; the wait holds on and asks slowly, \`poll-now\` asks at once`
    : `trouble, asked again by itself: ${describeError(error)}`;

/** One line on how a wait ended. */
export const describeOutcome: Readonly<Record<OutcomeStatus, string>> = {
  finished: 'all sub-tasks gave images',
  partial: 'some sub-tasks gave images, not all',
  failed: 'the task failed',
  timeout: 'the wait ran out of time; the same wait can be started again',
  notFound: 'the vendor does not know the task',
};
