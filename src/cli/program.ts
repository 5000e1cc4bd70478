/** The command line, built from the records. A command's code is loaded when it is called, so that `--help` is quick. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { Run } from './command.js';
import { exitCodes, explainError, Interrupted } from './exit.js';
import { type CommandName, type CommandRecord, commands, type Invocation, type OptionRecord } from './options.js';
import { createOutput } from './output.js';
import { parserOf } from './parse.js';

const loaders: Readonly<Record<Exclude<CommandName, 'complete'>, () => Promise<{ readonly run: Run }>>> = {
  worker: () => import('./commands/worker.js'),
  submit: () => import('./commands/submit.js'),
  wait: () => import('./commands/wait.js'),
  status: () => import('./commands/status.js'),
  list: () => import('./commands/list.js'),
  watch: () => import('./commands/watch.js'),
  results: () => import('./commands/results.js'),
  subscribe: () => import('./commands/subscribe.js'),
  cancel: () => import('./commands/cancel.js'),
  'poll-now': () => import('./commands/poll-now.js'),
  model: () => import('./commands/model.js'),
  emulator: () => import('./commands/emulator.js'),
  demo: () => import('./commands/demo.js'),
  'codec-server': () => import('./commands/codec-server.js'),
  doctor: () => import('./commands/doctor.js'),
};

/** Commands that handle signals themselves, because what they run does. */
const ownSignals: readonly CommandName[] = ['worker'];

const footer = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the outcome is not \`finished\`, 130 interrupted.
Temporal is found by its own variables: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, TEMPORAL_PROFILE.`;

function optionOf(record: OptionRecord): Option {
  const { name, kind, value, description } = record;
  const option = new Option(kind === 'flag' ? `--${name}` : `--${name} ${value}`, description);
  if (Array.isArray(kind)) option.choices(kind);
  const parser = parserOf(kind);
  if (parser !== undefined) option.argParser(parser);
  if (record.default !== undefined) option.default(record.default);
  if (record.required) option.makeOptionMandatory();
  return option;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Runs one command line. Resolves to the exit code; writes to the process's own streams. */
export async function runCli(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = new Command('temporal-tryon')
    .description('Durable waits for virtual try-on tasks, on Temporal.')
    .version(version())
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('after', footer)
    .exitOverride();
  for (const [name, record] of Object.entries(commands) as [CommandName, CommandRecord][]) {
    const isCompletion = name === 'complete';
    const command = isCompletion ? await completion(program, argv) : program.command(name);
    // Completion takes descriptions of one line.
    const more =
      argv[0] === 'complete' && !isCompletion ? [] : [record.description].filter((text) => text !== undefined);
    command.summary(record.summary).description([`${record.summary}.`, ...more].join('\n'));
    for (const { name: word, description, isOptional } of isCompletion ? [] : (record.arguments ?? [])) {
      command.argument(isOptional ? `[${word}]` : `<${word}>`, description);
    }
    for (const option of record.options ?? []) command.addOption(optionOf(option));
    if (record.examples) command.addHelpText('after', `\nExample: ${record.examples.join('\n         ')}`);
    if (isCompletion) continue;
    command.action(async () => {
      exitCode = await runCommand(name, { args: command.args, options: command.opts() }, env);
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // The library has told it; help that was asked for is no mistake.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
}

/** The command that completes all others, so it comes last. Its library is loaded when it is called. */
async function completion(program: Command, argv: readonly string[]): Promise<Command> {
  if (argv[0] !== 'complete') return program.command('complete <shell>');
  const { default: completeBy } = await import('@bomb.sh/tab/commander');
  completeBy(program);
  if (argv[1] === 'bash') {
    // The library's script has constants that a second `source` would complain of.
    const { log } = console;
    console.log = (text: string) => log(text.replace(/^readonly /gm, ''));
  }
  return program.commands.at(-1) as Command;
}

async function runCommand(
  name: Exclude<CommandName, 'complete'>,
  invocation: Invocation,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const output = createOutput({ isJson: invocation.options.json === true, env });
  const interrupt = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    // Once lets it end by itself; twice is meant.
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort(new Interrupted(name));
  };
  const signals = ownSignals.includes(name) ? [] : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const { run } = await loaders[name]();
    return await run(invocation, { output, env, signal: interrupt.signal });
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    const { lines, exitCode } = explainError(error);
    for (const line of lines) output.note(`${output.paintNote.red('error:')} ${line}`);
    if (env.TRYON_DEBUG && error instanceof Error) output.note(error.stack ?? '');
    return exitCode;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
