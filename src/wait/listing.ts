/** A listing as a fold over its tasks and what its inbox knows of them. Pure; its state is what continue-as-new carries. */
import { wellFormed } from '../check.js';
import {
  type ApiName,
  accountFor,
  apiVendors,
  defaults,
  type ListingImage,
  type ListingTask,
  limits,
  type Subscriber,
  type TryOnListingInput,
  type TryOnListingResult,
  type TryOnListingStatus,
} from '../contract.js';
import { defined } from '../defined.js';
import { jsonBytes, takeFitting, withImages } from '../json-size.js';
import { emptyInbox, type Inbox, type InboxTask, own } from './inbox.js';
import { withWarning } from './warnings.js';

/** A listing. JSON; times are Unix milliseconds of workflow time. */
export interface ListingState {
  readonly listingId: string;
  readonly account: string;
  /** Which vendor API has the tasks that name none; absent: `tryon`. */
  readonly api?: ApiName;
  readonly startedAtMs: number;
  readonly deadlineMs: number;
  readonly minimumImages?: number;
  /** Subscribers of every task's wait. */
  readonly notify?: readonly Subscriber[];
  readonly tasks: readonly ListingTask[];
  readonly inbox: Inbox;
  readonly isCancelled: boolean;
  /** Why a task's wait could not be started or joined, by task id. */
  readonly unstarted: Readonly<Record<string, string>>;
  /** See the status. Absent: none. */
  readonly warnings?: readonly string[];
  /** How often open waits were joined again, because an event may have been lost; with one that is due. */
  readonly rejoins?: number;
  readonly isRejoinDue?: boolean;
}

/** A listing at its start. */
export const beginListing = (input: TryOnListingInput, nowMs: number): ListingState => ({
  listingId: input.listingId,
  account: accountFor(input),
  startedAtMs: nowMs,
  deadlineMs: nowMs + (input.timeoutSeconds ?? defaults.timeoutSeconds) * 1000,
  ...defined({ api: input.api, minimumImages: input.minimumImages, notify: input.notify }),
  tasks: input.tasks,
  inbox: emptyInbox(),
  isCancelled: false,
  unstarted: {},
});

/**
 * Whose task it is. The listing's account has the tasks of its own vendor; a task of another vendor's API is of the unnamed account there.
 * `api` is absent for the default one.
 */
export function placeOf(
  listing: ListingState,
  task: ListingTask,
): { readonly account: string; readonly api?: ApiName } {
  const { api: own = 'tryon', account } = listing;
  const { api = own } = task;
  return {
    account: apiVendors[api] === apiVendors[own] ? account : accountFor({ api }),
    ...defined({ api: api === 'tryon' ? undefined : api }),
  };
}

/** Adds a task; a known one changes nothing. The caller checks {@link isFull} first. */
export const addTask = (listing: ListingState, task: ListingTask): ListingState =>
  hasTask(listing, task.taskId) ? listing : { ...listing, tasks: [...listing.tasks, task] };

/** Whether the listing has this task. */
export const hasTask = (listing: ListingState, taskId: string): boolean =>
  listing.tasks.some((task) => task.taskId === taskId);

/** Whether one more task would pass the contract's limit. */
export const isFull = (listing: ListingState): boolean => listing.tasks.length >= limits.listingTasks;

const known = (listing: ListingState, { taskId }: Pick<ListingTask, 'taskId'>): InboxTask | undefined =>
  own(listing.inbox.tasks, taskId);

/** Whether the outcome of the task's wait has arrived. */
export const hasEnded = (listing: ListingState, taskId: string): boolean =>
  known(listing, { taskId })?.outcome !== undefined;

/** Adds a warning for the status. */
export const warnListing = (listing: ListingState, warning: string): ListingState => ({
  ...listing,
  warnings: withWarning(listing.warnings, warning),
});

const REJOIN_AFTER_MS = 30_000;
/** Time doubles so often: a caller that sends rubbish for ever costs little. */
const MAX_DOUBLINGS = 10;

/** How long after a lost event open waits are joined again: by then a worker may have the missing key. */
export function rejoinDelayMs({ rejoins = 0, deadlineMs }: ListingState, nowMs: number): number {
  const delayMs = REJOIN_AFTER_MS * 2 ** Math.min(rejoins, MAX_DOUBLINGS);
  return Math.max(1_000, Math.min(delayMs, (deadlineMs - nowMs) / 2));
}

/** Whether there is at least one task and all have ended. */
export const isComplete = (listing: ListingState): boolean =>
  listing.tasks.length > 0 && listing.tasks.every((task) => hasEnded(listing, task.taskId));

function imagesOf(listing: ListingState): ListingImage[] {
  return listing.tasks.flatMap((task) =>
    (known(listing, task)?.images ?? []).map((image) => ({
      ...image,
      taskId: task.taskId,
      ...defined({ garmentId: task.garmentId }),
    })),
  );
}

function resultStatus(listing: ListingState, imageCount: number): TryOnListingResult['status'] {
  const isEnough =
    listing.minimumImages === undefined
      ? listing.tasks.length > 0 && listing.tasks.every((task) => known(listing, task)?.outcome?.status === 'finished')
      : imageCount >= listing.minimumImages;
  if (isEnough) return 'complete';
  return imageCount === 0 ? 'failed' : 'incomplete';
}

/** An outcome may name thousands of sub-tasks. 500 of them with their images beside them must still fit into a result. */
const OUTCOMES_BYTES = limits.resultBytes * (2 / 3);
const MESSAGE_CHARACTERS = 400;

type OutcomeOfTask = TryOnListingResult['outcomes'][number];

function shortened(outcomes: readonly OutcomeOfTask[]): OutcomeOfTask[] {
  if (jsonBytes(outcomes) <= OUTCOMES_BYTES) return [...outcomes];
  const subTaskBytes = OUTCOMES_BYTES / 4 / outcomes.length;
  return outcomes.map((outcome) => ({
    ...outcome,
    subTasks: [...takeFitting(outcome.subTasks, subTaskBytes).fitting],
    ...(outcome.error === undefined
      ? {}
      : { error: { ...outcome.error, message: wellFormed(outcome.error.message.slice(0, MESSAGE_CHARACTERS)) } }),
  }));
}

/** The listing's result at `nowMs`. Tasks that have not ended are `timeout`; very large outcomes are shortened. */
export function listingResult(listing: ListingState, nowMs: number): TryOnListingResult {
  const images = imagesOf(listing);
  const outcomes = listing.tasks.map((task): OutcomeOfTask => {
    const outcome = known(listing, task)?.outcome;
    if (outcome !== undefined) {
      const { images: _images, ...rest } = outcome;
      return rest;
    }
    const reason = own(listing.unstarted, task.taskId);
    const missing = (task.expectedImages ?? 0) - (known(listing, task)?.images.length ?? 0);
    return {
      taskId: task.taskId,
      status: 'timeout',
      subTasks: [],
      ...(missing > 0 ? { shortfall: missing } : {}),
      ...(reason === undefined ? {} : { error: { layer: 'transport', code: 'NoWorker', message: reason } as const }),
      polls: 0,
      submittedAt: new Date(Date.parse(task.submittedAt ?? '') || listing.startedAtMs).toISOString(),
      finishedAt: new Date(nowMs).toISOString(),
      api: 'tryon',
      ...placeOf(listing, task),
      timing: {},
    };
  });
  const result: TryOnListingResult = {
    listingId: listing.listingId,
    status: resultStatus(listing, images.length),
    images: [],
    outcomes: shortened(outcomes),
  };
  return withImages(result, images, limits.resultBytes);
}

/** A listing's state and its tasks, without images: cheap, however many there are. */
export type ListingSummary = Omit<TryOnListingStatus, 'images' | 'imagesOmitted'>;

/** What {@link listingStatus} says beside the images. */
export function listingSummary(listing: ListingState, isOver: boolean): ListingSummary {
  const tasks = listing.tasks.map((task) => ({
    taskId: task.taskId,
    ...defined({ garmentId: task.garmentId }),
    state: known(listing, task)?.state ?? (isOver ? 'timeout' : 'waiting'),
    imageCount: known(listing, task)?.images.length ?? 0,
  }));
  const imageCount = tasks.reduce((sum, task) => sum + task.imageCount, 0);
  const state = listing.isCancelled ? 'cancelled' : isOver ? resultStatus(listing, imageCount) : 'waiting';
  return {
    listingId: listing.listingId,
    state,
    tasks,
    deadline: new Date(listing.deadlineMs).toISOString(),
    ...(listing.warnings === undefined ? {} : { warnings: [...listing.warnings] }),
  };
}

/** The answer of the query `tryOnListingStatus`. */
export const listingStatus = (listing: ListingState, isOver: boolean): TryOnListingStatus =>
  withImages({ ...listingSummary(listing, isOver), images: [] }, imagesOf(listing), limits.resultBytes);

/** Whether the state fits into the input of the next run. */
export const canContinueListingAsNew = (listing: ListingState): boolean => jsonBytes(listing) <= limits.resultBytes;

const WAIT_ENDS_BEFORE_MS = 5_000;

/** How long a wait of this listing may take: it ends a little before the listing, so that its outcome is still taken in. */
export function waitTimeoutSeconds(listing: ListingState, nowMs: number): number {
  const leftMs = listing.deadlineMs - nowMs;
  const beforeMs = Math.min(WAIT_ENDS_BEFORE_MS, leftMs / 10);
  return Math.max(limits.timeoutSecondsMin, (leftMs - beforeMs) / 1000);
}
