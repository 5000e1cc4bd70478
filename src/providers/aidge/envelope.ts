/**
 * Reads a reply of the Aidge family, leniently: the vendor's pages disagree with each other on spelling, type and nesting. Never
 * throws; walks known steps only, to a bounded depth. Safe in the workflow sandbox.
 */
import type { SubTaskStatus, TryOnImage } from '../../contract.js';
import type { Answer, HttpFacts, SubTaskReply, TaskReply } from '../../poll/reply.js';

/** What the reader of a reply needs beside it. */
export interface EnvelopeOptions {
  readonly imageId: (imageUrl: string) => string;
  /** Vendor words, lower case, to ours. */
  readonly statusWords: Readonly<Record<string, SubTaskStatus>>;
}

/** Longest texts that are kept, in characters. */
const textLimits = { word: 200, message: 2_000 } as const;
/** Below 4 MiB no more sub-tasks than this can have an image each. */
const maxSubTasks = 50_000;
const maxDepth = 10;

// Beyond 2^53 JSON.parse would change the digits of an id.
const longId = /("task_?id"\s*:\s*)(\d{16,})(?=\s*[,}\]])/gi;

/** JSON text to its value, with ids of many digits kept as text. Throws `SyntaxError`. */
export const parseJson = (text: string): unknown => JSON.parse(text.replace(longId, '$1"$2"'));

/** The vendor gives some objects as JSON text, now and then twice over. */
const unwrapped = (value: unknown): unknown => {
  let inner = value;
  for (let round = 0; round < 3 && typeof inner === 'string' && /^\s*["[{]/.test(inner); round += 1) {
    try {
      inner = parseJson(inner);
    } catch {
      return inner;
    }
  }
  return inner;
};

type Fields = ReadonlyMap<string, unknown>;

/** An object's fields by lower-case name: of two spellings the first that has a value counts. A map, so no name is special. */
const fieldsOf = (value: unknown): Fields | undefined => {
  const object = unwrapped(value);
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  const fields = new Map<string, unknown>();
  for (const [name, inner] of Object.entries(object)) {
    const key = name.toLowerCase();
    if (fields.get(key) === undefined || fields.get(key) === null) fields.set(key, inner);
  }
  return fields;
};

const textOf = (value: unknown, limit: number): string | undefined => {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' ? undefined : text.slice(0, limit);
};

/** The first of the named fields that has text. */
const textIn = (fields: Fields | undefined, names: readonly string[], limit: number = textLimits.word) => {
  for (const name of names) {
    const text = textOf(fields?.get(name), limit);
    if (text !== undefined) return text;
  }
  return undefined;
};

const booleanOf = (value: unknown): boolean | undefined => {
  if (typeof value === 'boolean') return value;
  const text = textOf(value, textLimits.word)?.toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  return undefined;
};

const statusNames = ['taskstatus', 'task_status'];
const resultNames = ['taskresult', 'task_result'];
const idNames = ['taskid', 'task_id'];

const firstOf = (fields: Fields, names: readonly string[]): unknown => {
  for (const name of names) {
    const value = fields.get(name);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
};

const statusOf = (
  fields: Fields | undefined,
  words: EnvelopeOptions['statusWords'],
): { status: SubTaskStatus; word?: string } => {
  const value = fields && firstOf(fields, statusNames);
  const word = typeof value === 'boolean' ? String(value) : textOf(value, textLimits.word);
  if (word === undefined) return { status: 'unknown' };
  const key = word.toLowerCase();
  return { status: Object.hasOwn(words, key) ? (words[key] ?? 'unknown') : 'unknown', word };
};

interface FoundImage {
  readonly imageUrl: string;
  readonly clothes?: string;
}

const isUrlText = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(value);

/** Steps on the way to images, in the siblings' shapes too: `structData.data[]` of URLs, items with `url`. */
const imageSteps = ['imagelist', 'imageurllist', 'result', 'structdata', 'data', ...resultNames];

function* imagesIn(value: unknown, depth = 0): Generator<FoundImage> {
  if (depth > maxDepth) return;
  const node = unwrapped(value);
  if (isUrlText(node)) {
    yield { imageUrl: node };
  } else if (Array.isArray(node)) {
    for (const item of node) yield* imagesIn(item, depth + 1);
  } else {
    const fields = fieldsOf(node);
    if (!fields) return;
    const imageUrl = firstOf(fields, ['imageurl', 'image_url', 'url']);
    const clothes = fields.get('clothes');
    if (typeof imageUrl === 'string' && imageUrl.trim() !== '') {
      yield { imageUrl, ...(typeof clothes === 'string' && clothes !== '' ? { clothes } : {}) };
    }
    for (const step of imageSteps) {
      const inner = fields.get(step);
      if (inner !== undefined && inner !== null) yield* imagesIn(inner, depth + 1);
    }
  }
}

/** A step that should be a list: a list, its JSON text, or one object standing alone. */
const listOf = (value: unknown): readonly unknown[] => {
  const node = unwrapped(value);
  if (Array.isArray(node)) return node;
  return typeof node === 'object' && node !== null ? [node] : [];
};

const readTask = (data: Fields, { imageId, statusWords }: EnvelopeOptions): TaskReply => {
  const { status, word } = statusOf(data, statusWords);
  const taskId = textIn(data, idNames);
  const message = textIn(data, ['taskmessage', 'task_message', 'message'], textLimits.message);
  // Once per sub-task: over the reply the core counts the first, and a sub-task that repeats another's image still has it.
  const imagesOf = (value: unknown, subTask: number): TryOnImage[] => {
    const images: TryOnImage[] = [];
    const seen = new Set<string>();
    for (const found of imagesIn(value)) {
      const id = imageId(found.imageUrl);
      if (seen.has(id)) continue;
      seen.add(id);
      images.push({ id, ...found, subTask });
    }
    return images;
  };
  const subTaskOf = (item: unknown, index: number): SubTaskReply => {
    const own = statusOf(fieldsOf(item), statusWords);
    const images = imagesOf(item, index);
    // An item without a word of its own: some siblings list bare images there, which the task's own end covers.
    if (own.word === undefined) {
      return { index, status: status === 'finished' && images.length > 0 ? 'finished' : 'unknown', images };
    }
    return { index, status: own.status, ...(own.word === own.status ? {} : { vendorStatus: own.word }), images };
  };
  const list = listOf(firstOf(data, resultNames));
  const subTasks = list.slice(0, maxSubTasks).map(subTaskOf);
  if (list.length === 0) {
    const images = imagesOf(Object.fromEntries([...data].filter(([name]) => imageSteps.includes(name))), 0);
    if (images.length > 0) subTasks.push({ index: 0, status, images });
  }
  return {
    ...(taskId === undefined ? {} : { taskId }),
    status,
    ...(word === undefined ? {} : { vendorStatus: word }),
    ...(message === undefined ? {} : { message }),
    subTasks,
  };
};

/** Where the task is told: `data`, else `data.result` (submit calls), else the top itself. */
const taskFields = (top: Fields): Fields | undefined => {
  const known = [...statusNames, ...resultNames, ...idNames];
  const tells = (fields: Fields | undefined) => fields !== undefined && known.some((name) => fields.has(name));
  const data = fieldsOf(top.get('data'));
  const result = fieldsOf(data?.get('result') ?? top.get('result'));
  if (tells(data)) return data;
  if (tells(result)) return result;
  return data ?? (tells(top) ? top : undefined);
};

/**
 * A body's JSON value to an answer; `undefined` where the value is no object.
 * @see https://docs.aidc-ai.com/aidge-resource/ the query pages of virtual try-on, virtual model and hands and feet repair
 */
export const parseEnvelope = (body: unknown, options: EnvelopeOptions): Omit<Answer, keyof HttpFacts> | undefined => {
  const top = fieldsOf(body);
  if (!top) return undefined;
  const gateway = fieldsOf(top.get('error_response')) ?? top;
  const gatewayCode = textIn(gateway, ['code']);
  const gatewaySubCode = textIn(gateway, ['sub_code', 'subcode']);
  const said = textIn(gateway, ['message', 'msg'], textLimits.message);
  const saidMore = textIn(gateway, ['sub_msg', 'submsg'], textLimits.message);
  const gatewayMessage = said !== undefined && saidMore !== undefined ? `${said}: ${saidMore}` : (said ?? saidMore);
  const success = booleanOf(top.get('success'));
  const serviceCode = textIn(top, ['rescode', 'res_code']);
  const serviceMessage = textIn(top, ['resmessage', 'res_message'], textLimits.message);
  const idsOfReply = ['requestid', 'request_id', '_trace_id_'];
  const requestId = textIn(top, idsOfReply) ?? textIn(gateway, idsOfReply);
  const data = taskFields(top);
  return {
    kind: 'answer',
    ...(gatewayCode === undefined ? {} : { gatewayCode }),
    ...(gatewaySubCode === undefined ? {} : { gatewaySubCode }),
    ...(gatewayMessage === undefined ? {} : { gatewayMessage }),
    ...(success === undefined ? {} : { success }),
    ...(serviceCode === undefined ? {} : { serviceCode }),
    ...(serviceMessage === undefined ? {} : { serviceMessage }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(data === undefined ? {} : { task: readTask(data, options) }),
  };
};
