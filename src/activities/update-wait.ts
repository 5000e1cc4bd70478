/** Sends an update to a wait, for workflow code, which has no updates. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { messages, resultsWorkflowId } from '../contract.js';

/** Input of {@link updateWait}. */
export interface UpdateWaitInput {
  readonly taskId: string;
  readonly name: 'pollNow' | 'setTimeout';
  /** Of `setTimeout`. */
  readonly timeoutSeconds?: number;
}

const WITHIN_MS = 10_000;

/** See the file's description. A wait that has ended, or does not exist, is no error. */
export async function updateWait({ taskId, name, timeoutSeconds }: UpdateWaitInput): Promise<void> {
  const client = getClient();
  const args = name === messages.setTimeout ? [{ timeoutSeconds }] : [];
  try {
    await client.withDeadline(Date.now() + WITHIN_MS, () =>
      client.workflow
        .getHandle(resultsWorkflowId(taskId))
        .executeUpdate<unknown, [unknown]>(name, { args: args as [unknown] }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError)) throw error;
  }
}
