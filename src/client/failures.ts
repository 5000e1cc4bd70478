/** What Temporal's client throws, as errors of this package. */
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
import { idleQueueNote } from '../temporal/task-queues.js';
import { TryOnClientError, TryOnInputError } from './errors.js';

const refused = (cause: unknown): cause is ApplicationFailure =>
  cause instanceof ApplicationFailure && cause.type === failureTypes.invalidInput;

function inputError(cause: ApplicationFailure): TryOnInputError {
  const [details] = (cause.details ?? []) as { readonly problems?: readonly string[] }[];
  return new TryOnInputError(details?.problems ?? [cause.message], { cause });
}

/** Why a workflow gave no result. `what` names it: `the wait for task 123`. */
export function endError(error: unknown, what: string): unknown {
  if (error instanceof WorkflowNotFoundError) {
    return new TryOnClientError('NoWait', `${what} is not known to the server`, { cause: error });
  }
  if (!(error instanceof WorkflowFailedError)) return error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) {
    return new TryOnClientError('Cancelled', `${what} was cancelled`, { cause: error });
  }
  if (refused(cause)) {
    return new TryOnClientError('Refused', `${what} was refused: ${cause.message}`, { cause: error });
  }
  if (cause instanceof ApplicationFailure) {
    return new TryOnClientError('Refused', `${what} failed: ${cause.message}`, { cause: error });
  }
  return new TryOnClientError('Terminated', `${what} was terminated: ${cause?.message ?? error.message}`, {
    cause: error,
  });
}

const maxTries = 3;

const isGivenUp = (error: unknown): boolean =>
  error instanceof ServiceError &&
  grpcCode(error) === grpcStatus.failedPrecondition &&
  /workflow task failure/i.test(String(error.cause));

/**
 * Asks by an update. The server has a workflow task done again where a signal came while the workflow was ending, and gives up without a
 * trace the update that was in it: that one is sent once more.
 * @param timeoutMs - for all of it
 */
export async function byUpdate<T>(client: Client, timeoutMs: number, ask: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.withDeadline(untilMs, ask);
    } catch (error) {
      if (attempt === maxTries || !isGivenUp(error)) throw error;
    }
  }
}

/** Why an update that was sent at `sentAtMs` came to nothing. */
export async function updateError(
  error: unknown,
  what: string,
  client: Client,
  taskQueue: string,
  sentAtMs?: number,
): Promise<unknown> {
  if (error instanceof WorkflowNotFoundError) {
    const isOver = /already completed/i.test(error.message);
    return isOver
      ? new TryOnClientError('Ended', `${what} has ended`, { cause: error })
      : new TryOnClientError('NoWait', `${what} is not known to the server`, { cause: error });
  }
  if (error instanceof WorkflowUpdateFailedError) {
    if (refused(error.cause)) return inputError(error.cause);
    const message = error.cause?.message ?? error.message;
    const code = /workflow.*(completed|closed)|AcceptedUpdateCompletedWorkflow/i.test(message) ? 'Ended' : 'Refused';
    return new TryOnClientError(code, `${what} took no update: ${message}`, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    const note = await idleQueueNote(client, taskQueue, 'workflow', sentAtMs);
    return new TryOnClientError(
      'NoWorker',
      `${what} did not answer in time; ${note ?? 'its worker may be busy'}. The update may still be carried out`,
      { cause: error },
    );
  }
  return error;
}
