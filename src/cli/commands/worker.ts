/** `temporal-tryon worker`. */
import type { Run } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { endsWithParent } from '../worker-process.js';

/** Polls in flight end within 19 s. */
const DRAIN_TIMEOUT_MS = 25_000;

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

/** Ends this worker when the parent that started it, such as the demo, ends in any way. Returns false if it is gone already. */
function endWithParent(env: NodeJS.ProcessEnv): boolean {
  if (env[endsWithParent] === undefined) return true;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel alone does not keep the process alive.
  process.channel?.unref();
  return process.connected;
}

export const run: Run<'worker'> = async (_invocation, { env }) => {
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isInterrupted = signal === 'SIGINT';
      const end = () => process.exit(isInterrupted ? exitCodes.interrupted : exitCodes.done);
      // The SDK's runtime drains the worker, if it listens already. A worker that is just starting may not.
      if (process.listenerCount(signal) === 0) end();
      setTimeout(end, DRAIN_TIMEOUT_MS).unref();
    });
  }
  if (!endWithParent(env)) return exitCodes.interrupted;
  const { main } = await loadWorker();
  const exitCode = await main(env);
  return exitCode === exitCodes.done && isInterrupted ? exitCodes.interrupted : exitCode;
};
