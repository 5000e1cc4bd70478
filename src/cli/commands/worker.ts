/** `temporal-tryon worker`. */

import type { Run } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { endsWithParent } from '../worker-process.js';

/** Polls in flight end within 19 s. */
const DRAIN_WITHIN_MS = 25_000;

async function loadWorker(): Promise<typeof import('../../worker.js')> {
  try {
    return await import('../../worker.js');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' && message.includes('@temporalio/worker')) {
      throw new CliError('@temporalio/worker is not installed; add it with `npm install @temporalio/worker`');
    }
    throw error;
  }
}

/** A worker that a parent started, as the demo does, must not outlive it, however the parent ends. */
function endWithParent(env: NodeJS.ProcessEnv): boolean {
  if (env[endsWithParent] === undefined) return true;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel is for that alone; it keeps nothing up.
  process.channel?.unref();
  return process.connected;
}

export const run: Run<'worker'> = async (_invocation, { env }) => {
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isInterrupted = signal === 'SIGINT';
      const end = () => process.exit(isInterrupted ? exitCodes.interrupted : exitCodes.done);
      // Its own runtime drains, if it is there to hear the signal; one that comes up just then might not.
      if (process.listenerCount(signal) === 0) end();
      setTimeout(end, DRAIN_WITHIN_MS).unref();
    });
  }
  if (!endWithParent(env)) return exitCodes.interrupted;
  const { main } = await loadWorker();
  const exitCode = await main(env);
  return exitCode === exitCodes.done && isInterrupted ? exitCodes.interrupted : exitCode;
};
