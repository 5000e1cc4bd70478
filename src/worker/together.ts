/** Workers of one process that live and end together. Needs `@temporalio/worker` for its types alone. */
import type { Worker } from '@temporalio/worker';

/** A worker, and how it runs if not by its own `run`. */
export interface Runnable {
  readonly worker: Pick<Worker, 'run' | 'getState' | 'shutdown'>;
  readonly run?: () => Promise<void>;
}

/**
 * Creates workers at the same time. If one cannot be created, the others are released: a worker holds its connection open until it has
 * run.
 * @throws the first failure
 */
export async function createTogether<W extends Pick<Worker, 'runUntil'>>(
  creations: readonly Promise<W>[],
): Promise<readonly W[]> {
  const settled = await Promise.allSettled(creations);
  const failed = settled.find((one) => one.status === 'rejected');
  const created = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (failed === undefined) return created;
  await Promise.allSettled(created.map((worker) => worker.runUntil(Promise.resolve())));
  throw failed.reason;
}

/**
 * Runs workers. When one ends or fails, all are shut down: half a worker would look healthy.
 * @returns `run` settles when all have drained, and rejects with the first failure; `shutdown` starts to drain
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
