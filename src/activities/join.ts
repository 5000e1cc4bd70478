/** Joining a wait by Temporal's client, for workflow code: update-with-start is not to be had there. */
import { activityInfo, getClient } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { createTryOnClient } from '../client/client.js';
import { TryOnClientError, TryOnInputError } from '../client/errors.js';
import { failureTypes, type Subscriber, type TryOnOutcome, type TryOnResultsInput } from '../contract.js';

/** What `tryOnJoin` is asked with. */
export interface JoinInput {
  readonly input: TryOnResultsInput;
  readonly subscriber: Subscriber;
  /** Whether a wait that is not there is started. */
  readonly mayStart: boolean;
}

/** The wait's deadline, Unix milliseconds, or its outcome where it has ended. */
export type Joined = { readonly deadlineMs: number; readonly outcome?: undefined } | { readonly outcome: TryOnOutcome };

/** What the workflow must not try again, as failures; the rest as it is. */
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
 * Subscribes a workflow to the wait for a task, which it starts by the client where it may: such a wait never cancels itself.
 * @returns the outcome instead, where the wait has ended with one other than `timeout`
 */
export async function tryOnJoin({ input, subscriber, mayStart }: JoinInput): Promise<Joined> {
  try {
    const tryOn = await createTryOnClient({ client: getClient(), taskQueue: activityInfo().taskQueue });
    if (mayStart) {
      const { outcome, status } = await tryOn.startAndSubscribe(input, subscriber);
      if (outcome !== undefined) return { outcome };
      return { deadlineMs: Date.parse(status?.deadline ?? '') };
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
