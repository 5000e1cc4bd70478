/** What a reply shows of a task: its sub-tasks, its images, and whether it is over. Pure. */

import type { SubTask, TryOnError } from '../contract.js';
import { defined } from '../defined.js';
import { jsonBytes } from '../json-size.js';
import type { PollEnd, Recheck } from './poll-state.js';
import { keyOfImage, type PollImage, type SubTaskReply } from './reply.js';

/** A sub-task without its images. */
export const subTaskOf = (reply: SubTaskReply): SubTask => ({
  index: reply.index,
  status: reply.status,
  imageCount: reply.images.length,
  ...defined({ vendorStatus: reply.vendorStatus }),
});

const progress = { unknown: 0, submitted: 1, running: 2, failed: 3, finished: 4 } as const;

/** Progress never goes backwards for observers: a sub-task keeps the furthest status that was seen, and does not vanish. */
export function mergeSubTasks(known: readonly SubTask[], received: readonly SubTask[]): readonly SubTask[] {
  const merged = new Map(known.map((subTask) => [subTask.index, subTask]));
  for (const now of received) {
    const before = merged.get(now.index);
    const further = before !== undefined && progress[before.status] > progress[now.status] ? before : now;
    const imageCount = Math.max(before?.imageCount ?? 0, now.imageCount);
    merged.set(now.index, imageCount === further.imageCount ? further : { ...further, imageCount });
  }
  return [...merged.values()].sort((one, other) => one.index - other.index);
}

/** Without the images that no event could carry. */
export function withinEvents(subTask: SubTaskReply, maxBytes: number): SubTaskReply {
  const images = subTask.images.filter((image) => jsonBytes(image) <= maxBytes);
  return images.length === subTask.images.length ? subTask : { ...subTask, images };
}

/** Sub-tasks whose images count before the task is over. One with a status that nobody knows may be done. */
const mayBeDone = ({ status }: SubTaskReply): boolean => status === 'finished' || status === 'unknown';

/**
 * Images by what tells them apart; of two that nothing tells apart, the first.
 * @param isOver - whether the images of all sub-tasks count, as at the end
 */
export function uniqueImages(subTasks: readonly SubTaskReply[], isOver: boolean): PollImage[] {
  const images = new Map<string, PollImage>();
  for (const subTask of subTasks) {
    if (!isOver && !mayBeDone(subTask)) continue;
    for (const image of subTask.images) {
      const key = keyOfImage(image);
      if (!images.has(key)) images.set(key, image);
    }
  }
  return withOwnIds([...images.values()]);
}

/** Gives images that share an id their key as id. */
function withOwnIds(images: readonly PollImage[]): PollImage[] {
  const sharing = new Map<string, number>();
  for (const { id } of images) sharing.set(id, (sharing.get(id) ?? 0) + 1);
  return images.map(({ key, ...image }) => {
    if (key === undefined) return image;
    return (sharing.get(image.id) ?? 0) > 1 ? { ...image, id: key } : { ...image, key };
  });
}

/**
 * How a task ended that the vendor calls over, or why it is rechecked first.
 * @param subTasks - merged with what earlier replies showed
 */
export function endOf(
  status: 'finished' | 'failed',
  error: TryOnError | undefined,
  subTasks: readonly SubTask[],
): PollEnd | { readonly recheck: Recheck['why']; readonly else: PollEnd } {
  const withImages = subTasks.filter((subTask) => subTask.imageCount > 0).length;
  const failure = error ?? { layer: 'task', code: 'failed', message: 'the vendor says that the task failed' };
  if (status === 'failed') {
    return withImages === 0
      ? { recheck: 'failed', else: { status: 'failed', error: failure } }
      : { status: 'partial', error: failure };
  }
  if (withImages === 0) {
    if (subTasks.length > 0 && subTasks.every((subTask) => subTask.status === 'failed')) {
      return { status: 'failed', error: { ...failure, message: error?.message ?? 'every sub-task failed' } };
    }
    const empty: TryOnError = {
      layer: 'task',
      code: 'EmptyResult',
      message: 'the vendor says that the task finished, but gives no image; ask the vendor with the task id',
    };
    return { recheck: 'empty', else: { status: 'failed', error: empty } };
  }
  const over: PollEnd = { status: withImages < subTasks.length ? 'partial' : 'finished' };
  const isSettled = subTasks.every(
    (subTask) => subTask.status === 'finished' || subTask.status === 'failed' || subTask.imageCount > 0,
  );
  return isSettled ? over : { recheck: 'unsettled', else: over };
}
