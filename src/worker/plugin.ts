/** The waits in a worker of one's own, by one line. */
import type { MetricMeter } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import type { Worker, WorkerOptions } from '@temporalio/worker';
import { TryOnClientError } from '../client/errors.js';
import { readDataConverter } from '../codec/payload-codec.js';
import { defined } from '../defined.js';
import { type ExchangeTracer, traceExchange } from '../telemetry/trace-exchange.js';
import { createTryOnParts } from './parts.js';
import { readWorkerSettings, type WorkerSettings } from './settings.js';
import { createTogether, runTogether } from './together.js';

/** What the plugin is made of. */
export interface TryOnPluginOptions {
  /**
   * Read for `AIDGE_*` and the optional `TRYON_*`; default `process.env`. `TRYON_TASK_QUEUE` does not count: the vendor's queues are named
   * after the worker's own.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Polls, accounts, budget and open waits are measured with it: `Runtime.instance().metricMeter`. Default: nothing is. */
  readonly meter?: MetricMeter;
  /** Traces each request to the vendor: `trace.getTracer('my-service')` of `@opentelemetry/api`. Default: none is traced. */
  readonly tracer?: ExchangeTracer;
}

type VendorWorkerOptions = Partial<WorkerOptions> & { readonly taskQueue: string };

/** The vendor's workers of one worker that was configured and does not run yet. */
interface Companions {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workers: readonly VendorWorkerOptions[];
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
 * Brings the waits into a worker of one's own: activities, the Nexus service `tryOn`, data converter where `TRYON_CODEC_KEYS` is set, and
 * beside it one tuned worker for each account's vendor queue, over the same connection. In a `Client` it sets the data converter. A plugin cannot bring workflows: re-export them from the file that `workflowsPath` names. Give it last, so that interceptors of
 * other plugins reach the vendor's queues too.
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
  /** Queues of our own workers: a plugin of the connection is asked about these too. */
  readonly #vendorQueues = new Set<string>();

  /** @throws {TryOnClientError} `BadConfig`, where `TRYON_CODEC_KEYS` cannot be used */
  constructor({ env = process.env, ...telemetry }: TryOnPluginOptions = {}) {
    const codec = readDataConverter(env);
    if (!codec.ok) throw new TryOnClientError('BadConfig', codec.problems.join('; '));
    super({ name: 'temporal-tryon.TryOnPlugin', ...defined({ dataConverter: codec.dataConverter }) });
    this.#env = env;
    this.#telemetry = telemetry;
  }

  /** @throws {TryOnClientError} `BadConfig`, where a key is missing or a variable is wrong; each is told */
  override configureWorker(given: WorkerOptions): WorkerOptions {
    const options = super.configureWorker(given);
    const { connection, namespace = defaultNamespace, taskQueue } = options;
    if (taskQueue === undefined || this.#vendorQueues.has(taskQueue)) return options;
    const settings = { ...settingsOf(this.#env), taskQueue };
    const { meter, tracer } = this.#telemetry;
    const aroundExchange = tracer === undefined ? undefined : traceExchange(tracer);
    // Nothing runs before the worker does: one that is never created or run must leave nothing behind.
    const parts = createTryOnParts(settings, defined({ meter, aroundExchange }));
    const queues = parts.vendorQueues(taskQueue);
    for (const queue of queues) this.#vendorQueues.add(queue.taskQueue);
    const { dataConverter } = options;
    const shared: Partial<WorkerOptions> = {
      ...defined({ connection, namespace, dataConverter }),
      activities: { ...options.activities, ...parts.activities },
    };
    const { activity, client } = options.interceptors ?? {};
    const interceptors = { ...(activity && { activity }), ...(client && { client }) };
    this.#companions.push({
      namespace,
      taskQueue,
      workers: queues.map((queue) => ({ ...parts.tuned, ...shared, interceptors, ...queue })),
      start: () => parts.start(connection && { connection, namespace }),
      stop: parts.stop,
    });
    // The worker's own options stay as they are: what is tuned is tuned for the vendor's queues.
    return {
      ...options,
      ...shared,
      nexusServices: [...(options.nexusServices ?? []), ...(parts.main.nexusServices ?? [])],
    };
  }

  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const { namespace, taskQueue } = worker.options;
    const index = this.#companions.findIndex((one) => one.namespace === namespace && one.taskQueue === taskQueue);
    const [companions] = index < 0 ? [] : this.#companions.splice(index, 1);
    if (companions === undefined) return await super.runWorker(worker, next);
    try {
      await companions.start();
      // The worker's own class: this module must not load the native package where there is no worker.
      const { create } = worker.constructor as typeof Worker;
      const others = await createTogether(companions.workers.map((one) => create.call(worker.constructor, one)));
      const main = { worker, run: () => super.runWorker(worker, next) };
      await runTogether([main, ...others.map((other) => ({ worker: other }))]).run;
    } finally {
      await companions.stop();
    }
  }
}
