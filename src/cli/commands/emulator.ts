/** `temporal-tryon emulator`. */
import { type ApiName, apiVendors, type VendorName } from '../../contract.js';
import { defined } from '../../defined.js';
import { vendors as vendorSettings } from '../../providers/vendors.js';
import {
  type AccountOptions,
  type BehaviourName,
  behaviours,
  defaultAccounts,
  type Emulator,
  type EmulatorOptions,
  startEmulator,
} from '../../testing.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes, portError, untilInterrupted } from '../exit.js';
import type { OptionsOf } from '../options.js';
import { paint } from '../output.js';

const isBehaviour = (name: string): name is BehaviourName => Object.hasOwn(behaviours, name);

function behaviour(option: string, name: string | undefined): BehaviourName | undefined {
  if (name === undefined || isBehaviour(name)) return name;
  throw new CliError(`${option} is "${name}"; give a name that --list-behaviours prints`, exitCodes.usage);
}

const isApi = (name: string): name is ApiName => Object.hasOwn(apiVendors, name);

/** The APIs of `--api`, each once. */
export function apisOf(names: string): ApiName[] {
  const apis = names.split(',').map((text): ApiName => {
    const name = text.trim();
    if (isApi(name)) return name;
    throw new CliError(`--api is "${names}"; give names of ${Object.keys(apiVendors).join(', ')}`, exitCodes.usage);
  });
  return [...new Set(apis)];
}

/** The vendors of APIs, each once. */
export const vendorsOf = (apis: readonly ApiName[]): VendorName[] => [...new Set(apis.map((api) => apiVendors[api]))];

/** The keys of an account, by the variables that have them. */
const keyNames: Readonly<Record<string, 'appKey' | 'appSecret' | 'apiKey'>> = {
  APP_KEY: 'appKey',
  APP_SECRET: 'appSecret',
  API_KEY: 'apiKey',
};

/** The variables of a vendor's first way to sign, each with the key of an account that it has. */
function variablesOf(vendor: VendorName): (readonly [name: string, key: 'appKey' | 'appSecret' | 'apiKey'])[] {
  const { prefix, credentials } = vendorSettings[vendor];
  const suffixes = credentials[0]?.variables ?? [];
  return suffixes.flatMap((suffix) => {
    const key = keyNames[suffix];
    return key === undefined ? [] : [[`${prefix}${suffix}`, key] as const];
  });
}

/** One account of each vendor, with the keys of the environment where all of them are set. */
function accountsOf(vendors: readonly VendorName[], env: NodeJS.ProcessEnv, seed: number): AccountOptions[] {
  const made = defaultAccounts(seed);
  return vendors.map((vendor) => {
    const keys = variablesOf(vendor).map(([name, key]) => [key, env[name]?.trim()] as const);
    const own = keys.every(([, value]) => value) ? Object.fromEntries(keys) : {};
    return { ...made.find((account) => (account.vendor ?? 'aidge') === vendor), ...own };
  });
}

/** The settings that make a client use the emulator. A key that `env` has already is left out, if it is secret. */
export function settingsOf(
  emulator: Emulator,
  vendors: readonly VendorName[],
  env: NodeJS.ProcessEnv,
): [string, string][] {
  return vendors.flatMap((vendor) => {
    const account = emulator.accounts.find((account) => (account.vendor ?? 'aidge') === vendor);
    const keys = variablesOf(vendor).flatMap(([name, key]): [string, string][] => {
      const value = account?.[key];
      const isOwn = key !== 'appKey' && value === env[name]?.trim();
      return value === undefined || isOwn ? [] : [[name, value]];
    });
    return [[`${vendorSettings[vendor].prefix}ENDPOINT`, emulator.url], ...keys];
  });
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
  const keys = { ...env, ...defined({ AIDGE_APP_KEY: options.appKey }) };
  return {
    ...defined({ port, latencyMs }),
    ...defined({ script: behaviour('--script', script), submitScript: behaviour('--submit-script', submitScript) }),
    accounts: accountsOf(vendorsOf(apisOf(options.api)), keys, seed),
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
  const emulated = emulatorOptions(options, env);
  const emulator = await startEmulator({ ...emulated, log: output.note }).catch((error: unknown) => {
    if (error instanceof RangeError) throw new CliError(`--script: ${error.message}`, exitCodes.usage);
    throw portError(error, options.port, '--port');
  });
  try {
    const { url } = emulator;
    const made = settingsOf(emulator, vendorsOf(apisOf(options.api)), env);
    const settings = Object.fromEntries(made);
    const { AIDGE_APP_KEY: appKey, AIDGE_APP_SECRET: appSecret } = settings;
    output.data(
      defined({ url, appKey, appSecret, settings }),
      made.map(([name, value]) => `export ${name}=${value}`),
    );
    output.note(`the emulated vendor answers at ${url}, with seed ${emulated.seed}; Ctrl-C ends it`);
    return await untilInterrupted(signal);
  } finally {
    await emulator.close();
  }
};
