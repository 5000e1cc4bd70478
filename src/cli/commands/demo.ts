/** `temporal-tryon demo`: the main job, end to end, with real parts and an emulated vendor. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTryOnClient, type TryOnClient } from '../../client/client.js';
import type { StartedListing } from '../../client/listing.js';
import { startCommands } from '../../client/next-commands.js';
import { defaults, type ListingTask, type TryOnListingResult } from '../../contract.js';
import { defined } from '../../defined.js';
import { childEnv } from '../../dev-server/child-env.js';
import { type TemporalServer, TemporalServerError, useOrStartServer } from '../../dev-server/temporal-server.js';
import { readAccounts } from '../../providers/accounts.js';
import { createVendorClient } from '../../providers/client.js';
import { activePollers } from '../../temporal/task-queues.js';
import { type Emulator, startEmulator } from '../../testing.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes, portError } from '../exit.js';
import { counted, formatDuration, imageLine, stateText, tookText } from '../format.js';
import type { OptionsOf } from '../options.js';
import { paint } from '../output.js';
import { type ProgressBar, startProgressBar } from '../progress-bar.js';
import { startWorkerProcess } from '../worker-process.js';

const GARMENTS = ['summer dress', 'linen shirt', 'denim jacket', 'wool coat', 'silk blouse'] as const;
const IMAGES_PER_SUB_TASK = 4;
const SUB_TASKS_PER_TASK = 2;
const STATUS_INTERVAL_MS = 400;
const POLLER_INTERVAL_MS = 100;

type Options = OptionsOf<'demo'>;
type Env = NodeJS.ProcessEnv;

/** What the demo has started. `stop` stops the last one first. */
class Parts {
  readonly #stops: (() => Promise<unknown>)[] = [];

  add<T>(part: T, stop: (part: T) => Promise<unknown>): T {
    this.#stops.push(() => stop(part));
    return part;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch(() => undefined);
  }
}

/**
 * The environment of all that the demo starts: nothing of the user's vendors and, if the demo has its own server, nothing of the user's
 * server.
 */
function partsEnv(
  env: Env,
  server: TemporalServer,
  emulator: Emulator,
  { namespace, seconds }: Options,
  taskQueue: string,
): Env {
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
    AIDGE_ENDPOINT: emulator.url,
    AIDGE_APP_KEY: emulator.appKey,
    AIDGE_APP_SECRET: emulator.appSecret,
    TRYON_TASK_QUEUE: taskQueue,
    TRYON_PRIOR_MEDIAN_SECONDS: String(seconds),
    TRYON_PRIOR_P95_SECONDS: String(2 * seconds),
    TRYON_LOG_LEVEL: 'WARN',
  };
}

async function startServer({ port, uiPort, namespace }: Options, { env, output }: Context): Promise<TemporalServer> {
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

async function startVendor({ emulatorPort: port, seconds }: Options): Promise<Emulator> {
  try {
    return await startEmulator({
      ...defined({ port }),
      // Task ids come from the seed. A server that outlives the demo must not see an id again.
      seed: Date.now() % 2 ** 31,
      distribution: { medianSeconds: seconds, p95Seconds: 1.5 * seconds, tailWeight: 0 },
      imagesPerSubTask: IMAGES_PER_SUB_TASK,
    });
  } catch (error) {
    throw portError(error, port, '--emulator-port');
  }
}

/** Waits until the worker polls. Tasks that are submitted earlier would be finished at the first poll. */
async function untilPolled(client: TryOnClient, signal: AbortSignal): Promise<void> {
  while ((await activePollers(client.temporal, client.taskQueue, 'workflow')).length === 0) {
    await sleep(POLLER_INTERVAL_MS, undefined, { signal });
  }
}

/** Submits tasks with the vendor's client, over HTTP. */
async function submitTasks(env: Env, count: number, { output, signal }: Context): Promise<ListingTask[]> {
  const vendor = createVendorClient({ accounts: readAccounts(env).accounts });
  try {
    const tasks: ListingTask[] = [];
    for (let k = 0; k < count; k += 1) {
      const garmentId = `${GARMENTS[k % GARMENTS.length]}${count > GARMENTS.length ? ` ${k + 1}` : ''}`;
      const imageUrl = `https://img.example/${encodeURIComponent(garmentId)}.jpg`;
      const request = Array.from({ length: SUB_TASKS_PER_TASK }, () => ({
        clothesList: [{ imageUrl, type: 'tops' }],
        generateCount: IMAGES_PER_SUB_TASK,
      }));
      const result = await vendor.submit({ request, signal });
      if (result.kind !== 'accepted') throw new CliError(`the submit failed: ${result.error.message}`);
      output.note(`submitted ${paint.bold(garmentId)} as task ${result.taskId}`);
      tasks.push({ taskId: result.taskId, garmentId, submittedAt: new Date().toISOString() });
    }
    return tasks;
  } finally {
    await vendor.close();
  }
}

/** Shows the listing until its result. */
async function follow(
  client: TryOnClient,
  listingId: string,
  tasks: number,
  bar: ProgressBar,
  { output, signal }: Context,
): Promise<TryOnListingResult> {
  const expected = tasks * SUB_TASKS_PER_TASK * IMAGES_PER_SUB_TASK;
  const shown = new Set<string>();
  const show = (images: TryOnListingResult['images'], text: string): void => {
    for (const image of images) {
      const key = `${image.taskId} ${image.id}`;
      if (shown.has(key)) continue;
      shown.add(key);
      if (!output.isJson) bar.line(imageLine(image, image.garmentId));
    }
    bar.update(shown.size, Math.max(expected, shown.size), text);
  };
  let result: TryOnListingResult | undefined;
  const ended = client.listings.result(listingId, { signal }).then((value) => {
    result = value;
  });
  ended.catch(() => undefined);
  while (result === undefined) {
    await Promise.race([ended, sleep(STATUS_INTERVAL_MS, undefined, { signal })]);
    // The query fails while no worker is running.
    const status = result === undefined ? await client.listings.status(listingId).catch(() => undefined) : undefined;
    if (status === undefined) continue;
    const open = status.tasks.filter(({ state }) => state === 'waiting' || state === 'blocked').length;
    show(status.images, open === 0 ? 'done' : `${open} of ${counted(status.tasks.length, 'task')} running`);
  }
  show(result.images, 'done');
  return result;
}

function printResult({ listingId, status, images, outcomes }: TryOnListingResult, startedMs: number, context: Context) {
  const { note } = context.output;
  for (const outcome of outcomes) {
    const polls = counted(outcome.polls, 'poll');
    note(`task ${outcome.taskId}: ${stateText(outcome.status)} after ${tookText(outcome)}, ${polls}`);
  }
  const took = formatDuration(Date.now() - startedMs);
  note(`listing ${listingId}: ${stateText(status)}, ${counted(images.length, 'image')} in ${took}`);
}

const historyUrl = (
  { uiUrl }: TemporalServer,
  namespace: string,
  { workflowId, runId }: StartedListing,
): string | undefined =>
  uiUrl === undefined
    ? undefined
    : `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;

/** Shell commands that let another terminal use the demo's parts. The emulator generated the secret; it opens nothing else. */
function exportLines(env: Env, namespace: string | undefined): string[] {
  const names = ['TEMPORAL_ADDRESS', ...(namespace === undefined ? [] : ['TEMPORAL_NAMESPACE']), 'TRYON_TASK_QUEUE'];
  const line = (of: readonly string[]): string => `export ${of.map((name) => `${name}=${env[name]}`).join(' ')}`;
  return [line(names), line(['AIDGE_ENDPOINT', 'AIDGE_APP_KEY', 'AIDGE_APP_SECRET'])];
}

async function demo(options: Options, context: Context, parts: Parts): Promise<number> {
  const { output, env, signal } = context;
  const emulator = parts.add(await startVendor(options), (one) => one.close());
  const server = parts.add(await startServer(options, context), (one) => one.stop());
  signal.throwIfAborted();
  // On a shared server the demo needs its own queue: its worker must not take other tasks, nor other workers its tasks.
  const taskQueue = server.pid === undefined ? `tryon-demo-${randomUUID().slice(0, 8)}` : defaults.taskQueue;
  const demoEnv = partsEnv(env, server, emulator, options, taskQueue);
  const worker = parts.add(startWorkerProcess(demoEnv), (one) => one.stop());
  output.note(
    `Temporal ${server.address} (${server.how}), emulated vendor ${emulator.url}, worker process ${worker.pid}`,
  );

  const client = parts.add(await createTryOnClient({ env: demoEnv }), (one) => one.close());
  await Promise.race([untilPolled(client, signal), worker.failed]);
  // The job begins when everything has started.
  const startedMs = Date.now();
  const tasks = await submitTasks(demoEnv, options.tasks, context);
  const listing = await client.listings.start({ listingId: `demo-${new Date().toISOString()}`, tasks });
  const link = historyUrl(server, client.temporal.options.namespace, listing);
  if (link !== undefined) output.note(`history: ${paint.cyan(link)}`);

  const bar = startProgressBar(output, { count: 'images' });
  const result = await Promise.race([
    follow(client, listing.listingId, tasks.length, bar, context),
    worker.failed,
  ]).finally(() => bar.stop());
  printResult(result, startedMs, context);
  output.json(result);
  if (options.keep) {
    const ui = server.uiUrl === undefined ? '' : `; Temporal UI ${server.uiUrl}`;
    output.note(`everything keeps running until Ctrl-C${ui}`);
    for (const line of exportLines(demoEnv, options.namespace)) output.note(`  ${line}`);
    output.note(
      `with these, \`${startCommands().program} submit --request <file>\` in another terminal submits tasks to the emulated vendor`,
    );
    await Promise.race([signal.aborted ? undefined : once(signal, 'abort'), worker.failed]);
    return exitCodes.interrupted;
  }
  if (link !== undefined) {
    output.note(
      `the server stops with the demo; \`${startCommands().demo} --keep\` keeps it running for the link above`,
    );
  }
  return result.status === 'complete' ? exitCodes.done : exitCodes.notFinished;
}

export const run: Run<'demo'> = async ({ options }, context) => {
  const parts = new Parts();
  try {
    return await demo(options, context, parts);
  } finally {
    if (context.signal.aborted) context.output.note('interrupted; stopping what was started');
    await parts.stop();
  }
};
