/** Joins a wait through Temporal's client, for the Nexus service: workflow code has no update-with-start. */
import { activityInfo, getClient } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { createTryOnClient, type TryOnClient } from '../client/client.js';
import { TryOnClientError, TryOnInputError } from '../client/errors.js';
import { isInvalidInput } from '../client/failures.js';
import { accountFor, failureTypes, type Subscriber, type TryOnOutcome, type TryOnResultsInput } from '../contract.js';

/** Input of the activity `tryOnJoin`. */
export interface JoinInput {
  readonly input: TryOnResultsInput;
  readonly subscriber: Subscriber;
  /** Whether a wait that does not exist is started. */
  readonly mayStart: boolean;
  /** Our own listing asks, not a Nexus caller: it may name any account. */
  readonly isListing?: true;
}

/** The wait's deadline in Unix milliseconds, or its outcome if it has ended. */
export type Joined = { readonly deadlineMs: number; readonly outcome?: undefined } | { readonly outcome: TryOnOutcome };

/** Errors that the workflow must not retry become non-retryable failures; others stay as they are. */
function failureOf(error: unknown): unknown {
  // The wait ended with its refusal before it could be joined.
  const ended = error instanceof TryOnClientError ? error.cause : undefined;
  if (ended instanceof WorkflowFailedError && isInvalidInput(ended.cause)) {
    return ApplicationFailure.nonRetryable(ended.cause.message, failureTypes.invalidInput);
  }
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
 * Subscribes to a wait that exists. Its account is checked before, because a subscription can lengthen a wait, and after, because another
 * wait may run by then.
 */
async function joinExisting(
  tryOn: TryOnClient,
  { input: { taskId }, subscriber }: JoinInput,
  checkAccount: (account: string | undefined) => void,
): Promise<Joined> {
  try {
    const before = await tryOn.status(taskId);
    if (before.outcome === undefined) {
      if (!before.isAnswered) throw new TryOnClientError('NoWorker', before.notes.join('; '));
      checkAccount(before.account);
      const { account, deadline } = await tryOn.subscribe(taskId, subscriber);
      checkAccount(account);
      return { deadlineMs: Date.parse(deadline) };
    }
  } catch (error) {
    const isOver = error instanceof TryOnClientError && ['Ended', 'NoWait'].includes(error.code);
    if (!isOver) throw error;
  }
  // The server repeats the activity.
  const outcome = await tryOn.outcome(taskId, { awayTimeoutMs: 0 });
  checkAccount(outcome.account);
  return { outcome };
}

/**
 * Makes the activity `tryOnJoin`. It subscribes a workflow to the wait for a task. With `mayStart` it starts the wait through the client if
 * none runs; such a wait never cancels itself. It returns the outcome instead of the deadline if the wait has ended with one other than
 * `timeout`, and throws non-retryable failures: `InvalidTryOnInput`, also for a wait of another account, `TryOnCancelled`,
 * `TryOnTerminated` or `TryOnRefused`.
 * @param accounts - whose waits Nexus callers may start and join
 */
export function createTryOnJoin(accounts: readonly string[]) {
  return async function tryOnJoin(join: JoinInput): Promise<Joined> {
    const { input, mayStart, isListing = false } = join;
    const checkAccount = (account: string | undefined): void => {
      if (isListing || (account !== undefined && accounts.includes(account))) return;
      throw new TryOnInputError([
        `taskId is "${input.taskId}"; its wait is of an account that Nexus callers may not use, see TRYON_NEXUS_ACCOUNTS`,
      ]);
    };
    try {
      checkAccount(accountFor(input));
      const tryOn = await createTryOnClient({ client: getClient(), taskQueue: activityInfo().taskQueue });
      const started = mayStart ? await tryOn.start(input) : undefined;
      if (started?.outcome === undefined) return await joinExisting(tryOn, join, checkAccount);
      checkAccount(started.outcome.account);
      return { outcome: started.outcome };
    } catch (error) {
      throw failureOf(error);
    }
  };
}
