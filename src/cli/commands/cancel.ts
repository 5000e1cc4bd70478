/** `temporal-tryon cancel <taskId>`. */
import { resultsWorkflowId } from '../../contract.js';
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { stateText } from '../show.js';

export const run: Run<'cancel'> = ({ args: [taskId] }, context) =>
  withClient(context, async (client) => {
    const { output } = context;
    const workflowId = resultsWorkflowId(taskId);
    // The server takes a request to end from a wait that has ended, and says nothing; where it does not tell, it is asked to end.
    const { closeTime } = await client.temporal.workflow
      .getHandle(workflowId)
      .describe()
      .catch(() => ({ closeTime: undefined }));
    const ended = closeTime === undefined ? undefined : await client.status(taskId);
    if (ended === undefined) await client.cancel(taskId);
    const { state = '', closedAt } = ended ?? {};
    output.json({
      taskId,
      workflowId,
      requested: ended === undefined,
      ...(ended === undefined ? {} : { state, closedAt }),
    });
    if (!output.isJson) {
      const what = `the wait for task ${taskId}`;
      const isOver = `${what} has ended already, at ${closedAt}: ${stateText(state, output.paint)}`;
      output.line(ended === undefined ? `asked ${what} to end` : isOver);
    }
    return exitCodes.done;
  });
