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

/** Starts a progress bar named `title`. */
export function startProgress(output: Output, title: string): Progress {
  if (!output.isInteractive) {
    let told = '';
    return {
      update(done, total, text) {
        const line = `${title} ${done}/${total} ${text}`;
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
      format: `${title} ${cyan('{bar}')} {value}/{total} ${dim('{text}')} ${dim('{duration_formatted}')}`,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      // Signals are the command's own.
      gracefulExit: false,
      fps: 10,
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
    process.stderr.write('\r\u001b[K');
    write();
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
      bar.stop();
    },
  };
}
