/** How far a wait is, for the bar of `wait` and for lines. Pure. */
import type { TryOnWaitStatus } from '../client/status.js';
import { expectedFinish } from '../core/duration.js';
import { plain } from './output.js';
import { counted, lengthOf, queries } from './show.js';

/** What is known of a wait that goes on. */
export interface WaitProgress {
  readonly status: Pick<TryOnWaitStatus, 'polls' | 'submittedAt' | 'subTasks' | 'vendorStatus' | 'pending' | 'error'>;
  /** Images told so far, and how many are expected, where that was said. */
  readonly images: number;
  readonly expectedImages?: number | undefined;
}

/** Share of jobs like this that are over by now, 0 to 1; `undefined` before the first look, when no law is known. */
export function shareDone({ status }: WaitProgress, nowMs: number): number | undefined {
  const { submittedAt, pending } = status;
  if (submittedAt === undefined || pending?.model === undefined) return undefined;
  return expectedFinish({ model: pending.model, ageMs: Math.max(0, nowMs - Date.parse(submittedAt)) }).shareDone;
}

/** As people read it, 99 % at the most: this job is not over. */
export const percentOf = (share: number): number => Math.min(99, Math.floor(100 * share));

function nextLook({ pending }: WaitProgress['status'], nowMs: number): string {
  if (pending === undefined) return '';
  if (pending.isRunning) return 'looking now';
  const ms = pending.dueAt === undefined ? undefined : Date.parse(pending.dueAt) - nowMs;
  return ms === undefined || ms < 0 ? '' : `next look in ${lengthOf(ms)}`;
}

/** Images, sub-tasks, the vendor's word, looks. */
export function progressText(progress: WaitProgress, nowMs: number): string {
  const { status, images, expectedImages } = progress;
  const { subTasks, vendorStatus, error, polls } = status;
  const finished = subTasks.filter((one) => one.status === 'finished').length;
  return [
    expectedImages === undefined ? counted(images, 'image') : `images ${images}/${Math.max(images, expectedImages)}`,
    subTasks.length === 0 ? '' : `sub-tasks ${finished}/${subTasks.length}`,
    error === undefined ? plain(vendorStatus ?? 'not asked yet') : plain(`${error.layer} ${error.code}`),
    queries(polls),
    nextLook(status, nowMs),
  ]
    .filter((text) => text !== '')
    .join(', ');
}

/** {@link progressText} and the share, as one line. */
export function progressLine(progress: WaitProgress, nowMs: number): string {
  const share = shareDone(progress, nowMs);
  const over = share === undefined ? '' : `, ${percentOf(share)} % of jobs like this are over by now`;
  return `${progressText(progress, nowMs)}${over}`;
}
