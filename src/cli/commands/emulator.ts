/** `temporal-tryon emulator`. */
import { once } from 'node:events';
import { defined } from '../../defined.js';
import { type BehaviourName, behaviours, type EmulatorOptions, startEmulator } from '../../testing.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes, type Interrupted, portError } from '../exit.js';
import type { OptionsOf } from '../options.js';

type Options = OptionsOf<'emulator'>;

const distribution = (options: Options): NonNullable<EmulatorOptions['distribution']> => {
  const { fixedSeconds, medianSeconds, p95Seconds = 3 * medianSeconds, tailWeight } = options;
  if (p95Seconds <= medianSeconds) {
    throw new CliError(`--p95-seconds is ${p95Seconds}; give more than the median, ${medianSeconds}`, exitCodes.usage);
  }
  return defined({ fixedSeconds, medianSeconds, p95Seconds, tailWeight });
};

const isBehaviour = (name: string): name is BehaviourName => Object.hasOwn(behaviours, name);

function scriptOf(name: string | undefined): BehaviourName | undefined {
  if (name === undefined || isBehaviour(name)) return name;
  throw new CliError(`--script is "${name}"; give one of those that --list-behaviours prints`, exitCodes.usage);
}

function list({ output }: Context): number {
  for (const [name, { description, basis }] of Object.entries(behaviours)) {
    output.json({ name, description, basis });
    if (!output.isJson) output.line(`${name.padEnd(26)} ${description} ${output.paint.dim(`(${basis})`)}`);
  }
  return exitCodes.done;
}

export const run: Run<'emulator'> = async ({ options }, context) => {
  const { output, env, signal } = context;
  if (options.listBehaviours) return list(context);
  const script = scriptOf(options.script);
  const { port, host, latencyMs, seed = Date.now() % 2 ** 31, appKey = env.AIDGE_APP_KEY?.trim() } = options;
  const appSecret = env.AIDGE_APP_SECRET?.trim();
  const settings: EmulatorOptions = {
    // In a container it must listen on more than the loopback interface, which the type allows only.
    host: host as NonNullable<EmulatorOptions['host']>,
    // A server that is kept must not see the ids of an earlier run again.
    seed,
    distribution: distribution(options),
    strict: options.lenient !== true,
    // The vendor's own answer is not known; this one proves to `doctor` that the key was taken.
    notFound: 'service',
    ...defined({ port, latencyMs, script, accounts: appKey && appSecret ? [{ appKey, appSecret }] : undefined }),
    log: output.note,
  };
  const emulator = await startEmulator(settings).catch((error: unknown) => {
    throw portError(error, port, '--port');
  });
  try {
    const { url } = emulator;
    // A secret that the user gave is not shown; the emulator's own is none.
    const isOwn = !(appKey && appSecret);
    output.json({ url, appKey: emulator.appKey, ...(isOwn ? { appSecret: emulator.appSecret } : {}) });
    if (!output.isJson) {
      output.line(`export AIDGE_ENDPOINT=${url}`);
      output.line(`export AIDGE_APP_KEY=${emulator.appKey}`);
      if (isOwn) output.line(`export AIDGE_APP_SECRET=${emulator.appSecret}`);
    }
    output.note(`the emulated vendor answers at ${url}, with seed ${seed}; Ctrl-C ends it`);
    if (!signal.aborted) await once(signal, 'abort');
    // A supervisor that ends it with SIGTERM wants it so.
    return (signal.reason as Interrupted).by === 'SIGINT' ? exitCodes.interrupted : exitCodes.done;
  } finally {
    await emulator.close();
  }
};
