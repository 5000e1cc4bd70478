/**
 * Aidge's generation of 2026, two ways: over HTTP through the older gateway, and as the RPC calls of the published SDK with a RAM AccessKey.
 * Documented, or in the SDK's models: the query's path, fields and states, the parameters of a submit, the named codes, HTTP 429 over the
 * rate, error bodies of RPC calls. Guessed: the path of a submit over HTTP (any path of the gateway with its parameters is taken), the code
 * over the rate, the gateway's refusals (those of the older API), the reply for an unknown task, what `Result` holds (one image as in
 * `AiTryOn` of the SDK, several as in the vendor's sibling with `structData`), and several garments as a list.
 * @see https://help.aliyun.com/zh/document_detail/3038634.html (query), 3038042 (fields), 3038043 (codes), 3038044 (rates)
 * @see https://pypi.org/project/alibabacloud-aidge20260428/ (models of the SDK)
 */
import { defined } from '../../defined.js';
import { headerOf, isSignedAcs3, readAuthorization } from '../acs3.js';
import { type EmulatedAnswer, jsonAnswer } from '../answer.js';
import { type GatewayError, gatewayReply } from '../bodies.js';
import { admit, type RawRequest, readCall } from '../gateway.js';
import { imageSize } from '../png.js';
import { uuidOf } from '../random.js';
import type { Step } from '../step.js';
import type { SubmitRequest } from '../submit.js';
import { httpErrors, limits, rpcErrors } from './aidge-2026-errors.js';
import type { Admission, AdmissionRules, Face, FaceCall, FaceContext } from './face.js';
import { errorFor, errorOf, type FaceError, type Meaning, meaningOf } from './meaning.js';
import {
  errorAnswer,
  faceAnswer,
  methodAnswer,
  type Picture,
  pictureOf,
  refusalWith,
  showsEnd,
  unknownFields,
  type Words,
} from './picture.js';
import { isText, readTaskId } from './request.js';

const words: Words = { submitted: 'QUEUED', running: 'IN_PROGRESS', finished: 'COMPLETED', failed: 'FAILED' };
const queryApi = '/ai/task/queryTaskResult';
const version = '2026-04-28';
const clothTypes = ['tops', 'bottoms', 'dresses', 'tops_and_bottoms', 'shoes', 'hats'];
/** What the gateway refuses before the service sees a call. */
const gatewayMeanings: readonly Meaning[] = ['signature', 'time', 'key', 'address', 'path'];

/** How a call comes in. */
type Way = 'http' | 'rpc';

const requestId = ({ ids }: FaceContext, step: Step = {}): string | number =>
  step.envelope?.numericIds ? Number(ids.request_id.slice(8, 21)) : uuidOf(0, ids.requestId).toUpperCase();

/** A reply. A successful one has no code in RPC calls. */
function envelope(way: Way, context: FaceContext, step: Step, data: unknown, failure?: FaceError) {
  const success = way === 'rpc' ? {} : { Code: 'success', Message: 'Success' };
  const fields = failure === undefined ? success : { Code: failure.code, Message: failure.message };
  return defined({
    ...(step.envelope?.bare ? {} : { ...fields, Success: failure === undefined }),
    RequestId: requestId(context, step),
    Data: data,
    ...(step.envelope?.unknownFields ? unknownFields : {}),
  });
}

/** An error: of the service, or of RPC's own front. */
const spell =
  (way: Way, context: FaceContext) =>
  (error: FaceError): unknown => {
    if (way === 'http' || error.status < 400) return envelope(way, context, {}, null, error);
    const help = `https://api.aliyun.com/troubleshoot?q=${error.code}&product=Aidge`;
    const { code: Code, message: Message } = error;
    return {
      RequestId: requestId(context),
      HostId: 'aidge.ap-southeast-1.aliyuncs.com',
      Code,
      Message,
      Recommend: help,
    };
  };

const errorsOf = { http: httpErrors, rpc: rpcErrors } as const;

function refused(way: Way, meaning: Meaning, context: FaceContext, message?: string): EmulatedAnswer {
  const found = { ...errorFor(meaning, errorsOf[way]), ...defined({ message }) };
  return errorAnswer(found, spell(way, context));
}

/** With `Retry-After` as the way has it: in RPC calls milliseconds, in the header that the SDK reads. */
function hinted(way: Way, answer: EmulatedAnswer): EmulatedAnswer {
  const { 'retry-after': seconds, ...headers } = answer.headers;
  if (way === 'http' || seconds === undefined) return answer;
  return { ...answer, headers: { ...headers, 'x-acs-retry-after': String(Number(seconds) * 1000) } };
}

const gatewayRefusal = (error: GatewayError, { ids }: FaceContext, step: Step = {}): EmulatedAnswer =>
  jsonAnswer(gatewayReply(error, ids, step.seconds), `gateway:${error.code}`, step);

/** Checks an RPC call's key, time and signature. */
function admitRpc(raw: RawRequest, isSubmit: boolean, rules: AdmissionRules, context: FaceContext): Admission {
  const refuse = (meaning: Meaning, message?: string): Admission => ({
    refusal: refused('rpc', meaning, context, message),
  });
  const { accounts, nowMs, strict, timeWindowSeconds = 900 } = rules;
  const authorization = readAuthorization(raw);
  const account = accounts.find(({ accessKeyId: id }) => id !== undefined && id === authorization?.accessKeyId);
  const [first] = accounts;
  if (!strict) return first === undefined ? refuse('key') : { account: account ?? first };
  if (authorization === undefined) return refuse('signature', 'The Authorization header is missing or malformed.');
  if (account?.accessKeySecret === undefined) return refuse('key');
  const atMs = Date.parse(headerOf(raw, 'x-acs-date'));
  if (!(Math.abs(atMs - nowMs) <= timeWindowSeconds * 1000)) return refuse('time');
  if (!isSignedAcs3(raw, authorization, account.accessKeySecret)) return refuse('signature');
  if (account.ipRefused) return refuse('address');
  if (account.notGranted?.includes(headerOf(raw, 'x-acs-action'))) return refuse('address');
  return isSubmit && account.submitsLeft === 0 ? refuse('quota') : { account };
}

/** What a submit asks for. */
function newTask(parameters: Readonly<Record<string, unknown>>): SubmitRequest | string {
  const { ClothImageUrl, ClothType, ModelImageUrl, Resolution } = parameters;
  const clothes = isText(ClothImageUrl) ? ClothImageUrl : Array.isArray(ClothImageUrl) ? ClothImageUrl[0] : undefined;
  if (!isText(clothes)) return 'Invalid request parameter: ClothImageUrl';
  if (!isText(ModelImageUrl)) return 'Invalid request parameter: ModelImageUrl';
  if (Resolution !== '1K' && Resolution !== '2K') return 'Invalid request parameter: Resolution';
  const isType = ClothType === undefined || (isText(ClothType) && clothTypes.includes(ClothType));
  return isType ? { subTasks: [{ imageCount: 1, clothes }] } : 'Invalid request parameter: ClothType';
}

/** A call as its way brings it. */
interface Read {
  readonly way: Way;
  readonly operation: 'query' | 'submit';
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly isKnown: boolean;
  readonly methods: readonly string[];
  readonly fields: Pick<FaceCall, 'path' | 'scheme' | 'trial' | 'admit'>;
}

function callOf(raw: RawRequest, { way, operation, parameters, isKnown, methods, fields }: Read): FaceCall {
  const taskId = operation === 'query' ? readTaskId(parameters.TaskId) : undefined;
  return {
    ...fields,
    ...defined({ taskId }),
    operation,
    api: 'aidge-2026',
    check: (_, context) => {
      if (!isKnown) return refused(way, 'path', context);
      if (!methods.includes(raw.method)) return methodAnswer(methods);
      if (operation === 'submit' || taskId !== undefined) return undefined;
      return refused(way, 'parameter', context, 'Invalid request parameter: TaskId');
    },
    newTask: () => newTask(parameters),
  };
}

function readRpc(raw: RawRequest): FaceCall | undefined {
  const action = headerOf(raw, 'x-acs-action');
  if (action === '') return undefined;
  const { parameters } = readCall(raw);
  const operation = action === 'VirtualTryOn' ? 'submit' : 'query';
  const isKnown =
    ['VirtualTryOn', 'QueryAsyncTaskResult'].includes(action) && headerOf(raw, 'x-acs-version') === version;
  const admit: FaceCall['admit'] = (rules, context) => admitRpc(raw, operation === 'submit', rules, context);
  const fields = { path: `/${action.slice(0, 100)}`, scheme: 'acs3', trial: false, admit } as const;
  return callOf(raw, { way: 'rpc', operation, parameters, isKnown, methods: ['POST', 'GET'], fields });
}

function readHttp(raw: RawRequest): FaceCall | undefined {
  const call = readCall(raw);
  const { apiName: path, business, scheme, trial } = call;
  const isSubmit = path.startsWith('/ai/') && ('ClothImageUrl' in business || 'ModelImageUrl' in business);
  if (path !== queryApi && !isSubmit) return undefined;
  const admitHttp: FaceCall['admit'] = (rules, context) => {
    const admission = admit(call, { timeWindowSeconds: 7200, ...rules }, true, isSubmit);
    if (!('refusal' in admission)) return admission;
    if (admission.refusal.code === 'NoResource') return { refusal: refused('http', 'quota', context) };
    return { refusal: gatewayRefusal(admission.refusal, context) };
  };
  const operation = isSubmit ? 'submit' : 'query';
  const fields = { path, scheme, trial, admit: admitHttp };
  return callOf(raw, { way: 'http', operation, parameters: business, isKnown: true, methods: ['POST', 'GET'], fields });
}

/** `Result` of a completed task, before it is JSON text. */
function resultOf({ urls, result }: Picture, shape: string | undefined): unknown {
  if (result !== 'list') return {};
  const { width, height } = imageSize;
  if (shape === 'url') return urls.map((url) => ({ url, width, height }));
  const [ImageUrl] = urls;
  if (urls.length === 1 && shape !== 'struct-data') return { ImageUrl, ImageWidth: width, ImageHeight: height };
  return { structData: { imageList: urls.map((url) => ({ url })) } };
}

const face = (way: Way, read: Face['read']): Face => ({
  apis: ['aidge-2026'],
  vendor: 'aidge',
  usual: { subTasks: 1, images: 1 },
  limits,
  read,
  refusal: (step, context, taskId) => {
    const meaning = meaningOf(step);
    const isGateway = way === 'http' && step.gateway && meaning && gatewayMeanings.includes(meaning);
    if (isGateway && step.gateway) return gatewayRefusal(step.gateway, context, step);
    const failed = ({ message }: FaceError): unknown =>
      envelope(way, context, step, { TaskId: taskId, Status: words.failed, Result: message, UsageMap: {} });
    const onFailure = taskId === undefined ? undefined : failed;
    const answer = refusalWith(step, context, errorsOf[way], spell(way, context), onFailure);
    return answer && hinted(way, answer);
  },
  throttled: (_, seconds, context) =>
    hinted(way, errorAnswer(errorFor('throttled', errorsOf[way]), spell(way, context), seconds)),
  invalid: (problem, context) => refused(way, 'parameter', context, problem),
  submitted: (TaskId, step, context) => {
    const id = step.task?.taskId === 'absent' ? {} : { TaskId };
    const data = { ...id, ...(way === 'http' ? { Status: words.submitted } : {}), UsageMap: {} };
    return faceAnswer(200, envelope(way, context, step, data), 'accepted', step);
  },
  query: (step, task, context) => {
    const picture = pictureOf(step, task, words, context);
    const { state, word, result, urls, message = 'model inference failed' } = picture;
    const { data: shown, shape } = step.task ?? {};
    const completed = { list: JSON.stringify(resultOf(picture, shape)), empty: '{}', null: null, absent: undefined };
    const isEnd = state === 'finished' || urls.length > 0;
    const data = defined({
      Status: word,
      TaskId: picture.taskId,
      Result: isEnd ? completed[result] : state === 'failed' ? message : undefined,
      UsageMap: state === 'finished' ? { ProcessedImageCount: String(urls.length) } : {},
    });
    const text = shape === 'data-text' ? JSON.stringify(data) : data;
    const body = envelope(
      way,
      context,
      step,
      shown === undefined ? text : shown === 'null' ? null : undefined,
      step.service && errorOf(step, errorsOf[way]),
    );
    const ends = shown === undefined && showsEnd(step, picture);
    return faceAnswer(200, body, (shown === undefined && word) || 'nothing', step, { ends });
  },
  notFound: (kind, TaskId, context) => {
    if (kind === 'http404') return faceAnswer(404, {}, 'not-found');
    const message = 'Invalid request parameter: TaskId does not exist';
    if (kind !== 'task-failed-text') return { ...refused(way, 'parameter', context, message), label: 'not-found' };
    const data = { Status: words.failed, TaskId, Result: 'task not exist', UsageMap: {} };
    return faceAnswer(200, envelope(way, context, {}, data), 'not-found');
  },
});

/** The RPC calls of the published SDK. */
export const aidge2026RpcFace: Face = face('rpc', readRpc);

/** The calls over HTTP. */
export const aidge2026HttpFace: Face = face('http', readHttp);
