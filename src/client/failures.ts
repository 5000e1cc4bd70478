/** Turns what Temporal's client throws into errors of this package. */
import {
  ApplicationFailure,
  CancelledFailure,
  type Client,
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { failureTypes } from '../contract.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { idleNote, listedPollers, type Poller } from '../temporal/task-queues.js';
import { TryOnClientError, TryOnInputError } from './errors.js';
import { serverError } from './server-error.js';

/** Whether a workflow failed because it refused its input. */
export const isInvalidInput = (cause: unknown): cause is ApplicationFailure =>
  cause instanceof ApplicationFailure && cause.type === failureTypes.invalidInput;

function inputError(cause: ApplicationFailure): TryOnInputError {
  const [details] = (cause.details ?? []) as { readonly problems?: readonly string[] }[];
  return new TryOnInputError(details?.problems ?? [cause.message], { cause });
}

/**
 * The error of a workflow without a result.
 * @param what - names the workflow: `the wait for task 123`
 * @returns a `TryOnClientError`, or the error itself if it is of another kind
 */
export function endError(error: unknown, what: string): unknown {
  if (error instanceof WorkflowNotFoundError) {
    return new TryOnClientError('NoWait', `${what} is not known to the server`, { cause: error });
  }
  if (!(error instanceof WorkflowFailedError)) return error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) {
    return new TryOnClientError('Cancelled', `${what} was cancelled`, { cause: error });
  }
  if (isInvalidInput(cause)) {
    return new TryOnClientError('Refused', `${what} was refused: ${cause.message}`, { cause: error });
  }
  if (cause instanceof ApplicationFailure) {
    return new TryOnClientError('Refused', `${what} failed: ${cause.message}`, { cause: error });
  }
  return new TryOnClientError('Terminated', `${what} was terminated: ${cause?.message ?? error.message}`, {
    cause: error,
  });
}

const MAX_TRIES = 3;

const isDropped = (error: unknown): boolean =>
  error instanceof ServiceError &&
  grpcCode(error) === grpcStatus.failedPrecondition &&
  /workflow task failure/i.test(String(error.cause));

/**
 * Sends an update. If a signal arrives while the workflow is ending, the server retries the workflow task and drops the update that was in
 * it: such an update is sent again, up to three times in all.
 * @param timeoutMs - for all of it
 * @param send - sends the update once
 */
export async function byUpdate<T>(client: Client, timeoutMs: number, send: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.withDeadline(untilMs, send);
    } catch (error) {
      if (attempt === MAX_TRIES || !isDropped(error)) throw error;
    }
  }
}

const POLLERS_WITHIN_MS = 2_000;

const pollersOf = (client: Client, taskQueue: string): Promise<readonly Poller[]> =>
  client.withDeadline(Date.now() + POLLERS_WITHIN_MS, () => listedPollers(client, taskQueue, 'workflow'));

/**
 * The error of an update that failed.
 * @param what - names the workflow: `the wait for task 123`
 * @param sentAtMs - when it was sent, Unix milliseconds
 * @returns a `TryOnClientError` or `TryOnInputError`, or the error itself if it is of another kind
 */
export async function updateError(
  error: unknown,
  what: string,
  client: Client,
  taskQueue: string,
  sentAtMs?: number,
): Promise<unknown> {
  if (error instanceof WorkflowNotFoundError) {
    const hasEnded = /already completed/i.test(error.message);
    return hasEnded
      ? new TryOnClientError('Ended', `${what} has ended`, { cause: error })
      : new TryOnClientError('NoWait', `${what} is not known to the server`, { cause: error });
  }
  if (error instanceof WorkflowUpdateFailedError) {
    if (isInvalidInput(error.cause)) return inputError(error.cause);
    const { cause } = error;
    if (cause instanceof ApplicationFailure && cause.type === failureTypes.ended) {
      return new TryOnClientError('Ended', `${what} has ended`, { cause: error });
    }
    const message = cause?.message ?? error.message;
    const code = /workflow.*(completed|closed)|AcceptedUpdateCompletedWorkflow/i.test(message) ? 'Ended' : 'Refused';
    return new TryOnClientError(code, `${what} refused the update: ${message}`, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    const pollers = await pollersOf(client, taskQueue).catch((thrown: unknown) => serverError(thrown, client));
    if (pollers instanceof TryOnClientError && pollers.code === 'NoServer') return pollers;
    const note = Array.isArray(pollers) ? idleNote(taskQueue, 'workflow', pollers, Date.now(), sentAtMs) : undefined;
    return new TryOnClientError(
      'NoWorker',
      `${what} did not answer in time; ${note ?? 'its worker may be busy'}. The update may still be carried out`,
      { cause: error },
    );
  }
  return error;
}
