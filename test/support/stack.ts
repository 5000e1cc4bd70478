/** The whole stack in this process: emulator, workers on queues of their own, a client. Against the dev server or a time-skipping one. */
import { randomInt, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, type LogEntry, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import {
  messages,
  resultsWorkflowId,
  type TryOnOutcome,
  type TryOnResultsInput,
  type TryOnStatus,
  workflowTypes,
} from '../../src/contract.js';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/testing.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers, type TryOnWorkersOptions } from '../../src/worker/start.js';

/** A stack under test. */
export interface Stack {
  readonly client: Client;
  readonly emulator: Emulator;
  readonly taskQueue: string;
  readonly namespace: string;
  /** Starts a wait by name, as other services do. */
  start(input: TryOnResultsInput): Promise<WorkflowHandle>;
  status(taskId: string): Promise<TryOnStatus>;
  /** Runs a workflow and gives its outcome. */
  run(input: TryOnResultsInput): Promise<TryOnOutcome>;
  /** Event types of a history, first to last. */
  history(workflowId: string): Promise<string[]>;
  /** Starts a test parent (see parents.ts) and gives its handle. */
  parent(type: 'recorder' | 'parent', workflowId: string, args?: unknown[]): Promise<WorkflowHandle>;
  stop(): Promise<void>;
}

/** Options of {@link startStack}. */
export interface StackOptions {
  readonly address: string;
  readonly namespace?: string;
  readonly emulator?: EmulatorOptions;
  readonly env?: Record<string, string>;
  /** No worker at first or at all: for tests of what happens without one. */
  readonly noWorker?: boolean;
  readonly workers?: TryOnWorkersOptions;
  readonly client?: Client;
  /** Also a worker for the parents of parents.ts. */
  readonly parents?: boolean;
}

let isQuiet = false;

/** Workers' logs, once per process: errors to the screen, or every line to `keep`. */
export function quiet(keep?: (entry: LogEntry) => void): void {
  if (isQuiet) return;
  isQuiet = true;
  const isWanted = process.env.TRYON_TEST_LOG === '1' || keep !== undefined;
  Runtime.install({ logger: new DefaultLogger(isWanted ? 'DEBUG' : 'ERROR', keep) });
}

/** The environment of a worker that asks an emulator. */
export const workerEnv = (emulator: Emulator, taskQueue: string): Record<string, string> => ({
  AIDGE_ENDPOINT: emulator.url,
  AIDGE_APP_KEY: emulator.appKey,
  AIDGE_APP_SECRET: emulator.appSecret,
  AIDGE_QUERIES_PER_SECOND: '1000',
  AIDGE_SUBMITS_PER_MINUTE: '6000',
  TRYON_TASK_QUEUE: taskQueue,
  TRYON_PRIOR_MEDIAN_SECONDS: '2',
  TRYON_PRIOR_P95_SECONDS: '6',
});

/** Starts all of it; the caller stops it. */
export async function startStack(options: StackOptions): Promise<Stack> {
  quiet();
  const { address, namespace = 'default' } = options;
  const taskQueue = `test-${randomUUID()}`;
  const emulator = await startEmulator({ seed: randomInt(2 ** 31), ...options.emulator });
  const read = readWorkerSettings({ ...workerEnv(emulator, taskQueue), ...options.env });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const native = await NativeConnection.connect({ address });
  const workers = options.noWorker
    ? undefined
    : await startTryOnWorkers(read.settings, { connection: native, namespace, ...options.workers });
  const parents = options.parents
    ? await Worker.create({
        connection: native,
        namespace,
        taskQueue: `${taskQueue}-parents`,
        workflowsPath: fileURLToPath(new URL('./parents.ts', import.meta.url)),
      })
    : undefined;
  const parentsRun = parents?.run();
  const connection = options.client === undefined ? await Connection.connect({ address }) : undefined;
  const client = options.client ?? new Client({ ...(connection === undefined ? {} : { connection }), namespace });
  const handleOf = (taskId: string) => client.workflow.getHandle(resultsWorkflowId(taskId));
  const start = (input: TryOnResultsInput) =>
    client.workflow.start(workflowTypes.results, {
      taskQueue,
      workflowId: resultsWorkflowId(input.taskId),
      args: [input],
    });
  return {
    client,
    emulator,
    taskQueue,
    namespace,
    start,
    status: (taskId) => handleOf(taskId).query<TryOnStatus>(messages.status),
    run: async (input) => (await start(input)).result() as Promise<TryOnOutcome>,
    async history(workflowId) {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      return (events ?? []).map((event) => eventName(event));
    },
    parent: (type, workflowId, args = []) =>
      client.workflow.start(type, { taskQueue: `${taskQueue}-parents`, workflowId, args }),
    async stop() {
      parents?.shutdown();
      await parentsRun;
      workers?.shutdown();
      await workers?.run;
      await connection?.close();
      await native.close();
      await emulator.close();
    },
  };
}

function eventName(event: object): string {
  const key = Object.entries(event).find(([name, value]) => name.endsWith('EventAttributes') && value);
  return key === undefined ? '?' : key[0].replace('EventAttributes', '');
}
