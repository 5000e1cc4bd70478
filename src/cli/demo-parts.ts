/** What the demo starts: a Temporal server, the emulated vendor, a worker; and the environment that they share. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { TryOnClient } from '../client/client.js';
import { defined } from '../defined.js';
import { childEnv } from '../dev-server/child-env.js';
import { type TemporalServer, TemporalServerError, useOrStartServer } from '../dev-server/temporal-server.js';
import { readAccounts } from '../providers/accounts.js';
import { activePollers } from '../temporal/task-queues.js';
import { type Emulator, startEmulator } from '../testing.js';
import type { Context } from './command.js';
import { CliError, portError } from './exit.js';
import { counted } from './format.js';
import type { OptionsOf } from './options.js';

/** The demo's options. */
export type DemoOptions = OptionsOf<'demo'>;

type Env = NodeJS.ProcessEnv;

const POLLER_INTERVAL_MS = 100;
/** The emulator's requests cost nothing; at the vendor's three a minute the demo would wait for its own submits. */
const SUBMITS_PER_MINUTE = 600;

/** What the demo has started. `stop` stops the last one first. */
export class Parts {
  readonly #stops: (() => Promise<unknown>)[] = [];

  add<T>(part: T, stop: (part: T) => Promise<unknown>): T {
    this.#stops.push(() => stop(part));
    return part;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch(() => undefined);
  }
}

/** What {@link partsEnv} is made of. */
export interface DemoPlaces {
  readonly server: TemporalServer;
  readonly emulator: Emulator;
  /** The variables that make the emulator the vendors of the demo's tasks. */
  readonly settings: readonly (readonly [string, string])[];
  readonly taskQueue: string;
  /** Where images are archived. */
  readonly folder: string;
}

/**
 * The environment of all that the demo starts: nothing of the user's vendors and, if the demo has its own server, nothing of the user's
 * server.
 */
export function partsEnv(
  env: Env,
  { server, emulator, settings, taskQueue, folder }: DemoPlaces,
  options: DemoOptions,
): Env {
  const { namespace, seconds } = options;
  const hasOwnServer = server.pid !== undefined;
  const ofServer = Object.entries(env).filter(([name]) => !hasOwnServer && name.startsWith('TEMPORAL_'));
  return {
    ...childEnv(env, 'node'),
    ...Object.fromEntries(ofServer),
    // A missing file counts as none. The user's own configuration file may name another server.
    ...defined({
      TEMPORAL_CONFIG_FILE: hasOwnServer ? '/nonexistent/temporal.toml' : undefined,
      TEMPORAL_NAMESPACE: namespace,
    }),
    TEMPORAL_ADDRESS: server.address,
    ...Object.fromEntries(settings),
    AIDGE_SUBMITS_PER_MINUTE: String(SUBMITS_PER_MINUTE),
    TRYON_TASK_QUEUE: taskQueue,
    TRYON_ARCHIVE: pathToFileURL(folder).href,
    // The emulator's images are on this machine, which the guard of downloads keeps out.
    TRYON_ARCHIVE_ALLOW: new URL(emulator.url).hostname,
    TRYON_PRIOR_MEDIAN_SECONDS: String(seconds),
    TRYON_PRIOR_P95_SECONDS: String(2 * seconds),
    TRYON_LOG_LEVEL: 'WARN',
  };
}

/** The server that `TEMPORAL_ADDRESS` names, or one that ends with the demo. */
export async function startServer(
  { port, uiPort, namespace }: DemoOptions,
  { env, output }: Context,
): Promise<TemporalServer> {
  try {
    return await useOrStartServer({
      env,
      ...defined({ port, uiPort, namespaces: namespace === undefined ? undefined : [namespace] }),
      portOptions: { port: '--port', uiPort: '--ui-port' },
      log: output.note,
    });
  } catch (error) {
    throw error instanceof TemporalServerError ? new CliError(error.message) : error;
  }
}

/** The emulated vendor. */
export async function startVendor({ emulatorPort: port, seconds }: DemoOptions): Promise<Emulator> {
  try {
    return await startEmulator({
      ...defined({ port }),
      // Task ids come from the seed. A server that outlives the demo must not see an id again.
      seed: Date.now() % 2 ** 31,
      distribution: { medianSeconds: seconds, p95Seconds: 1.5 * seconds, tailWeight: 0 },
    });
  } catch (error) {
    throw portError(error, port, '--emulator-port');
  }
}

/** Waits until the worker polls. Tasks that are submitted earlier would be finished at the first poll. */
export async function untilPolled(client: TryOnClient, signal: AbortSignal): Promise<void> {
  while ((await activePollers(client.temporal, client.taskQueue, 'workflow')).length === 0) {
    await sleep(POLLER_INTERVAL_MS, undefined, { signal });
  }
}

/** How many of these times, which ascend, are within one second at most. */
function mostPerSecond(times: readonly number[]): number {
  let from = 0;
  let most = 0;
  for (const [index, atMs] of times.entries()) {
    while ((times[from] ?? atMs) <= atMs - 1_000) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

/** Polls of each account, and how many at most came within one second, beside its budget. */
export function budgetLines({ submits, queries }: Emulator, env: Env): string[] {
  return readAccounts(env).accounts.map(({ name, vendor, queriesPerSecond }) => {
    const sent = submits.filter(({ account }) => account === name).length;
    const times = queries.filter(({ account }) => account === name).map(({ atMs }) => atMs);
    const counts = `${counted(sent, 'submit')}, ${counted(times.length, 'poll')}`;
    return `account ${name} of ${vendor}: ${counts}, at most ${mostPerSecond(times)} in one second, of ${queriesPerSecond}`;
  });
}

/** Shell commands that let another terminal use the demo's parts. The emulator generated the secrets; they open nothing else. */
export function exportLines(env: Env, settings: DemoPlaces['settings'], namespace: string | undefined): string[] {
  const names = ['TEMPORAL_ADDRESS', ...(namespace === undefined ? [] : ['TEMPORAL_NAMESPACE']), 'TRYON_TASK_QUEUE'];
  const line = (of: readonly string[]): string => `export ${of.map((name) => `${name}=${env[name]}`).join(' ')}`;
  return [line(names), line(settings.map(([name]) => name))];
}
