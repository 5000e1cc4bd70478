/**
 * FASHN's `tryon-v1.6`. Documented, or in the types of the published client: paths, states, errors and their HTTP statuses, names of runtime
 * errors, the header with the credits, 72 hours of images. Guessed: how long a prediction is known, `Retry-After`, and the replies to a
 * wrong method and a wrong path. There is no call that cancels.
 * @see https://docs.fashn.ai/api-overview/api-fundamentals
 * @see https://docs.fashn.ai/api-overview/error-handling
 * @see https://docs.fashn.ai/api-reference/tryon-v1-6
 */
import { defined } from '../../defined.js';
import type { EmulatedAnswer } from '../answer.js';
import { objectOf } from '../gateway.js';
import { isObject } from '../submit.js';
import type { Face } from './face.js';
import { apiKeyLimits, type Limits } from './features.js';
import { errorFor, errorOf, type FaceError, type FaceErrors, type Meaning, row } from './meaning.js';
import {
  errorAnswer,
  faceAnswer,
  methodAnswer,
  pictureOf,
  refusalWith,
  showsEnd,
  unknownFields,
  type Words,
} from './picture.js';
import { accountOfBearer, decodedPart, isText, readFashnInputs, readTaskId } from './request.js';

const paths = { submit: '/v1/run', status: /^\/v1\/status\/([^/]+)$/ } as const;

const words: Words = { submitted: 'in_queue', running: 'processing', finished: 'completed', failed: 'failed' };

/** With a word for `code` in the place of the others' code. */
const errors: FaceErrors = {
  otherStatus: 400,
  codes: {
    BadRequest: row(400, 'Bad request: invalid request format'),
    UnauthorizedAccess: row(401, 'Unauthorized: Invalid token'),
    NotFound: row(404, 'Not found'),
    RateLimitExceeded: row(429, 'Too many requests'),
    ConcurrencyLimitExceeded: row(429, 'Too many concurrent predictions'),
    OutOfCredits: row(429, 'No API credits remaining'),
    InternalServerError: row(500, 'Internal server error'),
    ImageLoadError: row(500, 'The image could not be loaded', true),
    ContentModerationError: row(500, 'Prohibited content was detected', true),
    PoseError: row(500, 'No body pose was detected', true),
    InputValidationError: row(500, 'An input is invalid', true),
    PipelineError: row(500, 'The pipeline failed', true),
    ThirdPartyError: row(500, 'A third party failed', true),
  },
  meanings: {
    throttled: 'RateLimitExceeded',
    quota: 'OutOfCredits',
    key: 'UnauthorizedAccess',
    parameter: 'BadRequest',
    path: 'NotFound',
    timeout: 'InternalServerError',
    unavailable: 'InternalServerError',
    internal: 'InternalServerError',
    downstream: 'InternalServerError',
    model: 'PipelineError',
    content: 'ContentModerationError',
    'content check': 'InternalServerError',
  },
};

const limits: Limits = {
  ...apiKeyLimits,
  'error address': { refused: 'no page names a list of addresses' },
  'error not opened': { refused: 'no page names a service that is not opened' },
  'error timeout': { nearest: 'InternalServerError' },
  'error unavailable': { nearest: 'InternalServerError' },
  'error downstream': { nearest: 'InternalServerError' },
  'error content check': { nearest: 'InternalServerError' },
  'status of a sub-task': { refused: 'an image has no status of its own' },
  'progress of sub-tasks': { nearest: '`processing` without images' },
  'failed sub-task': { nearest: 'fewer images' },
  'missing data': { nearest: 'an empty object, or null, as the whole reply' },
  'bare envelope': { refused: 'a reply has no envelope' },
  'request ids': { refused: 'a reply has no request id' },
  'shape json-text': { refused: 'the output is no JSON text' },
  'shape url': { nearest: 'the normal answer' },
  'shape data-text': { refused: 'the output is no JSON text' },
};

const spell = ({ code, message }: FaceError): unknown => ({ error: code, message });

function refused(meaning: Meaning, message?: string): EmulatedAnswer {
  const found = { ...errorFor(meaning, errors), ...defined({ message }) };
  return errorAnswer(found, spell);
}

/** See the file's description. */
export const fashnFace: Face = {
  apis: ['fashn'],
  vendor: 'fashn',
  imageTtlSeconds: 259_200,
  hidesTasks: true,
  usual: { subTasks: 1, images: 1 },
  limits,
  taskIdOf: (uuid) => `${uuid}-u1`,
  read: (raw) => {
    const [path = ''] = raw.target.split('?', 1);
    if (!path.startsWith('/v1/')) return undefined;
    const status = paths.status.exec(path)?.[1];
    const isSubmit = path === paths.submit;
    const taskId = readTaskId(decodedPart(status ?? ''));
    const method = isSubmit ? 'POST' : 'GET';
    const body = objectOf(raw.body);
    return {
      ...defined({ taskId }),
      operation: isSubmit ? 'submit' : 'query',
      api: 'fashn',
      path,
      scheme: 'bearer',
      trial: false,
      admit: (rules) => {
        const account = accountOfBearer(raw, rules);
        if (account === undefined) return { refusal: refused('key') };
        // No page tells these apart from a key that is not valid.
        if (account.ipRefused || account.notGranted?.includes(path)) return { refusal: refused('key') };
        if (isSubmit && account.submitsLeft === 0) return { refusal: refused('quota') };
        return { account };
      },
      check: () => {
        if (!isSubmit && taskId === undefined) return refused('path');
        if (raw.method === method) return undefined;
        return methodAnswer([method]);
      },
      newTask: () => {
        const { model_name: model, inputs } = body ?? {};
        if (!isText(model) || !isObject(inputs)) return 'model_name and inputs are required';
        if (model !== 'tryon-v1.6') return `the emulator has no model ${model.slice(0, 40)}`;
        return readFashnInputs(inputs);
      },
    };
  },
  refusal: (step, context, taskId) => {
    const failed = ({ code, message }: FaceError): unknown => ({
      ...{ id: taskId, status: words.failed, output: null, error: { name: code, message } },
    });
    return refusalWith(step, context, errors, spell, taskId === undefined ? undefined : failed);
  },
  throttled: (_, seconds) => errorAnswer(errorFor('throttled', errors), spell, seconds),
  invalid: (problem) => refused('parameter', problem),
  submitted: (taskId, step) => {
    const id = step.task?.taskId === 'absent' ? {} : { id: taskId };
    return faceAnswer(200, { ...id, error: null }, 'accepted', step);
  },
  query: (step, task, context) => {
    const picture = pictureOf(step, task, words, context);
    const { state, result, urls } = picture;
    const refusal = step.service && errorOf(step, errors);
    const data = step.task?.data;
    if (data !== undefined) return faceAnswer(200, data === 'null' ? null : {}, 'nothing', step);
    const hasImages = state === 'finished' || urls.length > 0;
    const output = hasImages ? { list: urls, empty: [], null: null, absent: undefined }[result] : null;
    const failure = { name: 'PipelineError', message: picture.message ?? 'The pipeline failed' };
    const named = refusal && { name: refusal.code, message: refusal.message };
    // The client's types have a state before the queue.
    const isStarting = state === 'submitted' && context.poll === 1 && step.task?.statusWord === undefined;
    const body = defined({
      id: picture.taskId,
      status: isStarting && picture.word !== undefined ? 'starting' : picture.word,
      output,
      error: named ?? (state === 'failed' ? failure : null),
      ...(step.envelope?.unknownFields ? unknownFields : {}),
    });
    const headers: Record<string, string> = state === 'finished' ? { 'x-fashn-credits-used': String(urls.length) } : {};
    return faceAnswer(200, body, body.status ?? 'nothing', step, { ends: showsEnd(step, picture), headers });
  },
  notFound: (kind, taskId) => {
    if (kind !== 'task-failed-text') return { ...errorAnswer(errorFor('path', errors), spell), label: 'not-found' };
    const failure = { name: 'PipelineError', message: 'task not exist' };
    return faceAnswer(200, { id: taskId, status: words.failed, output: null, error: failure }, 'not-found');
  },
};
