/** The waits in a worker of one's own, by one line. */
import { Client } from '@temporalio/client';
import type { MetricMeter } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import type { NativeConnection, Worker, WorkerOptions } from '@temporalio/worker';
import { createServerClock } from '../activities/server-clock.js';
import { TryOnClientError } from '../client/errors.js';
import { readDataConverter } from '../codec/payload-codec.js';
import { type ExchangeTracer, traceExchange } from '../telemetry/trace-exchange.js';
import { watchWaitCounts } from '../telemetry/wait-counts.js';
import { learn } from './learn.js';
import { createTryOnParts, watchSearchAttributes } from './parts.js';
import { readWorkerSettings, type WorkerSettings } from './settings.js';
import { runTogether } from './together.js';

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

/** What is to run beside a worker that was configured. */
interface Beside {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workers: readonly VendorWorkerOptions[];
  stop(): Promise<void>;
}

const defaultNamespace = 'default';

function settingsOf(env: NonNullable<TryOnPluginOptions['env']>): WorkerSettings {
  const read = readWorkerSettings(env);
  if (!read.ok) throw new TryOnClientError('BadConfig', read.problems.join('; '));
  return read.settings;
}

/** Search attributes and learned schedules come from the server: without a connection there are none. */
function startWatching(
  connection: NativeConnection | undefined,
  namespace: string,
  settings: WorkerSettings,
  clock: ReturnType<typeof createServerClock>,
  meter: MetricMeter | undefined,
) {
  if (connection === undefined) return { names: () => [], stop: async () => undefined };
  const registered = watchSearchAttributes(connection, namespace);
  const learning = learn(settings, { connection, namespace, clock });
  const { taskQueue, accounts } = settings;
  const counted = { client: new Client({ connection, namespace }), taskQueue, accounts };
  const waits =
    meter === undefined
      ? undefined
      : watchWaitCounts({ ...counted, meter, searchAttributes: registered.names, known: registered.first });
  return {
    names: registered.names,
    learning,
    stop: async () => {
      registered.stop();
      await waits?.stop();
      await learning.stop();
    },
  };
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
  /** Of workers that are configured and do not run yet. */
  readonly #beside: Beside[] = [];
  /** Queues of our own workers: a plugin of the connection is asked about these too. */
  readonly #vendorQueues = new Set<string>();

  /** @throws {TryOnClientError} `BadConfig`, where `TRYON_CODEC_KEYS` cannot be used */
  constructor({ env = process.env, ...telemetry }: TryOnPluginOptions = {}) {
    const codec = readDataConverter(env);
    if (!codec.ok) throw new TryOnClientError('BadConfig', codec.problems.join('; '));
    super({
      name: 'temporal-tryon.TryOnPlugin',
      ...(codec.dataConverter === undefined ? {} : { dataConverter: codec.dataConverter }),
    });
    this.#env = env;
    this.#telemetry = telemetry;
  }

  /** @throws {TryOnClientError} `BadConfig`, where a key is missing or a variable is wrong; each is told */
  override configureWorker(given: WorkerOptions): WorkerOptions {
    const options = super.configureWorker(given);
    const { connection, namespace = defaultNamespace, taskQueue } = options;
    if (taskQueue === undefined || this.#vendorQueues.has(taskQueue)) return options;
    const settings = { ...settingsOf(this.#env), taskQueue };
    const clock = createServerClock();
    const { meter, tracer } = this.#telemetry;
    const watching = startWatching(connection, namespace, settings, clock, meter);
    const { learning } = watching;
    const parts = createTryOnParts(settings, {
      searchAttributes: watching.names,
      clock,
      ...(learning === undefined ? {} : { learning }),
      ...(meter === undefined ? {} : { meter }),
      ...(tracer === undefined ? {} : { aroundExchange: traceExchange(tracer) }),
    });
    const queues = parts.vendorQueues(taskQueue);
    for (const queue of queues) this.#vendorQueues.add(queue.taskQueue);
    const shared: Partial<WorkerOptions> = {
      ...(connection === undefined ? {} : { connection }),
      namespace,
      activities: { ...options.activities, ...parts.activities },
      ...(options.dataConverter === undefined ? {} : { dataConverter: options.dataConverter }),
    };
    const { activity, client } = options.interceptors ?? {};
    const interceptors = { ...(activity && { activity }), ...(client && { client }) };
    this.#beside.push({
      namespace,
      taskQueue,
      workers: queues.map((queue) => ({ ...parts.tuned, ...shared, interceptors, ...queue })),
      stop: async () => {
        await watching.stop();
        await parts.close();
      },
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
    const index = this.#beside.findIndex((one) => one.namespace === namespace && one.taskQueue === taskQueue);
    const [beside] = index < 0 ? [] : this.#beside.splice(index, 1);
    if (beside === undefined) return await super.runWorker(worker, next);
    try {
      // The worker's own class: this module must not load the native package where there is no worker.
      const { create } = worker.constructor as typeof Worker;
      const others = await Promise.all(beside.workers.map((one) => create.call(worker.constructor, one)));
      const main = { worker, run: () => super.runWorker(worker, next) };
      await runTogether([main, ...others.map((other) => ({ worker: other }))]).run;
    } finally {
      await beside.stop();
    }
  }
}
