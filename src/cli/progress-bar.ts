/** A progress bar on a terminal. Elsewhere nothing is drawn, and each change is a line. */
import { createLogUpdate } from 'log-update';
import { formatDuration } from './format.js';
import { DEFAULT_COLUMNS, type Output, paint } from './output.js';
import { cut } from './table.js';

/** Progress of one command. Lines written through it do not tear the bar. */
export interface ProgressBar {
  /** `total` may grow. */
  update(done: number, total: number, text: string): void;
  /** Writes a line of data above the bar. */
  line(text: string): void;
  /** Writes a line to standard error, above the bar. */
  note(text: string): void;
  stop(): void;
}

/** What the bar shows beside itself: `count` counts things of this name, `percentOf` says what 100% means. */
export type ProgressKind = { readonly count: string } | { readonly percentOf: string };

const MAX_BAR_WIDTH = 40;
const REDRAW_MS = 1_000;

/** The bar and its texts as one painted line of at most `width` columns. Pure. */
export function barLine(kind: ProgressKind, done: number, total: number, text: string, width: number): string {
  const barWidth = Math.max(0, Math.min(MAX_BAR_WIDTH, Math.floor(width / 6)));
  const share = Math.min(1, done / Math.max(1, total));
  const filled = Math.floor(barWidth * share);
  const before = 'count' in kind ? `${kind.count} ` : '';
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const after = 'count' in kind ? ` ${done}/${total}  ` : ` ${Math.floor(100 * share)}% ${kind.percentOf}  `;
  const room = width - before.length - barWidth - after.length;
  return room < 1 ? cut(`${done}/${total}`, width) : `${before}${paint.cyan(bar)}${after}${paint.dim(cut(text, room))}`;
}

/** Starts a progress bar. Off a terminal it writes a line for each update that differs from the last one. */
export function startProgressBar(output: Output, kind: ProgressKind): ProgressBar {
  const { line, note, renderNote } = output;
  let lastText = '';
  if (!output.isInteractive) {
    return {
      update(done, total, text) {
        const newText = 'count' in kind ? `${kind.count} ${done}/${total} ${text}` : text;
        if (newText !== lastText) note(newText);
        lastText = newText;
      },
      line,
      note,
      stop: () => undefined,
    };
  }
  const terminal = process.stderr;
  const redraw = createLogUpdate(terminal);
  const startedMs = Date.now();
  let progress = { done: 0, total: 1 };
  const draw = (): void => {
    const text = `${lastText} ${formatDuration(Date.now() - startedMs)}`;
    redraw(renderNote(barLine(kind, progress.done, progress.total, text, (terminal.columns || DEFAULT_COLUMNS) - 1)));
  };
  /** Removes the bar, writes a line, and draws the bar again below it. */
  const above =
    (write: (text: string) => void) =>
    (text: string): void => {
      redraw.clear();
      write(text);
      draw();
    };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    update(done, total, text) {
      progress = { done, total };
      lastText = text;
      draw();
    },
    line: above(line),
    note: above(note),
    stop() {
      clearInterval(timer);
      redraw.clear();
      redraw.done();
    },
  };
}
