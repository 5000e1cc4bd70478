/** Processes of the benchmark: workers as they ship, workers of the benchmark's own workflows. Each is ended by its id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Emulator } from '../../src/testing.js';
import { rootPath } from './report.js';

/** A process that was started here. */
export interface BenchProcess {
  readonly pid: number;
  /** Its memory, in MB of a million bytes: now and at most. */
  memory(): { readonly nowMb: number; readonly maxMb: number };
  /** Called with each message that it sends. */
  onMessage(listener: (message: unknown) => void): void;
  /** Lets it finish what is in flight, then ends it. May be called again. */
  stop(): Promise<void>;
}

const STOP_WITHIN_MS = 30_000;
const READY_WITHIN_MS = 120_000;

/** Memory of a process, in MB of a million bytes. */
export function memoryOf(pid: number): { readonly nowMb: number; readonly maxMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { nowMb: field('VmRSS'), maxMb: field('VmHWM') };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

/** Starts a process of Node.js and waits until it says that it is ready. Its channel ends it with this one. */
export async function startProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  isReady: (said: string) => boolean,
): Promise<BenchProcess> {
  const child = spawn(process.execPath, args, {
    cwd: rootPath,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const onExit = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (how: string): void => reject(new Error(`${args.join(' ')} ${how}: ${said.trim()}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('was not ready in time');
    }, READY_WITHIN_MS);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      if (process.env.BENCH_LOG === '1') process.stderr.write(text);
      if (!isReady(said)) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${code ?? signal}`);
    });
  });
  return {
    pid: child.pid as number,
    memory: () => memoryOf(child.pid as number),
    onMessage: (listener) => void child.on('message', listener),
    stop: () => end(child),
  };
}

/** The environment of a worker that asks an emulator; `more` adds to it. */
export const workerEnv = (
  emulator: Pick<Emulator, 'url' | 'appKey' | 'appSecret'>,
  address: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> => ({
  TEMPORAL_ADDRESS: address,
  AIDGE_ENDPOINT: emulator.url,
  AIDGE_APP_KEY: emulator.appKey,
  AIDGE_APP_SECRET: emulator.appSecret,
  // More than is ever asked: only a part that is about the budget sets one that binds.
  AIDGE_QUERIES_PER_SECOND: '1000',
  TRYON_LOG_LEVEL: 'ERROR',
  TRYON_ENDS_WITH_PARENT: '1',
  ...more,
});

/** Starts this package's worker, as built: `temporal-tryon worker`. */
export const startWorker = (env: Readonly<Record<string, string>>): Promise<BenchProcess> =>
  startProcess([`${rootPath}dist/cli/main.js`, 'worker'], env, (said) => said.includes('running on'));

/** What a worker of the benchmark's own workflows is told. */
export interface BenchWorkerInput {
  readonly address: string;
  readonly taskQueue: string;
  /** Workflows, from the folder of this file. */
  readonly workflows: 'lean-workflows' | 'parent-workflows';
  /** Where the lean wait's activity asks. */
  readonly emulatorUrl: string;
}

/** Starts a worker of the benchmark's own workflows. */
export const startBenchWorker = (input: BenchWorkerInput): Promise<BenchProcess> =>
  startProcess(
    ['--import', 'tsx', fileURLToPath(new URL('./bench-worker.ts', import.meta.url)), JSON.stringify(input)],
    {},
    (said) => said.includes('bench worker runs'),
  );
