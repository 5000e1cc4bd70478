/** `temporal-tryon watch`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { exitCodes, explainError } from '../exit.js';
import { warningLine } from '../format.js';
import { type Output, widthOf } from '../output.js';
import { signature, waitLine, watchTable } from '../wait-row.js';
import { createWaitWatcher, type WatchSnapshot } from '../wait-watcher.js';
import { capacityOf, startWatchScreen, type WatchView } from '../watch-screen.js';

/** Writes a line for each change, as text or JSON. */
function lineView(output: Output, limit: number): WatchView {
  let shown = new Map<string, string>();
  let shownNotes: readonly string[] = [];
  return {
    capacity: () => limit,
    show({ rows, notes }) {
      const nowMs = Date.now();
      for (const row of rows) {
        if (shown.get(row.taskId) === signature(row)) continue;
        output.data({ at: new Date(nowMs).toISOString(), ...row }, [waitLine(row, nowMs)]);
      }
      shown = new Map(rows.map((row) => [row.taskId, signature(row)]));
      if (notes.join('\n') !== shownNotes.join('\n')) for (const note of notes) output.note(warningLine(note));
      shownNotes = notes;
    },
    stop: () => undefined,
  };
}

function printOnce({ rows, isCut, notes }: WatchSnapshot, emptyText: string, output: Output): void {
  for (const row of rows) output.json(row);
  if (rows.length === 0) output.note(emptyText);
  else if (!output.isJson) watchTable(rows, Date.now(), widthOf(output.sink)).forEach(output.line);
  if (isCut) output.note(`only the first ${rows.length} are shown; raise --limit for more`);
  for (const note of notes) output.note(warningLine(note));
}

export const run: Run<'watch'> = ({ options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { state, listing, olderThanSeconds, limit, interval, once } = options;
    const intervalMs = 1_000 * interval;
    const watcher = createWaitWatcher(client, {
      ...defined({ state, listingId: listing, olderThanSeconds }),
      limit,
      intervalMs,
    });
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => undefined);
    /** Ctrl-C does not have to wait for the calls under way. */
    const read = (max: number): Promise<WatchSnapshot> => {
      const reading = watcher.read(max);
      reading.catch(() => undefined);
      return Promise.race([reading, aborted]);
    };
    if (once) {
      const isOfRunning = state === undefined && listing === undefined;
      const kind = olderThanSeconds === undefined ? 'wait' : 'such wait';
      const emptyText = isOfRunning ? `no ${kind} is running; \`list\` shows ended ones` : 'no such wait';
      printOnce(await read(limit), emptyText, output);
      return exitCodes.done;
    }
    const address = client.address === undefined ? '' : ` at ${client.address}`;
    const place = `in ${client.temporal.options.namespace}${address}`;
    // The first read comes before the screen: if it fails, the message must not vanish with the screen.
    let last = await read(output.isLive ? capacityOf(output.sink.rows ?? 24) : limit);
    const view = output.isLive ? startWatchScreen(output) : lineView(output, limit);
    try {
      view.show({ ...last, place });
      for (;;) {
        await sleep(intervalMs, undefined, { signal });
        try {
          last = await read(view.capacity());
          view.show({ ...last, place });
        } catch (error) {
          signal.throwIfAborted();
          // The server may come back. Until then the last snapshot stays.
          const [reason = ''] = explainError(error).lines;
          view.show({ ...last, place, notes: [`cannot read the waits: ${reason}; retrying`] });
        }
      }
    } finally {
      view.stop();
    }
  });
