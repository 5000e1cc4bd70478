/**
 * fal's queue with `fal-ai/fashn/tryon/v1.6`. Documented: paths, words, HTTP statuses of the state and of a cancellation, `error_type`s, the
 * form of a model's error, which is the result then, an hour of results. From reports of users: the texts of HTTP 400 and 403. Guessed: the
 * texts of the other statuses, the cancellation of an unknown request, that requests of other accounts are unknown, and a result of no known
 * kind, which has the form of a state.
 * @see https://fal.ai/docs/inference-api/queue/result
 * @see https://docs.fal.ai/documentation/model-apis/inference/queue
 * @see https://docs.fal.ai/documentation/model-apis/request-errors
 * @see https://docs.fal.ai/errors
 * @see https://fal.ai/models/fal-ai/fashn/tryon/v1.6/api
 */
import { defined } from '../../defined.js';
import type { EmulatedAnswer } from '../answer.js';
import { objectOf } from '../gateway.js';
import type { Face } from './face.js';
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
import { accountOfKey, decodedPart, readFashnInputs, readTaskId } from './request.js';

const app = '/fal-ai/fashn';
const model = `${app}/tryon/v1.6`;
const requestPath = /^(\/.+)\/requests\/([^/]+)(?:\/(status|cancel))?$/;

const words: Words = {
  ...{ submitted: 'IN_QUEUE', running: 'IN_PROGRESS' },
  ...{ finished: 'COMPLETED', failed: 'COMPLETED', cancelled: 'COMPLETED' },
};

/** Errors that have a text only, and those of models; the others have an `error_type`. */
const texts = ['unauthorized', 'forbidden', 'locked', 'not_found', 'too_many_requests'];
const ofModels = [
  ...['content_policy_violation', 'image_load_error', 'image_too_small', 'file_download_error', 'face_detection_error'],
  ...['internal_server_error', 'generation_timeout'],
];

const errors: FaceErrors = {
  otherStatus: 500,
  codes: {
    unauthorized: row(401, 'Authentication is required to access this application.'),
    forbidden: row(403, 'Access denied'),
    locked: row(403, 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.'),
    not_found: row(404, 'Request not found'),
    too_many_requests: row(429, 'Too many requests'),
    bad_request: row(400, 'The request is malformed'),
    internal_error: row(500, 'An unexpected internal error occurred'),
    request_timeout: row(504, 'Request timed out', true),
    startup_timeout: row(504, 'The runner did not start in time', true),
    runner_scheduling_failure: row(503, 'No runner could be allocated', true),
    runner_disconnected: row(503, 'The runner disconnected', true),
    runner_server_error: row(500, 'The runner failed', true),
    client_cancelled: row(499, 'The request was cancelled', true),
    content_policy_violation: row(422, 'The content was flagged by a content checker', true),
    image_load_error: row(422, 'The image could not be loaded', true),
    image_too_small: row(422, 'The image is too small', true),
    file_download_error: row(422, 'The file could not be downloaded', true),
    face_detection_error: row(422, 'No face was detected', true),
    internal_server_error: row(500, 'The model failed', true),
    generation_timeout: row(504, 'The generation took too long', true),
  },
  meanings: {
    throttled: 'too_many_requests',
    quota: 'locked',
    key: 'unauthorized',
    'not opened': 'forbidden',
    parameter: 'bad_request',
    path: 'not_found',
    timeout: 'internal_error',
    unavailable: 'internal_error',
    internal: 'internal_error',
    downstream: 'internal_error',
    model: 'internal_server_error',
    content: 'content_policy_violation',
    'content check': 'internal_error',
  },
};

const limits: Limits = {
  ...apiKeyLimits,
  'error address': { refused: 'no page names a list of addresses' },
  'error timeout': { nearest: 'internal_error' },
  'error unavailable': { nearest: 'internal_error' },
  'error downstream': { nearest: 'internal_error' },
  'error content check': { nearest: 'internal_error' },
  'status of a sub-task': { refused: 'an image has no status of its own' },
  'progress of sub-tasks': { nearest: '`Request is still in progress`' },
  'failed sub-task': { nearest: 'fewer images' },
  'missing data': { nearest: 'an empty object, or null, as the whole reply' },
  'bare envelope': { refused: 'a reply has no envelope' },
  'request ids': { refused: 'the request id is the id of the task' },
  'shape json-text': { refused: 'a result is no JSON text' },
  'shape url': { nearest: 'the normal answer' },
  'shape data-text': { refused: 'a result is no JSON text' },
  'finished and refused': { nearest: 'the error alone' },
};

const spell = ({ code, message }: FaceError): unknown => {
  if (texts.includes(code)) return { detail: message };
  if (!ofModels.includes(code)) return { detail: message, error_type: code };
  return { detail: [{ loc: ['body'], msg: message, type: code, url: `https://docs.fal.ai/errors#${code}` }] };
};

const refused = (meaning: Meaning, message?: string): EmulatedAnswer =>
  errorAnswer({ ...errorFor(meaning, errors), ...defined({ message }) }, spell);

const errorWith = (code: string, message?: string): FaceError => {
  const known = errors.codes[code] ?? { status: errors.otherStatus, message: code };
  return { code, ...known, ...defined({ message }) };
};

/** What every reply about a request has. */
function urlsOf(id: unknown): Record<string, unknown> {
  const response_url = `https://queue.fal.run${app}/requests/${id}`;
  return { request_id: id, response_url, status_url: `${response_url}/status`, cancel_url: `${response_url}/cancel` };
}

const stateOf = ({ word, taskId, state }: Picture): Record<string, unknown> =>
  defined({
    status: word,
    ...(taskId === undefined ? {} : urlsOf(taskId)),
    queue_position: state === 'submitted' ? 0 : undefined,
  });

const fileOf = (url: string, at: number): object => ({
  ...{ url, content_type: 'image/png', file_name: `output_${at}.png`, file_size: null, width: null, height: null },
});

/** The face of the results, submits and cancellations; or of the states, which have a path of their own. */
const faceFor = (ofStates: boolean): Face => ({
  apis: ['fal'],
  vendor: 'fal',
  retentionSeconds: 3_600,
  hidesTasks: true,
  usual: { subTasks: 1, images: 1 },
  limits,
  read: (raw) => {
    const [path = ''] = raw.target.split('?', 1);
    const [, itsApp, id, part] = requestPath.exec(path) ?? [];
    if (itsApp === undefined && !path.startsWith('/fal-ai/')) return undefined;
    if ((part === 'status') !== ofStates) return undefined;
    const isSubmit = itsApp === undefined;
    const taskId = readTaskId(decodedPart(id ?? ''));
    const method = isSubmit ? 'POST' : part === 'cancel' ? 'PUT' : 'GET';
    return {
      ...defined({ taskId }),
      operation: isSubmit ? 'submit' : part === 'cancel' ? 'cancel' : 'query',
      api: 'fal',
      path,
      scheme: 'bearer',
      trial: false,
      admit: (rules) => {
        const account = accountOfKey('key', raw, rules);
        if (account === undefined) return { refusal: refused('key') };
        if (account.ipRefused || account.notGranted?.includes(path)) return { refusal: refused('not opened') };
        if (isSubmit && account.submitsLeft === 0) return { refusal: refused('quota') };
        return { account };
      },
      check: () => {
        if (isSubmit ? path !== model : itsApp !== app || taskId === undefined) return refused('path');
        if (raw.method === method) return undefined;
        return methodAnswer([method], { detail: 'Method Not Allowed' });
      },
      newTask: () => readFashnInputs(objectOf(raw.body) ?? {}),
    };
  },
  refusal: (step, context, taskId) => {
    const failed = ({ code, message }: FaceError): unknown => ({
      ...{ status: words.failed, ...urlsOf(taskId), error: message, error_type: code },
    });
    return refusalWith(step, context, errors, spell, ofStates ? failed : undefined);
  },
  throttled: (_, seconds) => errorAnswer(errorFor('throttled', errors), spell, seconds),
  invalid: (problem) => refused('parameter', problem),
  submitted: (taskId, step) => {
    const id = step.task?.taskId === 'absent' ? {} : urlsOf(taskId);
    return faceAnswer(200, { status: words.submitted, ...id, queue_position: 0 }, 'accepted', step);
  },
  query: (step, task, context) => {
    const picture = pictureOf(step, task, words, context);
    const { state, result, urls, taskId, word } = picture;
    const data = step.task?.data;
    if (data !== undefined) return faceAnswer(200, data === 'null' ? null : {}, 'nothing', step);
    const code = state === 'cancelled' ? 'client_cancelled' : 'runner_server_error';
    const hasFailed = state === 'failed' || state === 'cancelled';
    const error = errorOf(step, errors) ?? (hasFailed ? errorWith(code, picture.message) : undefined);
    const more = step.envelope?.unknownFields ? unknownFields : {};
    const isKnown = Object.values(words).includes(word?.toUpperCase() ?? '');
    const isOther = taskId !== undefined && taskId !== task.taskId;
    const ends = { ends: showsEnd(step, picture) };
    if (ofStates || !isKnown || isOther) {
      const failed = error && { error: error.message, error_type: error.code };
      const body = { ...stateOf(picture), ...failed, ...more };
      return faceAnswer(word === words.finished ? 200 : 202, body, word ?? 'nothing', step, ends);
    }
    if (error !== undefined) return faceAnswer(error.status, spell(error), `service:${error.code}`, step, ends);
    if (state !== 'finished') return faceAnswer(400, { detail: 'Request is still in progress', ...more }, state, step);
    const images = { list: urls.map(fileOf), empty: [], null: null, absent: undefined }[result];
    return faceAnswer(200, { ...defined({ images }), ...more }, 'COMPLETED', step, ends);
  },
  notFound: () => ({ ...refused('path'), label: 'not-found' }),
  cancelled: (isDone) =>
    isDone
      ? faceAnswer(202, { status: 'CANCELLATION_REQUESTED' }, 'cancelled')
      : faceAnswer(400, { status: 'ALREADY_COMPLETED' }, 'refused'),
});

/** See the file's description. */
export const falFace: Face = faceFor(false);
/** The face of `status_url`. */
export const falStatusFace: Face = faceFor(true);
