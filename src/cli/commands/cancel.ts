/** `temporal-tryon cancel <taskId>`. */
import { resultsWorkflowId } from '../../contract.js';
import { exitCodes } from '../exit.js';
import type { Run } from '../program.js';
import { withClient } from '../with-client.js';

export const run: Run = ({ args: [taskId = ''] }, context) =>
  withClient(context, async (client) => {
    const { output } = context;
    await client.cancel(taskId);
    output.json({ taskId, workflowId: resultsWorkflowId(taskId), requested: true });
    if (!output.isJson) output.line(`asked the wait for task ${taskId} to end`);
    return exitCodes.done;
  });
