/**
 * The handlers of the Nexus service, for a worker. Callers are of other namespaces and are not trusted with more than the waits of some
 * accounts: `docs/security.md` says what they can do.
 */
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { getClient, startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import * as nexus from 'nexus-rpc';
import * as v from 'valibot';
import { type Checked, check, submittedAtProblem } from '../check.js';
import {
  accountFor,
  defaults,
  failureTypes,
  messages,
  resultsWorkflowId,
  type TryOnOutcome,
  type TryOnResultsInput,
  TryOnResultsInputSchema,
  type TryOnStatus,
} from '../contract.js';
import { summaryOf } from '../wait/describe.js';
import { nexusWait, tryOnNexusService } from '../workflows/nexus-service.js';

const StatusInputSchema = v.pick(TryOnResultsInputSchema, ['taskId']);

/** The value of checked input; throws a `BAD_REQUEST`, which the caller's server does not retry. */
function accepted<T>(checked: Checked<T>, further: (value: T) => readonly string[] = () => []): T {
  const problems = checked.ok ? further(checked.value) : checked.problems;
  if (checked.ok && problems.length === 0) return checked.value;
  const message = problems.join('; ');
  throw new nexus.HandlerError('BAD_REQUEST', message, {
    cause: ApplicationFailure.nonRetryable(message, failureTypes.invalidInput, { problems: problems.slice(0, 20) }),
  });
}

/** What a caller of another namespace may not ask for. Pure. */
function nexusProblems({ notify, ...input }: TryOnResultsInput, accounts: readonly string[]): readonly string[] {
  const account = accountFor(input);
  return [
    ...(notify === undefined
      ? []
      : ['notify is not taken over Nexus; leave it out: the outcome is the answer of the operation']),
    ...(accounts.includes(account) ? [] : [`account is "${account}"; give one of ${accounts.join(', ')}`]),
  ];
}

/** The workflow that stands for the operation of a token, which is JSON in Base64; `undefined` for any other workflow or text. Pure. */
function workflowIn(token: string): string | undefined {
  try {
    const { wid } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as { readonly wid?: unknown };
    return typeof wid === 'string' && wid.startsWith(nexusWait.workflowId('')) ? wid : undefined;
  } catch {
    return undefined;
  }
}

/** An operation is a subscription to the wait. Cancelling it leaves the wait to its other subscribers. */
class AwaitResultsHandler extends WorkflowRunOperationHandler<TryOnResultsInput, TryOnOutcome> {
  constructor(accounts: readonly string[]) {
    super(async (ctx, given) => {
      const input = accepted(check(TryOnResultsInputSchema, given), (value) => [
        ...submittedAtProblem(value.submittedAt, Date.now()),
        ...nexusProblems(value, accounts),
      ]);
      return await startWorkflow<(input: TryOnResultsInput) => Promise<TryOnOutcome>>(ctx, nexusWait.workflowType, {
        workflowId: nexusWait.workflowId(ctx.requestId),
        // A repeated request is the same operation.
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
        staticSummary: summaryOf(input.taskId),
      });
    });
  }

  /** The SDK's own cancels any workflow that the token names, and over HTTP a caller can write the token itself. */
  override async cancel(_ctx: nexus.CancelOperationContext, token: string): Promise<void> {
    const workflowId = workflowIn(token);
    if (workflowId === undefined) {
      throw new nexus.HandlerError('NOT_FOUND', 'there is no such operation', { retryableOverride: false });
    }
    try {
      await getClient().workflow.getHandle(workflowId).cancel();
    } catch (error) {
      // Cancelling is idempotent: the workflow has ended meanwhile.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}

/** The status of a wait; `undefined` if there is none. */
async function findStatus(taskId: string): Promise<TryOnStatus | undefined> {
  try {
    return await getClient().workflow.getHandle(resultsWorkflowId(taskId)).query<TryOnStatus>(messages.status);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

const statusOf =
  (accounts: readonly string[]) =>
  async (_ctx: nexus.StartOperationContext, given: { readonly taskId: string }): Promise<TryOnStatus> => {
    const { taskId } = accepted(check(StatusInputSchema, given));
    const status = await findStatus(taskId);
    if (status?.account !== undefined && accounts.includes(status.account)) return status;
    // The answer for a wait of another account is the same, to the letter: it does not reveal that there is one.
    throw new nexus.HandlerError('NOT_FOUND', `there is no wait for task ${taskId}`, { retryableOverride: false });
  };

/** Options of {@link createTryOnNexusService}. */
export interface TryOnNexusServiceOptions {
  /** The accounts that callers may name and ask about; default: `default` alone. Give the activities the same `nexusAccounts`. */
  readonly accounts?: readonly string[];
}

/**
 * Makes the service `tryOn` for the `nexusServices` of a worker that has the package's workflows and activities. Waits run on that worker's
 * queue. Create an endpoint for it:
 * `temporal operator nexus endpoint create --name try-on --target-namespace <ns> --target-task-queue tryon`.
 */
export function createTryOnNexusService({
  accounts = [defaults.account],
}: TryOnNexusServiceOptions = {}): nexus.ServiceHandler<typeof tryOnNexusService.operations> {
  return nexus.serviceHandler(tryOnNexusService, {
    awaitResults: new AwaitResultsHandler(accounts),
    status: statusOf(accounts),
  });
}
