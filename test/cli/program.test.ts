import { describe, expect, test } from 'vitest';
import { type CommandName, type CommandRecord, commands } from '../../src/cli/options.js';
import { freePort } from '../../src/dev-server/temporal-server.js';
import { runCli, startSource } from './run-cli.js';

const names = Object.keys(commands) as CommandName[];
const records: Readonly<Record<string, CommandRecord>> = commands;

describe('the command line', () => {
  test('--help names every command of the table', async () => {
    const { code, out, err } = await runCli(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of names) expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  });

  test.each(names)('%s --help names each of its options and goes to standard output', async (name) => {
    const { code, out, err } = await runCli([name, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const option of records[name]?.options ?? []) expect(out).toContain(`--${option.name}`);
  });

  const wrong: [string, string[], RegExp][] = [
    ['no command', [], /Usage: temporal-tryon/],
    ['an unknown command', ['wiat'], /unknown command 'wiat'[\s\S]*wait/],
    ['a missing argument', ['status'], /missing required argument 'taskId'/],
    ['too many arguments', ['status', 'a', 'b'], /too many arguments/],
    ['an unknown option', ['status', 'a', '--jsn'], /unknown option '--jsn'/],
    ['a missing option', ['submit'], /--request <file.json>' not specified/],
    ['an invalid port', ['demo', '--port', '70000'], /'70000' is invalid. Give 1 to 65535/],
    ['a timeout that is too long', ['wait', 'a', '--timeout-seconds', '1e9'], /Give 1 to 2592000/],
    ['an invalid account name', ['wait', 'a', '--account', 'A_B'], /Give 1 to 40 of a-z/],
    ['an unknown state', ['list', '--state', 'done'], /Allowed choices are waiting, blocked/],
    ['an invalid time', ['wait', 'a', '--submitted-at', 'yesterday'], /Give an RFC 3339 time/],
    [
      'an impossible distribution',
      ['emulator', '--median-seconds', '9', '--p95-seconds', '3'],
      /give more than the median/,
    ],
    ['an unknown behaviour', ['emulator', '--script', 'nope'], /--list-behaviours/],
    ['an unknown behaviour of submits', ['emulator', '--submit-script', 'nope'], /--submit-script.*--list-behaviours/],
    ['an interval too short', ['watch', '--interval', '0.1'], /Give 0.5 to 3600/],
    ['results without an id', ['results'], /give a task id, or a listing with --listing/],
    ['results with two ids', ['results', 'a', '--listing', 'b'], /give a task id, or a listing with --listing/],
    ['--force without a contact sheet', ['results', 'a', '--force'], /add --html <file.html>/],
    ['no subscriber', ['subscribe', 'a'], /give either --workflow-id or --webhook/],
    [
      'a workflow and a webhook',
      ['subscribe', 'a', '--workflow-id', 'b', '--webhook', 'c'],
      /give either --workflow-id/,
    ],
    ['a signal for a webhook', ['subscribe', 'a', '--webhook', 'c', '--signal', 's'], /go with --workflow-id only/],
    [
      'more than --remove takes',
      ['subscribe', 'a', '--workflow-id', 'b', '--run-id', 'c', '--remove'],
      /leave out the other/,
    ],
    ['a missing file', ['submit', '--request', '/nonexistent.json'], /cannot be read \(ENOENT\)/],
  ];
  test.each(wrong)('%s is wrong usage: exit code 2, with a message on standard error', async (_what, args, said) => {
    const { code, out, err } = await runCli(args);
    expect(err).toMatch(said);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toMatch(/^ +at /m);
  });

  test('a wrong argument is repeated without what a terminal obeys', async () => {
    const { err } = await runCli(['list', '--state', '\u001b]0;owned\u0007\u202edone']);
    expect(err).toContain('owned');
    expect(err.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('a request that is not JSON is wrong usage', async () => {
    const { code, err } = await runCli(['submit', '--request', '-'], {}, 'not json');
    expect({ code, err }).toEqual({
      code: 2,
      err: 'error: standard input is not the JSON of an object or a list of objects; correct it\n',
    });
  });
});

describe('without a Temporal server', () => {
  const calls: string[][] = [
    ['wait', 'task-1'],
    ['status', 'task-1'],
    ['list'],
    ['watch'],
    ['results', 'task-1'],
    ['subscribe', 'task-1', '--workflow-id', 'a'],
    ['cancel', 'task-1'],
    ['poll-now', 'task-1'],
    ['status', 'task-1', '--json'],
  ];
  test.each(calls.map((args) => [args.join(' '), args] as const))(
    '%s reports it in one line, exit code 1',
    async (_name, args) => {
      const address = `127.0.0.1:${await freePort()}`;
      const { code, out, err } = await runCli(args, { TEMPORAL_ADDRESS: address });
      expect({ code, out, err }).toEqual({
        code: 1,
        out: '',
        err: `error: no Temporal server answers at ${address}; start one with \`temporal server start-dev\` or set TEMPORAL_ADDRESS\n`,
      });
    },
  );

  test('worker reports the same, in a clone with the command of a clone', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const running = startSource(['worker'], {
      TEMPORAL_ADDRESS: address,
      AIDGE_APP_KEY: 'key',
      AIDGE_APP_SECRET: 'secret',
    });
    const { code, out, err } = await running.ended;
    expect(err).toMatch(new RegExp(`no Temporal server answers at ${address}; start one with .npm run server.`));
    expect(err.trim().split('\n')).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test('an unreadable configuration is reported with the variables to check', async () => {
    const { code, err } = await runCli(['list'], { TEMPORAL_CONFIG_FILE: '/dev/null', TEMPORAL_PROFILE: 'nope' });
    expect(code).toBe(1);
    expect(err).toMatch(/^error: Temporal's configuration cannot be read .*TEMPORAL_CONFIG_FILE\n$/);
  });
});

test('worker reports all missing settings at once, one per line', async () => {
  const { code, out, err } = await runCli(['worker'], { TRYON_LOG_LEVEL: 'LOUD' });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  for (const name of ['AIDGE_APP_KEY', 'AIDGE_APP_SECRET', 'TRYON_LOG_LEVEL']) {
    expect(err.split('\n').filter((line) => line.includes(`${name} is `))).toHaveLength(1);
  }
});

test('colours are for terminals only', async () => {
  const { err } = await runCli(['submit', '--request', '/nonexistent.json']);
  expect(err).not.toContain('\u001b[');
});
