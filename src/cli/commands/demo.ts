/** `temporal-tryon demo`: the main job, end to end, with real parts and an emulated vendor. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTryOnClient, type TryOnClient } from '../../client/client.js';
import type { StartedListing } from '../../client/listing.js';
import { startCommands } from '../../client/next-commands.js';
import { defaults, type TryOnListingInput, type TryOnListingResult } from '../../contract.js';
import type { TemporalServer } from '../../dev-server/temporal-server.js';
import type { Emulator } from '../../testing.js';
import type { Context, Run } from '../command.js';
import { contactSheet } from '../contact-sheet.js';
import { readableArchives, readListingSheet } from '../contact-sheet-reader.js';
import {
  budgetLines,
  type DemoOptions,
  exportLines,
  Parts,
  partsEnv,
  startServer,
  startVendor,
  untilPolled,
} from '../demo-parts.js';
import { demoTasks } from '../demo-requests.js';
import { CliError, exitCodes } from '../exit.js';
import { errorLines, followListing } from '../follow-listing.js';
import { counted, formatDuration, stateText, tookText } from '../format.js';
import { paint } from '../output.js';
import { startWorkerProcess } from '../worker-process.js';
import { writeOutputFile } from '../write-file.js';
import { apisOf, settingsOf, vendorsOf } from './emulator.js';

const STATUS_INTERVAL_MS = 400;

/** Makes the folder of the archive, and returns its absolute path. */
async function archiveFolder({ archive }: DemoOptions): Promise<string> {
  if (archive === undefined) return await mkdtemp(join(tmpdir(), 'tryon-demo-'));
  const folder = resolve(archive);
  await mkdir(folder, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new CliError(`cannot make the folder ${folder} (${code}); give another with --archive`);
  });
  return folder;
}

function printResult({ listingId, status, images, outcomes }: TryOnListingResult, startedMs: number, context: Context) {
  const { note } = context.output;
  for (const outcome of outcomes) {
    const { taskId = outcome.requestId, polls, api, account } = outcome;
    note(
      `task ${taskId}: ${stateText(outcome.status)} after ${tookText(outcome)}, ${counted(polls, 'poll')}, ${api} of account ${account}`,
    );
  }
  const took = formatDuration(Date.now() - startedMs);
  note(`listing ${listingId}: ${stateText(status)}, ${counted(images.length, 'image')} in ${took}`);
}

/** Writes a page with the archived images beside them, under a name that no other run has. */
async function writeSheet(client: TryOnClient, listingId: string, folder: string, signal: AbortSignal) {
  const sheet = await readListingSheet(client, listingId, signal);
  const file = join(folder, `${listingId.replaceAll(':', '-')}.html`);
  const readable = await readableArchives(sheet);
  await writeOutputFile(file, contactSheet(sheet, { loadImages: true, readable }), false);
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

/** What of the demo runs when its listing starts. */
interface Running {
  readonly server: TemporalServer;
  readonly emulator: Emulator;
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
}

/** Starts one listing of requests, whose jobs submit, wait and archive, and shows all of it. */
async function runListing(
  client: TryOnClient,
  { listingId, tasks }: TryOnListingInput,
  { server, emulator, env, folder }: Running,
  context: Context,
) {
  const { output, signal } = context;
  const startedMs = Date.now();
  const listing = await client.listings.start({ listingId, tasks });
  const link = historyUrl(server, client.temporal.options.namespace, listing);
  if (link !== undefined) output.note(`history: ${paint.cyan(link)}`);
  const result = await followListing(client, { listingId, tasks }, context, STATUS_INTERVAL_MS);
  for (const line of errorLines(result)) output.note(line);
  printResult(result, startedMs, context);
  for (const line of budgetLines(emulator, env)) output.note(line);
  const stored = result.images.filter((image) => image.archived !== undefined).length;
  output.note(`archived ${stored} of ${counted(result.images.length, 'image')} in ${paint.bold(folder)}`);
  output.note(`contact sheet: ${paint.cyan(await writeSheet(client, listingId, folder, signal))}`);
  output.json(result);
  return { link, isComplete: result.status === 'complete' && stored === result.images.length };
}

async function demo(options: DemoOptions, context: Context, parts: Parts): Promise<number> {
  const { output, env, signal } = context;
  const apis = apisOf(options.api);
  const listingId = `demo-${new Date().toISOString()}`;
  const tasks = demoTasks(listingId, apis, options.tasks);
  // One that stays empty, since the demo was interrupted, is removed.
  const folder = parts.add(await archiveFolder(options), rmdir);
  const emulator = parts.add(await startVendor(options), (one) => one.close());
  const server = parts.add(await startServer(options, context), (one) => one.stop());
  signal.throwIfAborted();
  // On a shared server the demo needs its own queue: its worker must not take other tasks, nor other workers its tasks.
  const taskQueue = server.pid === undefined ? `tryon-demo-${randomUUID().slice(0, 8)}` : defaults.taskQueue;
  const settings = settingsOf(emulator, vendorsOf(apis), {});
  const demoEnv = partsEnv(env, { server, emulator, settings, taskQueue, folder }, options);
  const worker = parts.add(startWorkerProcess(demoEnv), (one) => one.stop());
  output.note(
    `Temporal ${server.address} (${server.how}), emulated vendor ${emulator.url}, worker process ${worker.pid}`,
  );

  const client = parts.add(await createTryOnClient({ env: demoEnv }), (one) => one.close());
  // The job begins when everything has started.
  await Promise.race([untilPolled(client, signal), worker.failed]);
  const { link, isComplete } = await Promise.race([
    runListing(client, { listingId, tasks }, { server, emulator, env: demoEnv, folder }, context),
    worker.failed,
  ]);
  if (options.keep) {
    const ui = server.uiUrl === undefined ? '' : `; Temporal UI ${server.uiUrl}`;
    output.note(`everything keeps running until Ctrl-C${ui}`);
    for (const line of exportLines(demoEnv, settings, options.namespace)) output.note(`  ${line}`);
    const api = apis[0] === 'tryon' ? '' : ` --api ${apis[0]}`;
    output.note(
      `with these, \`${startCommands().program} submit --request <file>${api}\` in another terminal submits tasks to the emulated vendor`,
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
