/** A progress bar on a terminal. Elsewhere nothing is drawn, and each change is a line. */
import cliProgress from 'cli-progress';
import { type Output, paint } from './output.js';

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

/** cli-progress makes the terminal cut long lines (DECAWM off). URLs must be whole. */
const [WRAP_LINES, CUT_LINES] = ['\u001b[?7h', '\u001b[?7l'];
const CLEAR_LINE = '\r\u001b[K';
/** Makes the start of the line the saved cursor position (DECSC). */
const SAVE_LINE_START = '\r\u001b7';

/** Starts a progress bar. Off a terminal it writes a line for each update that differs from the last one. */
export function startProgressBar(output: Output, kind: ProgressKind): ProgressBar {
  const { line, note, renderNote } = output;
  if (!output.isInteractive) {
    let lastText = '';
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
  const [before, after] =
    'count' in kind ? [`${kind.count} `, '{value}/{total}'] : ['', `{percentage}% ${kind.percentOf}`];
  const bar = new cliProgress.SingleBar(
    {
      format: renderNote(
        `${before}${paint.cyan('{bar}')} ${after}  ${paint.dim('{text}')} ${paint.dim('{duration_formatted}')}`,
      ),
      barsize: Math.min(MAX_BAR_WIDTH, Math.floor((output.errorSink.columns ?? 80) / 5)),
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      // The command handles signals.
      gracefulExit: false,
      fps: 10,
      // A line above the bar overwrites it.
      forceRedraw: true,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_classic,
  );
  let total = 1;
  let state = { done: 0, text: '' };
  const draw = (): void => bar.update(state.done, { text: renderNote(state.text) });
  bar.start(total, 0, { text: '' });
  const timer = setInterval(draw, 1_000);
  timer.unref();
  /** Removes the bar, writes a line, and draws the bar again below it. */
  const above =
    (write: (text: string) => void) =>
    (text: string): void => {
      process.stderr.write(`${CLEAR_LINE}${WRAP_LINES}`);
      write(text);
      process.stderr.write(CUT_LINES);
      draw();
    };
  return {
    update(done, newTotal, text) {
      state = { done, text };
      if (newTotal !== total) bar.setTotal(newTotal);
      total = newTotal;
      draw();
    },
    line: above(line),
    note: above(note),
    stop() {
      clearInterval(timer);
      // On stop, cli-progress returns to where the bar began. Lines above it have moved the bar since, and it turns line wrapping off again.
      process.stderr.write(SAVE_LINE_START);
      bar.stop();
      process.stderr.write(WRAP_LINES);
    },
  };
}
