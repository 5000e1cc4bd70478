/** The worker as a process of its own, as in production, for the demo. It ends with {@link WorkerProcess.stop} or with its parent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A worker process. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Rejects when the worker ends without being asked to; never resolves. */
  readonly failed: Promise<never>;
  /** Lets it drain, then ends it. May be called again. */
  stop(): Promise<void>;
}

/** Set for a worker that ends when the channel to its parent closes. */
export const endsWithParent = 'TRYON_ENDS_WITH_PARENT';

const STOP_WITHIN_MS = 25_000;

/** The program itself, as source under tsx or built. */
const program = (): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));

/**
 * Starts `temporal-tryon worker`.
 * @param env - the whole environment of the process
 */
export function startWorkerProcess(env: NodeJS.ProcessEnv): WorkerProcess {
  const child = spawn(process.execPath, [...process.execArgv, program(), 'worker'], {
    env: { ...env, [endsWithParent]: '1' },
    // The channel tells the worker when its parent is gone, be it by SIGKILL.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C in a terminal reaches the parent, which then ends things in order.
    detached: true,
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-8_192);
  });
  let isStopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    const fail = (how: string): void => {
      if (!isStopping) reject(new Error(`the worker ended by itself (${how}): ${lastLine(said)}`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, signal) => fail(String(code ?? signal)));
  });
  failed.catch(() => undefined);
  return {
    pid: child.pid,
    failed,
    async stop() {
      isStopping = true;
      await endProcess(child);
    },
  };
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
