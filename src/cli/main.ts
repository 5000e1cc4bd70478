#!/usr/bin/env node
/** The program `temporal-tryon`. */
import { plain } from './output.js';
import { runCli } from './program.js';

// A reader that stops reading, such as `head`, is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.on('uncaughtException', (error) => {
  // The SDK (1.24.0) makes one more call on a connection that is closed already. Nobody needs its answer.
  if (error.message.includes('Channel has been shut down')) return;
  const lines = (error.stack ?? error.message).split('\n').map(plain);
  process.stderr.write(`temporal-tryon: ${lines.join('\n')}\n`);
  process.exit(1);
});

process.exitCode = await runCli(process.argv.slice(2));
// A connection that stays open must not keep the program alive.
setTimeout(() => process.exit(), 2_000).unref();
