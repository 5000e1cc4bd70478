/** The `data` of a query's reply: a task in the vendor's nested shape, or as a script bends it. Pure. */
import { clothesUrlOf, type ImageStore, imageUrlOf } from './images.js';
import type { TaskView } from './step.js';
import { imageIdOf, type Reading, type StatusWord, type TaskModel } from './tasks.js';

interface Item {
  imageUrl: string;
  clothes: string;
}

/** Of which moment and store the addresses are. */
export interface Scene {
  readonly store: ImageStore;
  readonly nowMs: number;
  /** Queries of this task so far, this one included. */
  readonly poll: number;
}

function bentUrl(url: string, view: TaskView, name: string, baseUrl: string): string {
  switch (view.urls) {
    case 'cut-escape': // the published sample's addresses end so, too
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

function itemsOf(task: TaskModel, index: number, view: TaskView, scene: Scene): Item[] {
  const model = task.subTasks[index];
  if (model === undefined) return [];
  const { store, nowMs, poll } = scene;
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
  const items = Array.from({ length: count }, (_, image): Item => {
    const id = imageIdOf(store.seed, task.taskId, index, image);
    return { imageUrl: bentUrl(imageUrlOf(store, id, madeAtMs, signedAtMs), view, id, store.baseUrl), clothes };
  });
  if (view.images === 'fewer') return items.slice(0, -1);
  if (view.images === 'repeated') return items.flatMap((item) => [item, item]);
  if (view.images === 'reordered') return items.reverse();
  return view.images === 'none' ? [] : items;
}

/** The repair API's inner result: JSON text. Its scalars are real. */
function structText(items: readonly Item[], taskId: string): string {
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

function subTaskOf(word: StatusWord, items: readonly Item[], view: TaskView, taskId: string): Record<string, unknown> {
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

function toldIdOf(taskId: string, view: TaskView): { taskId?: string | number } {
  if (view.taskId === 'absent') return {};
  if (view.taskId === 'other') return { taskId: otherIdOf(taskId) };
  // Only a number that JSON can carry whole is still the same id.
  const asNumber = view.taskId === 'number' && /^\d{1,15}$/.test(taskId);
  return { taskId: asNumber ? Number(taskId) : taskId };
}

/** `data`, in the key order of the query page's sample. */
export function taskData(task: TaskModel, reading: Reading, view: TaskView, scene: Scene): unknown {
  if (view.data === 'null') return null;
  if (view.data === 'absent') return undefined;
  const told = view.taskResult ?? (reading.status === 'submitted' ? 'absent' : 'list');
  const list = (): unknown[] =>
    reading.subTasks.flatMap((word, index): unknown[] => {
      const items = word === 'finished' ? itemsOf(task, index, view, scene) : [];
      if (view.shape === 'url') return items.map(({ imageUrl }) => ({ url: imageUrl, width: '96', height: '128' }));
      const subTask = subTaskOf(word, items, view, task.taskId);
      return [subTask];
    });
  const listed = view.images === 'reordered' ? list().reverse() : told === 'list' ? list() : [];
  const data = {
    ...(told === 'absent' ? {} : { taskResult: told === 'null' ? null : listed }),
    ...(view.noStatus ? {} : { taskStatus: view.statusWord === undefined ? reading.status : view.statusWord }),
    ...toldIdOf(task.taskId, view),
  };
  return view.shape === 'data-text' ? JSON.stringify(data) : data;
}
