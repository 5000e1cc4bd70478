/** `temporal-tryon worker`. */
import { CliError, exitCodes } from '../exit.js';
import type { Run } from '../program.js';

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

export const run: Run = async (_invocation, { env }) => {
  let isInterrupted = false;
  process.once('SIGINT', () => {
    isInterrupted = true;
  });
  const { main } = await loadWorker();
  // The worker's own runtime drains on a signal. One that a parent started, as the demo does, must not outlive it.
  if (process.channel) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  const exitCode = await main(env);
  return exitCode === exitCodes.done && isInterrupted ? exitCodes.interrupted : exitCode;
};
