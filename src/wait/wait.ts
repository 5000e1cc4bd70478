/**
 * The wait as a fold: reports of the activity, subscribers and ends come in, the next state and the events to send come out.
 * Pure; its state is what continue-as-new carries. The workflow is a thin shell around it.
 */
import {
  defaults,
  limits,
  type OutcomeStatus,
  type Subscriber,
  type SubTask,
  type TryOnError,
  type TryOnEvent,
  type TryOnEventOutcome,
  type TryOnImage,
  type TryOnOutcome,
  type TryOnResultsInput,
  type TryOnStatus,
  type Unsubscribe,
} from '../contract.js';
import { chunks, jsonBytes, takeFitting, withImages } from '../json-size.js';
import { type PollInput, type PollReport, type PollState, packKnown, unpolled } from '../poll/poll-state.js';

/** Bounds of a wait in workflow time. */
export const waitLimits = {
  pollNowEveryMs: 1_000,
  /** Behind the deadline: the last poll's exchange is bounded by 15 s. */
  backstopMs: 20_000,
  /** Before a poll is tried again whose activity failed for good, which no answer of the vendor does. */
  failurePauseMs: 30_000,
  /** Nobody polls at a task that was submitted so long ago at the most. */
  freshMs: 10_000,
  /** A poll that is due later than this is far off. */
  farOffMs: 2_000,
} as const;

/** A wait. JSON; times are Unix milliseconds of workflow time. */
export interface WaitState {
  readonly waitId: string;
  readonly sequence: number;
  readonly taskId: string;
  readonly account: string;
  readonly api: string;
  readonly submittedAtMs: number;
  readonly deadlineMs: number;
  readonly expectedImages?: number;
  readonly subscribers: readonly Subscriber[];
  readonly images: readonly TryOnImage[];
  readonly poll: PollState;
  /** Search attributes that the namespace has, as the first report told. */
  readonly searchAttributes: readonly string[];
  readonly end?: {
    readonly status: OutcomeStatus | 'cancelled';
    readonly error?: TryOnError;
    readonly atMs: number;
  };
}

/** A state and the events that led to it, in order. */
export interface Transition {
  readonly wait: WaitState;
  readonly events: readonly TryOnEvent[];
}

// Seconds may have a fraction; a deadline is a whole number of milliseconds, as timers are.
const after = (nowMs: number, seconds: number): number => Math.round(nowMs + seconds * 1000);
const rfc3339 = (ms: number): string => new Date(ms).toISOString();
const signalOf = (subscriber: Unsubscribe): string => subscriber.signal ?? defaults.signal;

/** Whether two name the same subscription. */
export const isSameSubscriber = (one: Unsubscribe, other: Unsubscribe): boolean =>
  one.workflowId === other.workflowId && signalOf(one) === signalOf(other);

/** A wait at its start. `parentWorkflowId` is absent where nobody is to be told as the parent. */
export function beginWait(
  input: TryOnResultsInput,
  start: { readonly waitId: string; readonly nowMs: number; readonly parentWorkflowId?: string; readonly api: string },
): WaitState {
  const timeoutSeconds = input.timeoutSeconds ?? defaults.timeoutSeconds;
  const wait: WaitState = {
    waitId: start.waitId,
    sequence: 0,
    taskId: input.taskId,
    account: input.account ?? defaults.account,
    api: start.api,
    submittedAtMs: input.submittedAt === undefined ? start.nowMs : Date.parse(input.submittedAt),
    deadlineMs: after(start.nowMs, timeoutSeconds),
    ...(input.expectedImages === undefined ? {} : { expectedImages: input.expectedImages }),
    subscribers: [],
    images: [],
    poll: unpolled,
    searchAttributes: [],
  };
  const parent = start.parentWorkflowId === undefined ? [] : [{ workflowId: start.parentWorkflowId }];
  return [...parent, ...(input.notify ?? [])].reduce((state, one) => subscribe(state, one, start.nowMs), wait);
}

/** Takes over what a poll that was broken off had found out; it may have left its sub-tasks out to be small. */
export const takeState = (wait: WaitState, poll: PollState): WaitState => ({
  ...wait,
  poll: poll.subTasks.length === 0 ? { ...poll, subTasks: wait.poll.subTasks } : poll,
});

/** Adds a subscriber, or replaces its run id; its time-out can only lengthen the wait. */
export function subscribe(wait: WaitState, subscriber: Subscriber, nowMs: number): WaitState {
  const deadlineMs = Math.max(wait.deadlineMs, after(nowMs, subscriber.timeoutSeconds ?? 0));
  const known = wait.subscribers.some((one) => isSameSubscriber(one, subscriber));
  const subscribers = known
    ? wait.subscribers.map((one) => (isSameSubscriber(one, subscriber) ? subscriber : one))
    : [...wait.subscribers, subscriber];
  return { ...wait, subscribers, deadlineMs: wait.end === undefined ? deadlineMs : wait.deadlineMs };
}

/** Removes a subscriber; one that is none changes nothing. */
export const unsubscribe = (wait: WaitState, leaving: Unsubscribe): WaitState => ({
  ...wait,
  subscribers: wait.subscribers.filter((one) => !isSameSubscriber(one, leaving)),
});

/** Moves the deadline to `timeoutSeconds` from now. That of a wait that has ended stays as it was. */
export const setDeadline = (wait: WaitState, timeoutSeconds: number, nowMs: number): WaitState =>
  wait.end === undefined ? { ...wait, deadlineMs: after(nowMs, timeoutSeconds) } : wait;

/** Whether the state fits into the input of the next run. */
export const canCarry = (wait: WaitState): boolean => jsonBytes(wait) <= limits.resultBytes;

/** What the activity is asked with. `pollNow` asks before its time, though never inside a pause that the vendor ordered. */
export function pollInput(
  wait: WaitState,
  options: { readonly pollNow: boolean; readonly nowMs: number; readonly vendorQueue?: string },
): PollInput {
  const { taskId, account, submittedAtMs, deadlineMs } = wait;
  const { vendorQueue } = options;
  const from: PollState = options.pollNow ? { ...wait.poll, nextPollAtMs: options.nowMs } : wait.poll;
  return {
    taskId,
    account,
    submittedAtMs,
    deadlineMs,
    known: packKnown(wait.images),
    from: { ...from, asOfAttempt: 0 },
    ...(vendorQueue === undefined ? {} : { vendorQueue }),
  };
}

/**
 * Whether the next poll is so far off that its activity should begin on the workflows' queue: the vendor's counts every attempt against
 * the budget, one that only finds out when to poll too. When the first poll is due is the worker's knowledge: the one at a task
 * submitted just now is not.
 */
export function isPollFarOff(wait: WaitState, options: { readonly pollNow: boolean; readonly nowMs: number }): boolean {
  const { nextPollAtMs = wait.submittedAtMs + waitLimits.freshMs, pauseUntilMs = 0, isUnmovable } = wait.poll;
  const dueAtMs = Math.min(wait.deadlineMs, Math.max(nextPollAtMs, pauseUntilMs));
  return !options.pollNow && isUnmovable !== true && dueAtMs > options.nowMs + waitLimits.farOffMs;
}

/** Keeps each image once, with its newest URL, in the vendor's order of sub-tasks. */
function mergeImages(known: readonly TryOnImage[], told: readonly TryOnImage[]): readonly TryOnImage[] {
  const images = new Map(known.map((image) => [image.id, image]));
  for (const image of told) {
    const was = images.get(image.id);
    images.set(image.id, was === undefined ? image : { ...image, subTask: was.subTask });
  }
  return [...images.values()].sort((one, other) => one.subTask - other.subTask);
}

type Unnumbered = TryOnEvent extends infer E
  ? E extends TryOnEvent
    ? Omit<E, 'taskId' | 'waitId' | 'sequence'>
    : never
  : never;

function tell(wait: WaitState, unnumbered: readonly Unnumbered[]): Transition {
  const events = unnumbered.map(
    (event, index) =>
      ({ taskId: wait.taskId, waitId: wait.waitId, sequence: wait.sequence + index + 1, ...event }) as TryOnEvent,
  );
  return { wait: { ...wait, sequence: wait.sequence + events.length }, events };
}

const imageEvents = (images: readonly TryOnImage[]): Unnumbered[] =>
  chunks(images, limits.eventBytes - 1024).map((run) => ({ kind: 'images', images: run }));

/** Folds a report in. A `timeout` reported against a deadline that was moved since is no end. */
export function applyReport(wait: WaitState, report: PollReport): Transition {
  const knownIds = new Set(wait.images.map((image) => image.id));
  const fresh = report.images.filter((image) => !knownIds.has(image.id));
  const isStale = report.end?.status === 'timeout' && report.atMs < wait.deadlineMs - 1_000;
  const folded: WaitState = {
    ...wait,
    images: mergeImages(wait.images, report.images),
    poll: { ...report.state, asOfAttempt: 0 },
    searchAttributes: report.searchAttributes ?? wait.searchAttributes,
  };
  const wasBlocked = wait.poll.blocked !== undefined;
  const blocked = report.state.blocked;
  if (report.end !== undefined && !isStale) {
    const end = { ...report.end, atMs: report.atMs };
    // What the outcome has no room for must have been told before.
    const isWhole = outcomeOf({ ...folded, end }).imagesOmitted === undefined;
    const untold = tell(folded, isWhole ? [] : imageEvents(fresh));
    const ended = endWait(untold.wait, end);
    return { wait: ended.wait, events: [...untold.events, ...ended.events] };
  }
  return tell(folded, [
    ...(wasBlocked && blocked === undefined ? [{ kind: 'unblocked' } as const] : []),
    ...imageEvents(fresh),
    ...(!wasBlocked && blocked !== undefined ? [{ kind: 'blocked', error: blocked } as const] : []),
  ]);
}

/** Ends the wait: one `outcome` event. A wait that has ended stays as it is. */
export function endWait(wait: WaitState, end: NonNullable<WaitState['end']>): Transition {
  if (wait.end !== undefined) return { wait, events: [] };
  const ended: WaitState = { ...wait, end };
  return tell(ended, [{ kind: 'outcome', outcome: outcomeOf(ended) }]);
}

/** Sub-tasks as told, as many as fit beside the images. */
const subTasksOf = (wait: WaitState, maxBytes: number): SubTask[] => [
  ...takeFitting(wait.poll.subTasks, maxBytes / 4).fitting,
];

/** The outcome of a wait that has ended. Throws `TypeError` for one that has not. */
export function outcomeOf(wait: WaitState): TryOnEventOutcome {
  const { end, poll } = wait;
  if (end === undefined) throw new TypeError(`the wait for ${wait.taskId} has not ended`);
  const missing = (wait.expectedImages ?? 0) - wait.images.length;
  const outcome: TryOnEventOutcome = {
    taskId: wait.taskId,
    status: end.status,
    images: [],
    subTasks: subTasksOf(wait, limits.resultBytes),
    ...(missing > 0 ? { shortfall: missing } : {}),
    ...(end.error === undefined ? {} : { error: end.error }),
    polls: poll.polls,
    submittedAt: rfc3339(wait.submittedAtMs),
    finishedAt: rfc3339(end.atMs),
    account: wait.account,
    api: wait.api,
    timing: {
      ...(poll.pendingUntilMs === undefined ? {} : { pendingUntil: rfc3339(poll.pendingUntilMs) }),
      ...(poll.queuedUntilMs === undefined ? {} : { queuedUntil: rfc3339(poll.queuedUntilMs) }),
      ...(poll.runningSeenAtMs === undefined ? {} : { runningSeenAt: rfc3339(poll.runningSeenAtMs) }),
    },
  };
  return withImages(outcome, wait.images, limits.resultBytes);
}

/** The outcome as the workflow's result; a cancelled wait has none. */
export function resultOf(wait: WaitState): TryOnOutcome | undefined {
  const outcome = outcomeOf(wait);
  return outcome.status === 'cancelled' ? undefined : (outcome as TryOnOutcome);
}

/**
 * The answer of the query `tryOnStatus` and of the updates.
 * @param maxBytes - of JSON; images, sub-tasks and subscribers are told as far as they fit
 */
export function statusOf(wait: WaitState, maxBytes: number = limits.resultBytes): TryOnStatus {
  const { poll } = wait;
  const error = wait.end === undefined ? (poll.blocked ?? poll.pollError?.error) : wait.end.error;
  const status: TryOnStatus = {
    taskId: wait.taskId,
    state: wait.end?.status ?? (poll.blocked === undefined ? 'waiting' : 'blocked'),
    ...(poll.vendorStatus === undefined ? {} : { vendorStatus: poll.vendorStatus }),
    images: [],
    subTasks: subTasksOf(wait, maxBytes),
    polls: poll.polls,
    submittedAt: rfc3339(wait.submittedAtMs),
    deadline: rfc3339(wait.deadlineMs),
    ...(error === undefined ? {} : { error }),
    subscribers: [...takeFitting(wait.subscribers, maxBytes / 4).fitting],
    waitId: wait.waitId,
    sequence: wait.sequence,
  };
  return withImages(status, wait.images, maxBytes);
}

const snapshot = (wait: WaitState, status: TryOnStatus): TryOnEvent => ({
  kind: 'snapshot',
  taskId: wait.taskId,
  waitId: wait.waitId,
  sequence: status.sequence,
  status,
});

/** The `snapshot` event: the status with the current sequence; it takes no number. */
export const snapshotOf = (wait: WaitState): TryOnEvent => snapshot(wait, statusOf(wait));

/** More room than the sub-tasks and subscribers of a status can take. */
const REST_BYTES = 1024 * 1024;

/**
 * More `snapshot` events, for who was told only the first `told` of the wait's images: each has the next ones as its images, and counts
 * all others as omitted. None where nothing is left to tell.
 */
export function restOf(wait: WaitState, told: number): TryOnEvent[] {
  const status = statusOf({ ...wait, images: [] }, REST_BYTES);
  const rest: TryOnEvent[] = [];
  for (let from = told; from < wait.images.length; ) {
    const slice = withImages(status, wait.images.slice(from), REST_BYTES);
    if (slice.images.length === 0) break;
    rest.push(snapshot(wait, { ...slice, imagesOmitted: wait.images.length - slice.images.length }));
    from += slice.images.length;
  }
  return rest;
}
