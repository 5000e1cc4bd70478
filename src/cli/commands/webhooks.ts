/** `temporal-tryon webhooks`; `--resend` sends events again that were given up. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { TryOnClient } from '../../client/client.js';
import { type ListedDelivery, listDeliveries, resendDelivery } from '../../client/webhooks.js';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { counted, formatDuration } from '../format.js';
import { widthOf } from '../output.js';
import { type Column, tableLines } from '../table.js';

const problemOf = ({ givenUp = [], lastTry }: ListedDelivery): string =>
  givenUp.at(-1)?.error?.message ??
  (lastTry?.message === undefined ? '' : `try ${lastTry.attempt}: ${lastTry.message}`);

const columns = (nowMs: number): readonly Column<ListedDelivery>[] => [
  { head: 'id', text: ({ id }) => id },
  { head: 'task', text: ({ taskId, requestId }) => taskId ?? requestId ?? '', minWidth: 12, dropOrder: 2 },
  { head: 'state', text: ({ state }) => state },
  { head: 'pending', text: ({ pending }) => String(pending?.length ?? ''), dropOrder: 3 },
  { head: 'given up', text: ({ givenUp }) => String(givenUp?.length ?? '') },
  { head: 'since', text: ({ startedAt }) => formatDuration(nowMs - Date.parse(startedAt)), dropOrder: 1 },
  { head: 'problem', text: problemOf, minWidth: 20, dropOrder: 4 },
];

async function resend({ temporal }: TryOnClient, id: string): Promise<number> {
  try {
    const { pending } = await resendDelivery(temporal, id);
    return pending.length;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CliError(`no delivery ${id} is open; \`temporal-tryon webhooks\` lists those that are`);
  }
}

export const run: Run<'webhooks'> = ({ options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { webhook, limit, resend: which } = options;
    if (which !== undefined && which !== 'all') {
      const events = await resend(client, which);
      output.data({ id: which, pending: events }, [`${which}: ${counted(events, 'event')} to deliver`]);
      return exitCodes.done;
    }
    const rows: ListedDelivery[] = [];
    for await (const delivery of listDeliveries(client.temporal, defined({ webhook, limit }))) {
      signal.throwIfAborted();
      if (which === undefined) {
        rows.push(delivery);
        output.json(delivery);
      } else if (delivery.givenUp?.length) {
        const { id } = delivery;
        const pending = await resend(client, id);
        rows.push(delivery);
        output.data({ id, pending }, [`${id}: ${counted(pending, 'event')} to deliver`]);
      }
    }
    if (which === undefined && rows.length > 0 && !output.isJson) {
      tableLines(columns(Date.now()), rows, widthOf(output.sink)).forEach(output.line);
    }
    if (rows.length === 0) output.note(which === undefined ? 'all events are delivered' : 'no event was given up');
    if (rows.length === limit) output.note(`only the first ${limit} are shown; raise --limit for more`);
    return exitCodes.done;
  });
