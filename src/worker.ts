/** The worker as a program: takes its settings from the environment and runs until SIGTERM or SIGINT, then finishes what is in flight. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker';
import { defined } from './defined.js';
import { cleanText, firstLine } from './error-text.js';
import { type HealthServer, type Readiness, startHealthServer } from './telemetry/health.js';
import { jsonLine } from './telemetry/json-log.js';
import { QuietLogger } from './telemetry/quiet-logger.js';
import { runtimeOptions } from './telemetry/runtime.js';
import { readTelemetrySettings, type TelemetrySettings } from './telemetry/settings.js';
import { startTracing, type Tracing } from './telemetry/tracing.js';
import { keepHeapsSmall } from './worker/heap.js';
import { runRenewed } from './worker/renew.js';
import { readWorkerSettings } from './worker/settings.js';
import { startTryOnWorkers, type TryOnWorkers } from './worker/start.js';

/** The worker cannot start. The message is one line with its remedy. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
}

/** Writes a line of the program itself to standard error, in the format of its logs. */
function lineWriter(logFormat: 'text' | 'json'): (level: 'INFO' | 'ERROR', message: string) => void {
  return (level, message) => {
    const entry = { level, message, timestampNanos: BigInt(Date.now()) * 1_000_000n };
    process.stderr.write(
      `${logFormat === 'json' ? jsonLine(entry) : `temporal-tryon worker: ${cleanText(message)}`}\n`,
    );
  };
}

function cannotListen(variable: string, cause: unknown): WorkerStartError {
  return new WorkerStartError(`${variable} cannot be listened on (${firstLine(cause)}); give another address`, {
    cause,
  });
}

function installRuntime(telemetry: TelemetrySettings, logger: DefaultLogger): Runtime {
  try {
    return Runtime.install(runtimeOptions(telemetry, logger));
  } catch (error) {
    throw telemetry.metrics.kind === 'prometheus' ? cannotListen('TRYON_METRICS_ADDRESS', error) : error;
  }
}

/** Runs the program. Resolves to its exit code. */
export async function main(env: NodeJS.ProcessEnv = process.env): Promise<number> {
  keepHeapsSmall();
  const read = readWorkerSettings(env);
  const { logFormat } = readTelemetrySettings(env).telemetry;
  const say = lineWriter(logFormat);
  if (!read.ok) {
    for (const problem of read.problems) say('ERROR', problem);
    return 1;
  }
  const { settings } = read;
  const { tracesEndpoint, serviceName, health } = settings.telemetry;
  let workers: TryOnWorkers | undefined;
  let healthServer: HealthServer | undefined;
  let tracing: Tracing | undefined;
  let runtime: Runtime | undefined;
  try {
    const write = (entry: LogEntry) => process.stderr.write(`${jsonLine(entry)}\n`);
    const { logLevel } = settings;
    const logger = logFormat === 'json' ? new DefaultLogger(logLevel, write) : new QuietLogger(logLevel);
    runtime = installRuntime(settings.telemetry, logger);
    // The process is alive before it is ready.
    const starting: Readiness = { isReady: false, checks: { started: false } };
    const ready = async () => (await workers?.ready()) ?? starting;
    if (health !== undefined) {
      healthServer = await startHealthServer(health, ready).catch((error: unknown) => {
        throw cannotListen('TRYON_HEALTH_ADDRESS', error);
      });
    }
    if (tracesEndpoint !== undefined) tracing = await startTracing({ to: tracesEndpoint, serviceName });
    await runRenewed({
      start: (onOutdated) => startTryOnWorkers(settings, defined({ bundlesApart: true, tracing, onOutdated })),
      onStarted(started) {
        workers = started;
        say('INFO', `running on ${started.queues.join(', ')}`);
      },
      say,
    });
    return 0;
  } catch (error) {
    say('ERROR', firstLine(error));
    return 1;
  } finally {
    await tracing?.shutdown().catch(() => undefined);
    await healthServer?.close();
    // It ends with its last worker. Without one it would forward logs, and keep the process alive, for ever.
    await runtime?.shutdown();
  }
}

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isProgram) process.exitCode = await main();
