/** Starts the package's own workers: every queue of the contract over one connection. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { ServerClock } from '../activities/server-clock.js';
import { isTls } from '../client/connect.js';
import { connectionError, noNamespace } from '../client/connection-errors.js';
import { tolerantConverter } from '../codec/tolerant-codec.js';
import { defined } from '../defined.js';
import type { Learning } from '../learning/learning.js';
import type { Readiness } from '../telemetry/health.js';
import type { Tracing } from '../telemetry/tracing.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { bundleInOwnProcess, workflowSource } from './bundle.js';
import { readConnectSettings, watchCredentials } from './credentials.js';
import { createTryOnParts } from './parts.js';
import { readinessOf } from './readiness.js';
import type { WorkerSettings } from './settings.js';
import { createTogether, runTogether } from './together.js';

/** Workers that run. */
export interface TryOnWorkers {
  /** Resolves when all have drained; rejects when one failed. */
  readonly run: Promise<void>;
  /** The queues that they serve, the workflows' first. */
  readonly queues: readonly string[];
  /** Starts to drain. */
  shutdown(): void;
  /** The schedule, as it has been learned so far. */
  readonly learning: Pick<Learning, 'policy' | 'ready'>;
  /** Whether every worker polls and the server answers. */
  ready(): Promise<Readiness>;
}

/** Where and how workers run. */
export interface TryOnWorkersOptions {
  /** Stays open. Default: one by Temporal's environment configuration, closed at the end. */
  readonly connection?: NativeConnection;
  /** With `connection`; default `default`. */
  readonly namespace?: string;
  /** Default: learned from the attempts. */
  readonly clock?: ServerClock;
  /** Without `connection`: called again and again while the certificates that the environment names are not those of the connection. */
  readonly onOutdated?: () => void;
  /** From `startTracing`; default: no traces. */
  readonly tracing?: Pick<Tracing, 'plugin' | 'aroundExchange'>;
  /** Whether the workflows, if there is no bundle, are bundled in another process; default: in this one. */
  readonly bundlesApart?: boolean;
}

/**
 * The bundle made at build time if there is one, else the workflows' source, bundled at start. A bundle that is made already takes no
 * interceptors of workflows, which traces need.
 */
async function workflows({
  tracing,
  bundlesApart = false,
}: TryOnWorkersOptions): Promise<Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'>> {
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (tracing === undefined && existsSync(codePath)) return { workflowBundle: { codePath } };
  if (tracing === undefined && bundlesApart) return { workflowBundle: { code: await bundleInOwnProcess() } };
  const { workflowsPath, preloadModules } = workflowSource;
  return { workflowsPath, bundlerOptions: { preloadModules } };
}

interface Place {
  readonly connection: NativeConnection;
  readonly namespace: string;
  close(): Promise<void>;
}

async function connect(onOutdated?: () => void): Promise<Place> {
  const initial = readConnectSettings();
  const { connectionOptions, namespace = 'default' } = initial;
  const { address = 'localhost:7233' } = connectionOptions;
  try {
    const connection = await NativeConnection.connect(connectionOptions);
    const log = Runtime.instance().logger;
    const watch = watchCredentials({ connection, initial, log, ...defined({ onOutdated }) });
    return {
      connection,
      namespace,
      async close() {
        watch.stop();
        await connection.close();
      },
    };
  } catch (error) {
    throw connectionError(error, { address, namespace, isTls: isTls(connectionOptions) });
  }
}

async function checkNamespace({ connection, namespace }: Place): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    // A worker need not have the right to describe the namespace.
    if (grpcCode(error) === grpcStatus.notFound) throw noNamespace(namespace, error);
  }
}

/**
 * Starts a worker for the workflows and one for each further queue, over one connection. If that fails, nothing of it stays
 * open.
 * @param settings - from `readWorkerSettings`
 * @throws {TryOnClientError} `NoServer`, `NoNamespace`, `NotAllowed`, `BadConfig` or `ServerTooOld`
 */
export async function startTryOnWorkers(
  settings: WorkerSettings,
  options: TryOnWorkersOptions = {},
): Promise<TryOnWorkers> {
  const { tracing, clock } = options;
  const place: Place =
    options.connection === undefined
      ? await connect(options.onOutdated)
      : { connection: options.connection, namespace: options.namespace ?? 'default', close: async () => undefined };
  const { connection, namespace } = place;
  const { metricMeter: meter, logger: log } = Runtime.instance();
  const parts = createTryOnParts(settings, defined({ clock, meter, aroundExchange: tracing?.aroundExchange }));
  const stop = async (): Promise<void> => {
    await parts.stop();
    await place.close();
  };
  try {
    await checkNamespace(place);
    await parts.start({ connection, namespace, log });
    const shared: Omit<WorkerOptions, 'taskQueue'> = {
      ...defined({ connection, namespace, dataConverter: tolerantConverter(settings.dataConverter) }),
      activities: parts.activities,
      ...parts.tuned,
      ...parts.deployment,
      plugins: tracing === undefined ? [] : [tracing.plugin],
    };
    const main = { ...shared, ...parts.main, ...(await workflows(options)), taskQueue: settings.taskQueue };
    const queues = parts.vendorQueues(settings.taskQueue).map((queue) => ({ ...shared, ...queue }));
    const all = [main, ...queues];
    const workers = await createTogether(all.map((one) => Worker.create(one)));
    const together = runTogether(workers.map((worker) => ({ worker })));
    return {
      run: together.run.finally(stop),
      queues: all.map(({ taskQueue }) => taskQueue),
      shutdown: together.shutdown,
      learning: parts.learning,
      ready: readinessOf(workers, connection),
    };
  } catch (error) {
    // What failed first is what a person must know.
    await stop().catch(() => undefined);
    throw error;
  }
}
