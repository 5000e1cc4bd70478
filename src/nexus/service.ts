/** The handlers of the Nexus service, for a worker. */
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { getClient, startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import * as nexus from 'nexus-rpc';
import * as v from 'valibot';
import { type Checked, check, submittedAtProblem } from '../check.js';
import {
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

/** An operation is a subscription to the wait. Cancelling it leaves the wait to its other subscribers. */
class AwaitResultsHandler extends WorkflowRunOperationHandler<TryOnResultsInput, TryOnOutcome> {
  constructor() {
    super(async (ctx, given) => {
      const input = accepted(check(TryOnResultsInputSchema, given), ({ submittedAt }) =>
        submittedAtProblem(submittedAt, Date.now()),
      );
      return await startWorkflow<(input: TryOnResultsInput) => Promise<TryOnOutcome>>(ctx, nexusWait.workflowType, {
        workflowId: nexusWait.workflowId(ctx.requestId),
        // A repeated request is the same operation.
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
        staticSummary: summaryOf(input.taskId),
      });
    });
  }

  override async cancel(ctx: nexus.CancelOperationContext, token: string): Promise<void> {
    try {
      await super.cancel(ctx, token);
    } catch (error) {
      // Cancelling is idempotent: the workflow has ended meanwhile.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}

async function status(_ctx: nexus.StartOperationContext, given: { readonly taskId: string }): Promise<TryOnStatus> {
  const { taskId } = accepted(check(StatusInputSchema, given));
  try {
    return await getClient().workflow.getHandle(resultsWorkflowId(taskId)).query<TryOnStatus>(messages.status);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new nexus.HandlerError('NOT_FOUND', `there is no wait for task ${taskId}`, {
      cause: error,
      retryableOverride: false,
    });
  }
}

/**
 * Makes the service `tryOn` for the `nexusServices` of a worker that has the package's workflows and activities. Waits run on that worker's
 * queue. Create an endpoint for it:
 * `temporal operator nexus endpoint create --name try-on --target-namespace <ns> --target-task-queue tryon`.
 */
export function createTryOnNexusService(): nexus.ServiceHandler<typeof tryOnNexusService.operations> {
  return nexus.serviceHandler(tryOnNexusService, { awaitResults: new AwaitResultsHandler(), status });
}
