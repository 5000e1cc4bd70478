/** What every worker of the waits is made of, be it the package's own or a user's with the plugin. Needs `@temporalio/worker` for its types alone. */
import type { MetricMeter } from '@temporalio/common';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { createAccountThrottles } from '../activities/account-throttles.js';
import { createTryOnActivities, type TryOnActivities } from '../activities/index.js';
import { createServerClock, type ServerClock } from '../activities/server-clock.js';
import { vendorTaskQueue } from '../contract.js';
import type { Learning } from '../learning/learning.js';
import { createTryOnNexusService } from '../nexus/service.js';
import type { AttemptSeen } from '../poll/attempt.js';
import { createVendorClient } from '../providers/client.js';
import type { AroundExchange } from '../providers/exchange.js';
import { vendorQueueRate } from '../schedule/poll-cost.js';
import { policyOf } from '../schedule/schedule.js';
import { aroundAll } from '../telemetry/exchange-hook.js';
import { createTryOnMetrics } from '../telemetry/metrics.js';
import { registeredSearchAttributes } from '../temporal/search-attributes.js';
import type { WorkerSettings } from './settings.js';

/** An attempt is bounded by 18 s. */
const SHUTDOWN_GRACE_MS = 19_000;
const SEARCH_ATTRIBUTES_EVERY_MS = 60_000;

/** Which of the contract's search attributes a namespace has. */
export interface RegisteredAttributes {
  /** Settles when they have been read once. */
  readonly first: Promise<void>;
  names(): readonly string[];
  stop(): void;
}

/** The contract's search attributes that the namespace has, read again now and then; none without the right to ask. */
export function watchSearchAttributes(
  connection: Pick<NativeConnection, 'operatorService'>,
  namespace: string,
): RegisteredAttributes {
  let names: readonly string[] = [];
  const read = async (): Promise<void> => {
    try {
      names = await registeredSearchAttributes(connection, namespace);
    } catch {
      names = [];
    }
  };
  const timer = setInterval(read, SEARCH_ATTRIBUTES_EVERY_MS);
  timer.unref();
  return { first: read(), names: () => names, stop: () => clearInterval(timer) };
}

/** What the parts depend on besides their settings. */
export interface PartsOptions {
  /** The contract's search attributes that the namespace has. */
  readonly searchAttributes: () => readonly string[];
  /** Default: learned from the attempts. */
  readonly clock?: ServerClock;
  /** The schedule in force; default: the prior's. */
  readonly learning?: Pick<Learning, 'policy' | 'onAttempt'>;
  /** Polls, accounts and budget are measured with it; default: nothing is. */
  readonly meter?: MetricMeter;
  /** Put around each request to the vendor. */
  readonly aroundExchange?: AroundExchange;
}

/** Options for workers; each may be overridden. */
export interface TryOnParts {
  readonly activities: TryOnActivities;
  /** For every worker, of the workflows or of a vendor's queue. */
  readonly tuned: Partial<WorkerOptions>;
  /** For the worker of the workflows. */
  readonly main: Partial<WorkerOptions>;
  /** For one further worker for each account, on queues beside `taskQueue`. */
  vendorQueues(taskQueue: string): readonly (Partial<WorkerOptions> & { readonly taskQueue: string })[];
  /** Closes the vendor's connections. */
  close(): Promise<void>;
}

/** Makes the parts. */
export function createTryOnParts(settings: WorkerSettings, options: PartsOptions): TryOnParts {
  const { accounts } = settings;
  const accountOf = new Map(accounts.map((account) => [account.name, account]));
  const { learning, meter, clock = createServerClock() } = options;
  const prior = policyOf({ model: settings.prior });
  const policy = learning?.policy ?? (() => prior);
  const throttle = createAccountThrottles({ queriesPerSecond: (name) => accountOf.get(name)?.queriesPerSecond ?? 1 });
  const nowMs = () => clock.now();
  const metrics = meter === undefined ? undefined : createTryOnMetrics({ meter, accounts, policy, throttle, nowMs });
  const aroundExchange = aroundAll([metrics?.aroundExchange, options.aroundExchange]);
  const vendor = createVendorClient({ accounts, ...(aroundExchange === undefined ? {} : { aroundExchange }) });
  const onAttempt = (attempt: AttemptSeen): void => {
    learning?.onAttempt(attempt);
    metrics?.onAttempt(attempt);
  };
  const activities = createTryOnActivities({
    vendor,
    policy,
    acceptsOtherTaskId: (name) => accountOf.get(name)?.acceptOtherTaskId ?? false,
    searchAttributes: options.searchAttributes,
    throttle,
    clock,
    onAttempt,
  });
  return {
    activities,
    tuned: {
      shutdownGraceTime: SHUTDOWN_GRACE_MS,
      // A slow poll heartbeats each second, so that a cancellation reaches it.
      defaultHeartbeatThrottleInterval: 1_000,
      maxHeartbeatThrottleInterval: 1_000,
    },
    main: { maxCachedWorkflows: settings.maxCachedWorkflows, nexusServices: [createTryOnNexusService()] },
    vendorQueues: (taskQueue) =>
      settings.accounts.map(({ name, queriesPerSecond }) => ({
        taskQueue: vendorTaskQueue(name, taskQueue),
        // Every worker of a queue sets the same: the last poller's value holds for the whole queue.
        maxTaskQueueActivitiesPerSecond: vendorQueueRate(queriesPerSecond),
      })),
    close: () => {
      metrics?.stop();
      return vendor.close();
    },
  };
}
