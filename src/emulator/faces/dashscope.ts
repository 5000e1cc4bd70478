/**
 * DashScope's `aitryon-plus` and its task API. Documented: paths, headers, states, the two forms of a result, the reply for an unknown task
 * and to a cancellation, the codes and their HTTP statuses, 24 hours of retention. Guessed: what the reply for a task of several images has while
 * it runs, `Retry-After`, and the replies to a wrong method and a wrong path.
 * @see https://help.aliyun.com/en/model-studio/aitryon-plus-api
 * @see https://www.alibabacloud.com/help/en/model-studio/manage-asynchronous-tasks
 * @see https://help.aliyun.com/en/model-studio/error-code-start
 */
import { defined } from '../../defined.js';
import type { EmulatedAnswer } from '../answer.js';
import { objectOf } from '../gateway.js';
import { uuidOf } from '../random.js';
import type { Step } from '../step.js';
import { isObject } from '../submit.js';
import type { Face, FaceContext } from './face.js';
import { apiKeyLimits, type Limits } from './features.js';
import { errorFor, errorOf, type FaceError, type FaceErrors, type Meaning, row } from './meaning.js';
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
import { accountOfBearer, decodedPart, isText, readTaskId } from './request.js';

const paths = {
  submit: /^\/api\/v1\/services\/aigc\/image2image\/image-synthesis\/?$/,
  task: /^\/api\/v1\/tasks\/([^/]+)$/,
  cancel: /^\/api\/v1\/tasks\/([^/]+)\/cancel$/,
} as const;

const words: Words = {
  submitted: 'PENDING',
  running: 'RUNNING',
  finished: 'SUCCEEDED',
  failed: 'FAILED',
  cancelled: 'CANCELED',
};

const errors: FaceErrors = {
  otherStatus: 400,
  codes: {
    InvalidParameter: row(400, 'Required parameter(s) missing or invalid, please check the request parameters.'),
    InvalidURL: row(400, 'The request URL is invalid, please check the image URL.', true),
    InvalidPerson: row(400, 'The input image has no human body or multiple human bodies.', true),
    InvalidGarment: row(400, 'The input garment image is invalid.', true),
    DataInspectionFailed: row(400, 'Input or output data may contain inappropriate content.', true),
    Arrearage: row(400, 'Access denied, please make sure your account is in good standing.'),
    UnsupportedOperation: row(400, 'Failed to cancel the task, please confirm if the task is in PENDING status.'),
    InvalidApiKey: row(401, 'Invalid API-key provided.'),
    AccessDenied: row(403, 'Access denied.'),
    'AccessDenied.Unpurchased': row(403, 'Access to model denied.'),
    'AllocationQuota.FreeTierOnly': row(403, 'The free tier of the model has been exhausted.'),
    ModelNotFound: row(404, 'Model can not be found.'),
    NotFound: row(404, 'Not found!'),
    Throttling: row(429, 'Requests throttling triggered.'),
    'Throttling.RateQuota': row(429, 'Requests rate limit exceeded, please try again later.'),
    'Throttling.BurstRate': row(429, 'Request rate increased too quickly.'),
    'Throttling.AllocationQuota': row(429, 'Allocated quota exceeded, please increase your quota limit.'),
    InternalError: row(500, 'An internal error has occured, please try again later or contact service support.'),
    'InternalError.Algo': row(500, 'inference internal error.', true),
    'InternalError.Timeout': row(500, 'An internal timeout error has occured during execution.', true),
    SystemError: row(500, 'An system error has occured, please try again later.'),
    RequestTimeOut: row(500, 'Request timed out, please try again later.'),
    ModelServingError: row(503, 'Too many requests. Your requests are being throttled due to system capacity limits.'),
    ModelUnavailable: row(503, 'Model is unavailable, please try again later.'),
  },
  meanings: {
    throttled: 'Throttling.RateQuota',
    quota: 'AllocationQuota.FreeTierOnly',
    key: 'InvalidApiKey',
    address: 'AccessDenied',
    'not opened': 'AccessDenied.Unpurchased',
    parameter: 'InvalidParameter',
    path: 'InvalidParameter',
    timeout: 'RequestTimeOut',
    unavailable: 'ModelUnavailable',
    internal: 'InternalError',
    downstream: 'ModelServingError',
    model: 'InternalError.Algo',
    content: 'DataInspectionFailed',
    'content check': 'InternalError',
  },
};

const limits: Limits = {
  ...apiKeyLimits,
  'error content check': { nearest: 'InternalError' },
  'status of a sub-task': { refused: 'a result has no status of its own' },
  'progress of sub-tasks': { nearest: '`task_metrics`; images only at the end' },
  'failed sub-task': { nearest: '`code` and `message` in its place among the results' },
  'bare envelope': { refused: 'a reply has no code of success that could be left out' },
  'request ids': { nearest: '`request_id` as a number' },
  'shape json-text': { refused: 'results are no JSON text' },
  'shape url': { nearest: '`results`, also of one image' },
  'shape data-text': { refused: 'results are no JSON text' },
};

const requestId = ({ ids }: FaceContext, step: Step = {}): string | number =>
  step.envelope?.numericIds ? Number(ids.request_id.slice(8, 21)) : uuidOf(0, ids.requestId);

const reply = (context: FaceContext, step: Step, fields: Record<string, unknown>): Record<string, unknown> => ({
  ...defined({ request_id: requestId(context, step) }),
  ...fields,
  ...(step.envelope?.unknownFields ? unknownFields : {}),
});

const spell =
  (context: FaceContext) =>
  ({ code, message }: FaceError): unknown => ({ code, message, request_id: requestId(context) });

function refused(meaning: Meaning, context: FaceContext, message?: string): EmulatedAnswer {
  const found = { ...errorFor(meaning, errors), ...defined({ message }) };
  return errorAnswer(found, spell(context));
}

/** `2023-12-20 21:36:31.896`, at UTC+8. */
const timeText = (atMs: number): string =>
  new Date(atMs + 8 * 3_600_000).toISOString().replace('T', ' ').replace('Z', '');

/** The images: one URL by itself, several as a list with a row for each failure. */
function resultsOf(picture: Picture, isList: boolean): Record<string, unknown> {
  const { state, result, urls, subTasks } = picture;
  if (state !== 'finished' && !(state === 'failed' && urls.length > 0)) return {};
  const failed = { code: 'InternalError.Algo', message: 'inference internal error.' };
  const rows = subTasks.flatMap((subTask): unknown[] =>
    subTask.state === 'failed' ? [failed] : subTask.urls.map((url) => ({ url })),
  );
  const listed = { list: rows, empty: [], null: null, absent: undefined }[result];
  const single = { list: urls[0], empty: '', null: null, absent: undefined }[result];
  return defined(isList ? { results: listed } : { image_url: single });
}

/** See the file's description. */
export const dashscopeFace: Face = {
  apis: ['dashscope'],
  vendor: 'dashscope',
  imageTtlSeconds: 86_400,
  retentionSeconds: 86_400,
  hidesTasks: true,
  usual: { subTasks: 1, images: 1 },
  limits,
  read: (raw, strict) => {
    const [path = ''] = raw.target.split('?', 1);
    if (!path.startsWith('/api/v1/')) return undefined;
    const cancel = paths.cancel.exec(path)?.[1];
    const task = paths.task.exec(path)?.[1];
    const isSubmit = paths.submit.test(path);
    const taskId = readTaskId(decodedPart(cancel ?? task ?? ''));
    const method = task === undefined ? 'POST' : 'GET';
    const body = objectOf(raw.body);
    return {
      ...defined({ taskId }),
      operation: isSubmit ? 'submit' : cancel === undefined ? 'query' : 'cancel',
      api: 'dashscope',
      path,
      scheme: 'bearer',
      trial: false,
      admit: (rules, context) => {
        const account = accountOfBearer(raw, rules);
        if (account === undefined) return { refusal: refused('key', context) };
        if (account.ipRefused) return { refusal: refused('address', context) };
        if (account.notGranted?.includes(path)) return { refusal: refused('not opened', context) };
        if (isSubmit && account.submitsLeft === 0) return { refusal: refused('quota', context) };
        return { account };
      },
      check: (_, context) => {
        if (!isSubmit && !(task ?? cancel)) return refused('path', context, 'url error, please check url!');
        if (raw.method !== method) return methodAnswer([method]);
        if (!isSubmit) return taskId === undefined ? refused('parameter', context) : undefined;
        if (strict && raw.headers['x-dashscope-async'] !== 'enable') {
          return refused('address', context, 'current user api does not support synchronous calls.');
        }
        return undefined;
      },
      newTask: () => {
        const { model, input } = body ?? {};
        if (!isText(model) || !isObject(input)) return 'Required parameter(s) missing: model, input';
        if (!/^aitryon(-plus)?$/.test(model)) return `the emulator has no model ${model.slice(0, 40)}`;
        const { person_image_url: person, top_garment_url: top, bottom_garment_url: bottom } = input;
        if (!isText(person)) return 'person_image_url is required';
        const clothes = [top, bottom].find(isText);
        if (clothes === undefined) return 'top_garment_url or bottom_garment_url is required';
        return { subTasks: [{ imageCount: 1, clothes }] };
      },
    };
  },
  refusal: (step, context, taskId) => {
    const failed = ({ code, message }: FaceError): unknown =>
      reply(context, step, { output: { task_id: taskId, task_status: words.failed, code, message } });
    return refusalWith(step, context, errors, spell(context), taskId === undefined ? undefined : failed);
  },
  throttled: (_, seconds, context) => errorAnswer(errorFor('throttled', errors), spell(context), seconds),
  invalid: (problem, context) => refused('parameter', context, problem),
  submitted: (taskId, step, context) => {
    const id = step.task?.taskId === 'absent' ? {} : { task_id: taskId };
    const body = reply(context, step, { output: { ...id, task_status: words.submitted } });
    return faceAnswer(200, body, 'accepted', step);
  },
  query: (step, task, context) => {
    const picture = pictureOf(step, task, words, context);
    const { state, subTasks, urls } = picture;
    const isList = task.subTasks.length > 1 || urls.length > 1 || step.task?.shape === 'url';
    const refusal = step.service && errorOf(step, errors);
    const failure = { code: 'InternalError.Algo', message: picture.message ?? 'inference internal error.' };
    const countOf = (word: string): number => subTasks.filter((subTask) => subTask.state === word).length;
    const metrics = { TOTAL: subTasks.length, SUCCEEDED: countOf('finished'), FAILED: countOf('failed') };
    const output = defined({
      task_id: picture.taskId,
      task_status: picture.word,
      submit_time: timeText(task.submittedAtMs),
      scheduled_time: state === 'submitted' || state === 'cancelled' ? undefined : timeText(task.runningAtMs),
      end_time: state === 'finished' || state === 'failed' ? timeText(task.finishedAtMs) : undefined,
      ...resultsOf(picture, isList),
      task_metrics: isList && subTasks.length > 0 ? metrics : undefined,
      ...(state === 'failed' ? failure : {}),
    });
    const shown = step.task?.data === 'null' ? null : undefined;
    const body = reply(context, step, {
      ...defined({ output: step.task?.data === undefined ? output : shown }),
      ...(refusal === undefined ? {} : { code: refusal.code, message: refusal.message }),
      ...(state === 'finished' && urls.length > 0 ? { usage: { image_count: urls.length } } : {}),
    });
    const ends = step.task?.data === undefined && showsEnd(step, picture);
    return faceAnswer(200, body, picture.word ?? 'nothing', step, { ends });
  },
  notFound: (kind, taskId, context) => {
    if (kind === 'http404') return { ...refusedAs('NotFound', context), label: 'not-found' };
    const failed = { task_status: words.failed, code: 'InvalidParameter', message: 'task not exist' };
    const shown = kind === 'task-failed-text' ? failed : { task_status: 'UNKNOWN' };
    return faceAnswer(200, { request_id: requestId(context), output: { task_id: taskId, ...shown } }, 'not-found');
  },
  cancelled: (isDone, _, context) =>
    isDone
      ? faceAnswer(200, { request_id: requestId(context) }, 'cancelled')
      : refusedAs('UnsupportedOperation', context),
};

/** The reply with an error by its code. */
const refusedAs = (code: string, context: FaceContext): EmulatedAnswer =>
  errorAnswer({ code, ...(errors.codes[code] ?? row(500, '')) }, spell(context));
