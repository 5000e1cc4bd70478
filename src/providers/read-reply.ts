/** From what an exchange brought to a `Reply`, without secrets. */
import type { Answer, Fault, Reply, TaskReply, VendorApi } from '../poll/reply.js';
import { parseJson } from './aidge/envelope.js';
import type { Exchanged } from './exchange.js';
import { imageId } from './image-id.js';
import { excerptOf } from './redact.js';

type Redact = (text: string) => string;

/** A code is a short word; what is longer may hold anything. */
const longestCode = 64;
/** Excerpts are polled for in this many characters. */
const searched = 16 * 1024;

const parsed = (text: string, api: VendorApi): ReturnType<VendorApi['parse']> => {
  try {
    return api.parse(parseJson(text), imageId);
  } catch {
    return undefined;
  }
};

const tellsAnything = (answer: Pick<Answer, 'gatewayCode' | 'serviceCode' | 'success' | 'task'>): boolean =>
  [answer.gatewayCode, answer.serviceCode, answer.success, answer.task].some((field) => field !== undefined);

const redactTask = (task: TaskReply, redact: Redact): TaskReply => ({
  ...task,
  ...(task.vendorStatus === undefined ? {} : { vendorStatus: redact(task.vendorStatus) }),
  ...(task.message === undefined ? {} : { message: redact(task.message) }),
  subTasks: task.subTasks.map((subTask) =>
    subTask.vendorStatus === undefined ? subTask : { ...subTask, vendorStatus: redact(subTask.vendorStatus) },
  ),
});

/** Every text that ends in an error or a status; task ids and image addresses stay as they are. */
const redactAnswer = (answer: Omit<Answer, 'excerpt'>, redact: Redact): Answer => {
  const texts: { gatewayMessage?: string; serviceMessage?: string } = {};
  for (const name of ['gatewayMessage', 'serviceMessage'] as const) {
    const text = answer[name];
    if (text !== undefined) texts[name] = redact(text);
  }
  const codes: { gatewayCode?: string; gatewaySubCode?: string; serviceCode?: string } = {};
  for (const name of ['gatewayCode', 'gatewaySubCode', 'serviceCode'] as const) {
    const text = answer[name];
    // A signature is as long as the longest code: it is polled for in short ones, too.
    if (text !== undefined) codes[name] = redact(text).slice(0, longestCode);
  }
  const requestId = answer.requestId === undefined ? {} : { requestId: redact(answer.requestId) };
  const task = answer.task === undefined ? {} : { task: redactTask(answer.task, redact) };
  return { ...answer, ...texts, ...codes, ...requestId, ...task };
};

/**
 * Reads an exchange's body by its content, whatever its type says.
 * @param redact - takes keys, signatures and signed addresses out of a text
 */
export const readReply = (exchanged: Exchanged, api: VendorApi, redact: Redact): Reply => {
  if (exchanged.kind === 'fault') return exchanged.fault;
  const { facts, text } = exchanged;
  const isOk = facts.httpStatus >= 200 && facts.httpStatus < 300;
  const fault = (code: Fault['code'], message: string): Fault => {
    const excerpt = excerptOf(redact(text.slice(0, searched)));
    return { kind: 'fault', code, message, ...(excerpt === '' ? {} : { excerpt }), ...facts };
  };
  if (isOk && text.trim() === '') return fault('BadBody', `HTTP ${facts.httpStatus} with an empty body`);
  const answer = parsed(text, api);
  if (answer === undefined || !(isOk || tellsAnything(answer))) {
    return isOk
      ? fault('BadBody', 'the answer is not a JSON object')
      : fault(`Http${facts.httpStatus}`, `HTTP ${facts.httpStatus}`);
  }
  const isOdd = answer.task === undefined || answer.task.status === 'unknown';
  const excerpt = isOdd ? { excerpt: excerptOf(redact(text.slice(0, searched))) } : {};
  return { ...redactAnswer(answer, redact), ...excerpt, ...facts };
};
