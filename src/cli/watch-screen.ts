/** The live table of `watch`. It uses the terminal's alternate screen and leaves the terminal as it was. */
import { createLogUpdate } from 'log-update';
import { tally } from './format.js';
import { DEFAULT_COLUMNS, type Output, paint } from './output.js';
import { cut } from './table.js';
import { watchTable } from './wait-row.js';
import type { WatchSnapshot } from './wait-watcher.js';

/** What a view shows. */
export interface WatchContent extends WatchSnapshot {
  /** Namespace and address of the server. */
  readonly place: string;
}

/** Shows the watched waits. */
export interface WatchView {
  /** How many waits fit. */
  capacity(): number;
  show(content: WatchContent): void;
  stop(): void;
}

/** Lines besides the waits: title, heads, the number of hidden waits, and the last line, which holds the cursor. */
const FRAME_LINES = 4;
const MAX_NOTES = 2;

/** How many waits fit on a terminal with this many rows. */
export const capacityOf = (terminalRows: number, notes = MAX_NOTES): number =>
  Math.max(1, terminalRows - FRAME_LINES - notes);

/** The screen as painted lines of at most `width` columns. Leaves the last terminal row free. */
export function screenLines(content: WatchContent, nowMs: number, width: number, terminalRows: number): string[] {
  const { rows, isCut, place } = content;
  const states = tally(rows.map(({ state }) => state)) || 'none';
  const title = `waits: ${states}; ${place}, ${new Date(nowMs).toISOString().slice(11, 19)} UTC, Ctrl-C stops`;
  const notes = content.notes.slice(0, MAX_NOTES);
  const shown = rows.slice(0, capacityOf(terminalRows, notes.length));
  const hidden = rows.length - shown.length;
  const more = hidden === 0 ? 'maybe more' : `${isCut ? 'at least ' : ''}${hidden} more`;
  return [
    paint.bold(cut(title, width)),
    ...watchTable(shown, nowMs, width),
    ...(hidden > 0 || isCut ? [paint.dim(cut(`${more}; select with --state, --listing and --limit`, width))] : []),
    ...notes.map((note) => paint.yellow(cut(`! ${note}`, width))),
  ];
}

/** Switches to xterm's alternate screen (private mode 1049). */
const ENTER = '\u001b[?1049h\u001b[H';
const LEAVE = '\u001b[?1049l';
const CLEAR = '\u001b[2J\u001b[H';

/** Ages and times to the next poll change between two reads. */
const REDRAW_MS = 1_000;

/** Takes over standard output, which must be a terminal, until `stop`. */
export function startWatchScreen({ render }: Output): WatchView {
  const terminal = process.stdout;
  const update = createLogUpdate(terminal);
  let content: WatchContent | undefined;
  const draw = (): void => {
    if (content === undefined) return;
    update(
      screenLines(content, Date.now(), terminal.columns || DEFAULT_COLUMNS, terminal.rows)
        .map(render)
        .join('\n'),
    );
  };
  // After a resize, earlier lines are no longer where they were drawn.
  const onResize = (): void => {
    update.clear();
    terminal.write(CLEAR);
    draw();
  };
  let isStopped = false;
  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    clearInterval(timer);
    terminal.off('resize', onResize);
    process.off('exit', stop);
    update.done();
    terminal.write(LEAVE);
  };
  terminal.write(ENTER);
  terminal.on('resize', onResize);
  // A second Ctrl-C ends the process at once.
  process.on('exit', stop);
  const timer = setInterval(draw, REDRAW_MS);
  return {
    capacity: () => capacityOf(terminal.rows),
    show(next) {
      content = next;
      draw();
    },
    stop,
  };
}
