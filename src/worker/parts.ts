/**
 * What every worker of the waits is made of, the package's own and a user's with the plugin. Needs `@temporalio/worker` for its types
 * alone.
 */
import { Client } from '@temporalio/client';
import { type MetricMeter, noopMetricMeter } from '@temporalio/common';
import type { WorkerOptions } from '@temporalio/worker';
import { createAccountThrottles } from '../activities/account-throttles.js';
import { createTryOnActivities, type TryOnActivities } from '../activities/index.js';
import { createServerClock, type ServerClock } from '../activities/server-clock.js';
import { createArchiver } from '../archive/archiver.js';
import { TryOnClientError } from '../client/errors.js';
import { archiveTaskQueue, defaults, submitTaskQueue, vendorTaskQueue, webhookTaskQueue } from '../contract.js';
import { defined } from '../defined.js';
import type { Learning } from '../learning/learning.js';
import { priorPolicies } from '../learning/prior.js';
import { createTryOnNexusService } from '../nexus/service.js';
import type { AttemptSeen } from '../poll/attempt.js';
import type { Account } from '../providers/accounts.js';
import { apisOf } from '../providers/apis.js';
import { createVendorClient } from '../providers/client.js';
import type { AroundExchange } from '../providers/exchange.js';
import { vendorQueueRate } from '../schedule/poll-cost.js';
import { aroundAll } from '../telemetry/exchange-hook.js';
import { createTryOnMetrics } from '../telemetry/metrics.js';
import { watchWaitCounts } from '../telemetry/wait-counts.js';
import { describeActivityQueue } from '../temporal/queue-limit.js';
import { watchSearchAttributes } from '../temporal/search-attributes.js';
import { serverVersionProblem } from '../temporal/server-version.js';
import { createWebhookPoster } from '../webhook/post.js';
import { deploymentOptions } from './deployment.js';
import { type LearnFrom, learn } from './learn.js';
import { createQueueLimits, type QueueLimits } from './queue-limits.js';
import type { WorkerSettings } from './settings.js';

/** An attempt ends within 18 s. */
const SHUTDOWN_GRACE_MS = 19_000;
const VERSION_WITHIN_MS = 5_000;

/** What the parts depend on besides their settings. */
export interface PartsOptions {
  /** Default: learned from the attempts. */
  readonly clock?: ServerClock;
  /** Measures polls, accounts, budget and open waits; default: nothing is measured. */
  readonly meter?: MetricMeter;
  /** Wraps each request to the vendor. */
  readonly aroundExchange?: AroundExchange;
}

/** The server that a worker works for. */
export type WorkerServer = Pick<LearnFrom, 'connection' | 'namespace' | 'log'>;

/** Options for workers; each may be overridden. */
export interface TryOnParts {
  readonly activities: TryOnActivities;
  /** For every worker, of the workflows or of a vendor's queue. */
  readonly tuned: Partial<WorkerOptions>;
  /** Makes a worker a versioned one, where a version is set. For every worker, or for none. */
  readonly deployment: Pick<WorkerOptions, 'workerDeploymentOptions'>;
  /** For the worker of the workflows. */
  readonly main: Partial<WorkerOptions>;
  /**
   * For two further workers per account, one that polls and one that submits, one for the archive if there is a store, and one for webhooks if there are any, on queues named after
   * `taskQueue`. Read it after `start`: where the budget cannot be set on the queue
   * itself, it is in these options.
   */
  vendorQueues(taskQueue: string): readonly (Partial<WorkerOptions> & { readonly taskQueue: string })[];
  /**
   * Starts what runs along with the workers: the budget on each vendor queue, reading search attributes, learning, metrics. Resolves when
   * budgets are set and search attributes have been read once: even a short first wait then sets them. Call it before a worker is created. Call
   * `stop` also when it rejects.
   * @param server - absent: no search attributes, and durations go by the prior
   * @throws {TryOnClientError} `ServerTooOld`
   */
  start(server?: WorkerServer): Promise<void>;
  /** The schedule, as it has been learned so far; the prior's before `start`. */
  readonly learning: Pick<Learning, 'policy' | 'ready'>;
  /** Stops what `start` started and closes the vendor's connections. */
  stop(): Promise<void>;
}

/** A server whose version cannot be read is accepted: a worker need not have the right to read it. */
async function refuseOldServer({ connection }: WorkerServer): Promise<void> {
  const info = await connection
    .withDeadline(Date.now() + VERSION_WITHIN_MS, () => connection.workflowService.getSystemInfo({}))
    .catch(() => undefined);
  const problem = serverVersionProblem(info?.serverVersion);
  if (problem !== undefined) throw new TryOnClientError('ServerTooOld', problem);
}

/** The queue of an account's submits: one at a time, so that a request that was claimed is sent at once. */
const submitQueue = ({ name, submitsPerMinute = defaults.submitsPerMinute }: Account, prefix: string) => ({
  taskQueue: submitTaskQueue(name, prefix),
  maxTaskQueueActivitiesPerSecond: submitsPerMinute / 60,
  maxConcurrentActivityTaskExecutions: 1,
});

/** Makes the parts. Nothing runs and no connection is opened before `start`. */
export function createTryOnParts(settings: WorkerSettings, options: PartsOptions = {}): TryOnParts {
  const { accounts, taskQueue } = settings;
  const accountOf = new Map(accounts.map((account) => [account.name, account]));
  const { meter, clock = createServerClock() } = options;
  const priorOf = priorPolicies(settings);
  /** The API that an account without a named one uses. */
  const usualApi = (account: string) => apisOf(accountOf.get(account)?.vendor ?? 'aidge')[0]?.name;
  let learned: Learning | undefined;
  let limits: QueueLimits | undefined;
  let attributeNames: () => readonly string[] = () => [];
  const stops: (() => unknown)[] = [];
  const policy: Learning['policy'] = (account, api) =>
    learned?.policy(account, api) ?? priorOf(api ?? usualApi(account));
  const throttle = createAccountThrottles({ queriesPerSecond: (name) => accountOf.get(name)?.queriesPerSecond ?? 1 });
  const nowMs = () => clock.now();
  const metrics = meter === undefined ? undefined : createTryOnMetrics({ meter, accounts, policy, throttle, nowMs });
  const aroundExchange = aroundAll([metrics?.aroundExchange, options.aroundExchange]);
  const vendor = createVendorClient(defined({ accounts, aroundExchange }));
  const webhooks = createWebhookPoster(settings.webhooks);
  const archiver = settings.archive === undefined ? undefined : createArchiver(settings.archive);
  const activities = createTryOnActivities({
    ...defined({ archiver }),
    vendor,
    webhooks,
    policy,
    acceptsOtherTaskId: (name) => accountOf.get(name)?.acceptOtherTaskId ?? false,
    searchAttributes: () => attributeNames(),
    throttles: throttle,
    clock,
    nexusAccounts: settings.nexusAccounts,
    onAttempt(attempt: AttemptSeen) {
      // Metrics come first, because they never throw.
      metrics?.onAttempt(attempt);
      learned?.onAttempt(attempt);
    },
  });
  return {
    activities,
    tuned: {
      shutdownGraceTime: SHUTDOWN_GRACE_MS,
      // A slow poll heartbeats each second to receive a cancellation.
      defaultHeartbeatThrottleInterval: 1_000,
      maxHeartbeatThrottleInterval: 1_000,
    },
    deployment: deploymentOptions(settings.deployment),
    main: {
      maxCachedWorkflows: settings.maxCachedWorkflows,
      nexusServices: [createTryOnNexusService({ accounts: settings.nexusAccounts })],
    },
    vendorQueues: (prefix) => [
      ...accounts.flatMap((account) => [
        {
          taskQueue: vendorTaskQueue(account.name, prefix),
          // Where the queue itself cannot hold the limit, every worker gives the same one: the last poller's counts.
          ...defined({
            maxTaskQueueActivitiesPerSecond:
              limits === undefined ? vendorQueueRate(account.queriesPerSecond) : limits.pollRate(account.name),
          }),
        },
        submitQueue(account, prefix),
      ]),
      ...(archiver === undefined ? [] : [{ taskQueue: archiveTaskQueue(prefix) }]),
      ...(settings.webhooks.webhooks.length > 0 ? [{ taskQueue: webhookTaskQueue(prefix) }] : []),
    ],
    learning: {
      policy,
      get ready() {
        return learned?.ready ?? Promise.resolve();
      },
    },
    async start(server) {
      if (metrics !== undefined) {
        metrics.start();
        stops.push(metrics.stop);
      }
      await archiver?.prepare().catch((error: unknown) => {
        throw new TryOnClientError('BadConfig', (error as Error).message);
      });
      if (server === undefined) return;
      await refuseOldServer(server);
      const { connection, namespace } = server;
      const registered = watchSearchAttributes(connection, namespace);
      stops.push(registered.stop);
      attributeNames = registered.names;
      const client = new Client({ connection, namespace });
      limits = createQueueLimits({
        client,
        queues: accounts.map(({ name, queriesPerSecond }) => ({
          account: name,
          queue: vendorTaskQueue(name, taskQueue),
          queriesPerSecond,
        })),
        describe: (queue) => describeActivityQueue(client, queue),
        ...defined({ log: server.log }),
      });
      await limits.start();
      learned = learn(settings, { ...server, clock, limits });
      stops.push(learned.stop);
      await registered.first;
      // Without an exporter nobody would see the counts.
      if (meter === undefined || meter === noopMetricMeter) return;
      const counts = watchWaitCounts({ meter, client, taskQueue, accounts, searchAttributes: registered.names });
      stops.push(counts.stop);
    },
    async stop() {
      await Promise.allSettled(stops.splice(0).map((stop) => stop()));
      await Promise.all([vendor.close(), webhooks.close(), archiver?.close()]);
    },
  };
}
