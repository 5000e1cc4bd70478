/** Worker processes as they are built, for tests that end them. Each is ended by its id, or with the process that started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithThisProcess } from '../../src/dev-server/temporal-server.js';
import { builtWorker } from './bundles.js';

const workerFile = await builtWorker();

/** Starts a worker; resolves when it polls. The caller ends it. */
export async function startWorker(env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [workerFile], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.once('exit', endWithThisProcess(child, 'KILL'));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
      if (said.includes('running on')) resolve();
    });
    child.once('exit', () => reject(new Error(`the worker ended before it ran: ${said}`)));
  });
  return child;
}

/** Ends a worker at once, as a crash does, and waits until it is gone. */
export async function killWorker(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
