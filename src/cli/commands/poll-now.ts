/** `temporal-tryon poll-now <taskId>`. */
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { counted, stateText } from '../format.js';

export const run: Run<'poll-now'> = ({ args: [taskId] }, context) =>
  withClient(context, async (client) => {
    const status = await client.pollNow(taskId);
    const { state, images, polls } = status;
    const soFar = `${stateText(state)}, ${counted(images.length, 'image')}, ${counted(polls, 'poll')}`;
    context.output.data(status, [`polling now; so far ${soFar}`]);
    return exitCodes.done;
  });
