/** A progress bar on a terminal; elsewhere nothing is drawn, and lines tell what happens. */
import cliProgress from 'cli-progress';
import type { Output } from './output.js';

/** Progress of one command. Lines written through it do not tear the bar. */
export interface Progress {
  /** `total` may grow. */
  update(done: number, total: number, text: string): void;
  /** A line of data above the bar. */
  line(text: string): void;
  /** A line beside the data, above the bar. */
  note(text: string): void;
  stop(): void;
}

/** What stands around the bar: `count` tells how many of how many, `percent` a share of 100 whose meaning follows. */
export type ProgressKind = { readonly count: string } | { readonly percentOf: string };

const MAX_BAR = 40;

/** The bar's library has the terminal cut lines that are too long (DECAWM off); addresses must be whole. */
const [wrapLines, cutLines] = ['\u001b[?7h', '\u001b[?7l'];

/** The start of the line as the cursor's saved position (DECSC). */
const saveHere = '\r\u001b7';

/** Starts a progress bar. Off a terminal each update that differs from the one before is a line. */
export function startProgress(output: Output, kind: ProgressKind): Progress {
  const [before, after] =
    'count' in kind ? [`${kind.count} `, '{value}/{total}'] : ['', `{percentage} % ${kind.percentOf}`];
  if (!output.isInteractive) {
    let told = '';
    return {
      update(done, total, text) {
        const line = 'count' in kind ? `${kind.count} ${done}/${total} ${text}` : text;
        if (line !== told) output.note(line);
        told = line;
      },
      line: output.line,
      note: output.note,
      stop: () => undefined,
    };
  }
  const { cyan, dim } = output.paintNote;
  const bar = new cliProgress.SingleBar(
    {
      format: `${before}${cyan('{bar}')} ${after}  ${dim('{text}')} ${dim('{duration_formatted}')}`,
      barsize: Math.min(MAX_BAR, Math.floor((output.errorSink.columns ?? 80) / 5)),
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      // Signals are the command's own.
      gracefulExit: false,
      fps: 10,
      // Lines above it take it away.
      forceRedraw: true,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_classic,
  );
  let total = 1;
  let state = { done: 0, text: '' };
  bar.start(total, 0, { text: '' });
  const timer = setInterval(() => bar.update(state.done, { text: state.text }), 1_000);
  timer.unref();
  /** Takes the bar away for a line, then draws it again below. */
  const above = (write: () => void): void => {
    process.stderr.write(`\r\u001b[K${wrapLines}`);
    write();
    process.stderr.write(cutLines);
    bar.update(state.done, { text: state.text });
  };
  return {
    update(done, newTotal, text) {
      state = { done, text };
      if (newTotal !== total) bar.setTotal(newTotal);
      total = newTotal;
      bar.update(done, { text });
    },
    line: (text) => above(() => output.line(text)),
    note: (text) => above(() => output.note(text)),
    stop() {
      clearInterval(timer);
      // The library goes back to where the bar began, which lines above it have moved; with that comes the cutting of lines.
      process.stderr.write(saveHere);
      bar.stop();
      process.stderr.write(wrapLines);
    },
  };
}
