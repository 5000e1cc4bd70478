/** `temporal-tryon poll-now <taskId>`. */
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { counted, stateText } from '../format.js';

export const run: Run<'poll-now'> = ({ args: [taskId] }, context) =>
  withClient(context, async (client) => {
    const { output } = context;
    const status = await client.pollNow(taskId);
    output.json(status);
    if (!output.isJson) {
      const { state, images, polls } = status;
      output.line(
        `polling now; so far ${stateText(state)}, ${counted(images.length, 'image')}, ${counted(polls, 'poll')}`,
      );
    }
    return exitCodes.done;
  });
