/**
 * The wait as a fold: reports of the polling activity, subscribers and ends come in; the next state and the events to send come out. Pure.
 * The workflow is a thin shell around it.
 */
import {
  accountFor,
  defaults,
  limits,
  type Subscriber,
  type SubscriberStatus,
  type TryOnEvent,
  type TryOnImage,
  type TryOnResultsInput,
  type Unsubscribe,
  type WebhookError,
} from '../contract.js';
import { defined } from '../defined.js';
import { chunks, jsonBytes } from '../json-size.js';
import { type PollReport, type PollState, unpolled } from '../poll/poll-state.js';
import { pollRules } from '../poll/rules.js';
import { identifyImages } from './image-ids.js';
import { outcomeOf } from './wait-report.js';
import type { WaitEnd, WaitState } from './wait-state.js';
import { withWarning } from './warnings.js';

/** A state, and the events that led to it, in order. */
export interface Transition {
  readonly wait: WaitState;
  readonly events: readonly TryOnEvent[];
}

/** What has subscribers and a deadline: a wait, or a job. */
export type Subscribed = Pick<WaitState, 'subscribers' | 'deadlineMs'> & { readonly end?: unknown };

/** A deadline. Seconds may have a fraction; a deadline is a whole number of milliseconds, as timers are. */
export const after = (nowMs: number, seconds: number): number => Math.round(nowMs + seconds * 1000);

/** What identifies a subscriber: a workflow's id and signal, or a webhook's name. */
export const subscriberKey = ({ workflowId, signal = defaults.signal, webhook }: Unsubscribe): string =>
  webhook === undefined ? JSON.stringify([workflowId, signal]) : JSON.stringify({ webhook });

/** A wait at its start. `parentWorkflowId` is absent where no parent is signalled. */
export function beginWait(
  input: TryOnResultsInput,
  start: { readonly waitId: string; readonly nowMs: number; readonly parentWorkflowId?: string },
): WaitState {
  const { waitId, nowMs, parentWorkflowId } = start;
  const { api = 'tryon' } = input;
  const wait: WaitState = {
    waitId,
    sequence: 0,
    taskId: input.taskId,
    account: accountFor(input),
    api,
    submittedAtMs: input.submittedAt === undefined ? nowMs : Date.parse(input.submittedAt),
    deadlineMs: after(nowMs, input.timeoutSeconds ?? defaults.timeoutSeconds),
    ...defined({ expectedImages: input.expectedImages }),
    ...(input.cancelTask === true ? { cancelTask: true } : {}),
    subscribers: [],
    images: [],
    poll: unpolled,
    searchAttributes: [],
  };
  const parent = parentWorkflowId === undefined ? [] : [{ workflowId: parentWorkflowId }];
  return subscribeAll(wait, [...parent, ...(input.notify ?? [])], nowMs);
}

/** Takes over what a polling activity that was cancelled had found out. It may have left its sub-tasks out to be small. */
export const takeState = (wait: WaitState, poll: PollState): WaitState => ({
  ...wait,
  poll: poll.subTasks.length === 0 ? { ...poll, subTasks: wait.poll.subTasks } : poll,
});

/** Adds a subscriber. A known one is replaced, for its run id; a subscriber's timeout can only lengthen the wait. */
export const subscribe = <T extends Subscribed>(wait: T, added: Subscriber, nowMs: number): T =>
  subscribeAll(wait, [added], nowMs);

/** Adds subscribers; see {@link subscribe}. */
export function subscribeAll<T extends Subscribed>(wait: T, added: readonly Subscriber[], nowMs: number): T {
  const subscribers = new Map([...wait.subscribers, ...added].map((one) => [subscriberKey(one), one]));
  const deadlineMs = added.reduce(
    (latestMs, { timeoutSeconds }) =>
      timeoutSeconds === undefined ? latestMs : Math.max(latestMs, after(nowMs, timeoutSeconds)),
    wait.deadlineMs,
  );
  return {
    ...wait,
    subscribers: [...subscribers.values()],
    deadlineMs: wait.end === undefined ? deadlineMs : wait.deadlineMs,
  };
}

/** Removes a subscriber; an unknown one changes nothing. */
export const unsubscribe = <T extends Subscribed>(wait: T, leaving: Unsubscribe): T => ({
  ...wait,
  subscribers: wait.subscribers.filter((one) => subscriberKey(one) !== subscriberKey(leaving)),
});

/** Notes why a webhook gets nothing, or that it does again. An unknown webhook changes nothing. */
export function withWebhookError<T extends Pick<WaitState, 'subscribers'>>(
  wait: T,
  webhook: string,
  error: WebhookError | undefined,
): T {
  const changed = (one: SubscriberStatus): SubscriberStatus => {
    if (one.webhook !== webhook) return one;
    const { error: _before, ...rest } = one;
    return { ...rest, ...defined({ error }) };
  };
  return { ...wait, subscribers: wait.subscribers.map(changed) };
}

/** Moves the deadline to `timeoutSeconds` from now. A wait that has ended keeps its deadline. */
export const setDeadline = <T extends Subscribed>(wait: T, timeoutSeconds: number, nowMs: number): T =>
  wait.end === undefined ? { ...wait, deadlineMs: after(nowMs, timeoutSeconds) } : wait;

/** Adds a warning for the status. */
export const warn = (wait: WaitState, warning: string): WaitState => ({
  ...wait,
  warnings: withWarning(wait.warnings, warning),
});

/** Whether the state fits into the input of the next run. */
export const canContinueAsNew = (wait: WaitState): boolean => jsonBytes(wait) <= limits.resultBytes;

/** Takes a report of the polling activity in. A `timeout` by a deadline that was moved since is no end. */
export function applyReport(wait: WaitState, report: PollReport): Transition {
  const knownIds = new Set(wait.images.map((image) => image.id));
  const { images, imageKeys } = identifyImages(wait, report.images);
  const fresh = images.filter((image) => !knownIds.has(image.id));
  const folded: WaitState = {
    ...wait,
    images: mergeImages(wait.images, images),
    ...(Object.keys(imageKeys).length === 0 ? {} : { imageKeys }),
    poll: { ...report.state, asOfAttempt: 0 },
    searchAttributes: report.searchAttributes ?? wait.searchAttributes,
  };
  const isStale = report.end?.status === 'timeout' && report.atMs < wait.deadlineMs - pollRules.dueSlackMs;
  if (report.end !== undefined && !isStale) return endWait(folded, { ...report.end, atMs: report.atMs }, fresh);
  const wasBlocked = wait.poll.blocked !== undefined;
  const { blocked } = report.state;
  return emit(folded, [
    ...(wasBlocked && blocked === undefined ? [{ kind: 'unblocked' } as const] : []),
    ...imageEvents(fresh),
    ...(!wasBlocked && blocked !== undefined ? [{ kind: 'blocked', error: blocked } as const] : []),
  ]);
}

/**
 * Ends the wait with one `outcome` event. A wait that has ended stays as it is.
 * @param fresh - images that no event carried yet: they are sent before an outcome that has no room for all images
 */
export function endWait(wait: WaitState, end: WaitEnd, fresh: readonly TryOnImage[] = []): Transition {
  if (wait.end !== undefined) return { wait, events: [] };
  const ended: WaitState = { ...wait, end };
  const outcome = outcomeOf(ended);
  const before = outcome.imagesOmitted === undefined ? [] : imageEvents(fresh);
  return emit(ended, [...before, { kind: 'outcome', outcome }]);
}

/** Whether a wait that has ended should have its task cancelled: it was cancelled, its caller asked for that, and the task was not seen to begin. */
export const mayCancelTask = ({ cancelTask, end, images, poll }: WaitState): boolean =>
  cancelTask === true &&
  end?.status === 'cancelled' &&
  images.length === 0 &&
  poll.status !== 'running' &&
  poll.runningSeenAtMs === undefined;

/** Keeps each image once, with its newest URL, in the vendor's order of sub-tasks. */
function mergeImages(known: readonly TryOnImage[], received: readonly TryOnImage[]): readonly TryOnImage[] {
  const images = new Map(known.map((image) => [image.id, image]));
  for (const image of received) {
    const { subTask } = images.get(image.id) ?? image;
    images.set(image.id, { ...image, subTask });
  }
  return [...images.values()].sort((one, other) => one.subTask - other.subTask);
}

type Unnumbered<E = TryOnEvent> = E extends TryOnEvent ? Omit<E, 'taskId' | 'waitId' | 'sequence'> : never;

/** Numbers events and counts them. */
function emit(wait: WaitState, unnumbered: readonly Unnumbered[]): Transition {
  const { taskId, waitId } = wait;
  const events = unnumbered.map(
    (event, index) => ({ taskId, waitId, sequence: wait.sequence + index + 1, ...event }) as TryOnEvent,
  );
  return { wait: { ...wait, sequence: wait.sequence + events.length }, events };
}

const imageEvents = (images: readonly TryOnImage[]): Unnumbered[] =>
  chunks(images, limits.eventBytes - 1024).map((run) => ({ kind: 'images', images: run }));
