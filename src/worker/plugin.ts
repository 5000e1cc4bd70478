/** Adds the waits to a user's own worker in one line. */
import type { MetricMeter } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import type { Worker, WorkerOptions } from '@temporalio/worker';
import { TryOnClientError } from '../client/errors.js';
import { readDataConverter } from '../codec/payload-codec.js';
import { tolerantConverter } from '../codec/tolerant-codec.js';
import { archiveTaskQueue, submitTaskQueue, vendorTaskQueue } from '../contract.js';
import { defined } from '../defined.js';
import { type ExchangeTracer, traceExchange } from '../telemetry/trace-exchange.js';
import { createTryOnParts } from './parts.js';
import { readWorkerSettings, type WorkerSettings } from './settings.js';
import { createTogether, runTogether } from './together.js';

/** Options of {@link TryOnPlugin}. */
export interface TryOnPluginOptions {
  /**
   * Read for `AIDGE_*` and the optional `TRYON_*`; default `process.env`. `TRYON_TASK_QUEUE` is ignored: the vendor's queues are named after
   * the worker's own.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Measures polls, accounts, budget and open waits: `Runtime.instance().metricMeter`. Default: nothing is measured. */
  readonly meter?: MetricMeter;
  /** Traces each request to the vendor: `trace.getTracer('my-service')` of `@opentelemetry/api`. Default: no traces. */
  readonly tracer?: ExchangeTracer;
}

type VendorWorkerOptions = Partial<WorkerOptions> & { readonly taskQueue: string };

/** The vendor's workers of one worker that was configured and does not run yet. */
interface Companions {
  readonly namespace: string;
  readonly taskQueue: string;
  /** Read it after `start`. */
  workers(): readonly VendorWorkerOptions[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

const defaultNamespace = 'default';

function settingsOf(env: NonNullable<TryOnPluginOptions['env']>): WorkerSettings {
  const read = readWorkerSettings(env);
  if (!read.ok) throw new TryOnClientError('BadConfig', read.problems.join('; '));
  return read.settings;
}

/**
 * Adds the waits to a user's own worker: the activities, the Nexus service `tryOn`, the data converter if `TRYON_CODEC_KEYS` is set, and
 * next to it one tuned worker for each account's vendor queue, over the same connection. In a `Client` it sets the data converter.
 *
 * A plugin cannot add workflows: re-export them from the file that `workflowsPath` names. Give this plugin last: interceptors of other
 * plugins then apply to the vendor's queues too.
 * @example
 * // workflows.ts
 * export * from 'temporal-tryon/workflow';
 * export * from './my-listing.js';
 * // worker.ts
 * const worker = await Worker.create({ connection, taskQueue: 'listings', workflowsPath, plugins: [new TryOnPlugin()] });
 */
export class TryOnPlugin extends SimplePlugin {
  readonly #env: NonNullable<TryOnPluginOptions['env']>;
  readonly #telemetry: Pick<TryOnPluginOptions, 'meter' | 'tracer'>;
  readonly #companions: Companions[] = [];
  /** The queues of the vendor's workers: a plugin of the connection configures these workers too. */
  readonly #vendorQueues = new Set<string>();

  /** @throws {TryOnClientError} `BadConfig` if `TRYON_CODEC_KEYS` cannot be used */
  constructor({ env = process.env, ...telemetry }: TryOnPluginOptions = {}) {
    const codec = readDataConverter(env);
    if (!codec.ok) throw new TryOnClientError('BadConfig', codec.problems.join('; '));
    super({ name: 'temporal-tryon.TryOnPlugin', ...defined({ dataConverter: codec.dataConverter }) });
    this.#env = env;
    this.#telemetry = telemetry;
  }

  /** @throws {TryOnClientError} `BadConfig` if a key is missing or a variable is wrong; the message names each */
  override configureWorker(given: WorkerOptions): WorkerOptions {
    const options = super.configureWorker(given);
    const { connection, namespace = defaultNamespace, taskQueue } = options;
    if (taskQueue === undefined || this.#vendorQueues.has(taskQueue)) return options;
    const settings = { ...settingsOf(this.#env), taskQueue };
    const { meter, tracer } = this.#telemetry;
    const aroundExchange = tracer === undefined ? undefined : traceExchange(tracer);
    // Nothing starts before the worker runs: a worker that is never created or never runs must leave nothing behind.
    const parts = createTryOnParts(settings, defined({ meter, aroundExchange }));
    for (const { name } of settings.accounts) {
      this.#vendorQueues.add(vendorTaskQueue(name, taskQueue)).add(submitTaskQueue(name, taskQueue));
    }
    this.#vendorQueues.add(archiveTaskQueue(taskQueue));
    const { buildId, useVersioning } = options;
    const dataConverter = tolerantConverter(options.dataConverter);
    // The worker and those beside it are of one version: polls of a pinned wait go to the version that began it.
    const isVersionedOtherwise = buildId !== undefined || useVersioning !== undefined;
    const deployment = isVersionedOtherwise ? {} : parts.deployment;
    const { workerDeploymentOptions } = { ...deployment, ...options };
    const shared: Partial<WorkerOptions> = {
      ...defined({ connection, namespace, dataConverter, workerDeploymentOptions }),
      activities: { ...options.activities, ...parts.activities },
    };
    const { activity, client } = options.interceptors ?? {};
    const interceptors = { ...(activity && { activity }), ...(client && { client }) };
    this.#companions.push({
      namespace,
      taskQueue,
      workers: () =>
        parts.vendorQueues(taskQueue).map((queue) => ({ ...parts.tuned, ...shared, interceptors, ...queue })),
      start: () => parts.start(connection && { connection, namespace }),
      stop: parts.stop,
    });
    // The worker's own options stay as they are: only the vendor's queues are tuned.
    return {
      ...options,
      ...shared,
      nexusServices: [...(options.nexusServices ?? []), ...(parts.main.nexusServices ?? [])],
    };
  }

  /** @throws {TryOnClientError} `ServerTooOld` */
  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const { namespace, taskQueue } = worker.options;
    const index = this.#companions.findIndex((one) => one.namespace === namespace && one.taskQueue === taskQueue);
    const [companions] = index < 0 ? [] : this.#companions.splice(index, 1);
    if (companions === undefined) return await super.runWorker(worker, next);
    try {
      await companions.start();
      // By the worker's own class: this module must not load the native package in a process without workers.
      const { create } = worker.constructor as typeof Worker;
      const others = await createTogether(companions.workers().map((one) => create.call(worker.constructor, one)));
      const main = { worker, run: () => super.runWorker(worker, next) };
      await runTogether([main, ...others.map((other) => ({ worker: other }))]).run;
    } finally {
      await companions.stop();
    }
  }
}
