/** `temporal-tryon status <taskId>`. */
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { statusLines } from '../format.js';

export const run: Run<'status'> = ({ args: [taskId] }, context) =>
  withClient(context, async (client) => {
    const status = await client.status(taskId);
    context.output.data(status, statusLines(status, Date.now()));
    return exitCodes.done;
  });
