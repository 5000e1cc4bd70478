/** The `data` field of a query's reply: a task in the vendor's nested shape, or as a script changes it. Pure. */
import { defined } from '../defined.js';
import { clothesUrlOf, type ImageStore, imageUrlOf } from './images.js';
import { imageSize } from './png.js';
import type { TaskView } from './step.js';
import { imageIdOf, type StatusWord, type TaskModel, type TaskSnapshot } from './tasks.js';

interface ImageItem {
  imageUrl: string;
  clothes: string;
}

/** Where and when image URLs are made. */
export interface UrlContext {
  readonly store: ImageStore;
  readonly nowMs: number;
  /** Number of this query of the task, from 1. */
  readonly poll: number;
}

function changedUrl(url: string, view: TaskView, name: string, baseUrl: string): string {
  switch (view.urls) {
    case 'cut-escape': // as in the published sample
      return url.replace(/%3D$/, '%3');
    case 'odd-escapes':
      return `${url.replaceAll('%2F', '%2f')}&x-oss-process=image/resize,w_1%20e%cc&name=é%E8%AF%95+%`;
    case 'loopback':
      return `http://127.0.0.1:${new URL(baseUrl).port}/images/inside/${name}.png`;
    case 'metadata':
      return `http://169.254.169.254/latest/meta-data/${name}.png`;
    case 'file':
      return `file:///etc/${name}.png`;
    default:
      return url;
  }
}

function itemsOf(task: TaskModel, index: number, view: TaskView, context: UrlContext): ImageItem[] {
  const model = task.subTasks[index];
  if (model === undefined) return [];
  const { store, nowMs, poll } = context;
  const count = view.imagesPerSubTask ?? model.imageCount;
  const madeAtMs = model.finishedAtMs;
  const signedAtMs =
    view.urls === 're-signed'
      ? nowMs + poll * 1000
      : view.urls === 'expired'
        ? nowMs - (store.ttlSeconds + 60) * 1000
        : madeAtMs;
  const clothes =
    model.clothes ?? clothesUrlOf(store, imageIdOf(store.seed, task.taskId, index, 'clothes'), task.submittedAtMs);
  const items = Array.from({ length: count }, (_, image): ImageItem => {
    const id = imageIdOf(store.seed, task.taskId, index, image);
    return {
      imageUrl: changedUrl(imageUrlOf(store, id, madeAtMs, signedAtMs, view.download), view, id, store.baseUrl),
      clothes,
    };
  });
  if (view.images === 'fewer') return items.slice(0, -1);
  if (view.images === 'repeated') return items.flatMap((item) => [item, item]);
  if (view.images === 'reordered') return items.reverse();
  return view.images === 'none' ? [] : items;
}

/** The image URLs of a finished sub-task as a step shows them. */
export const imageUrlsOf = (task: TaskModel, index: number, view: TaskView, context: UrlContext): string[] =>
  itemsOf(task, index, view, context).map(({ imageUrl }) => imageUrl);

/** The repair API's inner result: JSON text, with booleans and numbers. */
function structText(items: readonly ImageItem[], taskId: string): string {
  return JSON.stringify({
    data: {
      structData: { data: items.map(({ imageUrl }) => imageUrl), code: 0, message: 'success' },
      success: true,
      message: [],
      usageMap: {},
    },
    requestId: taskId.replaceAll('-', ''),
  });
}

function subTaskOf(
  word: StatusWord,
  items: readonly ImageItem[],
  view: TaskView,
  taskId: string,
): Record<string, unknown> {
  const taskStatus = view.subStatusWord ?? word;
  if (word !== 'finished' || view.images === 'no-result') return { taskStatus };
  if (view.shape === 'struct-data') {
    const extras = { usage: 0, requestBizId: taskId, usageMap: '{}' };
    return { taskResult: structText(items, taskId), taskStatus, ...extras };
  }
  const result = { result: { imageList: items } };
  return { taskResult: view.shape === 'json-text' ? JSON.stringify(result) : result, taskStatus };
}

function otherIdOf(taskId: string): string {
  return taskId.replace(/[0-9a-f]/g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16));
}

/** The task's id as a step shows it. */
export function shownTaskId(taskId: string, view: TaskView): string | number | undefined {
  if (view.taskId === 'absent') return undefined;
  if (view.taskId === 'other') return otherIdOf(taskId);
  // JSON keeps all digits of a number up to this length.
  const asNumber = view.taskId === 'number' && /^\d{1,15}$/.test(taskId);
  return asNumber ? Number(taskId) : taskId;
}

/** `data`, in the key order of the query page's sample. */
export function taskData(task: TaskModel, snapshot: TaskSnapshot, view: TaskView, context: UrlContext): unknown {
  if (view.data === 'null') return null;
  if (view.data === 'absent') return undefined;
  const taskResult = view.taskResult ?? (snapshot.status === 'submitted' ? 'absent' : 'list');
  const list = (): unknown[] =>
    snapshot.subTasks.flatMap((word, index): unknown[] => {
      const items = word === 'finished' ? itemsOf(task, index, view, context) : [];
      if (view.shape === 'url')
        return items.map(({ imageUrl }) => ({
          url: imageUrl,
          width: String(imageSize.width),
          height: String(imageSize.height),
        }));
      return [subTaskOf(word, items, view, task.taskId)];
    });
  const listed = view.images === 'reordered' ? list().reverse() : taskResult === 'list' ? list() : [];
  const results = { absent: undefined, null: null, empty: listed, list: listed };
  const status = view.statusWord === undefined ? snapshot.status : view.statusWord;
  const data = defined({
    taskResult: results[taskResult],
    taskStatus: view.noStatus ? undefined : status,
    taskId: shownTaskId(task.taskId, view),
  });
  return view.shape === 'data-text' ? JSON.stringify(data) : data;
}
