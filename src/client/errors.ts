/** Errors of the client. Match on `code`; each message names the remedy. */
import { defaults, type OutcomeStatus, type TryOnError } from '../contract.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import { rowOfError } from './advice.js';

/**
 * - `NoWait`: no wait, or listing, of that id is known to the namespace
 * - `Ended`: it has ended, so that it takes no update
 * - `Cancelled`, `Terminated`, `Refused`: it ended without an outcome
 * - `NoWorker`: nobody answered in time
 * - `NoServer`, `NoNamespace`, `NotAllowed`, `BadConfig`: no connection to Temporal that could be used
 * - `ServerTooOld`: a worker needs a newer Temporal server
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
  | 'BadConfig'
  | 'ServerTooOld';

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

/** Wrong input, refused before any call, or by the workflow. Each problem names field, value and remedy. */
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

const isNotFound = ({ layer, code }: TryOnError): boolean => layer === 'task' && code === 'NotFound';

/** One line on an outcome or errors that the vendor or the way to it gave, with its remedy where a table knows one. */
export function describeError(error: TryOnError): string {
  if (isNotFound(error))
    return `the vendor does not know the task (${error.message}); check the task id and the account`;
  const row = rowOfError(error, tryOnApi);
  const remedy = row?.remedy === undefined ? '' : `; ${row.remedy}`;
  return `${error.layer} ${error.code}: ${error.message}${remedy}`;
}

/**
 * As {@link describeError}, for a wait that goes on.
 * @param submittedAt - when the task was submitted, as RFC 3339, where that is known
 */
export function adviceOn(error: TryOnError, isBlocked: boolean, submittedAt?: string, nowMs = Date.now()): string {
  if (isBlocked) {
    return `blocked, a person must act: ${describeError(error)}; the wait holds on and asks slowly, \`poll-now\` asks at once`;
  }
  if (!isNotFound(error)) return `errors, asked again by itself: ${describeError(error)}`;
  const untilMs = Date.parse(submittedAt ?? '') + 1000 * defaults.notFoundGraceSeconds;
  if (untilMs <= nowMs) return `the vendor does not know the task any more (${error.message}); asked again, to be sure`;
  const until = Number.isNaN(untilMs)
    ? `${defaults.notFoundGraceSeconds} s after its submission`
    : new Date(untilMs).toISOString();
  return `the vendor does not know the task yet (${error.message}); asked again until ${until}`;
}

/** One line on how a wait ended. */
export const describeOutcome: Readonly<Record<OutcomeStatus, string>> = {
  finished: 'all sub-tasks gave images',
  partial: 'some sub-tasks gave images, not all',
  failed: 'the task failed',
  timeout: 'the wait ran out of time; the same wait can be started again',
  notFound: 'the vendor does not know the task',
};
