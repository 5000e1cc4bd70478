#!/usr/bin/env node
/** The program `temporal-tryon`. */
import { runCli } from './program.js';

// A reader that leaves, as `head` does, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2));
// A connection that lingers must not keep the program.
setTimeout(() => process.exit(), 2_000).unref();
