/** Reads a contact sheet from Temporal: from the status and result of each wait, and from its history. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { TryOnClient } from '../client/client.js';
import { TryOnClientError } from '../client/errors.js';
import type { TryOnWaitStatus } from '../client/status.js';
import {
  jobWorkflowId,
  listingWorkflowId,
  resultsWorkflowId,
  type SubTask,
  type TryOnError,
  type TryOnImage,
  type TryOnListingResult,
} from '../contract.js';
import { defined } from '../defined.js';
import type { PollReport } from '../poll/poll-state.js';
import type { Sheet, SheetTask, TimelineEntry } from './contact-sheet.js';
import { counted } from './format.js';
import { mapWithConcurrency } from './map-with-concurrency.js';

/** How many of the newest events of a history are read. A wait has about 13, and about 6 more for each poll that it records. */
const MAX_EVENTS = 500;
const READ_TIMEOUT_MS = 10_000;

/** A poll that brought something new, as the history records it. */
export interface RecordedPoll {
  readonly at: string;
  /** How many images were new. */
  readonly images: number;
  /** How many polls the wait had made by then. */
  readonly polls: number;
  readonly vendorStatus?: string;
  readonly error?: TryOnError;
}

/** The poll in an activity's result; `undefined` for the result of another activity. */
function pollOf({ atMs, images, state, end }: Partial<PollReport>): RecordedPoll | undefined {
  if (typeof atMs !== 'number' || !Array.isArray(images) || state === undefined) return undefined;
  return defined({
    at: new Date(atMs).toISOString(),
    images: images.length,
    polls: state.polls,
    vendorStatus: state.vendorStatus,
    error: end?.error ?? state.blocked ?? state.pollError?.error,
  });
}

/** The recorded polls of a wait's latest run, oldest first; none if the history cannot be read. */
async function recordedPolls(
  { temporal }: TryOnClient,
  { workflowId, runId }: Pick<TryOnWaitStatus, 'workflowId' | 'runId'>,
): Promise<RecordedPoll[]> {
  const { namespace, loadedDataConverter } = temporal.options;
  try {
    const { history } = await temporal.withDeadline(Date.now() + READ_TIMEOUT_MS, () =>
      temporal.workflowService.getWorkflowExecutionHistoryReverse({
        namespace,
        execution: { workflowId, runId },
        maximumPageSize: MAX_EVENTS,
      }),
    );
    const polls: RecordedPoll[] = [];
    for (const { activityTaskCompletedEventAttributes: completed } of history?.events ?? []) {
      const payloads = (completed?.result?.payloads ?? []) as Payload[];
      const [report] = (await decodeArrayFromPayloads(loadedDataConverter, payloads)) as Partial<PollReport>[];
      polls.push(...[pollOf(report ?? {})].filter((poll) => poll !== undefined));
    }
    return polls.reverse();
  } catch {
    // A sheet without these polls is better than none.
    return [];
  }
}

function pollText({ polls, images, vendorStatus, error }: RecordedPoll): string {
  const reply = error === undefined ? vendorStatus : `${error.layer} ${error.code}`;
  const found = images === 0 ? 'no new image' : counted(images, 'image');
  return `poll ${polls}: ${found}${reply === undefined ? '' : `, ${reply}`}`;
}

/** The timeline of a wait: what is known to have happened and what is expected, by time. Pure. */
export function timelineOf(status: TryOnWaitStatus, polls: readonly RecordedPoll[]): TimelineEntry[] {
  const { outcome, pending, explanation } = status;
  const timing = outcome?.timing;
  // A wait without a given time of submission counts from its start. A given time is earlier.
  const isAssumed = status.submittedAt !== undefined && Date.parse(status.submittedAt) >= Date.parse(status.startedAt);
  const entries: readonly (readonly [TimelineEntry['kind'], string | undefined, string])[] = [
    ['state', status.startedAt, 'wait started'],
    ['state', status.submittedAt, isAssumed ? 'assumed time of submission' : 'submitted to the vendor'],
    ['poll', timing?.queuedUntil, 'last seen queued'],
    ['poll', timing?.runningSeenAt, 'first seen running'],
    ['poll', timing?.pendingUntil ?? explanation?.seenOpenAt, 'last seen unfinished'],
    ...polls.map((poll) => ['poll', poll.at, pollText(poll)] as const),
    ['end', outcome?.finishedAt ?? status.closedAt, `ended: ${status.state}`],
    ['expected', pending?.isRunning ? undefined : pending?.dueAt, 'next poll'],
    ['expected', explanation?.medianFinishAt, 'half of similar tasks are done'],
    ['expected', explanation?.p95FinishAt, '95% of similar tasks are done'],
    ['expected', status.closedAt === undefined ? status.deadline : undefined, 'deadline'],
  ];
  return entries
    .flatMap(([kind, at, text]) => (at === undefined ? [] : [{ kind, at, text }]))
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

/** One task, from the status of its wait. Pure. */
export function sheetTask(status: TryOnWaitStatus, polls: readonly RecordedPoll[]): SheetTask {
  const { outcome } = status;
  return defined({
    taskId: status.taskId,
    state: status.state,
    images: status.images,
    subTasks: status.subTasks,
    polls: status.polls,
    imagesOmitted: outcome?.imagesOmitted ?? status.imagesOmitted,
    error: outcome?.error ?? status.error,
    timeline: timelineOf(status, polls),
    notes: outcome === undefined ? status.notes : [],
  });
}

async function readTask(client: TryOnClient, taskId: string): Promise<SheetTask> {
  const status = await client.status(taskId);
  return sheetTask(status, await recordedPolls(client, status));
}

/** The images as the job knows them that started this task's wait: it knows where they are archived. None without a job. */
async function jobImages(client: TryOnClient, taskId: string): Promise<readonly TryOnImage[]> {
  const { workflow } = client.temporal;
  try {
    const { raw } = await workflow.getHandle(resultsWorkflowId(taskId)).describe();
    const parentId = raw.workflowExecutionInfo?.parentExecution?.workflowId ?? '';
    const prefix = jobWorkflowId('');
    if (!parentId.startsWith(prefix)) return [];
    const requestId = parentId.slice(prefix.length);
    const { status } = await workflow.getHandle(parentId).describe();
    const job = await (status.name === 'COMPLETED' ? client.jobs.result(requestId) : client.jobs.status(requestId));
    return job.taskId === taskId ? job.images : [];
  } catch {
    // A sheet without the archive is better than none.
    return [];
  }
}

/** Images by id, the last of each, in order of first appearance. */
const byId = (images: readonly TryOnImage[]): readonly TryOnImage[] => [
  ...new Map(images.map((image) => [image.id, image])).values(),
];

/**
 * Reads the sheet of one task.
 * @throws {TryOnClientError} `NoWait`
 */
export async function readTaskSheet(client: TryOnClient, taskId: string): Promise<Sheet> {
  const readAt = new Date().toISOString();
  const task = await readTask(client, taskId);
  const images = byId([...task.images, ...(await jobImages(client, taskId))]);
  return { state: task.state, readAt, tasks: [{ ...task, images }] };
}

interface ListedTask {
  readonly taskId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly garmentId?: string | undefined;
  readonly state: string;
  readonly subTasks?: readonly SubTask[];
  readonly polls?: number;
  readonly error?: TryOnError | undefined;
}

interface Listing {
  readonly state: string;
  readonly tasks: readonly ListedTask[];
  readonly images: TryOnListingResult['images'];
  readonly imagesOmitted?: number | undefined;
}

/** A listing from its result, or from its status if it is running or ended without a result. */
async function readListing(client: TryOnClient, listingId: string): Promise<Listing> {
  const { status } = await client.temporal.workflow
    .getHandle(listingWorkflowId(listingId))
    .describe()
    .catch(() => ({ status: { name: 'UNKNOWN' } }));
  if (status.name !== 'COMPLETED') return await client.listings.status(listingId);
  const { status: state, outcomes, ...rest } = await client.listings.result(listingId);
  return { ...rest, state, tasks: outcomes.map(({ status: one, ...outcome }) => ({ ...outcome, state: one })) };
}

/** Merges what the listing knows of a task with what its wait knows, if the server still has it. */
function mergeTask(listed: ListedTask, images: Listing['images'], wait: SheetTask | undefined): SheetTask {
  const { taskId, requestId, state, subTasks = [], polls, error } = listed;
  const own = images.filter((image) =>
    requestId === undefined ? image.taskId === taskId : image.requestId === requestId,
  );
  const ofWait = wait?.images ?? [];
  const notes = taskId === undefined ? [] : ['the server no longer knows the wait for this task'];
  return {
    ...(wait ?? defined({ taskId, state, subTasks, polls, error, timeline: [], notes })),
    ...defined({ requestId }),
    ...defined({ garmentId: listed.garmentId ?? own.find((image) => image.garmentId !== undefined)?.garmentId }),
    // A job knows more of its images than the wait does.
    images: byId(requestId === undefined ? [...own, ...ofWait] : [...ofWait, ...own]),
  };
}

/**
 * Reads the sheet of a listing, and the wait of each of its tasks, a few at a time.
 * @param signal - stops the reading, which then throws the signal's reason
 * @throws {TryOnClientError} `NoWait` where there is no such listing
 */
export async function readListingSheet(client: TryOnClient, listingId: string, signal: AbortSignal): Promise<Sheet> {
  const readAt = new Date().toISOString();
  const { state, tasks: listed, images, imagesOmitted = 0 } = await readListing(client, listingId);
  const tasks = await mapWithConcurrency(listed, async (task) => {
    signal.throwIfAborted();
    const { taskId } = task;
    if (taskId === undefined) return mergeTask(task, images, undefined);
    const wait = await readTask(client, taskId).catch((error: unknown) => {
      if (error instanceof TryOnClientError && error.code === 'NoWait') return undefined;
      throw error;
    });
    return mergeTask(task, images, wait);
  });
  // The waits may have the images that did not fit into the listing.
  const known = tasks.reduce((sum, task) => sum + task.images.length, 0);
  const missing = Math.max(0, images.length + imagesOmitted - known);
  return defined({ listingId, state, readAt, tasks, imagesOmitted: missing || undefined });
}

const imageFile = /\.(jpg|jpeg|png|webp|gif|avif|heic|bmp|tif|tiff)$/;

/** The path of an archived image; `undefined` for a location that is no image in a folder of this machine. */
function localFile(location: string): string | undefined {
  try {
    const url = new URL(location);
    const isPlain = url.protocol === 'file:' && url.host === '' && url.search === '' && url.hash === '';
    return isPlain && imageFile.test(url.pathname) ? fileURLToPath(url) : undefined;
  } catch {
    return undefined;
  }
}

/** The `file:` locations of a sheet's archived images that this machine can read. */
export async function readableArchives({ tasks }: Sheet): Promise<ReadonlySet<string>> {
  const locations = tasks.flatMap(({ images }) => images.flatMap(({ archived }) => archived?.location ?? []));
  const readable = await mapWithConcurrency([...new Set(locations)], async (location) => {
    const path = localFile(location);
    if (path === undefined) return [];
    const isFile = await access(path, constants.R_OK)
      .then(async () => (await stat(path)).isFile())
      .catch(() => false);
    return isFile ? [location] : [];
  });
  return new Set(readable.flat());
}
