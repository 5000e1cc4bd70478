import type { LogEntry } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { QuietLogger } from '../../src/telemetry/quiet-logger.js';

const stats = 'asset workflow-bundle.js 1 MiB [emitted]\nwebpack 5.106.0 compiled successfully in 900 ms';

function logged(level: 'DEBUG' | 'INFO'): { readonly logger: QuietLogger; readonly lines: string[] } {
  const lines: string[] = [];
  const logger = new QuietLogger(level, ({ level: of, message }: LogEntry) => void lines.push(`${of} ${message}`));
  return { logger, lines };
}

test('a successful bundle and queues without workflows are not logged', () => {
  const { logger, lines } = logged('INFO');
  logger.info(stats);
  logger.info(stats.replace('webpack', '\u001b[1mwebpack').replace('successfully', '\u001b[32msuccessfully\u001b[39m'));
  logger.warn('No workflows registered, not polling for workflow tasks');
  expect(lines).toEqual([]);
});

test('at DEBUG a bundle is logged; other messages are as they are', () => {
  const { logger, lines } = logged('DEBUG');
  logger.info(stats);
  logger.error('webpack 5.106.0 compiled with 1 error in 9 ms');
  logger.warn('something else');
  expect(lines).toEqual([
    `DEBUG ${stats}`,
    'ERROR webpack 5.106.0 compiled with 1 error in 9 ms',
    'WARN something else',
  ]);
});
