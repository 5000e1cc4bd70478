/** How the older Aidge generation spells the cases. @see https://docs.aidc-ai.com/aidge-resource/ */
import { hugeUrl, type Skip, type Spelling, taskId, urlOf, type Wire } from './cases.js';

const noCancel: Skip = { skip: 'Aidge has no call to cancel' };
const noTaskCode: Skip = { skip: 'a failed task gives no code' };

const envelope = {
  code: '0',
  requestId: '212cd83017085872506144758e3fca',
  success: 'true',
  resCode: '200',
  resMessage: 'success',
};
const task = (data: object, more: object = {}): Wire => ({ json: { ...envelope, ...more, data: { taskId, ...data } } });
const subTask = (taskStatus: string, ...urls: unknown[]) => ({
  taskStatus,
  taskResult: { result: { imageList: urls.map((imageUrl) => ({ imageUrl, clothes: 'https://in.test/c.png' })) } },
});
const finished = (...subTasks: unknown[]): Wire => task({ taskStatus: 'finished', taskResult: subTasks });
const gateway = (code: string, message = 'no'): Wire => ({ json: { code, type: 'ISV', message, request_id: 'r-1' } });
const service = (resCode: string, resMessage: string): Wire => ({
  json: { code: '0', success: 'false', resCode, resMessage, requestId: 'r-1' },
});

export const aidgeSpelling: Spelling = {
  api: 'tryon',
  request: '{"clothesList":[{"imageUrl":"https://in.test/c.png","type":"tops"}],"seed":12345678901234567890}',
  requests: {
    poll: { method: 'POST', path: '/rest/ai/virtual/tryon-results', body: JSON.stringify({ task_id: taskId }) },
    submit: { method: 'POST', path: '/rest/ai/virtual/tryon', body: '12345678901234567890' },
  },
  cases: {
    submitted: task({ taskStatus: 'submitted' }),
    running: task({ taskStatus: 'running' }),
    runningOtherCase: task({ taskStatus: 'RUNNING' }),
    runningImage: task({ taskStatus: 'running', taskResult: [subTask('finished', urlOf('a')), subTask('running')] }),
    strangeState: task({ taskStatus: 'PONDERING' }),
    noState: task({}),
    noTaskId: { json: { ...envelope, data: { taskStatus: 'running' } } },
    moreFields: task({ taskStatus: 'running', more: [1] }, { more: { a: 1 } }),
    runningHint: { ...task({ taskStatus: 'running' }), headers: { 'retry-after': '7' } },
    finished: finished(subTask('finished', urlOf('a'))),
    severalImages: finished(subTask('finished', urlOf('a'), urlOf('b')), subTask('finished', urlOf('c'))),
    partial: finished(subTask('finished', urlOf('a')), subTask('failed')),
    allFailed: finished(subTask('failed'), subTask('failed')),
    empty: finished(subTask('finished')),
    sameImage: finished(subTask('finished', urlOf('a'), urlOf('a', 'anew'))),
    manyImages: finished(subTask('finished', ...Array.from({ length: 1_000 }, (_, at) => urlOf(`a${at}`)))),
    oddImages: finished(subTask('finished', '', 7, null, urlOf('a'))),
    hugeImage: finished(subTask('finished', hugeUrl)),
    failed: task({ taskStatus: 'failed' }, { resMessage: 'no person in the picture' }),
    failedSilently: task({ taskStatus: 'failed' }),
    failedByContent: service('1000', 'content has sensitive data'),
    failedByInput: service('703', 'the garment image is too small'),
    failedStrangely: noTaskCode,
    failedWithImage: task({ taskStatus: 'failed', taskResult: [subTask('finished', urlOf('a')), subTask('failed')] }),
    cancelled: noCancel,
    timedOut: { skip: 'no such state is documented' },
    unknownTask: service('700', 'task not found'),
    expiredTask: service('700', 'the task has expired'),
    otherTask: task({ taskStatus: 'running', taskId: 'another' }),
    wrongKey: gateway('InvalidAppKey'),
    noPermission: gateway('AppNotSubscribed'),
    wrongTime: gateway('IllegalTimestamp'),
    noQuota: gateway('NoResource', 'Sorry, your calling resources have been exhausted'),
    inDebt: { skip: 'no such code is documented' },
    throttled: gateway('AppCallLimit'),
    tooManyTasks: { skip: 'no such limit is documented' },
    throttledText: gateway('ApiCallLimit', 'Api access frequency exceeds the limit. this ban will last 3 seconds'),
    throttledHint: { ...gateway('AppCallLimit'), headers: { 'retry-after': '7' } },
    internal: gateway('SystemError'),
    slowBackend: gateway('ServiceTimeout'),
    strangeCode: gateway('NeverSeen'),
    badRequest: gateway('MissingParameter'),
    wrongTypes: task(
      { taskStatus: [], taskId: {}, taskResult: 7 },
      { code: 0, success: 1, resCode: 200, resMessage: [] },
    ),
    longTexts: task({ taskStatus: 'failed', message: 'x'.repeat(100_000) }, { requestId: 'y'.repeat(100_000) }),
    hugeReply: {
      get text() {
        const one = '{"taskStatus":"running","taskResult":{"result":{"imageList":[]}}}';
        const list = Array(Math.floor((3.9 * 1024 * 1024) / one.length)).fill(one);
        return `{"code":"0","data":{"taskStatus":"running","taskId":"${taskId}","taskResult":[${list}]}}`;
      },
    },
    accepted: { json: { ...envelope, data: { result: { taskId: 't-9' } } } },
    acceptedSilently: { json: { ...envelope, data: {} } },
    submitRefused: service('700', 'invalid input'),
    submitNoQuota: gateway('NoResource'),
    submitWrongKey: gateway('InvalidAppKey'),
    submitThrottled: gateway('AppCallLimit'),
    submitInternal: gateway('SystemError'),
    cancelTaken: noCancel,
    cancelLate: noCancel,
    cancelUnknown: noCancel,
  },
};

/** The newer submit call; its tasks are polled like the others. */
export const aidgeProSpelling: Spelling = {
  ...aidgeSpelling,
  api: 'tryon-pro',
  requests: {
    ...aidgeSpelling.requests,
    submit: { ...aidgeSpelling.requests.submit, path: '/rest/ai/virtual/tryon-pro' },
  },
};
