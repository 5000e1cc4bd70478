/** Runs the worker as a separate process, as in production. The demo uses it. The process ends on {@link WorkerProcess.stop} or with its parent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A worker process. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Rejects when the worker ends before `stop` is called; never resolves. */
  readonly failed: Promise<never>;
  /** Lets the worker finish running activities, then ends it. Further calls are harmless. */
  stop(): Promise<void>;
}

/** The variable that makes a worker end when the channel to its parent closes. */
export const endsWithParent = 'TRYON_ENDS_WITH_PARENT';

const STOP_TIMEOUT_MS = 25_000;
const MAX_LOG_CHARS = 8_192;

/** This program: built, or as source under tsx. */
const program = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));

/**
 * Starts `temporal-tryon worker`.
 * @param env - the whole environment of the process
 */
export function startWorkerProcess(env: NodeJS.ProcessEnv): WorkerProcess {
  const child = spawn(process.execPath, [...process.execArgv, program, 'worker'], {
    env: { ...env, [endsWithParent]: '1' },
    // The channel closes when the parent ends, even by SIGKILL.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // In its own process group it does not get the terminal's Ctrl-C. The parent gets it and stops everything in order.
    detached: true,
  });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-MAX_LOG_CHARS);
  });
  let isStopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    const fail = (how: string): void => {
      const lastLine = log.trim().split('\n').at(-1) ?? '';
      if (!isStopping) reject(new Error(`the worker ended unexpectedly (${how}): ${lastLine}`));
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

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
