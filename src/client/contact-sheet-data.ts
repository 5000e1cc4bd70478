/** What a contact sheet shows, read from Temporal: the waits' own status and results, and their histories for the polls that told something. */
import type { Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { SubTask, TryOnError, TryOnImage, TryOnListingResult, TryOnListingStatus } from '../contract.js';
import { listingWorkflowId } from '../contract.js';
import type { PollReport } from '../poll/poll-state.js';
import type { TryOnClient } from './client.js';
import type { Sheet, SheetMoment, SheetTask } from './contact-sheet.js';
import { TryOnClientError } from './errors.js';
import type { TryOnWaitStatus } from './status.js';

/** Newest events that are read of a history: a wait has some 13, and some 6 more for each poll that told something. */
const READ_EVENTS = 500;
const READ_WITHIN_MS = 10_000;

/** A poll that told something, as the history has it. */
export interface ReportedPoll {
  readonly at: string;
  readonly images: number;
  readonly polls: number;
  readonly vendorStatus?: string;
  readonly error?: TryOnError;
}

/** The polls of a wait's latest run that told something. None where the history cannot be read. */
export async function reportedPolls(
  { temporal }: Pick<TryOnClient, 'temporal'>,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<ReportedPoll[]> {
  const { namespace, loadedDataConverter } = temporal.options;
  try {
    const { history } = await temporal.withDeadline(Date.now() + READ_WITHIN_MS, () =>
      temporal.workflowService.getWorkflowExecutionHistoryReverse({
        namespace,
        execution: { workflowId, runId },
        maximumPageSize: READ_EVENTS,
      }),
    );
    const polls: ReportedPoll[] = [];
    for (const { activityTaskCompletedEventAttributes: completed } of history?.events ?? []) {
      const payloads = (completed?.result?.payloads ?? []) as Payload[];
      if (payloads.length === 0) continue;
      const [report] = (await decodeArrayFromPayloads(loadedDataConverter, payloads)) as Partial<PollReport>[];
      const poll = report === undefined ? undefined : pollOf(report);
      if (poll !== undefined) polls.push(poll);
    }
    return polls.reverse();
  } catch {
    // A sheet without them is better than none.
    return [];
  }
}

/** Other activities' results are no reports. */
function pollOf({ atMs, images, state, end }: Partial<PollReport>): ReportedPoll | undefined {
  if (typeof atMs !== 'number' || !Array.isArray(images) || state === undefined) return undefined;
  const error = end?.error ?? state.blocked ?? state.pollError?.error;
  return {
    at: new Date(atMs).toISOString(),
    images: images.length,
    polls: state.polls,
    ...(state.vendorStatus === undefined ? {} : { vendorStatus: state.vendorStatus }),
    ...(error === undefined ? {} : { error }),
  };
}

function pollText({ polls, images, vendorStatus, error }: ReportedPoll): string {
  const got = images === 0 ? 'no new image' : `${images} image${images === 1 ? '' : 's'}`;
  const said = error === undefined ? vendorStatus : `${error.layer} ${error.code}`;
  return `poll ${polls}: ${got}${said === undefined ? '' : `, ${said}`}`;
}

/** What is known of a wait's course. Pure. */
export function momentsOf(status: TryOnWaitStatus, polls: readonly ReportedPoll[]): SheetMoment[] {
  const { outcome, pending, explanation } = status;
  const timing = outcome?.timing;
  // Where nobody told when, the wait counts from its own begin; a time that was told lies before it.
  const isTaken = status.submittedAt !== undefined && Date.parse(status.submittedAt) >= Date.parse(status.startedAt);
  const told: readonly (readonly [SheetMoment['kind'], string | undefined, string])[] = [
    ['state', status.startedAt, 'wait begun'],
    ['state', status.submittedAt, isTaken ? 'taken as submitted' : 'submitted to the vendor'],
    ['poll', timing?.queuedUntil, 'last seen queued'],
    ['poll', timing?.runningSeenAt, 'first seen running'],
    ['poll', timing?.pendingUntil ?? explanation?.seenOpenAt, 'last seen unfinished'],
    ...polls.map((poll) => ['poll', poll.at, pollText(poll)] as const),
    ['end', outcome?.finishedAt ?? status.closedAt, `ended: ${status.state}`],
    ['expected', pending?.isRunning ? undefined : pending?.dueAt, 'next poll'],
    ['expected', explanation?.medianFinishAt, 'half of such jobs are over'],
    ['expected', explanation?.p95FinishAt, '95 % of such jobs are over'],
    ['expected', status.closedAt === undefined ? status.deadline : undefined, 'deadline'],
  ];
  return told
    .flatMap(([kind, at, what]) => (at === undefined ? [] : [{ kind, at, what }]))
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

/** One task by its wait. Pure. */
export function sheetTask(status: TryOnWaitStatus, reportedPolls: readonly ReportedPoll[]): SheetTask {
  const { taskId, state, images, subTasks, polls, outcome } = status;
  const imagesOmitted = outcome?.imagesOmitted ?? status.imagesOmitted;
  const error = outcome?.error ?? status.error;
  return {
    taskId,
    state,
    images,
    subTasks,
    polls,
    ...(imagesOmitted === undefined ? {} : { imagesOmitted }),
    ...(error === undefined ? {} : { error }),
    moments: momentsOf(status, reportedPolls),
    notes: outcome === undefined ? status.notes : [],
  };
}

async function readTask(client: TryOnClient, taskId: string): Promise<SheetTask> {
  const status = await client.status(taskId);
  return sheetTask(status, await reportedPolls(client, status));
}

/** Reads the sheet of one task. Throws {@link TryOnClientError} `NoWait`. */
export async function readTaskSheet(client: TryOnClient, taskId: string, nowMs: number): Promise<Sheet> {
  const task = await readTask(client, taskId);
  return { state: task.state, readAt: new Date(nowMs).toISOString(), tasks: [task] };
}

type ListedTask = {
  readonly taskId: string;
  readonly garmentId?: string | undefined;
  readonly state: string;
  readonly subTasks?: readonly SubTask[];
  readonly polls?: number;
  readonly error?: TryOnError | undefined;
};

interface ReadListing {
  readonly state: string;
  readonly tasks: readonly ListedTask[];
  readonly images: (TryOnListingStatus | TryOnListingResult)['images'];
  readonly imagesOmitted?: number | undefined;
}

/** A listing by its result, or by its own word where it runs or ended without one. */
async function readListing(client: TryOnClient, listingId: string): Promise<ReadListing> {
  const { status } = await client.temporal.workflow
    .getHandle(listingWorkflowId(listingId))
    .describe()
    .catch(async () => ({ status: { name: 'UNKNOWN' } }));
  if (status.name !== 'COMPLETED') return await client.listings.status(listingId);
  const { status: state, outcomes, ...rest } = await client.listings.result(listingId);
  return { ...rest, state, tasks: outcomes.map(({ status: one, ...outcome }) => ({ ...outcome, state: one })) };
}

/** What the listing itself knows of a task, and more where the wait still tells. */
function merged(listed: ListedTask, images: ReadListing['images'], wait: SheetTask | undefined): SheetTask {
  const own = images.filter(({ taskId }) => taskId === listed.taskId);
  const garmentId = listed.garmentId ?? own.find((image) => image.garmentId !== undefined)?.garmentId;
  const byId = new Map<string, TryOnImage>([...own, ...(wait?.images ?? [])].map((image) => [image.id, image]));
  const { taskId, state, subTasks = [], polls, error } = listed;
  const alone: SheetTask = {
    taskId,
    state,
    images: [],
    subTasks,
    ...(polls === undefined ? {} : { polls }),
    ...(error === undefined ? {} : { error }),
    moments: [],
    notes: ['its wait is not known to the server any more'],
  };
  return {
    ...(wait ?? alone),
    ...(garmentId === undefined ? {} : { garmentId }),
    images: [...byId.values()],
  };
}

/**
 * Reads the sheet of a listing, and the wait of each of its tasks.
 * @param each - runs the reading of each task, a few at once
 */
export async function readListingSheet(
  client: TryOnClient,
  listingId: string,
  nowMs: number,
  each: <T, R>(items: readonly T[], work: (item: T) => Promise<R>) => Promise<R[]>,
): Promise<Sheet> {
  const { state, tasks, images, imagesOmitted = 0 } = await readListing(client, listingId);
  const read = await each(tasks, async (task) =>
    merged(
      task,
      images,
      await readTask(client, task.taskId).catch((error: unknown) => {
        if (error instanceof TryOnClientError && error.code === 'NoWait') return undefined;
        throw error;
      }),
    ),
  );
  // The waits may know the images that were too many for the listing.
  const known = read.reduce((sum, task) => sum + task.images.length, 0);
  const missing = Math.max(0, images.length + imagesOmitted - known);
  return {
    listingId,
    state,
    readAt: new Date(nowMs).toISOString(),
    tasks: read,
    ...(missing === 0 ? {} : { imagesOmitted: missing }),
  };
}
