/** The package's own worker as a process: a runtime with telemetry can be installed once in each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { endWithThisProcess } from '../../src/dev-server/temporal-server.js';
import { builtWorker } from '../support/bundles.js';

export interface WorkerProcess {
  /** Lines of its standard error so far. */
  readonly lines: readonly string[];
  /** Asks it to end, as an orchestrator does, and gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const workerFile = await builtWorker();

/** Starts one and waits until it runs. */
export async function startWorkerProcess(env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(process.execPath, [workerFile], {
    env: { PATH: process.env.PATH ?? '', TEMPORAL_CONFIG_FILE: process.env.TEMPORAL_CONFIG_FILE ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.once('exit', endWithThisProcess(child, 'KILL'));
  const lines: string[] = [];
  const exited = once(child, 'exit');
  const runs = new Promise<void>((resolve, reject) => {
    if (child.stderr === null) throw new TypeError('no standard error');
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line);
      if (line.includes('running on')) resolve();
    });
    child.once('exit', () => reject(new Error(`the worker ended before it ran: ${lines.join('\n')}`)));
  });
  await runs;
  return {
    lines,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}
