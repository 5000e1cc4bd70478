/** How FASHN spells the cases. @see https://docs.fashn.ai/api-overview/api-fundamentals */
import { hugeUrl, type Skip, type Spelling, taskId, urlOf, type Wire } from './cases.js';

const noCancel: Skip = { skip: 'FASHN has no call to cancel' };
const noSubTasks: Skip = { skip: 'the images of a prediction have no states of their own' };

const task = (status: string, more: object = {}): Wire => ({ json: { id: taskId, status, error: null, ...more } });
const completed = (...output: unknown[]): Wire => task('completed', { output });
const failed = (name: string, message = 'no'): Wire => task('failed', { error: { name, message } });
const error = (status: number, name: string, message = 'no'): Wire => ({ status, json: { error: name, message } });

export const fashnSpelling: Spelling = {
  api: 'fashn',
  request:
    '{"model_name":"tryon-v1.6","inputs":{"model_image":"https://in.test/p.png","garment_image":"https://in.test/c.png","seed":12345678901234567890}}',
  requests: {
    poll: { method: 'GET', path: `/v1/status/${taskId}` },
    submit: {
      method: 'POST',
      path: '/v1/run',
      headers: { authorization: 'Bearer test-api-key' },
      body: '"seed":12345678901234567890',
    },
  },
  cases: {
    submitted: task('in_queue'),
    running: task('processing'),
    runningOtherCase: task('PROCESSING'),
    runningImage: noSubTasks,
    strangeState: task('pondering'),
    noState: { json: { id: taskId, error: null } },
    noTaskId: { json: { status: 'processing', error: null } },
    moreFields: task('processing', { more: [1], logs: { a: 1 } }),
    runningHint: { ...task('processing'), headers: { 'retry-after': '7' } },
    finished: completed(urlOf('a')),
    severalImages: completed(urlOf('a'), urlOf('b'), urlOf('c')),
    partial: noSubTasks,
    allFailed: noSubTasks,
    empty: completed(),
    sameImage: completed(urlOf('a'), urlOf('a', 'anew')),
    manyImages: completed(...Array.from({ length: 1_000 }, (_, at) => urlOf(`a${at}`))),
    oddImages: completed('', 7, null, urlOf('a')),
    hugeImage: completed(hugeUrl),
    failed: failed('PipelineError', 'the model failed'),
    failedSilently: task('failed'),
    failedByContent: failed('ContentModerationError'),
    failedByInput: failed('ImageLoadError'),
    failedStrangely: failed('NeverSeen'),
    failedWithImage: task('failed', { output: [urlOf('a')], error: { name: 'PipelineError', message: 'no' } }),
    cancelled: task('canceled'),
    timedOut: task('time_out'),
    unknownTask: error(404, 'NotFound'),
    expiredTask: error(404, 'NotFound', 'the prediction is no longer tracked'),
    otherTask: task('processing', { id: 'another' }),
    wrongKey: error(401, 'UnauthorizedAccess', 'Unauthorized: Invalid token'),
    noPermission: { skip: 'a key has no permissions' },
    wrongTime: { skip: 'an API key signs no time' },
    noQuota: error(429, 'OutOfCredits'),
    inDebt: { skip: 'credits are bought ahead' },
    throttled: error(429, 'RateLimitExceeded'),
    tooManyTasks: error(429, 'ConcurrencyLimitExceeded'),
    throttledText: { skip: 'no text with a time is documented' },
    throttledHint: { ...error(429, 'RateLimitExceeded'), headers: { 'retry-after': '7' } },
    internal: error(500, 'InternalServerError'),
    slowBackend: { skip: 'no such error is documented' },
    strangeCode: error(500, 'NeverSeen'),
    badRequest: error(400, 'BadRequest'),
    wrongTypes: {
      json: { id: {}, status: [], error: 7, output: { a: 1 }, message: [] },
      differs: { expected: { meaning: 'transient' }, why: 'a number in `error` is a code' },
    },
    longTexts: failed('x'.repeat(100_000), 'y'.repeat(100_000)),
    hugeReply: {
      get text() {
        const list = Array.from({ length: 125_000 }, (_, at) => `"https://i.test/${1e6 + at}.png"`);
        return `{"id":"${taskId}","status":"processing","output":[${list}]}`;
      },
    },
    accepted: { json: { id: 't-9', error: null } },
    acceptedSilently: { json: { error: null, message: 'queued' } },
    submitRefused: error(400, 'BadRequest'),
    submitNoQuota: error(429, 'OutOfCredits'),
    submitWrongKey: error(401, 'UnauthorizedAccess'),
    submitThrottled: error(429, 'RateLimitExceeded'),
    submitInternal: error(500, 'InternalServerError'),
    cancelTaken: noCancel,
    cancelLate: noCancel,
    cancelUnknown: noCancel,
  },
};
