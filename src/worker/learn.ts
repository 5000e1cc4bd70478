/** The learning of a worker process, connected to its server. Needs `@temporalio/worker` for its types alone. */
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { ServerClock } from '../activities/server-clock.js';
import { vendorTaskQueue } from '../contract.js';
import { defined } from '../defined.js';
import { readFinishedWaits } from '../learning/finished-waits.js';
import { type Learning, startLearning } from '../learning/learning.js';
import { apisOf } from '../providers/apis.js';
import { describeActivityQueue } from '../temporal/queue-limit.js';
import type { QueueLimits, QueueLimitsOptions } from './queue-limits.js';
import type { WorkerSettings } from './settings.js';

/** Where a worker learns from. */
export interface LearnFrom {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly clock: ServerClock;
  /** Is passed what is read of the vendor queues, and knows the budgets in force. */
  readonly limits: Pick<QueueLimits, 'observe' | 'queriesPerSecond'>;
  readonly log?: QueueLimitsOptions['log'];
}

/** Starts to learn, from finished waits, the vendor queues' load and this worker's own attempts. The caller stops it. */
export function learn(settings: WorkerSettings, { connection, namespace, clock, limits, log }: LearnFrom): Learning {
  const { prior, isPriorSet, learns, taskQueue, dataConverter } = settings;
  const ending = new AbortController();
  const client = new Client({ connection, namespace, ...defined({ dataConverter }) });
  const learning = startLearning({
    accounts: settings.accounts.map(({ name, queriesPerSecond, vendor }) => ({
      name,
      queriesPerSecond,
      apis: apisOf(vendor).map((api) => api.name),
    })),
    prior,
    isPriorSet,
    learns,
    finishedWaits: (limit) => readFinishedWaits({ client, taskQueue, limit, signal: ending.signal }),
    async pollsPerSecond(account) {
      const state = await describeActivityQueue(client, vendorTaskQueue(account, taskQueue), ending.signal);
      await limits.observe(account, state);
      return state.dispatchedPerSecond;
    },
    queriesPerSecond: limits.queriesPerSecond,
    nowMs: () => clock.now(),
    ...defined({ log }),
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
