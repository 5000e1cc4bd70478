/**
 * How fal's queue spells the cases.
 * @see https://fal.ai/docs/inference-api/queue/result
 * @see https://docs.fal.ai/documentation/model-apis/request-errors
 * @see https://docs.fal.ai/errors
 */
import { hugeUrl, type Skip, type Spelling, taskId, urlOf, type Wire } from './cases.js';

const noSubTasks: Skip = { skip: 'the images of a request have no states of their own' };
const noPart: Skip = { skip: 'a result is the whole result, or an error' };

const base = `https://queue.fal.run/fal-ai/fashn/requests/${taskId}`;
const urls = { response_url: base, status_url: `${base}/status`, cancel_url: `${base}/cancel` };
const queued = (status: string, more: object = {}): Wire => ({
  json: { status, request_id: taskId, ...urls, ...more },
});
const text = (status: number, detail: string, more: object = {}): Wire => ({ status, json: { detail, ...more } });
const pending = text(400, 'Request is still in progress');
const file = (url: unknown): object => ({ url, content_type: 'image/png', file_name: 'a.png', file_size: 1_000 });
const result = (...found: unknown[]): Wire => ({ json: { images: found.map(file) } });
const model = (status: number, type: string, msg = 'no'): Wire => ({
  status,
  json: { detail: [{ loc: ['body', 'model_image'], msg, type, url: `https://docs.fal.ai/errors#${type}`, input: {} }] },
});
const request = (status: number, type: string): Wire => text(status, 'no', { error_type: type });
const noKey = text(401, 'Authentication is required to access this application.');
const noBalance = text(
  403,
  'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.',
);

export const falSpelling: Spelling = {
  api: 'fal',
  request:
    '{"model_image":"https://in.test/p.png","garment_image":"https://in.test/c.png","seed":12345678901234567890}',
  requests: {
    poll: { method: 'GET', path: `/fal-ai/fashn/requests/${taskId}`, headers: { authorization: 'Key test-api-key' } },
    submit: {
      method: 'POST',
      path: '/fal-ai/fashn/tryon/v1.6',
      headers: { authorization: 'Key test-api-key' },
      body: '"seed":12345678901234567890',
    },
    cancel: { method: 'PUT', path: `/fal-ai/fashn/requests/${taskId}/cancel` },
  },
  cases: {
    submitted: {
      ...pending,
      differs: {
        expected: { meaning: 'running' },
        why: 'a result that is not ready does not say whether the task has begun',
      },
    },
    running: pending,
    runningOtherCase: text(400, 'REQUEST IS STILL IN PROGRESS'),
    runningImage: noPart,
    strangeState: queued('PONDERING'),
    noState: { json: { request_id: taskId, ...urls } },
    noTaskId: pending,
    moreFields: queued('IN_PROGRESS', { logs: [{ message: 'a' }], metrics: { inference_time: 1 } }),
    runningHint: { ...pending, headers: { 'retry-after': '7' } },
    finished: result(urlOf('a')),
    severalImages: result(urlOf('a'), urlOf('b'), urlOf('c')),
    partial: noSubTasks,
    allFailed: noSubTasks,
    empty: result(),
    sameImage: result(urlOf('a'), urlOf('a', 'anew')),
    manyImages: result(...Array.from({ length: 1_000 }, (_, at) => urlOf(`a${at}`))),
    oddImages: { json: { images: [file(''), 7, null, file(null), file(urlOf('a'))] } },
    hugeImage: result(hugeUrl),
    failed: request(500, 'runner_server_error'),
    failedSilently: { status: 422, json: { detail: [] } },
    failedByContent: model(422, 'content_policy_violation'),
    failedByInput: model(422, 'file_download_error'),
    failedStrangely: model(422, 'never_seen'),
    failedWithImage: noPart,
    cancelled: request(499, 'client_cancelled'),
    timedOut: request(504, 'request_timeout'),
    unknownTask: text(404, 'Request not found'),
    expiredTask: text(404, 'Request not found'),
    otherTask: queued('IN_PROGRESS', { request_id: 'another' }),
    wrongKey: noKey,
    noPermission: text(403, 'Access denied'),
    wrongTime: { skip: 'an API key signs no time' },
    noQuota: noBalance,
    inDebt: text(403, 'User is locked. Reason: Admin lock. Please contact support@fal.ai'),
    throttled: text(429, 'Too many requests'),
    tooManyTasks: { skip: 'tasks above the limit wait in the queue' },
    throttledText: { skip: 'no text with a time is documented' },
    throttledHint: { ...text(429, 'Too many requests'), headers: { 'retry-after': '7' } },
    internal: request(500, 'internal_error'),
    slowBackend: text(504, 'Gateway Timeout'),
    strangeCode: request(500, 'never_seen'),
    badRequest: request(400, 'bad_request'),
    wrongTypes: {
      json: { request_id: {}, response_url: 7, status: [], detail: 7, error_type: [], images: { a: 1 } },
      differs: { expected: { meaning: 'transient' }, why: 'a reply with a `detail` is an error' },
    },
    longTexts: model(422, 'x'.repeat(100_000), 'y'.repeat(100_000)),
    hugeReply: {
      get text() {
        const list = Array.from({ length: 100_000 }, (_, at) => `{"url":"https://i.test/${1e6 + at}.png"}`);
        return `{"images":[${list}]}`;
      },
      differs: { expected: { meaning: 'finished', wait: 'finished' }, why: 'what has images is a result' },
    },
    accepted: queued('IN_QUEUE', { queue_position: 0 }),
    acceptedSilently: { json: { status: 'IN_QUEUE', queue_position: 0 } },
    submitRefused: request(400, 'bad_request'),
    submitNoQuota: noBalance,
    submitWrongKey: noKey,
    submitThrottled: text(429, 'Too many requests'),
    submitInternal: request(500, 'internal_error'),
    cancelTaken: { status: 202, json: { status: 'CANCELLATION_REQUESTED' } },
    cancelLate: { status: 400, json: { status: 'ALREADY_COMPLETED' } },
    cancelUnknown: { status: 404, json: { status: 'NOT_FOUND' } },
  },
};
