/** How far a wait is, for the bar of `wait` and for lines. Pure. */
import type { TryOnWaitStatus } from '../client/status.js';
import { expectedFinish } from '../schedule/distribution.js';
import { plain } from './output.js';
import { counted, lengthOf, queries } from './show.js';

/** What is known of a wait that goes on. */
export interface WaitProgress {
  readonly status: Pick<TryOnWaitStatus, 'polls' | 'submittedAt' | 'subTasks' | 'vendorStatus' | 'pending' | 'error'>;
  /** Images told so far, and how many are expected, where that was said. */
  readonly images: number;
  readonly expectedImages?: number | undefined;
}

/** Share of jobs like this that are over by now, 0 to 1; `undefined` before the first poll, when no distribution is known. */
export function shareDone({ status }: WaitProgress, nowMs: number): number | undefined {
  const { submittedAt, pending } = status;
  if (submittedAt === undefined || pending?.model === undefined) return undefined;
  return expectedFinish({ model: pending.model, ageMs: Math.max(0, nowMs - Date.parse(submittedAt)) }).shareDone;
}

/** As people read it, 99 % at the most: this job is not over. */
export const percentOf = (share: number): number => Math.min(99, Math.floor(100 * share));

function nextPoll({ pending }: WaitProgress['status'], nowMs: number): string {
  if (pending === undefined) return '';
  if (pending.isRunning) return 'polling now';
  const ms = pending.dueAt === undefined ? undefined : Date.parse(pending.dueAt) - nowMs;
  return ms === undefined || ms < 0 ? '' : `next poll in ${lengthOf(ms)}`;
}

/** What comes next, the last reply, images, sub-tasks, polls: the first of them fits beside a bar on a narrow terminal. */
export function progressText(progress: WaitProgress, nowMs: number): string {
  const { status, images, expectedImages } = progress;
  const { subTasks, polls } = status;
  const finished = subTasks.filter((one) => one.status === 'finished').length;
  // Images may be told before the poll that saw them is: the rest is then of an earlier time, and contradicts them.
  const isBehind = images > 0 && polls === 0;
  const parts = [
    expectedImages === undefined ? counted(images, 'image') : `images ${images}/${Math.max(images, expectedImages)}`,
    subTasks.length === 0 ? '' : `sub-tasks ${finished}/${subTasks.length}`,
  ];
  const told = isBehind ? [] : [nextPoll(status, nowMs), replyText(status)];
  return [...told, ...parts, isBehind ? '' : queries(polls)].filter((text) => text !== '').join(', ');
}

function replyText({ vendorStatus, error, polls }: WaitProgress['status']): string {
  if (error === undefined) return plain(vendorStatus ?? (polls === 0 ? 'not asked yet' : ''));
  return error.code === 'NotFound' ? 'not known to the vendor' : plain(`${error.layer} ${error.code}`);
}

/** {@link progressText} and the share, as one line. */
export function progressLine(progress: WaitProgress, nowMs: number): string {
  const { images, status } = progress;
  const share = images > 0 && status.polls === 0 ? undefined : shareDone(progress, nowMs);
  const over = share === undefined ? '' : `, ${percentOf(share)} % of jobs like this are over by now`;
  return `${progressText(progress, nowMs)}${over}`;
}
