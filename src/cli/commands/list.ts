/** `temporal-tryon list`. */
import type { TryOnClient } from '../../client/client.js';
import type { ListedWait } from '../../client/list.js';
import { defined } from '../../defined.js';
import { resolveRemedy } from '../../job/describe.js';
import { type Context, type Run, withClient } from '../command.js';
import { exitCodes } from '../exit.js';
import { widthOf } from '../output.js';
import { listTable } from '../wait-row.js';

/** Jobs that wait for `resolve`, one line each. */
async function listParked(client: TryOnClient, limit: number, { output, signal }: Context): Promise<number> {
  let count = 0;
  for await (const job of client.jobs.maybeSubmitted()) {
    signal.throwIfAborted();
    if (count >= limit) break;
    count += 1;
    output.data(job, [`${job.requestId}  maybeSubmitted, started ${job.startedAt}`]);
  }
  output.note(count === 0 ? 'no such job' : `next: ${resolveRemedy('<requestId>')}`);
  return exitCodes.done;
}

export const run: Run<'list'> = ({ options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { state, listing, olderThanSeconds, limit } = options;
    if (state === 'maybeSubmitted') return await listParked(client, limit, context);
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
