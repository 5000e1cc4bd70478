/** `temporal-tryon demo`: the main job on real parts. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTryOnClient, type TryOnClient } from '../../client/client.js';
import type { StartedListing } from '../../client/listing.js';
import { startCommands } from '../../client/next-commands.js';
import { defaults, type TryOnListingResult } from '../../contract.js';
import { type TemporalServer, TemporalServerError, useOrStartServer } from '../../dev-server/temporal-server.js';
import { readAccounts } from '../../providers/accounts.js';
import { createVendorClient } from '../../providers/client.js';
import { activePollers } from '../../temporal/task-queues.js';
import { type Emulator, startEmulator } from '../../testing.js';
import { CliError, exitCodes } from '../exit.js';
import type { Invocation } from '../options.js';
import type { Context, Run } from '../program.js';
import { type Progress, startProgress } from '../progress.js';
import { counted, imageLine, lengthOf, queries, stateText } from '../show.js';
import { startWorkerProcess, type WorkerProcess } from '../worker-process.js';
import { portError } from './emulator.js';

/** Sub-tasks come from the request, four images of each. */
const garments = ['summer dress', 'linen shirt', 'denim jacket', 'wool coat', 'silk blouse'] as const;
const imagesPerSubTask = 4;
const subTasksPerTask = 2;
const showEveryMs = 400;
const untilPolledEveryMs = 100;

type Options = Invocation['options'];
type Env = NodeJS.ProcessEnv;

/** What is started and must be ended, last first. */
class Parts {
  readonly #ends: (() => Promise<unknown>)[] = [];

  add<T>(part: T, end: (part: T) => Promise<unknown>): T {
    this.#ends.push(() => end(part));
    return part;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end().catch(() => undefined);
  }
}

/** Variables of the user's that must not reach the demo's parts: it has its own vendor, and maybe its own server. */
const cleared = (env: Env, pattern: RegExp): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !pattern.test(name)));

/** The environment of everything that the demo starts. */
function partsEnv(
  env: Env,
  server: TemporalServer,
  emulator: Emulator,
  options: { readonly taskQueue: string; readonly namespace: string | undefined; readonly seconds: number },
): Env {
  const isOwn = server.pid !== undefined;
  return {
    ...cleared(env, isOwn ? /^(AIDGE|TRYON|TEMPORAL)_/ : /^(AIDGE|TRYON)_/),
    // A file that is not there counts as none; the user's own may name another server.
    ...(isOwn ? { TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' } : {}),
    TEMPORAL_ADDRESS: server.address,
    ...(options.namespace === undefined ? {} : { TEMPORAL_NAMESPACE: options.namespace }),
    AIDGE_ENDPOINT: emulator.url,
    AIDGE_APP_KEY: emulator.appKey,
    AIDGE_APP_SECRET: emulator.appSecret,
    TRYON_TASK_QUEUE: options.taskQueue,
    TRYON_PRIOR_MEDIAN_SECONDS: String(options.seconds),
    TRYON_PRIOR_P95_SECONDS: String(2 * options.seconds),
    TRYON_LOG_LEVEL: 'WARN',
  };
}

async function startServer(options: Options, context: Context): Promise<TemporalServer> {
  const { port, uiPort, namespace } = options;
  try {
    return await useOrStartServer({
      env: context.env,
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(uiPort === undefined ? {} : { uiPort: Number(uiPort) }),
      ...(namespace === undefined ? {} : { namespaces: [String(namespace)] }),
      portOptions: { port: '--port', uiPort: '--ui-port' },
      log: context.output.note,
    });
  } catch (error) {
    throw error instanceof TemporalServerError ? new CliError(error.message) : error;
  }
}

async function startVendor(options: Options): Promise<Emulator> {
  const port = options.emulatorPort as number | undefined;
  const seconds = Number(options.seconds);
  try {
    return await startEmulator({
      ...(port === undefined ? {} : { port }),
      // Task ids come from the seed, and workflow ids from them: a server that is kept must not have seen them.
      seed: Date.now() % 2 ** 31,
      distribution: { medianSeconds: seconds, p95Seconds: 1.5 * seconds, tailWeight: 0 },
      imagesPerSubTask,
    });
  } catch (error) {
    throw portError(error, port, '--emulator-port');
  }
}

/** Waits for the worker: tasks submitted earlier would be over at the first poll. */
async function untilPolled(client: TryOnClient, signal: AbortSignal): Promise<void> {
  while ((await activePollers(client.temporal, client.taskQueue, 'workflow')).length === 0) {
    await sleep(untilPolledEveryMs, undefined, { signal });
  }
}

/** Submits through the vendor's client, over real HTTP. */
async function submitTasks(env: Env, count: number, { output, signal }: Context): Promise<TryOnTask[]> {
  const vendor = createVendorClient({ accounts: readAccounts(env).accounts });
  try {
    const tasks: TryOnTask[] = [];
    for (let k = 0; k < count; k += 1) {
      const garmentId = `${garments[k % garments.length]}${count > garments.length ? ` ${k + 1}` : ''}`;
      const image = `https://img.example/${encodeURIComponent(garmentId)}.jpg`;
      const request = Array.from({ length: subTasksPerTask }, () => ({
        clothesList: [{ imageUrl: image, type: 'tops' }],
        generateCount: imagesPerSubTask,
      }));
      const result = await vendor.submit({ request, signal });
      if (result.kind !== 'accepted') throw new CliError(`the submit came to nothing: ${result.error.message}`);
      output.note(`submitted ${output.paintNote.bold(garmentId)} as task ${result.taskId}`);
      tasks.push({ taskId: result.taskId, garmentId, submittedAt: new Date().toISOString() });
    }
    return tasks;
  } finally {
    await vendor.close();
  }
}

interface TryOnTask {
  readonly taskId: string;
  readonly garmentId: string;
  readonly submittedAt: string;
}

/** Shows the listing until its result. */
async function follow(
  client: TryOnClient,
  listingId: string,
  tasks: number,
  progress: Progress,
  { output, signal }: Context,
): Promise<TryOnListingResult> {
  const expected = tasks * subTasksPerTask * imagesPerSubTask;
  const shown = new Set<string>();
  const show = (images: TryOnListingResult['images'], text: string): void => {
    for (const image of images) {
      const key = `${image.taskId} ${image.id}`;
      if (shown.has(key)) continue;
      shown.add(key);
      if (!output.isJson) progress.line(imageLine(image, output.paint, image.garmentId));
    }
    progress.update(shown.size, Math.max(expected, shown.size), text);
  };
  let result: TryOnListingResult | undefined;
  const ended = client.listings.result(listingId, { signal }).then((told) => {
    result = told;
  });
  ended.catch(() => undefined);
  while (result === undefined) {
    await Promise.race([ended, sleep(showEveryMs, undefined, { signal })]);
    // Until the worker is up nobody answers.
    const status = result === undefined ? await client.listings.status(listingId).catch(() => undefined) : undefined;
    if (status !== undefined) {
      const waiting = status.tasks.filter(({ state }) => state === 'waiting' || state === 'blocked').length;
      show(status.images, waiting === 0 ? 'done' : `${waiting} of ${counted(status.tasks.length, 'task')} under way`);
    }
  }
  show(result.images, 'done');
  return result;
}

function tell(result: TryOnListingResult, startedMs: number, { output }: Context): void {
  const { paintNote } = output;
  for (const outcome of result.outcomes) {
    const took = lengthOf(Date.parse(outcome.finishedAt) - Date.parse(outcome.submittedAt));
    output.note(
      `task ${outcome.taskId}: ${stateText(outcome.status, paintNote)} after ${took}, ${queries(outcome.polls)}`,
    );
  }
  const { images, status } = result;
  output.note(
    `listing ${result.listingId}: ${stateText(status, paintNote)}, ${counted(images.length, 'image')} in ${lengthOf(Date.now() - startedMs)}`,
  );
}

const historyUrl = (
  server: TemporalServer,
  namespace: string,
  { workflowId, runId }: StartedListing,
): string | undefined =>
  server.uiUrl === undefined
    ? undefined
    : `${server.uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;

/** What another terminal needs to reach the demo's parts. The secret is one that the emulator made up; it opens nothing else. */
function exportLines(env: Env, namespace: string | undefined): string[] {
  const names = ['TEMPORAL_ADDRESS', ...(namespace === undefined ? [] : ['TEMPORAL_NAMESPACE']), 'TRYON_TASK_QUEUE'];
  const line = (of: readonly string[]): string => `export ${of.map((name) => `${name}=${env[name]}`).join(' ')}`;
  return [line(names), line(['AIDGE_ENDPOINT', 'AIDGE_APP_KEY', 'AIDGE_APP_SECRET'])];
}

export const run: Run = async ({ options }, context) => {
  const parts = new Parts();
  try {
    return await demo(options, context, parts);
  } finally {
    if (context.signal.aborted) context.output.note('interrupted; ending what was started');
    await parts.end();
  }
};

async function demo(options: Options, context: Context, parts: Parts): Promise<number> {
  const { output, env, signal } = context;
  const seconds = Number(options.seconds);
  const [emulator, server] = await bothOrNeither(
    startVendor(options).then((part) => parts.add(part, (one) => one.close())),
    startServer(options, context).then((part) => parts.add(part, (one) => one.stop())),
  );
  signal.throwIfAborted();
  const isOwn = server.pid !== undefined;
  // On a server that others use, the demo's worker must not take their tasks, nor theirs the demo's.
  const taskQueue = isOwn ? defaults.taskQueue : `tryon-demo-${randomUUID().slice(0, 8)}`;
  const namespace = options.namespace === undefined ? undefined : String(options.namespace);
  const parted = partsEnv(env, server, emulator, { taskQueue, namespace, seconds });
  const worker: WorkerProcess = parts.add(startWorkerProcess(parted), (one) => one.stop());
  output.note(
    `Temporal ${server.address} (${server.how}), emulated vendor ${emulator.url}, worker process ${worker.pid}`,
  );

  const client = parts.add(await createTryOnClient({ env: parted }), (one) => one.close());
  await Promise.race([untilPolled(client, signal), worker.failed]);
  // What it took to start the parts is no part of the job.
  const startedMs = Date.now();
  const tasks = await submitTasks(parted, Number(options.tasks), context);
  const listing = await client.listings.start({ listingId: `demo-${new Date().toISOString()}`, tasks });
  const link = historyUrl(server, client.temporal.options.namespace, listing);
  if (link !== undefined) output.note(`history: ${output.paintNote.cyan(link)}`);

  const progress = startProgress(output, { count: 'images' });
  const result = await Promise.race([
    follow(client, listing.listingId, tasks.length, progress, context),
    worker.failed,
  ]).finally(() => progress.stop());
  tell(result, startedMs, context);
  output.json(result);
  if (options.keep === true) {
    const ui = server.uiUrl === undefined ? '' : `; Temporal UI ${server.uiUrl}`;
    output.note(`everything stays up until Ctrl-C${ui}`);
    for (const line of exportLines(parted, namespace)) output.note(`  ${line}`);
    output.note(
      `with these, \`${startCommands().program} submit --request <file>\` in another terminal makes tasks of the emulated vendor`,
    );
    await Promise.race([signal.aborted ? undefined : once(signal, 'abort'), worker.failed]);
    return exitCodes.interrupted;
  }
  if (link !== undefined)
    output.note(`the server ends with the demo; \`${startCommands().demo} --keep\` leaves it up for the link above`);
  return result.status === 'complete' ? exitCodes.done : exitCodes.notFinished;
}

/** Both results, or the first failure once the other has settled too, so that what it started can be ended. */
async function bothOrNeither<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([one, other]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}
