/** The learning of a worker process: what it is made of. Needs `@temporalio/worker` for its types alone. */
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { ServerClock } from '../activities/server-clock.js';
import { type Learning, type LearningOptions, startLearning } from '../learning/learning.js';
import { createWaitReader } from '../learning/wait-reader.js';
import type { WorkerSettings } from './settings.js';

/** Where a worker learns from. */
export interface LearnFrom {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly clock: ServerClock;
  readonly log?: LearningOptions['log'];
}

/** Begins to learn, from what finished waits left in Temporal and from this worker's own polls. The caller stops it. */
export function learn(settings: WorkerSettings, { connection, namespace, clock, log }: LearnFrom): Learning {
  const { accounts, prior, learns, taskQueue, dataConverter } = settings;
  const ending = new AbortController();
  const client = new Client({ connection, namespace, ...(dataConverter === undefined ? {} : { dataConverter }) });
  const nowMs = () => clock.now();
  const learning = startLearning({
    accounts,
    prior,
    learns,
    reader: createWaitReader({ client, taskQueue, nowMs, signal: ending.signal }),
    nowMs,
    ...(log === undefined ? {} : { log }),
  });
  return {
    ...learning,
    stop: async () => {
      const stopped = learning.stop();
      ending.abort();
      await stopped;
    },
  };
}
