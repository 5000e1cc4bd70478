/** `temporal-tryon status <taskId>`. */
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { statusLines } from '../format.js';

export const run: Run<'status'> = ({ args: [taskId] }, context) =>
  withClient(context, async (client) => {
    const { output } = context;
    const status = await client.status(taskId);
    output.json(status);
    if (!output.isJson) for (const line of statusLines(status, Date.now())) output.line(line);
    return exitCodes.done;
  });
