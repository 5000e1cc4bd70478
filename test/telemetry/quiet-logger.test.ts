import type { LogEntry } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { QuietLogger } from '../../src/telemetry/quiet-logger.js';

const stats = 'asset workflow-bundle.js 1 MiB [emitted]\nwebpack 5.106.0 compiled successfully in 900 ms';

function logged(level: 'DEBUG' | 'INFO'): { readonly logger: QuietLogger; readonly told: string[] } {
  const told: string[] = [];
  const logger = new QuietLogger(level, ({ level: of, message }: LogEntry) => void told.push(`${of} ${message}`));
  return { logger, told };
}

test('what is as it should be is not told: bundling that went well, and queues without workflows', () => {
  const { logger, told } = logged('INFO');
  logger.info(stats);
  logger.info(stats.replace('webpack', '\u001b[1mwebpack').replace('successfully', '\u001b[32msuccessfully\u001b[39m'));
  logger.warn('No workflows registered, not polling for workflow tasks');
  expect(told).toEqual([]);
});

test('all else is told as it is, and bundling to whoever asks for details', () => {
  const { logger, told } = logged('DEBUG');
  logger.info(stats);
  logger.error('webpack 5.106.0 compiled with 1 error in 9 ms');
  logger.warn('something else');
  expect(told).toEqual([
    `DEBUG ${stats}`,
    'ERROR webpack 5.106.0 compiled with 1 error in 9 ms',
    'WARN something else',
  ]);
});
