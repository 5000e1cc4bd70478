/** How the newer Aidge generation spells the cases. @see https://help.aliyun.com/zh/document_detail/3038634.html */
import { hugeUrl, type Skip, type Spelling, taskId, urlOf, type Wire } from './cases.js';

const noCancel: Skip = { skip: 'Aidge has no call to cancel' };

const ok = { Code: 'success', Message: 'Success', RequestId: '2157065A-D6C8-1F3E-A4D0-B1234567890', Success: true };
const task = (data: object, more: object = {}): Wire => ({
  json: { ...ok, ...more, Data: { TaskId: taskId, ...data } },
});
const result = (value: unknown, Status = 'COMPLETED'): Wire => task({ Status, Result: JSON.stringify(value) });
const error = (Code: string, Message = 'no', status = 200): Wire => ({
  status,
  json: { Code, Message, RequestId: 'r-1', Success: false },
});
const gateway = (code: string, message = 'no'): Wire => ({ json: { code, type: 'ISV', message, request_id: 'r-1' } });
const image = (ImageUrl: unknown) => ({ ImageUrl });

export const aidge2026Spelling: Spelling = {
  api: 'aidge-2026',
  request:
    '{"ClothImageUrl":"https://in.test/c.png","ClothType":"tops","ModelImageUrl":"https://in.test/p.png","Resolution":"1K","Seed":12345678901234567890}',
  requests: {
    poll: { method: 'POST', path: '/rest/ai/task/queryTaskResult', body: JSON.stringify({ TaskId: taskId }) },
    submit: { method: 'POST', path: '/rest/ai/image/virtualTryOn', body: '"Seed":12345678901234567890' },
  },
  cases: {
    submitted: task({ Status: 'QUEUED' }),
    running: task({ Status: 'IN_PROGRESS' }),
    runningOtherCase: task({ Status: 'in_progress' }),
    runningImage: result([{ Status: 'COMPLETED', ...image(urlOf('a')) }, { Status: 'IN_PROGRESS' }], 'IN_PROGRESS'),
    strangeState: task({ Status: 'PONDERING' }),
    noState: task({}),
    noTaskId: { json: { ...ok, Data: { Status: 'IN_PROGRESS' } } },
    moreFields: task({ Status: 'IN_PROGRESS', More: [1] }, { More: { a: 1 } }),
    runningHint: { ...task({ Status: 'IN_PROGRESS' }), headers: { 'retry-after': '7' } },
    finished: result(image(urlOf('a'))),
    severalImages: result([image(urlOf('a')), image(urlOf('b')), image(urlOf('c'))]),
    partial: result([{ Status: 'COMPLETED', ...image(urlOf('a')) }, { Status: 'FAILED' }]),
    allFailed: result([{ Status: 'FAILED' }, { Status: 'FAILED' }]),
    empty: result({}),
    sameImage: result([image(urlOf('a')), image(urlOf('a', 'anew'))]),
    manyImages: result(Array.from({ length: 1_000 }, (_, at) => image(urlOf(`a${at}`)))),
    oddImages: result({ ImageList: [image(''), image(7), null, image(urlOf('a'))] }),
    hugeImage: result(image(hugeUrl)),
    failed: task({ Status: 'FAILED', Result: 'the garment cannot be seen' }),
    failedSilently: task({ Status: 'FAILED' }),
    failedByContent: task({ Status: 'FAILED', Result: '{"Code":"OutputContentBlocked","Message":"blocked"}' }),
    failedByInput: task({ Status: 'FAILED', Result: '{"Code":"InvalidParameter","Message":"too small"}' }),
    failedStrangely: task({ Status: 'FAILED', Result: '{"Code":"NeverSeen","Message":"why"}' }),
    failedWithImage: result([{ Status: 'COMPLETED', ...image(urlOf('a')) }, { Status: 'FAILED' }], 'FAILED'),
    cancelled: noCancel,
    timedOut: { skip: 'no such state is documented' },
    unknownTask: error('InvalidParameter', 'task not found'),
    expiredTask: error('InvalidParameter', 'the task has expired'),
    otherTask: task({ Status: 'IN_PROGRESS', TaskId: 'another' }),
    wrongKey: gateway('InvalidAppKey'),
    noPermission: error('ServiceNotOpened'),
    wrongTime: gateway('IllegalTimestamp'),
    noQuota: error('FreeQuotaExhausted'),
    inDebt: error('ServiceStatusInvalid'),
    throttled: gateway('AppCallLimit'),
    tooManyTasks: { skip: 'no such limit is documented' },
    throttledText: gateway('ApiCallLimit', 'this ban will last 3 seconds'),
    throttledHint: { ...gateway('AppCallLimit'), headers: { 'retry-after': '7' } },
    internal: error('DownstreamUnavailable'),
    slowBackend: gateway('ServiceTimeout'),
    strangeCode: error('NeverSeen'),
    badRequest: error('InvalidParameter', 'ClothType is missing'),
    wrongTypes: task({ Status: [], TaskId: {}, Result: 7 }, { Message: [], Success: 1 }),
    longTexts: task({ Status: 'FAILED', Result: 'x'.repeat(100_000) }, { RequestId: 'y'.repeat(100_000) }),
    hugeReply: {
      get json() {
        const list = Array(100_000).fill({ Status: 'IN_PROGRESS', Url: '' });
        const Result = JSON.stringify(list)
          .slice(0, 3 * 1024 * 1024)
          .replace(/,[^,]*,[^,]*$/, ']');
        return { ...ok, Data: { TaskId: taskId, Status: 'IN_PROGRESS', Result } };
      },
    },
    accepted: { json: { ...ok, Data: { TaskId: 't-9' } } },
    acceptedSilently: { json: { ...ok, Data: {} } },
    submitRefused: error('InvalidParameter'),
    submitNoQuota: error('FreeQuotaExhausted'),
    submitWrongKey: gateway('InvalidAppKey'),
    submitThrottled: gateway('AppCallLimit'),
    submitInternal: error('DownstreamUnavailable'),
    cancelTaken: noCancel,
    cancelLate: noCancel,
    cancelUnknown: noCancel,
  },
};
