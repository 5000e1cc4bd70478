/**
 * Parses a reply of Aidge's newer generation: the envelope of the older one in other words, with one `Code` for all layers. Never throws.
 * Safe in the workflow sandbox.
 */
import { defined } from '../../defined.js';
import type { Answer, CodeRow, HttpFacts, TaskReply } from '../../poll/reply.js';
import { type Fields, fieldsOf, textIn, textLimits, unwrapped } from '../json-fields.js';
import { type EnvelopeOptions, parseEnvelope } from './envelope.js';

type ParsedAnswer = Omit<Answer, keyof HttpFacts>;

/** The tables that tell the layers of a `Code` apart. */
export interface Tables {
  readonly gatewayCodes: Readonly<Record<string, CodeRow>>;
  readonly serviceCodes: Readonly<Record<string, CodeRow>>;
}

const names = { status: ['status'], result: ['result'] } as const;

/** What a result may repeat of its request. Any other address in a result is an image. */
const inputs =
  /^(?:clothes|inputs?|request|parameters?|(?:cloth|garment|model|person|human|input|source|src|orig(?:in(?:al)?)?|raw|mask|ref(?:erence)?)[_a-z]*(?:urls?|images?|list))$/;

const reasonNames = ['message', 'errormessage', 'error_message', 'errormsg', 'msg', 'reason'];
const codeNames = ['errorcode', 'error_code', 'code'];

/** Why a task failed: the text of `Result`, or its fields. */
const reasonOf = (data: Fields): Pick<TaskReply, 'code' | 'message'> => {
  const result = unwrapped(data.get('result'));
  const fields = fieldsOf(result) ?? new Map([['message', result]]);
  return defined({
    code: textIn(fields, codeNames) ?? textIn(data, codeNames),
    message: textIn(fields, reasonNames, textLimits.message) ?? textIn(data, reasonNames, textLimits.message),
  });
};

/** Puts `Code` into its layer. */
const withLayers = (answer: ParsedAnswer, { gatewayCodes, serviceCodes }: Tables): ParsedAnswer => {
  const { gatewayCode: word, gatewayMessage, gatewaySubCode, ...others } = answer;
  // `Message` is of the service too, where it stands without a code.
  if (word === undefined) return { ...others, ...defined({ serviceMessage: gatewayMessage }) };
  if (Object.hasOwn(serviceCodes, word)) {
    return { ...others, serviceCode: word, ...defined({ serviceMessage: gatewayMessage }) };
  }
  const isMissing = /^Missing[A-Z]/.test(word) && !Object.hasOwn(gatewayCodes, word);
  const codes = isMissing
    ? { gatewayCode: 'MissingParameter', gatewaySubCode: word }
    : { gatewayCode: word, gatewaySubCode };
  return { ...others, ...defined({ ...codes, gatewayMessage }) };
};

/** A failed task has ended, whatever the code of the reply: that code is its reason then. */
const withReason = (answer: ParsedAnswer, task: TaskReply, data: Fields, tables: Tables): ParsedAnswer => {
  const { gatewayCode, gatewayMessage, gatewaySubCode, serviceCode, serviceMessage, success, ...others } = answer;
  const word = serviceCode ?? gatewayCode;
  const row = word === undefined ? undefined : { ...tables.gatewayCodes, ...tables.serviceCodes }[word];
  const isOk = word === undefined ? success !== false : row?.class === 'ok';
  const { code = isOk ? undefined : word, message = isOk ? undefined : (serviceMessage ?? gatewayMessage) } =
    reasonOf(data);
  // What `Result` has of a failed task are reasons. Only a list can have images, of those that did not fail.
  const subTasks = Array.isArray(unwrapped(data.get('result'))) ? task.subTasks : [];
  return { ...others, task: { ...task, ...defined({ code, message }), subTasks } };
};

/** Beside a `BizId`, the SDK calls `TaskId` the id of a downstream task: another one, perhaps, than the task that was asked for. */
const withComparableId = (task: TaskReply, data: Fields): TaskReply => {
  const isPoll = task.vendorStatus !== undefined;
  if (!isPoll || textIn(data, ['bizid']) === undefined) return task;
  const { taskId: _, ...others } = task;
  return others;
};

/**
 * Turns the JSON value of a body into an answer.
 * @returns `undefined` if the value is not an object
 * @see aidge-2026.ts for the sources
 */
export const parse2026 = (
  body: unknown,
  tables: Tables,
  options: Pick<EnvelopeOptions, 'imageIds' | 'statusWords'>,
): ParsedAnswer | undefined => {
  const parsed = parseEnvelope(body, { ...options, names, unfollowed: inputs });
  if (parsed === undefined) return undefined;
  const answer = withLayers(parsed, tables);
  const data = fieldsOf(fieldsOf(body)?.get('data'));
  if (answer.task === undefined || data === undefined) return answer;
  const task = withComparableId(answer.task, data);
  return task.status === 'failed' ? withReason(answer, task, data, tables) : { ...answer, task };
};
