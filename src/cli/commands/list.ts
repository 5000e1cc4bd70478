/** `temporal-tryon list`. */
import type { ListedWait } from '../../client/list.js';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { widthOf } from '../output.js';
import { listTable } from '../wait-row.js';

export const run: Run<'list'> = ({ options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { state, listing, olderThanSeconds, limit } = options;
    const waits: ListedWait[] = [];
    try {
      for await (const wait of client.list(defined({ state, listingId: listing, olderThanSeconds, limit }))) {
        signal.throwIfAborted();
        waits.push(wait);
        output.json(wait);
      }
    } finally {
      // What was found before an error is shown, too.
      if (!output.isJson && waits.length > 0) {
        listTable(waits, Date.now(), widthOf(output.sink)).forEach(output.line);
      }
    }
    if (waits.length === 0) output.note('no such wait');
    if (waits.length === limit) output.note(`only the first ${limit} are shown; raise --limit for more`);
    return exitCodes.done;
  });
