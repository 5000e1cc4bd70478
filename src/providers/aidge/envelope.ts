/**
 * Parses a reply of any Aidge API. Lenient, since the vendor's pages disagree on spelling, types and nesting. Never throws. Follows
 * known fields only, to a bounded depth. Safe in the workflow sandbox.
 */
import type { SubTaskStatus } from '../../contract.js';
import { defined } from '../../defined.js';
import type { Answer, HttpFacts, ImageIds, PollImage, SubTaskReply, TaskReply } from '../../poll/reply.js';
import {
  booleanOf,
  type Fields,
  type FoundImage,
  fieldsOf,
  fieldsOfNode,
  firstOf,
  imageCollector,
  isUrlText,
  maxItems,
  statusOfWord,
  textIn,
  textLimits,
  textOf,
  unwrapped,
} from '../json-fields.js';

/** Options of {@link parseEnvelope}. */
export interface EnvelopeOptions {
  readonly imageIds: (imageUrl: string) => ImageIds;
  /** Our status for each of the vendor's words, in lower case. */
  readonly statusWords: Readonly<Record<string, SubTaskStatus>>;
  /** Further names of the status and the result of a task, in lower case. Default: none. */
  readonly names?: { readonly status: readonly string[]; readonly result: readonly string[] };
  /** Names of fields of a result, in lower case, that lead to no image. Default: only fields that are known to lead to one are followed. */
  readonly unfollowed?: RegExp;
}

const maxDepth = 10;

const statusNames = ['taskstatus', 'task_status'];
const resultNames = ['taskresult', 'task_result'];
const idNames = ['taskid', 'task_id'];

const statusOf = (
  fields: Fields | undefined,
  { statusWords: words, names }: EnvelopeOptions,
): { status: SubTaskStatus; word?: string } => {
  const value = fields && firstOf(fields, [...statusNames, ...(names?.status ?? [])]);
  const word = typeof value === 'boolean' ? String(value) : textOf(value, textLimits.word);
  return defined({ status: statusOfWord(word, words), word });
};

/** Fields that lead to images, also in the shapes of sibling APIs: `structData.data[]` of URLs, items with `url`. */
const imageFields = ['imagelist', 'imageurllist', 'result', 'structdata', 'data', ...resultNames];

/** The images of an unwrapped value. Each JSON text is unwrapped once: one that is not JSON is the dearest input of this parser. */
function* imagesIn(node: unknown, unfollowed?: RegExp, depth = 0): Generator<FoundImage> {
  if (depth > maxDepth) return;
  if (isUrlText(node)) {
    yield { imageUrl: node };
  } else if (Array.isArray(node)) {
    for (const item of node) yield* imagesIn(unwrapped(item), unfollowed, depth + 1);
  } else {
    const fields = fieldsOfNode(node);
    if (!fields) return;
    const imageUrl = firstOf(fields, ['imageurl', 'image_url', 'url']);
    const clothes = firstOf(fields, ['clothes', 'clothimageurl']);
    const hasUrl = typeof imageUrl === 'string' && imageUrl.trim() !== '';
    if (hasUrl) {
      yield defined({ imageUrl, clothes: typeof clothes === 'string' && clothes !== '' ? clothes : undefined });
    }
    const followed = unfollowed ? [...fields.keys()].filter((name) => !unfollowed.test(name)) : imageFields;
    for (const name of followed) {
      const inner = fields.get(name);
      if (inner === undefined || inner === null) continue;
      // Beside the image's own address, another one is not of an image of the result.
      if (unfollowed && hasUrl && isUrlText(inner)) continue;
      yield* imagesIn(unwrapped(inner), unfollowed, depth + 1);
    }
  }
}

/** A field that should be a list: a list, its JSON text, or a single object. */
const listOf = (value: unknown): readonly unknown[] => {
  const node = unwrapped(value);
  if (Array.isArray(node)) return node;
  return typeof node === 'object' && node !== null ? [node] : [];
};

const readTask = (data: Fields, options: EnvelopeOptions): TaskReply => {
  const { imageIds, unfollowed } = options;
  const { status, word } = statusOf(data, options);
  const taskId = textIn(data, idNames);
  const message = textIn(data, ['taskmessage', 'task_message', 'message'], textLimits.message);
  const collect = imageCollector(imageIds);
  const imagesOf = (node: unknown, subTask: number): PollImage[] => collect(imagesIn(node, unfollowed), subTask);
  const subTaskOf = (item: unknown, index: number): SubTaskReply => {
    const node = unwrapped(item);
    const own = statusOf(fieldsOfNode(node), options);
    const images = imagesOf(node, index);
    // An item without a status: some sibling APIs list bare images here. They are finished with the task.
    if (own.word === undefined) {
      return { index, status: status === 'finished' && images.length > 0 ? 'finished' : 'unknown', images };
    }
    return defined({ index, status: own.status, vendorStatus: own.word === own.status ? undefined : own.word, images });
  };
  const list = listOf(firstOf(data, [...resultNames, ...(options.names?.result ?? [])]));
  const subTasks = list.slice(0, maxItems).map(subTaskOf);
  if (list.length === 0) {
    const images = imagesOf(Object.fromEntries([...data].filter(([name]) => imageFields.includes(name))), 0);
    if (images.length > 0) subTasks.push({ index: 0, status, images });
  }
  return defined({ taskId, status, vendorStatus: word, message, subTasks });
};

/** The fields of the task: in `data`, in `data.result` (submit calls), or at the top. */
const taskFields = (top: Fields, { names }: EnvelopeOptions): Fields | undefined => {
  const taskNames = [...statusNames, ...resultNames, ...idNames];
  const hasTask = (fields: Fields | undefined, further: readonly string[] = []) =>
    fields !== undefined && [...taskNames, ...further].some((name) => fields.has(name));
  const data = fieldsOf(top.get('data'));
  if (hasTask(data, names?.status)) return data;
  const result = fieldsOf(data?.get('result') ?? top.get('result'));
  if (hasTask(result)) return result;
  return data ?? (hasTask(top) ? top : undefined);
};

/**
 * Turns the JSON value of a body into an answer.
 * @returns `undefined` if the value is not an object
 * @see https://docs.aidc-ai.com/aidge-resource/ the query pages of virtual try-on, virtual model and hands and feet repair
 */
export const parseEnvelope = (body: unknown, options: EnvelopeOptions): Omit<Answer, keyof HttpFacts> | undefined => {
  const top = fieldsOf(body);
  if (!top) return undefined;
  const gateway = fieldsOf(top.get('error_response')) ?? top;
  const gatewayCode = textIn(gateway, ['code']);
  const gatewaySubCode = textIn(gateway, ['sub_code', 'subcode']);
  const message = textIn(gateway, ['message', 'msg'], textLimits.message);
  const subMessage = textIn(gateway, ['sub_msg', 'submsg'], textLimits.message);
  const gatewayMessage = message && subMessage ? `${message}: ${subMessage}` : (message ?? subMessage);
  const success = booleanOf(top.get('success'));
  const serviceCode = textIn(top, ['rescode', 'res_code']);
  const serviceMessage = textIn(top, ['resmessage', 'res_message'], textLimits.message);
  const requestIdNames = ['requestid', 'request_id', '_trace_id_'];
  const requestId = textIn(top, requestIdNames) ?? textIn(gateway, requestIdNames);
  const data = taskFields(top, options);
  return defined({
    kind: 'answer' as const,
    gatewayCode,
    gatewaySubCode,
    gatewayMessage,
    success,
    serviceCode,
    serviceMessage,
    requestId,
    task: data && readTask(data, options),
  });
};
