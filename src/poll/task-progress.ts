/** What a reply tells of a task: its sub-tasks, its images, and whether it is over. Pure. */
import type { SubTask, TryOnError, TryOnImage } from '../contract.js';
import { jsonBytes } from '../json-size.js';
import type { PollEnd, Recheck } from './poll-state.js';
import type { SubTaskReply } from './reply.js';

/** A sub-task without its images. */
export const subTaskOf = (reply: SubTaskReply): SubTask => ({
  index: reply.index,
  status: reply.status,
  imageCount: reply.images.length,
  ...(reply.vendorStatus === undefined ? {} : { vendorStatus: reply.vendorStatus }),
});

const progress = { unknown: 0, submitted: 1, running: 2, failed: 3, finished: 4 } as const;

/** Progress never goes backwards for observers: a sub-task keeps the furthest that was told of it, and does not vanish. */
export function mergeSubTasks(before: readonly SubTask[], told: readonly SubTask[]): readonly SubTask[] {
  const merged = new Map(before.map((subTask) => [subTask.index, subTask]));
  for (const now of told) {
    const was = merged.get(now.index);
    const further = was !== undefined && progress[was.status] > progress[now.status] ? was : now;
    const imageCount = Math.max(was?.imageCount ?? 0, now.imageCount);
    merged.set(now.index, imageCount === further.imageCount ? further : { ...further, imageCount });
  }
  return [...merged.values()].sort((one, other) => one.index - other.index);
}

/** Without the images that no event could carry. */
export function withinEvents(subTask: SubTaskReply, maxBytes: number): SubTaskReply {
  const images = subTask.images.filter((image) => jsonBytes(image) <= maxBytes);
  return images.length === subTask.images.length ? subTask : { ...subTask, images };
}

/** Images by id, first come first. */
export function uniqueImages(subTasks: readonly SubTaskReply[], finishedOnly: boolean): TryOnImage[] {
  const images = new Map<string, TryOnImage>();
  for (const subTask of subTasks) {
    if (finishedOnly && subTask.status !== 'finished') continue;
    for (const image of subTask.images) if (!images.has(image.id)) images.set(image.id, image);
  }
  return [...images.values()];
}

/** How a task that the vendor calls over ended, or why that is not believed yet. `subTasks`: with all that was told of them before. */
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
