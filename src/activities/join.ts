/** Joins a wait through Temporal's client, for workflow code, which has no update-with-start. */
import { activityInfo, getClient } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { createTryOnClient } from '../client/client.js';
import { TryOnClientError, TryOnInputError } from '../client/errors.js';
import { failureTypes, type Subscriber, type TryOnOutcome, type TryOnResultsInput } from '../contract.js';

/** Input of {@link tryOnJoin}. */
export interface JoinInput {
  readonly input: TryOnResultsInput;
  readonly subscriber: Subscriber;
  /** Whether a wait that does not exist is started. */
  readonly mayStart: boolean;
}

/** The wait's deadline in Unix milliseconds, or its outcome if it has ended. */
export type Joined = { readonly deadlineMs: number; readonly outcome?: undefined } | { readonly outcome: TryOnOutcome };

/** Errors that the workflow must not retry become non-retryable failures; others stay as they are. */
function failureOf(error: unknown): unknown {
  if (error instanceof TryOnInputError) {
    return ApplicationFailure.create({
      message: error.message,
      type: failureTypes.invalidInput,
      nonRetryable: true,
      cause: error,
    });
  }
  const isFinal = error instanceof TryOnClientError && ['Cancelled', 'Terminated', 'Refused'].includes(error.code);
  return isFinal ? ApplicationFailure.nonRetryable(error.message, `TryOn${error.code}`) : error;
}

/**
 * Subscribes a workflow to the wait for a task. With `mayStart` it starts the wait through the client if none runs; such a wait never
 * cancels itself.
 * @returns the outcome instead of the deadline if the wait has ended with one other than `timeout`
 * @throws {ApplicationFailure} non-retryable: `InvalidTryOnInput`, `TryOnCancelled`, `TryOnTerminated` or `TryOnRefused`
 */
export async function tryOnJoin({ input, subscriber, mayStart }: JoinInput): Promise<Joined> {
  try {
    const tryOn = await createTryOnClient({ client: getClient(), taskQueue: activityInfo().taskQueue });
    if (mayStart) {
      const wait = await tryOn.startAndSubscribe(input, subscriber);
      return wait.outcome === undefined ? { deadlineMs: Date.parse(wait.status.deadline) } : { outcome: wait.outcome };
    }
    try {
      const { deadline } = await tryOn.subscribe(input.taskId, subscriber);
      return { deadlineMs: Date.parse(deadline) };
    } catch (error) {
      const isOver = error instanceof TryOnClientError && ['Ended', 'NoWait'].includes(error.code);
      if (!isOver) throw error;
      return { outcome: await tryOn.outcome(input.taskId) };
    }
  } catch (error) {
    throw failureOf(error);
  }
}
