/** The worker's log for people, without two messages of the SDK that report nothing unusual. */
import { stripVTControlCharacters } from 'node:util';
import { DefaultLogger, type LogEntry, type LogLevel, type LogMetadata } from '@temporalio/worker';
import { textLine } from './text-log.js';

/** The SDK warns of this for the vendor queues, whose workers run only activities. It has no option to turn that off. */
const activitiesOnly = 'No workflows registered, not polling for workflow tasks';
/** The last line of webpack's report on a bundle; the lines before list its modules. */
const bundled = /^webpack \S+ compiled successfully/m;

const writeLine = (entry: LogEntry): void => void process.stderr.write(`${textLine(entry)}\n`);

/** Logs as the SDK's own logger, but cleaned; reports a successful bundle at DEBUG, and queues without workflows not at all. */
export class QuietLogger extends DefaultLogger {
  constructor(level?: LogLevel, write: (entry: LogEntry) => void = writeLine) {
    super(level, write);
  }

  override log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (message === activitiesOnly) return;
    const isReport = level === 'INFO' && bundled.test(stripVTControlCharacters(message));
    super.log(isReport ? 'DEBUG' : level, message, meta);
  }
}
