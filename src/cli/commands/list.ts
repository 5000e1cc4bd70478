/** `temporal-tryon list`. */
import type { ListedWait } from '../../client/list.js';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { type Output, plain } from '../output.js';
import { counted, lengthOf, stateText } from '../show.js';

const STATE_WIDTH = 11;

function lineOf(wait: ListedWait, paint: Output['paint'], nowMs: number): string {
  const state = stateText(wait.state, paint) + ' '.repeat(STATE_WIDTH - wait.state.length);
  const images = wait.imageCount === undefined ? '' : `, ${counted(wait.imageCount, 'image')}`;
  const account = wait.account === undefined || wait.account === 'default' ? '' : `, account ${wait.account}`;
  const age = lengthOf(nowMs - Date.parse(wait.startedAt));
  return `${state} ${plain(wait.taskId)}  ${paint.dim(`begun ${age} ago${images}${account}`)}`;
}

export const run: Run<'list'> = ({ options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { state, listing, olderThanSeconds, limit } = options;
    const wanted = defined({ state, listingId: listing, olderThanSeconds, limit });
    let count = 0;
    for await (const wait of client.list(wanted)) {
      signal.throwIfAborted();
      count += 1;
      output.json(wait);
      if (!output.isJson) output.line(lineOf(wait, output.paint, Date.now()));
    }
    if (count === 0) output.note('no such wait');
    if (count === limit) output.note(`the first ${count} are shown; --limit gives more`);
    return exitCodes.done;
  });
