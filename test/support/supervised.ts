/** A process that is started again whenever it ends, as an orchestrator does, until it is stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithThisProcess } from '../../src/dev-server/temporal-server.js';

/** What is run. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** All of its environment but PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Both of its outputs go there. */
  readonly logFile?: string;
  /** Resolves once it serves; rejects while it does not. */
  readonly isUp: () => Promise<void>;
}

/** A process under supervision. */
export interface Supervised {
  /** Kills it with SIGKILL and waits for its end. It comes back by itself, after a time in milliseconds. */
  kill(awayMs?: number): Promise<void>;
  /** Resolves once it serves. */
  up(): Promise<void>;
  /** Ends it for good. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

const restartAfterMs = 200;
const upWithinMs = 180_000;
const stopWithinMs = 15_000;

/** Starts it. */
export function supervise(command: Command): Supervised {
  const { program, args, env, cwd, uid, gid, logFile = '/dev/null', isUp } = command;
  let child: ChildProcess;
  let isStopping = false;
  let nextRestartMs = restartAfterMs;
  const start = (): void => {
    const log = openSync(logFile, 'a');
    child = spawn(program, args, {
      env: { PATH: process.env.PATH, ...env },
      cwd,
      ...(uid === undefined ? {} : { uid, gid: gid as number }),
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const unwatch = endWithThisProcess(child);
    child.once('error', unwatch);
    child.once('exit', async () => {
      unwatch();
      await sleep(nextRestartMs);
      nextRestartMs = restartAfterMs;
      if (!isStopping) start();
    });
  };
  start();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await exited;
    clearTimeout(timer);
  };
  return {
    async kill(awayMs = restartAfterMs) {
      nextRestartMs = awayMs;
      await end('SIGKILL');
    },
    async up() {
      const giveUpAtMs = Date.now() + upWithinMs;
      for (;;) {
        try {
          return await isUp();
        } catch (error) {
          if (Date.now() > giveUpAtMs) throw new Error(`${program} is not up; see ${logFile}`, { cause: error });
          await sleep(100);
        }
      }
    },
    async stop(signal) {
      isStopping = true;
      await end(signal);
    },
  };
}

/** Whether something listens on a port of the loopback interface. */
export const untilListening = (port: number) => async (): Promise<void> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect').finally(() => socket.destroy());
};
