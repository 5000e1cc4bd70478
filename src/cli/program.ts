/** The command line. It is built from the table in `options.ts` and loads a command's code only when you call it. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { Run } from './command.js';
import { exitCodes, explainError, Interrupted } from './exit.js';
import { type CommandName, type CommandRecord, commands, type OptionRecord } from './options.js';
import { createOutput, paint, plain } from './output.js';
import { parsers } from './parse.js';

type Runnable = Exclude<CommandName, 'complete'>;

const loaders: { readonly [Name in Runnable]: () => Promise<{ readonly run: Run<Name> }> } = {
  worker: () => import('./commands/worker.js'),
  submit: () => import('./commands/submit.js'),
  job: () => import('./commands/job.js'),
  listing: () => import('./commands/listing.js'),
  resolve: () => import('./commands/resolve.js'),
  wait: () => import('./commands/wait.js'),
  status: () => import('./commands/status.js'),
  list: () => import('./commands/list.js'),
  watch: () => import('./commands/watch.js'),
  results: () => import('./commands/results.js'),
  subscribe: () => import('./commands/subscribe.js'),
  webhooks: () => import('./commands/webhooks.js'),
  cancel: () => import('./commands/cancel.js'),
  'poll-now': () => import('./commands/poll-now.js'),
  model: () => import('./commands/model.js'),
  budget: () => import('./commands/budget.js'),
  emulator: () => import('./commands/emulator.js'),
  demo: () => import('./commands/demo.js'),
  'codec-server': () => import('./commands/codec-server.js'),
  doctor: () => import('./commands/doctor.js'),
};

const footer = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the outcome is not \`finished\`, 130 interrupted.
These variables select the Temporal server: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, TEMPORAL_PROFILE.`;

function optionOf({ name, kind, value, description, default: preset, required = false }: OptionRecord): Option {
  const option = new Option(kind === 'flag' ? `--${name}` : `--${name} ${value}`, description);
  option.makeOptionMandatory(required).default(preset);
  if (kind === 'flag') return option;
  if (typeof kind !== 'string') return option.choices(kind);
  return option.argParser(parsers[kind] as (text: string, previous: unknown) => unknown);
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Messages of the parser repeat arguments, and have several lines. */
const cleanLines = (text: string): string => text.split('\n').map(plain).join('\n');

/** Runs one command line. Resolves to the exit code. Writes to the process's own streams. */
export async function runCli(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = new Command('temporal-tryon')
    .description('Temporal workflows that wait for virtual try-on tasks and collect their images.')
    .version(version())
    .showHelpAfterError('(add --help for usage)')
    .configureOutput({
      writeOut: (text) => void process.stdout.write(cleanLines(text)),
      writeErr: (text) => void process.stderr.write(cleanLines(text)),
    })
    .addHelpText('after', footer)
    .exitOverride();
  for (const [name, record] of Object.entries(commands) as [CommandName, CommandRecord][]) {
    const isCompletion = name === 'complete';
    const command = isCompletion ? await completion(program, argv) : program.command(name);
    // Completion takes descriptions of one line.
    const more = argv[0] === 'complete' && !isCompletion ? undefined : record.description;
    command.summary(record.summary).description(`${record.summary}.${more === undefined ? '' : `\n${more}`}`);
    if (record.examples) command.addHelpText('after', `\nExample: ${record.examples.join('\n         ')}`);
    if (isCompletion) continue;
    for (const { name: word, description, isOptional } of record.arguments ?? []) {
      command.argument(isOptional ? `[${word}]` : `<${word}>`, description);
    }
    for (const option of record.options ?? []) command.addOption(optionOf(option));
    command.action(async () => {
      exitCode = await runCommand(name, command, env);
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed the message. A call for help is not a mistake.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
}

/** Adds the command that completes all others, so it comes last. It loads its library only when you call it. */
async function completion(program: Command, argv: readonly string[]): Promise<Command> {
  if (argv[0] !== 'complete') return program.command('complete <shell>');
  const { default: completeBy } = await import('@bomb.sh/tab/commander');
  completeBy(program);
  if (argv[1] === 'bash') {
    // The library's script declares read-only variables, which make a second `source` fail.
    const { log } = console;
    console.log = (text: string) => log(text.replace(/^readonly /gm, ''));
  }
  return program.commands.at(-1) as Command;
}

async function runCommand(name: Runnable, command: Command, env: NodeJS.ProcessEnv): Promise<number> {
  const options = command.opts();
  const output = createOutput({ isJson: options.json === true, env });
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    // The first signal lets the command end by itself, the second ends the process at once.
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort(new Interrupted(signal));
  };
  // The worker handles signals itself.
  const signals = name === 'worker' ? [] : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const { run } = await loaders[name]();
    // The table describes the parser and the types alike.
    return await (run as Run<never>)({ args: command.args, options } as never, {
      output,
      env,
      signal: interrupt.signal,
    });
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    const { lines, exitCode } = explainError(error);
    for (const line of lines) output.note(`${paint.red('error:')} ${line}`);
    if (env.TRYON_DEBUG && error instanceof Error)
      for (const line of (error.stack ?? '').split('\n')) output.note(line);
    return exitCode;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
