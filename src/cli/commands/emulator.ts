/** `temporal-tryon emulator`. */
import { defined } from '../../defined.js';
import { type BehaviourName, behaviours, type EmulatorOptions, startEmulator } from '../../testing.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes, portError, untilInterrupted } from '../exit.js';
import type { OptionsOf } from '../options.js';
import { paint } from '../output.js';

const isBehaviour = (name: string): name is BehaviourName => Object.hasOwn(behaviours, name);

function behaviour(option: string, name: string | undefined): BehaviourName | undefined {
  if (name === undefined || isBehaviour(name)) return name;
  throw new CliError(`${option} is "${name}"; give a name that --list-behaviours prints`, exitCodes.usage);
}

/** The emulator's options: from the command line, and the account from the environment. */
export function emulatorOptions(options: OptionsOf<'emulator'>, env: NodeJS.ProcessEnv): EmulatorOptions {
  const {
    port,
    host,
    latencyMs,
    script,
    submitScript,
    lenient = false,
    fixedSeconds,
    medianSeconds,
    tailWeight,
  } = options;
  // Ids come from the seed. A Temporal server that outlives the emulator must not see an id again.
  const { p95Seconds = 3 * medianSeconds, seed = Date.now() % 2 ** 31 } = options;
  if (p95Seconds <= medianSeconds) {
    throw new CliError(`--p95-seconds is ${p95Seconds}; give more than the median, ${medianSeconds}`, exitCodes.usage);
  }
  const appKey = options.appKey ?? env.AIDGE_APP_KEY?.trim();
  const appSecret = env.AIDGE_APP_SECRET?.trim();
  return {
    ...defined({ port, latencyMs, accounts: appKey && appSecret ? [{ appKey, appSecret }] : undefined }),
    ...defined({ script: behaviour('--script', script), submitScript: behaviour('--submit-script', submitScript) }),
    seed,
    // The type allows the loopback interface only. In a container the emulator must listen on more.
    host: host as NonNullable<EmulatorOptions['host']>,
    distribution: defined({ fixedSeconds, medianSeconds, p95Seconds, tailWeight }),
    strict: !lenient,
    // The vendor's own reply is unknown. This one proves to `doctor` that the key was accepted.
    notFound: 'service',
  };
}

function listBehaviours({ output }: Context): number {
  for (const [name, { description, basis }] of Object.entries(behaviours)) {
    output.data({ name, description, basis }, [`${name.padEnd(26)} ${description} ${paint.dim(`(${basis})`)}`]);
  }
  return exitCodes.done;
}

export const run: Run<'emulator'> = async ({ options }, context) => {
  const { output, env, signal } = context;
  if (options.listBehaviours) return listBehaviours(context);
  const settings = emulatorOptions(options, env);
  const emulator = await startEmulator({ ...settings, log: output.note }).catch((error: unknown) => {
    throw portError(error, options.port, '--port');
  });
  try {
    const { url, appKey } = emulator;
    // The user's own secret is not shown. A generated one opens nothing else.
    const appSecret = settings.accounts === undefined ? emulator.appSecret : undefined;
    output.data(defined({ url, appKey, appSecret }), [
      `export AIDGE_ENDPOINT=${url}`,
      `export AIDGE_APP_KEY=${appKey}`,
      ...(appSecret === undefined ? [] : [`export AIDGE_APP_SECRET=${appSecret}`]),
    ]);
    output.note(`the emulated vendor answers at ${url}, with seed ${settings.seed}; Ctrl-C ends it`);
    return await untilInterrupted(signal);
  } finally {
    await emulator.close();
  }
};
