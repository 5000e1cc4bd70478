/** A terminal that a test types into and reads, by tmux: on a socket of its own, which ends with the test. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { bareEnv } from '../cli/run-cli.js';
import { builtFile } from './built.js';
import { until } from './until.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** A terminal under test, in which a shell waits with the prompt `$ `. `temporal-tryon` is on its path. */
export interface Terminal {
  /** Types a line and Enter. */
  enter(line: string): Promise<void>;
  /** Presses a key by tmux's name, such as `C-c`. */
  press(key: string): Promise<void>;
  /** What is on the screen, lines that the terminal wrapped in one. With `colour`, its escape sequences too. */
  screen(options?: { readonly colour?: boolean }): Promise<string>;
  /** Waits until the screen matches, and gives it. */
  shows(pattern: RegExp): Promise<string>;
  /** Lines as the terminal has them, one for each row. */
  rows(): Promise<string[]>;
  resize(columns: number, rows: number): Promise<void>;
  /** Whether the cursor is seen, and whether a program has a screen of its own. */
  state(): Promise<{ readonly cursor: boolean; readonly ownScreen: boolean }>;
}

/** Opens it; it ends with the test at the latest. */
export async function openTerminal(options: {
  readonly env?: NodeJS.ProcessEnv;
  readonly columns?: number;
  readonly rows?: number;
}): Promise<Terminal> {
  const { columns = 100, rows = 30 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'tryon-terminal-'));
  const program = join(folder, 'temporal-tryon');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${await builtFile('cli/main.ts')}' "$@"\n`);
  await chmod(program, 0o755);
  const bare = bareEnv(options.env);
  const env = { ...bare, PATH: `${folder}:${bare.PATH}`, PS1: '$ ', LC_ALL: 'C.UTF-8', ENV: '', SHELL: '/bin/sh' };
  const tmux = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('tmux', ['-u', '-S', join(folder, 'socket'), '-f', '/dev/null', ...args], { env });
    return stdout;
  };
  onTestFinished(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(`the terminal's last screen:\n${await screen().catch(String)}`);
    await tmux('kill-server').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });
  const screen: Terminal['screen'] = async ({ colour = false } = {}) =>
    await tmux('capture-pane', '-p', '-J', ...(colour ? ['-e'] : []));
  await tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), '-c', root, 'sh');
  const terminal: Terminal = {
    enter: async (line) => {
      await tmux('send-keys', '-l', line);
      await tmux('send-keys', 'Enter');
    },
    press: async (key) => {
      await tmux('send-keys', key);
    },
    screen,
    async shows(pattern) {
      let seen = '';
      await until(async () => {
        seen = await screen();
        return pattern.test(seen);
      });
      return seen;
    },
    rows: async () => (await tmux('capture-pane', '-p')).split('\n'),
    resize: async (width, height) => {
      await tmux('resize-window', '-x', String(width), '-y', String(height));
    },
    async state() {
      const [cursor, own] = (await tmux('display-message', '-p', '#{cursor_flag} #{alternate_on}')).trim().split(' ');
      return { cursor: cursor === '1', ownScreen: own === '1' };
    },
  };
  await terminal.shows(/^\$ /m);
  return terminal;
}
