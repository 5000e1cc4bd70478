/** Turns the result of an exchange into a `Reply` without secrets. */
import { defined } from '../defined.js';
import type { Answer, Fault, Reply, TaskReply, VendorApi } from '../poll/reply.js';
import type { ExchangeResult } from './exchange.js';
import { imageIds } from './image-id.js';
import { parseJson } from './json-fields.js';
import { excerptOf, type Redact } from './redact.js';

/** Longest code, in characters. A longer text is not a code, and may have anything in it. */
const maxCodeLength = 64;
/** An excerpt is taken from the first characters of a body: this many are redacted. */
const maxRedactedLength = 16 * 1024;

const parsed = (text: string, api: VendorApi): ReturnType<VendorApi['parse']> => {
  try {
    return api.parse(parseJson(text), imageIds);
  } catch {
    return undefined;
  }
};

const hasContent = (answer: Pick<Answer, 'gatewayCode' | 'serviceCode' | 'success' | 'task'>): boolean =>
  [answer.gatewayCode, answer.serviceCode, answer.success, answer.task].some((field) => field !== undefined);

const redactTask = (task: TaskReply, redact: Redact): TaskReply => ({
  ...task,
  ...defined({
    vendorStatus: task.vendorStatus && redact(task.vendorStatus),
    code: task.code && redact(task.code).slice(0, maxCodeLength),
    message: task.message && redact(task.message),
  }),
  subTasks: task.subTasks.map((subTask) => ({
    ...subTask,
    ...defined({ vendorStatus: subTask.vendorStatus && redact(subTask.vendorStatus) }),
    images: subTask.images.map((image) =>
      image.clothes === undefined ? image : { ...image, clothes: redact.values(image.clothes) },
    ),
  })),
});

/**
 * Redacts every text that ends in an error or a status. Task ids and image URLs stay as they are. The URL of the clothes, which the request
 * named, keeps its query, but loses our key, secret and signature.
 */
const redactAnswer = (answer: Omit<Answer, 'excerpt'>, redact: Redact): Answer => {
  const text = (value: string | undefined) => value && redact(value);
  // A signature is as long as the longest code, so codes are redacted too.
  const code = (value: string | undefined) => text(value)?.slice(0, maxCodeLength);
  return defined({
    ...answer,
    gatewayCode: code(answer.gatewayCode),
    gatewaySubCode: code(answer.gatewaySubCode),
    gatewayMessage: text(answer.gatewayMessage),
    serviceCode: code(answer.serviceCode),
    serviceMessage: text(answer.serviceMessage),
    requestId: text(answer.requestId),
    task: answer.task && redactTask(answer.task, redact),
  });
};

/**
 * Reads an exchange's body by its content, whatever its content type.
 * @param redact - removes keys, signatures and signed URLs from a text
 */
export const readReply = (result: ExchangeResult, api: VendorApi, redact: Redact): Reply => {
  if (result.kind === 'fault') return result.fault;
  const { facts, text } = result;
  const isOk = facts.httpStatus >= 200 && facts.httpStatus < 300;
  const excerpt = () => excerptOf(redact(text.slice(0, maxRedactedLength)));
  const fault = (code: Fault['code'], message: string): Fault => ({
    kind: 'fault',
    code,
    message,
    ...defined({ excerpt: excerpt() || undefined }),
    ...facts,
  });
  if (isOk && text.trim() === '') return fault('BadBody', `HTTP ${facts.httpStatus} with an empty body`);
  const answer = parsed(text, api);
  if (answer === undefined || !(isOk || hasContent(answer))) {
    return isOk
      ? fault('BadBody', 'the answer is not a JSON object')
      : fault(`Http${facts.httpStatus}`, `HTTP ${facts.httpStatus}`);
  }
  const isUnclear = answer.task === undefined || answer.task.status === 'unknown';
  return { ...redactAnswer(answer, redact), ...(isUnclear ? { excerpt: excerpt() } : {}), ...facts };
};
