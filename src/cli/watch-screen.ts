/** The live table of `watch`: a screen of its own, which leaves the terminal as it was. */
import { createLogUpdate } from 'log-update';
import type { Output } from './output.js';
import { roomFor, type Screen, screenLines } from './watched.js';

/** Where readings are shown. */
export interface WatchView {
  /** How many waits it has room for. */
  room(): number;
  show(screen: Screen): void;
  stop(): void;
}

/** The alternate screen (xterm's private mode 1049), and everything cleared. */
const enter = '\u001b[?1049h\u001b[H';
const leave = '\u001b[?1049l';
const clearAll = '\u001b[2J\u001b[H';

/** Ages and times to the next poll go on between two readings. */
const REDRAW_MS = 1_000;

/** Takes standard output, which must be a terminal, until `stop`. */
export function startWatchScreen({ paint }: Output): WatchView {
  const terminal = process.stdout;
  const update = createLogUpdate(terminal);
  let screen: Screen | undefined;
  const draw = (): void => {
    if (screen === undefined) return;
    update(screenLines(screen, paint, Date.now(), terminal.columns, terminal.rows).join('\n'));
  };
  // What was drawn for another size is not where it was.
  const onResize = (): void => {
    update.clear();
    terminal.write(clearAll);
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
    terminal.write(leave);
  };
  terminal.write(enter);
  terminal.on('resize', onResize);
  // A second Ctrl-C ends the process at once.
  process.on('exit', stop);
  const timer = setInterval(draw, REDRAW_MS);
  return {
    room: () => roomFor(terminal.rows),
    show(next) {
      screen = next;
      draw();
    },
    stop,
  };
}
