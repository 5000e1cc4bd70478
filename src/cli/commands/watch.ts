/** `temporal-tryon watch`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { exitCodes, explainError } from '../exit.js';
import type { Output } from '../output.js';
import { createWaitWatch, type Reading } from '../wait-watch.js';
import { startWatchScreen, type WatchView } from '../watch-screen.js';
import { roomFor, signature, waitLine, waitTable } from '../watched.js';

/** A line for each change, as text or JSON. */
function lineView(output: Output, max: number): WatchView {
  const told = new Map<string, string>();
  let notes = '';
  return {
    room: () => max,
    show(screen) {
      const nowMs = Date.now();
      for (const wait of screen.waits) {
        if (told.get(wait.taskId) === signature(wait)) continue;
        told.set(wait.taskId, signature(wait));
        output.json({ at: new Date(nowMs).toISOString(), ...wait });
        if (!output.isJson) output.line(waitLine(wait, output.paint, nowMs));
      }
      for (const taskId of told.keys()) {
        if (!screen.waits.some((wait) => wait.taskId === taskId)) told.delete(taskId);
      }
      if (notes !== screen.notes.join('\n')) for (const note of screen.notes) output.note(`! ${note}`);
      notes = screen.notes.join('\n');
    },
    stop: () => undefined,
  };
}

function printOnce({ waits, isCut, notes }: Reading, none: string, output: Output): void {
  for (const wait of waits) output.json(wait);
  if (!output.isJson && waits.length > 0) {
    const width = output.sink.isTTY ? (output.sink.columns ?? 80) : Number.POSITIVE_INFINITY;
    for (const line of waitTable(waits, output.paint, Date.now(), width)) output.line(line);
  }
  if (waits.length === 0) output.note(none);
  if (isCut) output.note(`the first ${waits.length} are shown; --limit gives more`);
  for (const note of notes) output.note(`! ${note}`);
}

export const run: Run<'watch'> = ({ options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { state, listing, olderThanSeconds, limit, interval, once } = options;
    const intervalMs = 1_000 * interval;
    const watch = createWaitWatch(client, {
      ...defined({ state, listingId: listing, olderThanSeconds }),
      limit,
      intervalMs,
    });
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => undefined);
    /** Does not keep a person who wants to leave. */
    const read = (max: number): Promise<Reading> => {
      const reading = watch.read(max);
      reading.catch(() => undefined);
      return Promise.race([reading, aborted]);
    };
    if (once) {
      // Unless a state is asked for, only waits that run are watched.
      const such = olderThanSeconds === undefined ? '' : 'such ';
      const isOfRunning = state === undefined && listing === undefined;
      const none = isOfRunning ? `no ${such}wait is running; \`list\` shows ended ones` : 'no such wait';
      printOnce(await read(limit), none, output);
      return exitCodes.done;
    }
    const place = `in ${client.temporal.options.namespace}${client.address === undefined ? '' : ` at ${client.address}`}`;
    // Read before the screen is taken: what is wrong with the call is told plainly.
    let last = await read(output.isLive ? roomFor(output.sink.rows ?? 24) : limit);
    const view = output.isLive ? startWatchScreen(output) : lineView(output, limit);
    try {
      view.show({ ...last, place });
      for (;;) {
        await sleep(intervalMs, undefined, { signal });
        try {
          last = await read(view.room());
          view.show({ ...last, place });
        } catch (error) {
          signal.throwIfAborted();
          // The server may come back; what was seen stays.
          const [why = ''] = explainError(error).lines;
          view.show({ ...last, place, notes: [`not read: ${why}; asking again`] });
        }
      }
    } finally {
      view.stop();
    }
  });
