/** Runs the program as a user does: as a process, with separate streams. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { builtFile } from '../support/built.js';

/** The program as a package has it. */
const built = [await builtFile('cli/main.ts')];
/** The program as a clone runs it. It starts more slowly and names other commands to type. */
const source = ['--import', 'tsx', fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))];

/** A running program. */
export interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when the text appears on either stream; rejects if the program ends without it. */
  until(text: string | RegExp): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

/** An environment without the developer's own settings. */
export const bareEnv = (env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  ...(process.env.TRYON_CACHE_DIR === undefined ? {} : { TRYON_CACHE_DIR: process.env.TRYON_CACHE_DIR }),
  TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml',
  ...env,
});

/** Starts the program. The end of the test kills it. */
export function startCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input?: string,
  program: readonly string[] = built,
): Running {
  const child = spawn(process.execPath, [...program, ...args], {
    env: bareEnv(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  child.stdin.end(input ?? '');
  const said = { out: '', err: '' };
  const watchers = new Set<() => void>();
  for (const [name, stream] of [
    ['out', child.stdout],
    ['err', child.stderr],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      for (const watch of watchers) watch();
    });
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  return {
    child,
    out: () => said.out,
    err: () => said.err,
    async until(text) {
      const has = () => [said.out, said.err].some((stream) => stream.search(text) >= 0);
      if (has()) return;
      let watch = () => undefined;
      const seen = new Promise<void>((resolve) => {
        watch = () => {
          if (has()) resolve();
          return undefined;
        };
        watchers.add(watch);
      });
      const over = ended.then(({ code, out, err }) => {
        if (!has()) throw new Error(`ended with ${code} before ${text}\n${out}\n${err}`);
      });
      await Promise.race([seen, over]).finally(() => watchers.delete(watch));
    },
    ended,
  };
}

/** Runs the program to its end. */
export const runCli = (args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: string) =>
  startCli(args, env, input).ended;

/** Starts the program as a clone runs it. */
export const startSource = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  startCli(args, env, undefined, source);
