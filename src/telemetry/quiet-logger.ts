/** The worker's log for people: without what the SDK tells of matters that are as they should be. Needs `@temporalio/worker` for {@link DefaultLogger}. */
import { stripVTControlCharacters } from 'node:util';
import { DefaultLogger, type LogLevel, type LogMetadata } from '@temporalio/worker';

/** Workers of the vendor queues have activities alone. */
const meantWithoutWorkflows = 'No workflows registered, not polling for workflow tasks';
/** The last line of webpack's report on a bundle; the first ones list its modules. */
const bundled = /^webpack \S+ compiled successfully/m;

/** Logs as the SDK's own logger does, but for two things: bundling that went well is told at DEBUG, and queues without workflows not at all. */
export class QuietLogger extends DefaultLogger {
  override log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (message === meantWithoutWorkflows) return;
    const isReport = level === 'INFO' && bundled.test(stripVTControlCharacters(message));
    super.log(isReport ? 'DEBUG' : level, message, meta);
  }
}
