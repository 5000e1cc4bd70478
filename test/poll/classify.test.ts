import { describe, expect, test } from 'vitest';
import { type Classification, classify } from '../../src/poll/classify.js';
import type { Answer, ErrorClass, Fault, SubTaskReply, TaskReply, VendorApi } from '../../src/poll/reply.js';
import { clampHint, readHint } from '../../src/poll/retry-hint.js';
import { tryOnApi as api } from '../../src/providers/aidge/tryon.js';

const anImage = { id: 'i', imageUrl: 'http://x/a', subTask: 0 };
const aSubTask = (subTask: Partial<SubTaskReply> = {}): SubTaskReply => ({
  index: 0,
  status: 'finished',
  images: [anImage],
  ...subTask,
});
const aTask = (task: Partial<TaskReply> = {}): TaskReply => {
  const status = task.status ?? 'running';
  return { taskId: 'mine', status, vendorStatus: status, subTasks: [], ...task };
};
const anAnswer = (answer: Partial<Answer> = {}): Answer => ({ kind: 'answer', httpStatus: 200, ...answer });
const ok = { gatewayCode: '0', success: true, serviceCode: '200', serviceMessage: 'success' } as const;
const aFault = (fault: Partial<Fault> & Pick<Fault, 'code'>): Fault => ({
  kind: 'fault',
  message: 'it broke',
  ...fault,
});
const read = (reply: Answer | Fault, options: object = {}): Classification =>
  classify(reply, api, { taskId: 'mine', ...options });
const told = (reply: Answer | Fault, options: object = {}) => {
  const classification = read(reply, options);
  return classification.kind === 'error'
    ? `${classification.class} ${classification.error.layer} ${classification.error.code}`
    : `${classification.kind} ${classification.status}`;
};
const done = aTask({ status: 'finished', subTasks: [aSubTask()] });

describe('the task is told by its status', () => {
  test.each([
    ['submitted', 'pending submitted'],
    ['running', 'pending running'],
    ['unknown', 'pending unknown'],
    ['finished', 'ended finished'],
    ['failed', 'ended failed'],
  ] as const)('%s', (status, classification) => {
    expect(told(anAnswer({ ...ok, task: aTask({ status }) }))).toBe(classification);
  });

  test('not by its images', () => {
    expect(told(anAnswer({ ...ok, task: aTask({ status: 'running', subTasks: [aSubTask()] }) }))).toBe(
      'pending running',
    );
    expect(told(anAnswer({ ...ok, task: aTask({ status: 'finished' }) }))).toBe('ended finished');
  });

  test.each<[string, Partial<Answer>]>([
    ['only a gateway code', { gatewayCode: '0' }],
    ['nothing but the task', {}],
    ['success alone', { success: true }],
    ['resCode alone', { serviceCode: '200' }],
  ])('also where the envelope has %s', (_name, envelope) => {
    expect(told(anAnswer({ ...envelope, task: done }))).toBe('ended finished');
  });

  test.each<[string, Partial<Answer>, Partial<TaskReply>, string]>([
    ['the message of the task', { serviceMessage: 'x' }, { message: 'no person in it' }, 'no person in it'],
    ['resMessage', { serviceMessage: 'no person in it' }, {}, 'no person in it'],
    ['nothing, where resMessage only says success', { serviceMessage: 'Success' }, {}, 'the vendor gives no reason'],
  ])('a failure has its reason from %s', (_name, answer, task, message) => {
    const reply = anAnswer({ ...ok, ...answer, requestId: 'r', task: aTask({ status: 'failed', ...task }) });
    expect(read(reply)).toEqual({
      kind: 'ended',
      status: 'failed',
      error: { layer: 'task', code: 'failed', message, requestId: 'r' },
    });
  });
});

/** What the vendor's pages and other users of its gateway say of each code. */
const gatewayClasses: Record<string, ErrorClass> = {
  NoResource: 'quota',
  IncompleteSignature: 'clock',
  IllegalTimestamp: 'clock',
  InvalidTimestamp: 'clock',
  InvalidAppKey: 'auth',
  AppWhiteIpLimit: 'auth',
  AppNotSubscribed: 'auth',
  IllegalAccessToken: 'auth',
  InvalidAccessToken: 'auth',
  MissingAccessToken: 'auth',
  AppAuthExpired: 'auth',
  IllegalRefreshToken: 'auth',
  MissingPartner: 'refused',
  MISSING_PARAMETER: 'refused',
  MissingParameter: 'refused',
  InvalidApiPath: 'refused',
  InvalidApi: 'refused',
  ApiCallLimit: 'throttled',
  AppCallLimit: 'throttled',
  SellerCallLimit: 'throttled',
  '901': 'throttled',
  '7': 'throttled',
  ServiceTimeout: 'transient',
  ServiceUnavailable: 'transient',
  SystemError: 'transient',
  '15': 'transient',
};
const serviceClasses: Record<string, [ErrorClass, number]> = {
  '500': ['transient', 0],
  '501': ['throttled', 0],
  '700': ['refused', 0],
  '701': ['refused', 1],
  '703': ['refused', 0],
  '707': ['refused', 0],
  '801': ['failed', 0],
  '900': ['transient', 0],
  '1000': ['refused', 0],
  '1001': ['refused', 5],
  '1002': ['refused', 1],
};

describe('every code of the gateway', () => {
  test('has its case here', () => {
    const known = Object.keys(api.gatewayCodes).filter((code) => code !== '0' && !code.includes('/'));
    expect(Object.keys(gatewayClasses).sort()).toEqual(known.sort());
  });

  test.each(Object.entries(gatewayClasses))('%s is %s, whatever the HTTP status', (code, meaning) => {
    for (const httpStatus of [200, 400, 403, 500]) {
      const classification = read(anAnswer({ gatewayCode: code, gatewayMessage: 'words', requestId: 'r', httpStatus }));
      expect(classification).toMatchObject({
        kind: 'error',
        class: meaning,
        error: { layer: 'gateway', code, message: 'words', requestId: 'r' },
        retries: 0,
      });
    }
  });

  test.each([
    ['isp.remote-service-timeout', 'transient'],
    ['isv.402', 'refused'],
    ['odd', 'transient'],
  ])('15 with %s is %s', (gatewaySubCode, meaning) => {
    expect(read(anAnswer({ gatewayCode: '15', gatewaySubCode, gatewayMessage: 'Remote service error' }))).toMatchObject(
      {
        class: meaning,
        error: { code: '15', message: `${gatewaySubCode}: Remote service error` },
      },
    );
  });

  test('has the description for a message where it brings none', () => {
    expect(read(anAnswer({ gatewayCode: 'NoResource' }))).toMatchObject({
      error: { message: 'no bought quota is left' },
    });
  });
});

describe('every code of the service', () => {
  test('has its case here', () => {
    expect(Object.keys(serviceClasses).sort()).toEqual(
      Object.keys(api.serviceCodes)
        .filter((code) => code !== '200')
        .sort(),
    );
  });

  test.each(Object.entries(serviceClasses))('%s is %s', (serviceCode, [meaning, retries]) => {
    for (const success of [{ success: false }, { success: true }, {}]) {
      const classification = read(anAnswer({ gatewayCode: '0', ...success, serviceCode, serviceMessage: 'words' }));
      expect(classification).toMatchObject({
        class: meaning,
        retries,
        error: { layer: 'service', code: serviceCode, message: 'words' },
      });
    }
  });
});

describe('a code never seen before waits its turn', () => {
  test.each(['FlowRuleViolation', 'constructor', '__proto__', 'hasOwnProperty', '-1'])('%s', (code) => {
    expect(told(anAnswer({ gatewayCode: code }))).toBe(`transient gateway ${code}`);
    expect(told(anAnswer({ gatewayCode: '0', success: false, serviceCode: code }))).toBe(`transient service ${code}`);
    expect(told(aFault({ code: code as Fault['code'] }))).toBe(`transient transport ${code}`);
  });

  test('and slows down where its text names a ban', () => {
    const classification = read(anAnswer({ gatewayCode: 'Odd', gatewayMessage: 'this ban will last 9 seconds' }));
    expect(classification).toMatchObject({ class: 'throttled', hint: { delayMs: 9_000, source: 'message' } });
  });
});

describe('a fault', () => {
  test.each([
    ['Timeout', 'transient'],
    ['ConnectionFailed', 'transient'],
    ['DnsFailed', 'transient'],
    ['TlsFailed', 'transient'],
    ['TooLarge', 'transient'],
    ['BadBody', 'transient'],
    ['Redirected', 'transient'],
    ['NoKey', 'auth'],
    ['Http400', 'refused'],
    ['Http401', 'clock'],
    ['Http402', 'quota'],
    ['Http403', 'clock'],
    ['Http408', 'transient'],
    ['Http425', 'transient'],
    ['Http429', 'throttled'],
    ['Http418', 'refused'],
    ['Http500', 'transient'],
    ['Http503', 'transient'],
    ['Http599', 'transient'],
    ['Http304', 'transient'],
    ['Http999', 'transient'],
  ] as const)('%s is %s', (code, meaning) => {
    expect(read(aFault({ code, excerpt: '<html>' }))).toMatchObject({
      class: meaning,
      error: { layer: 'transport', code, message: 'it broke: <html>' },
    });
  });

  test('by HTTP 404 or 410 is notFound', () => {
    for (const code of ['Http404', 'Http410'] as const) expect(told(aFault({ code }))).toBe('notFound task NotFound');
  });

  test('whose page speaks of a task is not notFound by that', () => {
    expect(told(aFault({ code: 'Http502', excerpt: 'task not found' }))).toBe('transient transport Http502');
  });
});

describe('where the layers disagree', () => {
  const failed = { success: false, serviceCode: '1000' } as const;
  test.each<[string, Partial<Answer>, string]>([
    [
      'the gateway goes before HTTP, service and task',
      { httpStatus: 404, gatewayCode: 'ApiCallLimit', ...failed, task: done },
      'throttled gateway ApiCallLimit',
    ],
    [
      'HTTP goes before the task where the body tells no code',
      { httpStatus: 503, task: aTask() },
      'transient transport Http503',
    ],
    [
      'HTTP 404 without a code is notFound',
      { httpStatus: 404, success: false, serviceMessage: 'x' },
      'notFound task NotFound',
    ],
    ['the service goes before HTTP where it tells a code', { httpStatus: 400, ...failed }, 'refused service 1000'],
    [
      'HTTP goes before an answer that tells nothing else',
      { httpStatus: 500, gatewayCode: '0' },
      'transient transport Http500',
    ],
    ['the service goes before the task', { gatewayCode: '0', ...failed, task: aTask() }, 'refused service 1000'],
    [
      'the service goes before a task said to be failed',
      { ...failed, task: aTask({ status: 'failed' }) },
      'refused service 1000',
    ],
    [
      'the service goes before a finished task without images',
      { ...failed, task: aTask({ status: 'finished', subTasks: [aSubTask({ images: [] })] }) },
      'refused service 1000',
    ],
    [
      'a finished task with images goes before the service',
      { gatewayCode: '0', ...failed, task: done },
      'ended finished',
    ],
    [
      'a finished task with images goes before an unknown gateway code',
      { gatewayCode: 'Odd', task: done },
      'ended finished',
    ],
    [
      'success false without a failed code is errors',
      { gatewayCode: '0', success: false, serviceCode: '200', task: aTask() },
      'transient service success=false',
    ],
    [
      'success false without a failed code leaves a failed task its end',
      { gatewayCode: '0', success: false, task: aTask({ status: 'failed' }) },
      'ended failed',
    ],
    [
      'success true does not save a failed code',
      { success: true, serviceCode: '700', task: aTask() },
      'refused service 700',
    ],
  ])('%s', (_name, answer, expected) => {
    expect(told(anAnswer(answer))).toBe(expected);
  });
});

describe('an answer about another task', () => {
  const other = aTask({ taskId: 'yours', status: 'finished', subTasks: [aSubTask()] });

  test('is wrongTask, and is taken where that is asked for', () => {
    expect(read(anAnswer({ ...ok, requestId: 'r', task: other }))).toEqual({
      kind: 'error',
      class: 'wrongTask',
      error: { layer: 'task', code: 'WrongTask', message: 'the answer is about task yours', requestId: 'r' },
      retries: 0,
    });
    expect(told(anAnswer({ ...ok, task: other }), { acceptOtherTaskId: true })).toBe('ended finished');
  });

  test('does not hide that the service failed, nor do its images', () => {
    expect(told(anAnswer({ gatewayCode: '0', success: false, serviceCode: '501', task: other }))).toBe(
      'throttled service 501',
    );
  });

  test('is not one that names no task', () => {
    const { taskId: _taskId, ...nameless } = done;
    expect(told(anAnswer({ ...ok, task: nameless }))).toBe('ended finished');
  });
});

describe('an answer without a task', () => {
  test('that says success is a task that is not there yet', () => {
    expect(read(anAnswer({ ...ok, excerpt: '{"data":null}' }))).toEqual({ kind: 'pending', status: 'unknown' });
  });
  test('and without success is polled again, its text in the error', () => {
    expect(read(anAnswer({ excerpt: '{"data":null}' }))).toMatchObject({
      kind: 'error',
      class: 'transient',
      error: { layer: 'transport', code: 'BadBody', message: 'the answer has no task: {"data":null}' },
    });
  });
});

describe('a task that the vendor does not know', () => {
  const texts = [
    'task not found',
    'The task does not exist',
    "task_id doesn't exist",
    'task id abc-123 not exist',
    'no such task',
    'Unknown task',
    'TaskNotFound',
    'the task has expired',
    'could not find the task',
    '任务不存在',
    '任务已过期',
    '找不到该任务',
  ];

  test.each(texts)('is told by "%s" on any failed layer', (text) => {
    const layers: Partial<Answer>[] = [
      { gatewayCode: 'Odd', gatewayMessage: text },
      { gatewayCode: '0', success: false, serviceCode: '700', serviceMessage: text },
      { gatewayCode: '0', success: false, serviceMessage: text },
      { ...ok, task: aTask({ status: 'failed', message: text }) },
    ];
    for (const layer of layers) expect(told(anAnswer(layer))).toBe('notFound task NotFound');
  });

  test('keeps the vendor’s code and words', () => {
    const reply = anAnswer({
      gatewayCode: '0',
      success: false,
      serviceCode: '700',
      serviceMessage: 'task not found',
      requestId: 'r',
    });
    expect(read(reply)).toMatchObject({ error: { message: '700: task not found', requestId: 'r' } });
  });

  test.each<[string, Partial<Answer>]>([
    [
      'another thing that is not found',
      { gatewayCode: '0', success: false, serviceCode: '700', serviceMessage: 'the image was not found' },
    ],
    ['the task on a layer that did not fail', { ...ok, serviceMessage: 'task not found', task: aTask() }],
    ['a key that is not found', { gatewayCode: 'InvalidAppKey', gatewayMessage: 'task not found' }],
    ['a limit', { gatewayCode: 'ApiCallLimit', gatewayMessage: 'task not found' }],
  ])('is not told by words on %s', (_name, answer) => {
    expect(told(anAnswer(answer))).not.toContain('notFound');
  });
});

describe('a hint', () => {
  const dateMs = Date.parse('Wed, 03 Apr 2024 11:41:41 GMT');
  const outOfRange = { outOfRange: expect.any(String) };
  test.each<[string, object]>([
    ['3', { delayMs: 3_000 }],
    [' 1.5 ', { delayMs: 1_500 }],
    ['0', { delayMs: 0 }],
    ['3600', { delayMs: 3_600_000 }],
    ['86400', { delayMs: 86_400_000, ...outOfRange }],
    ['9'.repeat(400), { delayMs: 365 * 86_400_000, ...outOfRange }],
    ['-5', { delayMs: -5_000, ...outOfRange }],
    ['soon', { delayMs: 0, ...outOfRange }],
    ['', { delayMs: 0, ...outOfRange }],
    ['3 seconds', { delayMs: 0, ...outOfRange }],
    ['Wed, 03 Apr 2024 11:41:44 GMT', { delayMs: 3_000 }],
    ['Wednesday, 03-Apr-24 11:41:44 GMT', { delayMs: 3_000 }],
    ['Wed Apr  3 11:41:44 2024 GMT', { delayMs: 3_000 }],
    ['Wed, 03 Apr 2024 11:41:31 GMT', { delayMs: -10_000, ...outOfRange }],
    ['Thu, 01 Jan 1970 00:00:00 GMT', { source: 'retryAfter', ...outOfRange }],
  ])('Retry-After: %j', (retryAfter, expected) => {
    const reply = aFault({ code: 'Http429', retryAfter, vendorDateMs: dateMs });
    const hint = readHint(reply, 0, api);
    expect(hint).toMatchObject({ source: 'retryAfter', ...expected });
    if (!('absurd' in expected)) expect(hint).not.toHaveProperty('absurd');
    expect(Number.isFinite(hint?.delayMs)).toBe(true);
  });

  test('as a date without a date of its own counts from our clock', () => {
    const reply = aFault({ code: 'Http503', retryAfter: 'Wed, 03 Apr 2024 11:41:44 GMT' });
    expect(readHint(reply, dateMs - 1_000, api)).toEqual({ delayMs: 4_000, source: 'retryAfter' });
  });

  test.each([
    ['Api access frequency exceeds the limit. this ban will last 5 seconds', 5_000],
    ['This ban will last for 7 more seconds', 7_000],
    ['this ban will last 0 seconds', 0],
    ['this ban will last 1 second', 1_000],
  ])('"%s"', (text, delayMs) => {
    for (const where of [{ gatewayMessage: text }, { serviceMessage: text }]) {
      expect(readHint(anAnswer(where), 0, api)).toEqual({ delayMs, source: 'message' });
    }
    expect(readHint(aFault({ code: 'Http429', excerpt: text }), 0, api)).toEqual({ delayMs, source: 'message' });
  });

  test('of two is the longer, but one that makes sense goes first', () => {
    const both = (retryAfter: string) => anAnswer({ retryAfter, gatewayMessage: 'this ban will last 5 seconds' });
    expect(readHint(both('3'), 0, api)).toMatchObject({ delayMs: 5_000 });
    expect(readHint(both('9'), 0, api)).toMatchObject({ delayMs: 9_000 });
    expect(readHint(both('86400'), 0, api)).toMatchObject({ delayMs: 5_000 });
  });

  test('is absent where nobody gives one', () => {
    expect(readHint(anAnswer({ gatewayMessage: 'slow down' }), 0, api)).toBeUndefined();
    expect(read(anAnswer({ gatewayCode: 'ApiCallLimit' }))).not.toHaveProperty('hint');
  });

  test('rides on the classification, the code’s own where the reply names none', () => {
    expect(
      read(anAnswer({ gatewayCode: 'ApiCallLimit', gatewayMessage: 'this ban will last 5 seconds' })),
    ).toMatchObject({ hint: { delayMs: 5_000, source: 'message' } });
    expect(read(anAnswer({ gatewayCode: 'AppCallLimit' }))).toMatchObject({
      hint: { delayMs: 60_000, source: 'code' },
    });
    expect(read(anAnswer({ gatewayCode: 'SellerCallLimit', retryAfter: '9' }))).toMatchObject({
      hint: { delayMs: 9_000, source: 'retryAfter' },
    });
    expect(read(anAnswer({ ...ok, retryAfter: '9', task: aTask() }))).toEqual({
      kind: 'pending',
      status: 'running',
      hint: { delayMs: 9_000, source: 'retryAfter' },
    });
  });

  test.each([
    [3_000, { floorMs: 1_000, leftMs: 60_000 }, 3_000],
    [0, { floorMs: 1_000, leftMs: 60_000 }, 1_000],
    [-5_000, { floorMs: 1_000, leftMs: 60_000 }, 1_000],
    [86_400_000, { floorMs: 1_000, leftMs: 60_000 }, 60_000],
    [60_000, { floorMs: 1_000, leftMs: 60_000 }, 60_000],
    [3_000, { floorMs: 1_000, leftMs: 500 }, 500],
    [3_000, { floorMs: 1_000, leftMs: -1 }, 0],
    [Number.NaN, { floorMs: 1_000, leftMs: 60_000 }, 1_000],
    [Number.POSITIVE_INFINITY, { floorMs: 1_000, leftMs: 60_000 }, 1_000],
  ])('of %d ms within %j is %d ms', (delayMs, bounds, expected) => {
    expect(clampHint({ delayMs }, bounds)).toBe(expected);
  });
});

test('every row says what it means, and what a person can do where a person must', () => {
  const rows = [api.gatewayCodes, api.serviceCodes, api.httpStatuses, api.transportCodes].flatMap(Object.entries);
  for (const [code, row] of rows) {
    expect(row.description, code).toMatch(/\S/);
    if (['auth', 'quota', 'clock', 'refused'].includes(row.class)) expect(row.remedy, code).toMatch(/\S/);
  }
});

describe('a vendor whose HTTP statuses mean something', () => {
  const withStatuses = {
    ...api,
    hasErrorStatuses: true,
    gatewayCodes: { 'Slow.*': { class: 'throttled', description: 'x' } },
  } as const;
  const classOf = (gatewayCode: string, httpStatus: number, one: VendorApi = withStatuses) => {
    const classification = classify(anAnswer({ gatewayCode, httpStatus }), one, { taskId: 'mine' });
    return classification.kind === 'error'
      ? `${classification.class} ${classification.error.code}`
      : classification.kind;
  };

  test.each([
    [404, 'notFound NotFound'],
    [402, 'quota Odd'],
    [429, 'throttled Odd'],
    [503, 'transient Odd'],
    [200, 'transient Odd'],
  ])('a code without a row is what status %i says', (httpStatus, expected) => {
    expect(classOf('Odd', httpStatus)).toBe(expected);
  });

  test('others keep the outcome of an unknown code', () => {
    expect(classOf('Odd', 402, api)).toBe('transient Odd');
  });

  test('a row for a family holds for the codes that begin with it', () => {
    expect(classOf('Slow.Down', 400)).toBe('throttled Slow.Down');
    expect(classOf('Slow', 402)).toBe('quota Slow');
    expect(classOf('Slower.Down', 402)).toBe('quota Slower.Down');
  });
});

test('a failed task without a reason has the description of its code', () => {
  const described = { ...api, taskCodes: { X: { class: 'failed', description: 'the model broke' } } } as const;
  const failed = anAnswer({ ...ok, task: aTask({ status: 'failed', code: 'X' }) });
  expect(classify(failed, described, { taskId: 'mine' })).toMatchObject({
    error: { code: 'X', message: 'the model broke' },
  });
});
