/** Errors of the client. Match on `code`. Each message names the remedy. */
import { defaults, type JobStatus, type TryOnError } from '../contract.js';
import { apiOf } from '../providers/apis.js';
import { rowOfError } from './advice.js';

/**
 * - `NoWait`: the namespace has no wait or listing of that id
 * - `Ended`: it has ended, and takes no more updates
 * - `Cancelled`, `Terminated`, `Refused`: it ended without an outcome
 * - `NoWorker`: no worker answered in time
 * - `QueryFailed`: a query was not answered, for another reason that the message tells
 * - `NoServer`, `NoNamespace`, `NotAllowed`, `BadConfig`: there is no usable connection to Temporal, or not any more
 * - `ServerTooOld`: a worker needs a newer Temporal server
 */
export type TryOnClientErrorCode =
  | 'NoWait'
  | 'Ended'
  | 'Cancelled'
  | 'Terminated'
  | 'Refused'
  | 'NoWorker'
  | 'QueryFailed'
  | 'NoServer'
  | 'NoNamespace'
  | 'NotAllowed'
  | 'BadConfig'
  | 'ServerTooOld';

/** An error of the client; see {@link TryOnClientErrorCode}. */
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

/** Input that is refused before any call, or by the workflow. Each problem names field, value and remedy. */
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

/**
 * One line on an error of a poll or of an outcome, with its remedy if a table has one.
 * @param api - which vendor API's tables, default `tryon`
 */
export function describeError(error: TryOnError, api?: string): string {
  if (isNotFound(error))
    return `the vendor does not know the task (${error.message}); check the task id and the account`;
  const row = rowOfError(error, apiOf(api));
  const remedy = row?.remedy === undefined ? '' : `; ${row.remedy}`;
  return `${error.layer} ${error.code}: ${error.message}${remedy}`;
}

/**
 * As {@link describeError}, for a wait that goes on.
 * @param submittedAt - when the task was submitted, RFC 3339, if that is known
 * @param api - as there
 */
export function adviceOn(
  error: TryOnError,
  isBlocked: boolean,
  submittedAt?: string,
  nowMs = Date.now(),
  api?: string,
): string {
  if (isBlocked) {
    return `blocked, a person must act: ${describeError(error, api)}; the wait goes on and polls slowly, \`poll-now\` polls at once`;
  }
  if (!isNotFound(error)) return `the last poll failed and is retried: ${describeError(error, api)}`;
  const untilMs = Date.parse(submittedAt ?? '') + 1000 * defaults.notFoundGraceSeconds;
  if (untilMs <= nowMs) return `the vendor does not know the task any more (${error.message}); polled again to confirm`;
  const until = Number.isNaN(untilMs)
    ? `${defaults.notFoundGraceSeconds} s after its submission`
    : new Date(untilMs).toISOString();
  return `the vendor does not know the task yet (${error.message}); polled again until ${until}`;
}

/** Statuses of outcomes and of jobs, one line each. */
export const describeOutcome: Readonly<Record<JobStatus, string>> = {
  finished: 'all sub-tasks gave images',
  partial: 'some sub-tasks gave images, not all',
  failed: 'the task failed',
  timeout: 'the wait ran out of time; the same wait can be started again',
  notFound: 'the vendor does not know the task',
  rejected: 'the vendor refused the request; nothing was bought',
  unresolved: 'the request may have been submitted, and billed; nobody said how it went on',
};
