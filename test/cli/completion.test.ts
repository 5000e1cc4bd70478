import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CommandRecord, commands, listStates } from '../../src/cli/options.js';
import { runCli } from './run-cli.js';

/** What completion offers for a line whose last word is incomplete. */
async function offered(...words: string[]): Promise<string[]> {
  const { code, out, err } = await runCli(['complete', '--', ...words]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.trimEnd().split('\n');
  // The last line makes the shell offer no files.
  expect(lines.at(-1)).toBe(':4');
  return lines.slice(0, -1);
}

const names = (lines: readonly string[]): string[] => lines.map((line) => line.split('\t', 1)[0] as string);

describe('completion', () => {
  test('offers every command with its summary, one per line', async () => {
    const lines = await offered('');
    expect(names(lines).sort()).toEqual([...Object.keys(commands), 'help'].sort());
    for (const [name, { summary }] of Object.entries(commands)) {
      if (name !== 'complete') expect(lines).toContain(`${name}\t${summary}.`);
    }
  });

  test('offers the commands that begin with the word', async () => {
    expect(names(await offered('wa')).sort()).toEqual(['wait', 'watch']);
  });

  test('offers the options of a command', async () => {
    const { options = [] }: CommandRecord = commands.watch;
    expect(names(await offered('watch', '--')).sort()).toEqual(
      [...options.map(({ name }) => `--${name}`), '--help'].sort(),
    );
  });

  test('offers the allowed values of an option', async () => {
    expect(names(await offered('list', '--state', ''))).toEqual([...listStates, 'maybeSubmitted']);
  });

  test.each(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s that asks the program', async (shell) => {
    const { code, out, err } = await runCli(['complete', shell]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/temporal-tryon complete '?--/);
  });

  test('works in bash, given the words as its completion package gives them', async () => {
    const { out } = await runCli(['complete', 'bash']);
    const folder = await mkdtemp(join(tmpdir(), 'tryon-completion-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'test.sh');
    const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
    await writeFile(
      file,
      `${out}
temporal-tryon() { '${process.execPath}' --import tsx '${main}' "$@"; }
_get_comp_words_by_ref() { words=(temporal-tryon list --st); cword=2; cur=--st; prev=list; }
compopt() { :; }
__temporal_tryon_complete
printf '%s\\n' "\${COMPREPLY[@]}"
`,
    );
    const { stdout } = await promisify(execFile)('bash', ['--norc', file]);
    expect(stdout).toBe('--state\n');
  });

  test('can be sourced twice in bash', async () => {
    const { out } = await runCli(['complete', 'bash']);
    const folder = await mkdtemp(join(tmpdir(), 'tryon-completion-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'completion.sh');
    await writeFile(file, out);
    const twice = 'source "$1"; source "$1"; echo "$ShellCompDirectiveNoFileComp"';
    const result = await promisify(execFile)('bash', ['--norc', '-c', twice, 'bash', file]);
    expect(result).toEqual({ stdout: '4\n', stderr: '' });
  });

  test('for an unknown shell is wrong usage', async () => {
    const { code, out, err } = await runCli(['complete', 'tcsh']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/Allowed choices are zsh, bash, fish, powershell/);
  });
});
