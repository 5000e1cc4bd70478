/** How far a wait is, for the bar of `wait` and for lines. Pure. */
import type { TryOnWaitStatus } from '../client/status.js';
import { expectedFinish } from '../schedule/distribution.js';
import { counted, formatDuration } from './format.js';

/** What is known of a running wait. */
export interface WaitProgress {
  readonly status: Pick<TryOnWaitStatus, 'polls' | 'submittedAt' | 'subTasks' | 'vendorStatus' | 'pending' | 'error'>;
  /** How many images were shown so far. */
  readonly images: number;
  readonly expectedImages?: number | undefined;
}

/** Share of similar tasks that are done by now, 0 to 1. `undefined` before the first poll, when no distribution is known. */
export function shareDone({ status }: WaitProgress, nowMs: number): number | undefined {
  const { submittedAt, pending } = status;
  if (submittedAt === undefined || pending?.model === undefined) return undefined;
  return expectedFinish({ model: pending.model, ageMs: Math.max(0, nowMs - Date.parse(submittedAt)) }).shareDone;
}

/** A share as a whole number of percent, at most 99: this task is not done. */
export const percentOf = (share: number): number => Math.min(99, Math.floor(100 * share));

function nextPollText({ pending }: WaitProgress['status'], nowMs: number): string {
  if (pending === undefined) return '';
  if (pending.isRunning) return 'polling now';
  const ms = pending.dueAt === undefined ? undefined : Date.parse(pending.dueAt) - nowMs;
  return ms === undefined || ms < 0 ? '' : `next poll in ${formatDuration(ms)}`;
}

function replyText({ vendorStatus, error, polls }: WaitProgress['status']): string {
  if (error === undefined) return vendorStatus ?? (polls === 0 ? 'not polled yet' : '');
  return error.code === 'NotFound' ? 'not known to the vendor' : `${error.layer} ${error.code}`;
}

/** Images can be shown before the status of the poll that found them is read. That status is older and contradicts them. */
const isStale = ({ status, images }: WaitProgress): boolean => images > 0 && status.polls === 0;

/** Next poll, last reply, images, sub-tasks and polls. The first of them fit beside a bar on a narrow terminal. */
export function progressText(progress: WaitProgress, nowMs: number): string {
  const { status, images, expectedImages } = progress;
  const { subTasks, polls } = status;
  const finished = subTasks.filter((one) => one.status === 'finished').length;
  const parts = [
    expectedImages === undefined ? counted(images, 'image') : `images ${images}/${Math.max(images, expectedImages)}`,
    subTasks.length === 0 ? '' : `sub-tasks ${finished}/${subTasks.length}`,
  ];
  const all = isStale(progress)
    ? parts
    : [nextPollText(status, nowMs), replyText(status), ...parts, counted(polls, 'poll')];
  return all.filter((text) => text !== '').join(', ');
}

/** {@link progressText} and the share of similar tasks, as one line. */
export function progressLine(progress: WaitProgress, nowMs: number): string {
  const share = isStale(progress) ? undefined : shareDone(progress, nowMs);
  const done = share === undefined ? '' : `; ${percentOf(share)}% of similar tasks are done by now`;
  return `${progressText(progress, nowMs)}${done}`;
}
