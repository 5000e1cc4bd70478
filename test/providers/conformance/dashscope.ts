/** How DashScope spells the cases. @see https://www.alibabacloud.com/help/en/model-studio/manage-asynchronous-tasks */
import { hugeUrl, type Spelling, taskId, urlOf, type Wire } from './cases.js';

const request_id = '7574ee8f-38a3-4b1e-9280-11c33ab46e51';
const task = (output: object, more: object = {}): Wire => ({
  json: { request_id, output: { task_id: taskId, submit_time: '2026-01-31 12:00:00.000', ...output }, ...more },
});
const succeeded = (output: object): Wire =>
  task({ task_status: 'SUCCEEDED', ...output }, { usage: { image_count: 1 } });
const results = (...list: unknown[]): Wire => succeeded({ results: list });
const failed = (code: string, message = 'no'): Wire => task({ task_status: 'FAILED', code, message });
const error = (status: number, code: string, message = 'no'): Wire => ({ status, json: { code, message, request_id } });

export const dashScopeSpelling: Spelling = {
  api: 'dashscope',
  request:
    '{"model":"aitryon-plus","input":{"person_image_url":"https://in.test/p.png","top_garment_url":"https://in.test/c.png"},"seed":12345678901234567890}',
  requests: {
    poll: { method: 'GET', path: `/api/v1/tasks/${taskId}` },
    submit: {
      method: 'POST',
      path: '/api/v1/services/aigc/image2image/image-synthesis',
      headers: { 'x-dashscope-async': 'enable', authorization: 'Bearer test-api-key' },
      body: '"seed":12345678901234567890',
    },
    cancel: { method: 'POST', path: `/api/v1/tasks/${taskId}/cancel` },
  },
  cases: {
    submitted: task({ task_status: 'PENDING' }),
    running: task({ task_status: 'RUNNING' }),
    runningOtherCase: task({ task_status: 'Running' }),
    runningImage: task({ task_status: 'RUNNING', results: [{ url: urlOf('a') }, {}] }),
    strangeState: task({ task_status: 'PONDERING' }),
    noState: task({}),
    noTaskId: { json: { request_id, output: { task_status: 'RUNNING' } } },
    moreFields: task({ task_status: 'RUNNING', more: [1] }, { more: { a: 1 } }),
    runningHint: { ...task({ task_status: 'RUNNING' }), headers: { 'retry-after': '7' } },
    finished: succeeded({ image_url: urlOf('a') }),
    severalImages: results({ url: urlOf('a') }, { url: urlOf('b') }, { url: urlOf('c') }),
    partial: results({ url: urlOf('a') }, { code: 'InternalError.Timeout', message: 'too slow' }),
    allFailed: results({ code: 'DataInspectionFailed', message: 'no' }, { code: 'InternalError', message: 'no' }),
    empty: succeeded({}),
    sameImage: results({ url: urlOf('a') }, { url: urlOf('a', 'anew') }),
    manyImages: results(...Array.from({ length: 1_000 }, (_, at) => ({ url: urlOf(`a${at}`) }))),
    oddImages: {
      ...results({ url: '' }, { url: 7 }, null, { url: urlOf('a') }),
      differs: { expected: { wait: 'partial' }, why: 'each item of `results` is a sub-task, so three gave no image' },
    },
    hugeImage: succeeded({ image_url: hugeUrl }),
    failed: failed('InternalError.Timeout', 'the task took too long'),
    failedSilently: task({ task_status: 'FAILED' }),
    failedByContent: failed('DataInspectionFailed'),
    failedByInput: failed('InvalidURL', 'the image cannot be downloaded'),
    failedStrangely: failed('NeverSeen'),
    failedWithImage: task({ task_status: 'FAILED', results: [{ url: urlOf('a') }, { code: 'X', message: 'no' }] }),
    cancelled: task({ task_status: 'CANCELED' }),
    timedOut: failed('ResponseTimeout'),
    unknownTask: task({ task_status: 'UNKNOWN' }),
    expiredTask: task({ task_status: 'UNKNOWN', code: 'InvalidParameter', message: 'no' }),
    otherTask: task({ task_status: 'RUNNING', task_id: 'another' }),
    wrongKey: error(401, 'InvalidApiKey', 'Invalid API-key provided.'),
    noPermission: error(403, 'AccessDenied.Unpurchased'),
    wrongTime: { skip: 'an API key signs no time' },
    noQuota: error(403, 'AllocationQuota.FreeTierOnly'),
    inDebt: error(400, 'Arrearage'),
    throttled: error(429, 'Throttling.RateQuota'),
    tooManyTasks: error(429, 'Throttling'),
    throttledText: { skip: 'no text with a time is documented' },
    throttledHint: { ...error(429, 'Throttling.RateQuota'), headers: { 'retry-after': '7' } },
    internal: error(500, 'InternalError.Algo'),
    slowBackend: error(500, 'RequestTimeOut'),
    strangeCode: error(500, 'NeverSeen'),
    badRequest: error(400, 'InvalidParameter'),
    wrongTypes: task({ task_status: [], task_id: {}, results: 7, image_url: [1], code: {}, message: [] }),
    longTexts: task({ task_status: 'FAILED', code: 'x'.repeat(100_000), message: 'y'.repeat(100_000) }),
    hugeReply: {
      get text() {
        const list = Array.from({ length: 110_000 }, (_, at) => `{"url":"https://i.test/${1e6 + at}.png"}`);
        return `{"output":{"task_id":"${taskId}","task_status":"RUNNING","results":[${list}]}}`;
      },
    },
    accepted: { json: { request_id, output: { task_id: 't-9', task_status: 'PENDING' } } },
    acceptedSilently: { json: { request_id, output: { task_status: 'PENDING' } } },
    submitRefused: error(400, 'InvalidParameter'),
    submitNoQuota: error(400, 'Arrearage'),
    submitWrongKey: error(401, 'InvalidApiKey'),
    submitThrottled: error(429, 'Throttling.RateQuota'),
    submitInternal: error(500, 'InternalError'),
    cancelTaken: { json: { request_id } },
    cancelLate: error(400, 'UnsupportedOperation', 'Failed to cancel the task'),
    cancelUnknown: error(404, 'NotFound'),
  },
};
