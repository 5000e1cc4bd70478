/**
 * The worker: every queue of the contract over one connection. As a program it takes its settings from the environment and runs until
 * SIGTERM or SIGINT, then finishes what is in flight.
 */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { noopMetricMeter } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import {
  DefaultLogger,
  type LogEntry,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { createServerClock, type ServerClock } from './activities/server-clock.js';
import { isTls } from './client/connect.js';
import { badConfig, connectionError, noNamespace } from './client/connection-errors.js';
import { vendorTaskQueue } from './contract.js';
import { firstLine } from './error-text.js';
import type { Learning } from './learning/learning.js';
import { type HealthServer, type Readiness, startHealthServer } from './telemetry/health.js';
import { jsonLine } from './telemetry/json-log.js';
import { QuietLogger } from './telemetry/quiet-logger.js';
import { runtimeOptions } from './telemetry/runtime.js';
import { readTelemetrySettings, type TelemetrySettings } from './telemetry/settings.js';
import { startTracing, type Tracing } from './telemetry/tracing.js';
import { watchWaitCounts } from './telemetry/wait-counts.js';
import { grpcCode, grpcStatus } from './temporal/grpc.js';
import { bundleApart } from './worker/bundle-apart.js';
import { keepHeapsSmall } from './worker/heap.js';
import { learn } from './worker/learn.js';
import { createTryOnParts, watchSearchAttributes } from './worker/parts.js';
import { readinessOf } from './worker/readiness.js';
import { readWorkerSettings, type WorkerSettings } from './worker/settings.js';
import { runTogether } from './worker/together.js';
import { workflowSource } from './worker/workflow-source.js';

/** Workers that run. */
export interface TryOnWorkers {
  /** Resolves when all have drained; rejects when one failed. */
  readonly run: Promise<void>;
  /** Begins to drain. */
  shutdown(): void;
  /** The schedule, as it has been learned so far. */
  readonly learning: Pick<Learning, 'policy' | 'ready'>;
  /** Whether every worker polls and the server answers. */
  ready(): Promise<Readiness>;
}

/** Where workers connect to; default: Temporal's environment configuration. */
export interface TryOnWorkersOptions {
  readonly connection?: NativeConnection;
  readonly namespace?: string;
  /** Default: learned from the attempts. */
  readonly clock?: ServerClock;
  /** From `startTracing`; default: no traces. */
  readonly tracing?: Pick<Tracing, 'plugin' | 'aroundExchange'>;
  /** Where workflows are to be bundled, that is done by a process of its own; default: by this one. */
  readonly bundlesApart?: boolean;
}

/** A failure to start that a person can mend, told in one line. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
}

/**
 * The bundle made at build time where there is one, else the workflows' source, bundled at start. A bundle that is made already takes no
 * interceptors of workflows, which traces need.
 */
async function workflows({
  isTraced,
  bundlesApart,
}: {
  readonly isTraced: boolean;
  readonly bundlesApart: boolean;
}): Promise<Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'>> {
  const codePath = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));
  if (!isTraced && existsSync(codePath)) return { workflowBundle: { codePath } };
  if (!isTraced && bundlesApart) return { workflowBundle: await bundleApart() };
  const { workflowsPath, preloadModules } = workflowSource;
  return { workflowsPath, bundlerOptions: { preloadModules } };
}

function connectSettings(): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig();
  } catch (error) {
    throw badConfig(error);
  }
}

async function connect(): Promise<{ connection: NativeConnection; namespace: string }> {
  const { connectionOptions, namespace = 'default' } = connectSettings();
  const { address = 'localhost:7233' } = connectionOptions;
  try {
    return { connection: await NativeConnection.connect(connectionOptions), namespace };
  } catch (error) {
    throw connectionError(error, { address, namespace, isTls: isTls(connectionOptions) });
  }
}

async function checkNamespace(connection: NativeConnection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (grpcCode(error) !== grpcStatus.notFound) return;
    throw noNamespace(namespace, error);
  }
}

/**
 * Starts a worker for the workflows and one for each account's vendor queue, over one connection.
 * @param settings - from `readWorkerSettings`
 * @throws {TryOnClientError} `NoServer`, `NoNamespace`, `NotAllowed` or `BadConfig`
 */
export async function startTryOnWorkers(
  settings: WorkerSettings,
  options: TryOnWorkersOptions = {},
): Promise<TryOnWorkers> {
  const { connection, namespace } =
    options.connection === undefined
      ? await connect()
      : { connection: options.connection, namespace: options.namespace ?? 'default' };
  await checkNamespace(connection, namespace);
  const registered = watchSearchAttributes(connection, namespace);
  await registered.first;
  const { clock = createServerClock(), tracing } = options;
  const meter = Runtime.instance().metricMeter;
  const learning = learn(settings, { connection, namespace, clock, log: Runtime.instance().logger });
  const parts = createTryOnParts(settings, {
    searchAttributes: registered.names,
    clock,
    learning,
    meter,
    ...(tracing === undefined ? {} : { aroundExchange: tracing.aroundExchange }),
  });
  const shared: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace,
    activities: parts.activities,
    ...parts.tuned,
    ...(settings.dataConverter === undefined ? {} : { dataConverter: settings.dataConverter }),
    ...(tracing === undefined ? {} : { plugins: [tracing.plugin] }),
  };
  const workers = [
    await Worker.create({
      ...shared,
      ...parts.main,
      ...(await workflows({ isTraced: tracing !== undefined, bundlesApart: options.bundlesApart ?? false })),
      taskQueue: settings.taskQueue,
    }),
    ...(await Promise.all(
      parts.vendorQueues(settings.taskQueue).map((queue) => Worker.create({ ...shared, ...queue })),
    )),
  ];
  // Without an exporter nobody would see the counts.
  const waits =
    meter === noopMetricMeter
      ? undefined
      : watchWaitCounts({
          meter,
          client: new Client({ connection, namespace }),
          taskQueue: settings.taskQueue,
          accounts: settings.accounts,
          searchAttributes: registered.names,
        });
  const together = runTogether(workers.map((worker) => ({ worker })));
  const run = together.run.finally(async () => {
    registered.stop();
    await waits?.stop();
    await learning.stop();
    await parts.close();
    if (options.connection === undefined) await connection.close();
  });
  return { run, shutdown: together.shutdown, learning, ready: readinessOf(workers, connection) };
}

/** Says one line of the program itself, as its logs are written. */
function sayer(logFormat: 'text' | 'json'): (level: 'INFO' | 'ERROR', message: string) => void {
  return (level, message) => {
    const entry = { level, message, timestampNanos: BigInt(Date.now()) * 1_000_000n };
    process.stderr.write(`${logFormat === 'json' ? jsonLine(entry) : `temporal-tryon worker: ${message}`}\n`);
  };
}

function cannotListen(variable: string, cause: unknown): WorkerStartError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WorkerStartError(`${variable} cannot be listened on (${why}); give another address`, { cause });
}

function installRuntime(telemetry: TelemetrySettings, logger: DefaultLogger): void {
  try {
    Runtime.install(runtimeOptions(telemetry, logger));
  } catch (error) {
    throw telemetry.metrics.kind === 'prometheus' ? cannotListen('TRYON_METRICS_ADDRESS', error) : error;
  }
}

/** The program. Resolves to its exit code. */
export async function main(env: NodeJS.ProcessEnv = process.env): Promise<number> {
  keepHeapsSmall();
  const read = readWorkerSettings(env);
  const { logFormat } = readTelemetrySettings(env).telemetry;
  const say = sayer(logFormat);
  if (!read.ok) {
    for (const problem of read.problems) say('ERROR', problem);
    return 1;
  }
  const { settings } = read;
  const { tracesEndpoint, serviceName, health } = settings.telemetry;
  let workers: TryOnWorkers | undefined;
  let healthServer: HealthServer | undefined;
  let tracing: Tracing | undefined;
  try {
    const write = (entry: LogEntry) => process.stderr.write(`${jsonLine(entry)}\n`);
    const { logLevel } = settings;
    const logger = logFormat === 'json' ? new DefaultLogger(logLevel, write) : new QuietLogger(logLevel);
    installRuntime(settings.telemetry, logger);
    // Alive before it is ready.
    const starting: Readiness = { isReady: false, checks: { started: false } };
    const ready = async () => (await workers?.ready()) ?? starting;
    if (health !== undefined) {
      healthServer = await startHealthServer(health, ready).catch((error: unknown) => {
        throw cannotListen('TRYON_HEALTH_ADDRESS', error);
      });
    }
    if (tracesEndpoint !== undefined) tracing = await startTracing({ to: tracesEndpoint, serviceName });
    workers = await startTryOnWorkers(settings, {
      bundlesApart: true,
      ...(tracing === undefined ? {} : { tracing }),
    });
    const queues = [
      settings.taskQueue,
      ...settings.accounts.map(({ name }) => vendorTaskQueue(name, settings.taskQueue)),
    ];
    say('INFO', `running on ${queues.join(', ')}`);
    await workers.run;
    return 0;
  } catch (error) {
    say('ERROR', firstLine(error));
    return 1;
  } finally {
    await tracing?.shutdown().catch(() => undefined);
    await healthServer?.close();
  }
}

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isProgram) process.exitCode = await main();
