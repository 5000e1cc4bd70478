#!/usr/bin/env node
/** The program `temporal-tryon`. */
import { runCli } from './program.js';

// A reader that leaves, as `head` does, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// The SDK asks once more on a connection that was closed meanwhile, and nobody hears the answer (1.24.0): what went wrong was told before.
process.on('uncaughtException', (error) => {
  if (error.message.includes('Channel has been shut down')) return;
  process.stderr.write(`temporal-tryon: ${error.stack ?? error.message}\n`);
  process.exit(1);
});

process.exitCode = await runCli(process.argv.slice(2));
// A connection that lingers must not keep the program.
setTimeout(() => process.exit(), 2_000).unref();
