/** `temporal-tryon demo`: the main job, end to end, with real parts and an emulated vendor. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTryOnClient, type TryOnClient } from '../../client/client.js';
import { describeError } from '../../client/errors.js';
import type { StartedListing } from '../../client/listing.js';
import { startCommands } from '../../client/next-commands.js';
import { defaults, type ListingTask, type TryOnJobResult, type TryOnListingResult } from '../../contract.js';
import { defined } from '../../defined.js';
import type { TemporalServer } from '../../dev-server/temporal-server.js';
import type { Context, Run } from '../command.js';
import { contactSheet } from '../contact-sheet.js';
import { readableArchives, readListingSheet } from '../contact-sheet-reader.js';
import {
  type DemoOptions,
  exportLines,
  IMAGES_PER_SUB_TASK,
  Parts,
  partsEnv,
  startServer,
  startVendor,
  untilPolled,
} from '../demo-parts.js';
import { CliError, exitCodes } from '../exit.js';
import { counted, formatDuration, imageLine, stateText, tookText } from '../format.js';
import { paint } from '../output.js';
import { type ProgressBar, startProgressBar } from '../progress-bar.js';
import { startWorkerProcess } from '../worker-process.js';
import { writeOutputFile } from '../write-file.js';

const GARMENTS = ['summer dress', 'linen shirt', 'denim jacket', 'wool coat', 'silk blouse'] as const;
const SUB_TASKS_PER_TASK = 2;
const STATUS_INTERVAL_MS = 400;
const SUBMIT_INTERVAL_MS = 100;

/** Makes the folder of the archive, and returns its absolute path. */
async function archiveFolder({ archive }: DemoOptions): Promise<string> {
  if (archive === undefined) return await mkdtemp(join(tmpdir(), 'tryon-demo-'));
  const folder = resolve(archive);
  await mkdir(folder, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new CliError(`cannot make the folder ${folder} (${code}); give another with --archive`);
  });
  return folder;
}

/** A job that was started, and the task that it submitted. */
interface DemoJob {
  readonly requestId: string;
  readonly task: ListingTask & { readonly garmentId: string };
}

/** Waits until the vendor has accepted a job's request. */
async function accepted(client: TryOnClient, requestId: string, signal: AbortSignal) {
  for (;;) {
    // The query fails while no worker is running.
    const status = await client.jobs.status(requestId).catch(() => undefined);
    const { taskId, submission, error } = status ?? {};
    if (taskId !== undefined) return { taskId, ...defined({ submittedAt: submission?.sentAt }) };
    if (submission?.state === 'rejected' || submission?.state === 'maybeSubmitted') {
      throw new CliError(`the submit failed: ${error === undefined ? submission.state : describeError(error)}`);
    }
    await sleep(SUBMIT_INTERVAL_MS, undefined, { signal });
  }
}

/** Starts one job for each garment. It submits the request, waits for the task and archives its images. */
async function startJobs(client: TryOnClient, listingId: string, count: number, { output, signal }: Context) {
  const requests = Array.from({ length: count }, (_, k) => {
    const garmentId = `${GARMENTS[k % GARMENTS.length]}${count > GARMENTS.length ? ` ${k + 1}` : ''}`;
    const imageUrl = `https://img.example/${encodeURIComponent(garmentId)}.jpg`;
    const clothesList = [{ imageUrl, type: 'tops' }];
    const subTask = { clothesList, generateCount: IMAGES_PER_SUB_TASK };
    return {
      garmentId,
      requestId: `${listingId}-${k + 1}`,
      request: Array.from({ length: SUB_TASKS_PER_TASK }, () => subTask),
    };
  });
  return await Promise.all(
    requests.map(async ({ garmentId, requestId, request }): Promise<DemoJob> => {
      await client.jobs.start({ requestId, request, archive: true });
      const task = await accepted(client, requestId, signal);
      output.note(`submitted ${paint.bold(garmentId)} as task ${task.taskId}`);
      return { requestId, task: { ...task, garmentId } };
    }),
  );
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

/** The listing's result, with what the jobs know of the archive. */
function withArchive(result: TryOnListingResult, jobs: readonly TryOnJobResult[]): TryOnListingResult {
  const images = result.images.map((image) => {
    const job = jobs.find(({ taskId }) => taskId === image.taskId);
    const { archived, archiveError } = job?.images.find(({ id }) => id === image.id) ?? {};
    return { ...image, ...defined({ archived, archiveError }) };
  });
  return { ...result, images };
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

/** Writes a page with the archived images beside them, under a name that no other run has. */
async function writeSheet(client: TryOnClient, result: TryOnListingResult, folder: string, { signal }: Context) {
  const sheet = await readListingSheet(client, result.listingId, signal);
  const archived = new Map(result.images.map((image) => [`${image.taskId} ${image.id}`, image]));
  const tasks = sheet.tasks.map((task) => ({
    ...task,
    images: task.images.map((image) => archived.get(`${task.taskId} ${image.id}`) ?? image),
  }));
  const file = join(folder, `${result.listingId.replaceAll(':', '-')}.html`);
  const readable = await readableArchives({ ...sheet, tasks });
  await writeOutputFile(file, contactSheet({ ...sheet, tasks }, { loadImages: true, readable }), false);
  return file;
}

const historyUrl = (
  { uiUrl }: TemporalServer,
  namespace: string,
  { workflowId, runId }: StartedListing,
): string | undefined =>
  uiUrl === undefined
    ? undefined
    : `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;

/** Submits, waits and archives, and shows all of it. */
async function runListing(
  client: TryOnClient,
  { server, folder }: { readonly server: TemporalServer; readonly folder: string },
  options: DemoOptions,
  context: Context,
) {
  const { output, signal } = context;
  const startedMs = Date.now();
  const listingId = `demo-${new Date().toISOString()}`;
  const jobs = await startJobs(client, listingId, options.tasks, context);
  // The listing joins the waits that the jobs have started.
  const listing = await client.listings.start({ listingId, tasks: jobs.map(({ task }) => task) });
  const link = historyUrl(server, client.temporal.options.namespace, listing);
  if (link !== undefined) output.note(`history: ${paint.cyan(link)}`);
  const bar = startProgressBar(output, { count: 'images' });
  const ended = await follow(client, listing.listingId, jobs.length, bar, context).finally(() => bar.stop());
  const results = await Promise.all(jobs.map(({ requestId }) => client.jobs.result(requestId, { signal })));
  const result = withArchive(ended, results);
  printResult(result, startedMs, context);
  const stored = result.images.filter((image) => image.archived !== undefined).length;
  output.note(`archived ${stored} of ${counted(result.images.length, 'image')} in ${paint.bold(folder)}`);
  output.note(`contact sheet: ${paint.cyan(await writeSheet(client, result, folder, context))}`);
  output.json(result);
  return { link, isComplete: result.status === 'complete' && stored === result.images.length };
}

async function demo(options: DemoOptions, context: Context, parts: Parts): Promise<number> {
  const { output, env, signal } = context;
  // One that stays empty, since the demo was interrupted, is removed.
  const folder = parts.add(await archiveFolder(options), rmdir);
  const emulator = parts.add(await startVendor(options), (one) => one.close());
  const server = parts.add(await startServer(options, context), (one) => one.stop());
  signal.throwIfAborted();
  // On a shared server the demo needs its own queue: its worker must not take other tasks, nor other workers its tasks.
  const taskQueue = server.pid === undefined ? `tryon-demo-${randomUUID().slice(0, 8)}` : defaults.taskQueue;
  const demoEnv = partsEnv(env, { server, emulator, taskQueue, folder }, options);
  const worker = parts.add(startWorkerProcess(demoEnv), (one) => one.stop());
  output.note(
    `Temporal ${server.address} (${server.how}), emulated vendor ${emulator.url}, worker process ${worker.pid}`,
  );

  const client = parts.add(await createTryOnClient({ env: demoEnv }), (one) => one.close());
  // The job begins when everything has started.
  await Promise.race([untilPolled(client, signal), worker.failed]);
  const { link, isComplete } = await Promise.race([
    runListing(client, { server, folder }, options, context),
    worker.failed,
  ]);
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
  return isComplete ? exitCodes.done : exitCodes.notFinished;
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
