/** `temporal-tryon cancel <taskId>`. */
import { resultsWorkflowId } from '../../contract.js';
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { stateText } from '../format.js';

export const run: Run<'cancel'> = ({ args: [taskId] }, context) =>
  withClient(context, async (client) => {
    const { output } = context;
    const workflowId = resultsWorkflowId(taskId);
    // The server silently accepts the cancellation of an ended workflow, so check first. If the check fails, cancel anyway.
    const { closeTime } = await client.temporal.workflow
      .getHandle(workflowId)
      .describe()
      .catch(() => ({ closeTime: undefined }));
    if (closeTime === undefined) {
      await client.cancel(taskId);
      output.data({ taskId, workflowId, requested: true }, [`requested to cancel the wait for task ${taskId}`]);
      return exitCodes.done;
    }
    const { state, closedAt } = await client.status(taskId);
    output.data({ taskId, workflowId, requested: false, state, closedAt }, [
      `the wait for task ${taskId} has ended already, at ${closedAt}: ${stateText(state)}`,
    ]);
    return exitCodes.done;
  });
