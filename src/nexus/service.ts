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

/** The value of checked input; refused otherwise, so that the caller's server does not try again. */
function accepted<T>(checked: Checked<T>, further: (value: T) => readonly string[] = () => []): T {
  const problems = checked.ok ? further(checked.value) : checked.problems;
  if (checked.ok && problems.length === 0) return checked.value;
  const message = problems.join('; ');
  throw new nexus.HandlerError('BAD_REQUEST', message, {
    cause: ApplicationFailure.nonRetryable(message, failureTypes.invalidInput, { problems: problems.slice(0, 20) }),
  });
}

/** The subscription stands for the operation, so that cancelling the one leaves the wait to its other subscribers. */
class AwaitResultsHandler extends WorkflowRunOperationHandler<TryOnResultsInput, TryOnOutcome> {
  constructor() {
    super(async (ctx, given) => {
      const input = accepted(check(TryOnResultsInputSchema, given), ({ submittedAt }) =>
        submittedAtProblem(submittedAt, Date.now()),
      );
      return await startWorkflow<(input: TryOnResultsInput) => Promise<TryOnOutcome>>(ctx, nexusWait.workflowType, {
        workflowId: nexusWait.workflowId(ctx.requestId),
        // The same request again is the same operation.
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
      // It has ended meanwhile: cancelling is idempotent.
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
    throw new nexus.HandlerError('NOT_FOUND', `no wait for task ${taskId} is known`, {
      cause: error,
      retryableOverride: false,
    });
  }
}

/**
 * Makes the service `tryOn` for the `nexusServices` of a worker that has the package's workflows and activities; waits run on that worker's
 * queue. An endpoint leads there: `temporal operator nexus endpoint create --name try-on --target-namespace <ns> --target-task-queue tryon`.
 */
export function createTryOnNexusService(): nexus.ServiceHandler<typeof tryOnNexusService.operations> {
  return nexus.serviceHandler(tryOnNexusService, { awaitResults: new AwaitResultsHandler(), status });
}
