/** Workers of one process that live and end together. Needs `@temporalio/worker` for its types alone. */
import type { Worker } from '@temporalio/worker';

/** A worker, and how it is run where that is not its own `run`. */
export interface Runnable {
  readonly worker: Pick<Worker, 'run' | 'getState' | 'shutdown'>;
  readonly run?: () => Promise<void>;
}

/**
 * Runs workers. One that ends, or fails, ends them all: half a worker would poll alive.
 * @returns `run` settles when all have drained, and rejects with the first failure; `shutdown` begins to drain
 */
export function runTogether(all: readonly Runnable[]): { readonly run: Promise<void>; shutdown(): void } {
  const shutdown = (): void => {
    for (const { worker } of all) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runOne = async ({ worker, run = () => worker.run() }: Runnable): Promise<void> => {
    try {
      await run();
    } finally {
      shutdown();
    }
  };
  const run = Promise.allSettled(all.map(runOne)).then((ends) => {
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  });
  return { run, shutdown };
}
