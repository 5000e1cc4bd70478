/** Runs the callers and parents of `examples/` as processes of their own, as another service would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a process said, once it has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that was started. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** The JSON document on its standard output; rejects with its standard error where it failed. */
  json<T>(): Promise<T>;
  /** Resolves at the first line on standard error that has the text; rejects where the process ends without. */
  says(text: string): Promise<void>;
}

/** Programs started together and ended together. */
export interface Programs {
  start(program: string, args: readonly string[], options: { cwd: string; env?: Record<string, string> }): Program;
  /** Ends those that still run, by their process group: a launcher's children too. */
  stop(): Promise<void>;
}

/** Starts processes with this process's environment, which the tests' setup has cleaned, and more. */
export function programs(shared: Record<string, string> = {}): Programs {
  const running = new Map<ChildProcess, Promise<unknown>>();
  return {
    start(program, args, { cwd, env }) {
      const child = spawn(program, args, {
        cwd,
        env: { ...process.env, ...shared, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      let [stdout, stderr] = ['', ''];
      const lines = createInterface(child.stderr);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      lines.on('line', (line) => {
        stderr += `${line}\n`;
      });
      const ended = new Promise<Ended>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, stdout, stderr }));
      });
      running.set(child, ended);
      const forget = () => running.delete(child);
      ended.then(forget, forget);
      return {
        pid: child.pid ?? 0,
        ended,
        async json() {
          const { code, stderr } = await ended;
          if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${code}: ${stderr}`);
          return JSON.parse(stdout);
        },
        says: (text) =>
          new Promise((resolve, reject) => {
            const poll = () => stderr.includes(text) && resolve();
            lines.on('line', poll);
            ended.then(
              ({ code, stderr }) => reject(new Error(`ended with ${code} before "${text}": ${stderr}`)),
              reject,
            );
            poll();
          }),
      };
    },
    async stop() {
      for (const child of running.keys()) {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // it has ended by itself in this moment
        }
      }
      await Promise.allSettled(running.values());
    },
  };
}
