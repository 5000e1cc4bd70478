/** A listing as a fold over its tasks and what its inbox knows of them. Pure; its state is what continue-as-new carries. */
import { wellFormed } from '../check.js';
import {
  type ApiName,
  accountFor,
  apiVendors,
  defaults,
  type ListingImage,
  type ListingTask,
  type ListingTaskByRequest,
  limits,
  requestBytesOf,
  type Subscriber,
  type TryOnListingInput,
  type TryOnListingResult,
  type TryOnListingStatus,
} from '../contract.js';
import { defined } from '../defined.js';
import { jsonBytes, takeFitting, withImages } from '../json-size.js';
import { emptyInbox, type Inbox, type InboxTask, own } from './inbox.js';
import type { InboxJob, JobInbox } from './job-inbox.js';
import { withWarning } from './warnings.js';

/** A task as a listing keeps it: without its request once the job has it. */
export type ListedTask = ListingTask | (Omit<ListingTaskByRequest, 'request'> & { readonly request?: undefined });

/** Names one task of a listing. */
export type TaskName = Pick<ListedTask, 'taskId' | 'requestId'>;

/** The key of a task in records and sets. Neither id can have a space. */
export const keyOf = ({ taskId, requestId }: TaskName): string => taskId ?? `request ${requestId}`;

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
  readonly tasks: readonly ListedTask[];
  readonly inbox: Inbox;
  /** Of the tasks by request. Absent before their first event. */
  readonly jobs?: JobInbox;
  readonly isCancelled: boolean;
  /** Why a task's wait or job could not be started or joined, by {@link keyOf}. */
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
  task: Pick<ListedTask, 'api'>,
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
  hasTask(listing, task) ? listing : { ...listing, tasks: [...listing.tasks, task] };

/** Whether the listing has this task. */
export const hasTask = (listing: ListingState, named: TaskName): boolean =>
  listing.tasks.some((task) => keyOf(task) === keyOf(named));

/** Drops the request of a task: its job has it. */
export const withoutRequest = (listing: ListingState, requestId: string): ListingState => ({
  ...listing,
  tasks: listing.tasks.map((task) => {
    if (task.requestId !== requestId) return task;
    const { request: _request, ...rest } = task;
    return rest;
  }),
});

/** Whether the requests that no job has yet leave no room for this one. */
export const isRequestTooMuch = (listing: ListingState, task: ListingTask): boolean =>
  requestBytesOf([...listing.tasks, task]) > limits.listingRequestBytes;

/** Whether one more task would pass the contract's limit. */
export const isFull = (listing: ListingState): boolean => listing.tasks.length >= limits.listingTasks;

const jobOf = ({ jobs }: ListingState, requestId: string | undefined): InboxJob | undefined =>
  jobs === undefined || requestId === undefined ? undefined : own(jobs.tasks, requestId);

const known = (listing: ListingState, { taskId, requestId }: TaskName): InboxTask | InboxJob | undefined =>
  taskId === undefined ? jobOf(listing, requestId) : own(listing.inbox.tasks, taskId);

/** Whether the outcome of the task's wait or job has arrived. */
export const hasEnded = (listing: ListingState, task: TaskName): boolean => known(listing, task)?.outcome !== undefined;

/** The task's ids, as far as they are known. */
function idsOf(listing: ListingState, task: ListedTask): { readonly taskId?: string; readonly requestId?: string } {
  const { requestId, taskId = jobOf(listing, requestId)?.taskId } = task;
  return defined({ taskId, requestId });
}

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
  listing.tasks.length > 0 && listing.tasks.every((task) => hasEnded(listing, task));

function imagesOf(listing: ListingState): ListingImage[] {
  return listing.tasks.flatMap((task) =>
    (known(listing, task)?.images ?? []).map((image) => ({
      ...image,
      // A job has no images before it has a task.
      taskId: '',
      ...idsOf(listing, task),
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

/** Anybody who may signal a listing may send it an outcome. */
const listOf = <T>(value: readonly T[]): readonly T[] => (Array.isArray(value) ? value : []);

function shortened(outcomes: readonly OutcomeOfTask[]): OutcomeOfTask[] {
  if (jsonBytes(outcomes) <= OUTCOMES_BYTES) return [...outcomes];
  const subTaskBytes = OUTCOMES_BYTES / 4 / outcomes.length;
  return outcomes.map((outcome) => ({
    ...outcome,
    subTasks: [...takeFitting(listOf(outcome.subTasks), subTaskBytes).fitting],
    ...(outcome.error === undefined
      ? {}
      : {
          error: { ...outcome.error, message: wellFormed(String(outcome.error.message).slice(0, MESSAGE_CHARACTERS)) },
        }),
  }));
}

/** The listing's result at `nowMs`. Tasks that have not ended are `timeout`; very large outcomes are shortened. */
export function listingResult(listing: ListingState, nowMs: number): TryOnListingResult {
  const images = imagesOf(listing);
  const outcomes = listing.tasks.map((task): OutcomeOfTask => {
    const { outcome, images, state, error: lastError } = known(listing, task) ?? {};
    const ids = idsOf(listing, task);
    if (outcome !== undefined) {
      const { images: _images, ...rest } = outcome;
      return { ...rest, ...ids };
    }
    const reason = own(listing.unstarted, keyOf(task));
    const missing = (task.expectedImages ?? 0) - (images?.length ?? 0);
    const unstarted =
      reason === undefined ? undefined : ({ layer: 'transport', code: 'NoWorker', message: reason } as const);
    return {
      ...ids,
      // Nobody knows whether it was bought.
      status: state === 'maybeSubmitted' ? 'unresolved' : 'timeout',
      subTasks: [],
      ...(missing > 0 ? { shortfall: missing } : {}),
      ...defined({ error: unstarted ?? (task.requestId === undefined ? undefined : lastError) }),
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
    ...idsOf(listing, task),
    ...defined({ garmentId: task.garmentId }),
    state:
      known(listing, task)?.state ?? (isOver ? 'timeout' : task.requestId === undefined ? 'waiting' : 'submitting'),
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
export const listingStatus = (
  listing: ListingState,
  isOver: boolean,
  maxBytes: number = limits.resultBytes,
): TryOnListingStatus => withImages({ ...listingSummary(listing, isOver), images: [] }, imagesOf(listing), maxBytes);

/** Whether the state fits into the input of the next run. */
export const canContinueListingAsNew = (listing: ListingState): boolean => jsonBytes(listing) <= limits.resultBytes;

const WAIT_ENDS_BEFORE_MS = 5_000;

/** How long a wait of this listing may take: it ends a little before the listing, so that its outcome is still taken in. */
export function waitTimeoutSeconds(listing: ListingState, nowMs: number): number {
  const leftMs = listing.deadlineMs - nowMs;
  const beforeMs = Math.min(WAIT_ENDS_BEFORE_MS, leftMs / 10);
  return Math.max(limits.timeoutSecondsMin, (leftMs - beforeMs) / 1000);
}
