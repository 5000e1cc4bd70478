import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/poll/classify.js';
import type { Answer } from '../../../src/poll/reply.js';
import { aidge2026Api } from '../../../src/providers/aidge/aidge-2026.js';
import { apiOf } from '../../../src/providers/apis.js';
import { readReply } from '../../../src/providers/read-reply.js';
import { redactor } from '../../../src/providers/redact.js';
import { submitResult } from '../../../src/providers/submit-result.js';

const taskId = 'b67f6089-085a-9402-93c6-bac0561b3a06';
const url = (name: string) => `https://oss.example/${name}.png?Expires=1780315869&Signature=x%3D`;

const read = (body: unknown, httpStatus = 200) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readReply({ kind: 'body', facts: { httpStatus }, text }, aidge2026Api, redactor(['very-secret-word']));
};
const taskOf = (body: unknown) => (read(body) as Answer).task;
const outcomeOf = (body: unknown, httpStatus?: number) => classify(read(body, httpStatus), aidge2026Api, { taskId });

/** A query's reply, in the words of the vendor's page. */
const aReply = (data: object, rest: object = {}) => ({
  Code: 'success',
  Message: 'Success',
  RequestId: '2157065A-D6C8-1F3E-A4D0-B1234567890',
  Success: true,
  Data: { TaskId: taskId, UsageMap: { ProcessedImageCount: '1' }, ...data },
  ...rest,
});
const completed = (result: unknown) => aReply({ Status: 'COMPLETED', Result: JSON.stringify(result) });
const imagesOf = (body: unknown) =>
  taskOf(body)?.subTasks.map(({ images }) => images.map(({ imageUrl }) => imageUrl)) ?? [];

test('is found by its name', () => {
  expect(apiOf('aidge-2026')).toBe(aidge2026Api);
});

describe('the calls', () => {
  const request = { ClothImageUrl: 'https://a/1.png', ClothType: 'tops', ModelImageUrl: 'https://a/2.png' };

  test('a poll names the task', () => {
    expect(aidge2026Api.poll(taskId)).toEqual({
      method: 'POST',
      path: '/ai/task/queryTaskResult',
      parameters: { TaskId: taskId },
      action: { name: 'QueryAsyncTaskResult', version: '2026-04-28' },
    });
  });

  test('a submit passes the request on, as text and as parameters', () => {
    const json = JSON.stringify({ ...request, Resolution: '2K', Seed: 7, Extra: [1, { a: 'b' }], Nothing: null });
    expect(aidge2026Api.submit(json)).toMatchObject({
      method: 'POST',
      action: { name: 'VirtualTryOn', version: '2026-04-28' },
      json,
      parameters: { ...request, Resolution: '2K', Seed: '7', Extra: '[1,{"a":"b"}]' },
    });
    expect(aidge2026Api.submit(json).parameters).not.toHaveProperty('Nothing');
  });

  test.each([
    ['[{"ClothImageUrl":"https://a/1.png"}]'],
    ['"text"'],
    ['null'],
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('a submit of %.20s has no parameters, so that the vendor refuses it', (json) => {
    expect(aidge2026Api.submit(json)).toMatchObject({ json, parameters: {} });
  });
});

describe('the states', () => {
  test.each([
    ['QUEUED', { kind: 'pending', status: 'submitted' }],
    ['IN_PROGRESS', { kind: 'pending', status: 'running' }],
    ['in_progress', { kind: 'pending', status: 'running' }],
    ['submitted', { kind: 'pending', status: 'submitted' }],
    ['running', { kind: 'pending', status: 'running' }],
    ['COMPLETED', { kind: 'ended', status: 'finished' }],
    ['finished', { kind: 'ended', status: 'finished' }],
    ['BAKING', { kind: 'pending', status: 'unknown' }],
    ['', { kind: 'pending', status: 'unknown' }],
  ])('%s', (Status, expected) => {
    expect(outcomeOf(aReply({ Status }))).toEqual(expected);
  });

  test('FAILED has its reason in Result', () => {
    expect(outcomeOf(aReply({ Status: 'FAILED', Result: 'the garment cannot be seen' }))).toEqual({
      kind: 'ended',
      status: 'failed',
      error: {
        layer: 'task',
        code: 'FAILED',
        message: 'the garment cannot be seen',
        requestId: '2157065A-D6C8-1F3E-A4D0-B1234567890',
      },
    });
  });

  test.each<[string, object, object, { code: string; message: string }]>([
    [
      'JSON text',
      { Result: '{"Code":"OutputContentBlocked","Message":"blocked","Url":"https://oss.example/in.png"}' },
      {},
      { code: 'OutputContentBlocked', message: 'blocked' },
    ],
    ['an object', { Result: { errorCode: 17, errorMessage: 'no' } }, {}, { code: '17', message: 'no' }],
    ['fields beside it', { ErrorCode: 'X', ErrorMessage: 'why' }, {}, { code: 'X', message: 'why' }],
    [
      'the code of the reply',
      {},
      { Code: 'InputContentBlocked', Message: 'blocked', Success: false },
      { code: 'InputContentBlocked', message: 'blocked' },
    ],
    [
      'a code of the platform',
      {},
      { Code: 'Throttling.User', Message: 'slow', Success: false },
      { code: 'Throttling.User', message: 'slow' },
    ],
    ['only success=false', {}, { Code: undefined, Message: 'bad', Success: false }, { code: 'FAILED', message: 'bad' }],
    ['a code that nobody knows', { ErrorCode: 'Z' }, {}, { code: 'Z', message: 'the vendor gives no reason' }],
    [
      'a code whose row would poll on',
      { Result: '{"code":"DownstreamUnavailable","message":"m"}' },
      {},
      { code: 'DownstreamUnavailable', message: 'm' },
    ],
    ['nothing', {}, {}, { code: 'FAILED', message: 'the vendor gives no reason' }],
    ['nothing, nor a code', {}, { Code: undefined }, { code: 'FAILED', message: 'the vendor gives no reason' }],
  ])('a failed task has ended; its reason may be in %s', (_name, data, rest, error) => {
    const body = aReply({ Status: 'FAILED', ...data }, rest);
    expect(outcomeOf(body)).toMatchObject({ kind: 'ended', status: 'failed', error: { layer: 'task', ...error } });
    expect(taskOf(body)?.subTasks).toEqual([]);
  });

  test('a failed list keeps the images of what did not fail', () => {
    const Result = JSON.stringify([{ Status: 'COMPLETED', ImageUrl: url('a') }, { Status: 'FAILED' }]);
    expect(taskOf(aReply({ Status: 'FAILED', Result }))?.subTasks).toMatchObject([
      { index: 0, status: 'finished', images: [{ imageUrl: url('a') }] },
      { index: 1, status: 'failed', images: [] },
    ]);
  });

  test('a secret or a signature in a reason is not shown', () => {
    const Result = JSON.stringify({ code: 'very-secret-word', message: `see ${url('a')}` });
    const task = taskOf(aReply({ Status: 'FAILED', Result }));
    expect(task).toMatchObject({ code: '[redacted]', message: 'see https://oss.example/a.png?[redacted]' });
  });

  test('nothing to read yet: no data, and a code that says success', () => {
    expect(outcomeOf({ Code: 'success', Data: null })).toEqual({ kind: 'pending', status: 'unknown' });
  });
});

describe('the task id', () => {
  test('of another task is noticed', () => {
    expect(outcomeOf(aReply({ Status: 'QUEUED', TaskId: 'other' }))).toMatchObject({ class: 'wrongTask' });
  });

  test('may be that of a downstream task, beside a business id', () => {
    const body = aReply({ Status: 'COMPLETED', TaskId: 'other', BizId: 'biz', Result: `{"ImageUrl":"${url('a')}"}` });
    expect(outcomeOf(body)).toEqual({ kind: 'ended', status: 'finished' });
    expect(imagesOf(body)).toEqual([[url('a')]]);
    const failed = aReply({ Status: 'FAILED', TaskId: 'other', BizId: 'biz', Result: 'no' });
    expect(outcomeOf(failed)).toMatchObject({ kind: 'ended', status: 'failed' });
  });

  test('of more than 16 digits keeps them', () => {
    expect(taskOf('{"Data":{"TaskId":12345678901234567890,"Status":"QUEUED"}}')?.taskId).toBe('12345678901234567890');
  });
});

describe('the images', () => {
  test.each<[string, unknown, string[][]]>([
    ['as of the synchronous call', { ImageUrl: url('a'), ImageWidth: 1024, ImageHeight: 1360 }, [[url('a')]]],
    ['as of the SDK’s example', { url: url('a') }, [[url('a')]]],
    ['as of a sibling', { Result: { FinalUrl: url('a') } }, [[url('a')]]],
    ['a list of addresses', [url('a'), url('b')], [[url('a')], [url('b')]]],
    ['a list in a field', { ResultImages: [url('a'), url('b')] }, [[url('a'), url('b')]]],
    ['JSON text in it', { data: JSON.stringify({ imageList: [{ imageUrl: url('a') }] }) }, [[url('a')]]],
    ['the same twice', { ImageUrl: url('a'), Images: [url('a')] }, [[url('a')]]],
    [
      'not the pictures of the request',
      {
        ...{ ClothImageUrl: url('x'), ModelImageUrl: url('y'), modelImage: [url('y')], input: { url: url('z') } },
        ...{ source_url: url('x'), originalImageUrl: url('x'), Output: url('a') },
      },
      [[url('a')]],
    ],
    ['not a second address of an image', { ImageUrl: url('a'), ThumbnailUrl: url('small') }, [[url('a')]]],
    ['none', {}, [[]]],
    ['a text that is none', 'ready', []],
  ])('%s', (_name, result, expected) => {
    expect(imagesOf(completed(result))).toEqual(expected);
  });

  test('an address alone, an object that is no text, and JSON text twice', () => {
    expect(imagesOf(aReply({ Status: 'COMPLETED', Result: url('a') }))).toEqual([[url('a')]]);
    expect(imagesOf(aReply({ Status: 'COMPLETED', Result: { ImageUrl: url('a') } }))).toEqual([[url('a')]]);
    expect(imagesOf(completed(JSON.stringify({ ImageUrl: url('a') })))).toEqual([[url('a')]]);
  });

  test('each garment of a list is a sub-task, with its garment and its own state', () => {
    const body = completed([
      { Status: 'COMPLETED', ImageUrl: url('a'), ClothImageUrl: 'https://shop.example/1.png' },
      { Status: 'FAILED', Message: 'no' },
    ]);
    expect(taskOf(body)?.subTasks).toEqual([
      {
        index: 0,
        status: 'finished',
        vendorStatus: 'COMPLETED',
        images: [expect.objectContaining({ imageUrl: url('a'), clothes: 'https://shop.example/1.png', subTask: 0 })],
      },
      { index: 1, status: 'failed', vendorStatus: 'FAILED', images: [] },
    ]);
  });

  test('those that are there while the task runs are seen', () => {
    const Result = JSON.stringify([{ Status: 'COMPLETED', ImageUrl: url('a') }, { Status: 'IN_PROGRESS' }]);
    expect(taskOf(aReply({ Status: 'IN_PROGRESS', Result }))).toMatchObject({
      status: 'running',
      subTasks: [
        { status: 'finished', images: [{ imageUrl: url('a') }] },
        { status: 'running', images: [] },
      ],
    });
  });
});

/** What each documented code means: for a poll, and for a submit. */
const codes: readonly [string, string, 'rejected' | 'retry' | 'maybe'][] = [
  ['InvalidParameter', 'refused', 'rejected'],
  ['InvalidParameter.TaskId', 'refused', 'rejected'],
  ['InputContentBlocked', 'refused', 'rejected'],
  ['OutputContentBlocked', 'failed', 'rejected'],
  ['PriorityUnavailable', 'refused', 'rejected'],
  ['CallerTypeNotSupported', 'auth', 'rejected'],
  ['UserStatusInvalid', 'auth', 'rejected'],
  ['ServiceNotOpened', 'auth', 'rejected'],
  ['ServiceStatusInvalid', 'quota', 'rejected'],
  ['FreeQuotaExhausted', 'quota', 'rejected'],
  ['DownstreamUnavailable', 'transient', 'maybe'],
  ['UsageParseFail', 'transient', 'maybe'],
  ['Throttling', 'throttled', 'retry'],
  ['Throttling.User', 'throttled', 'retry'],
  ['Throttling.Api', 'throttled', 'retry'],
  ['Throttling.Whatever', 'throttled', 'retry'],
  ['SignatureDoesNotMatch', 'clock', 'rejected'],
  ['InvalidTimeStamp.Expired', 'clock', 'rejected'],
  ['InvalidTimeStamp.Format', 'clock', 'rejected'],
  ['SignatureNonceUsed', 'transient', 'maybe'],
  ['InvalidAccessKeyId', 'auth', 'rejected'],
  ['InvalidAccessKeyId.NotFound', 'auth', 'rejected'],
  ['InvalidAccessKeyId.Inactive', 'auth', 'rejected'],
  ['MissingAccessKeyId', 'auth', 'rejected'],
  ['Forbidden', 'auth', 'rejected'],
  ['Forbidden.RAM', 'auth', 'rejected'],
  ['Forbidden.RiskControl', 'auth', 'rejected'],
  ['Forbidden.UserVerification', 'auth', 'rejected'],
  ['NoPermission', 'auth', 'rejected'],
  ['InsufficientBalance', 'quota', 'rejected'],
  ['MissingParameter', 'refused', 'rejected'],
  ['MissingClothImageUrl', 'refused', 'rejected'],
  ['UnsupportedOperation', 'refused', 'rejected'],
  ['UnsupportedHTTPMethod', 'refused', 'rejected'],
  ['NoSuchVersion', 'refused', 'rejected'],
  ['InvalidVersion', 'refused', 'rejected'],
  ['InvalidAction', 'refused', 'rejected'],
  ['InvalidAction.NotFound', 'refused', 'rejected'],
  ['InvalidApi.NotFound', 'refused', 'rejected'],
  ['InvalidProduct.NotFound', 'refused', 'rejected'],
  ['InvalidProtocol.NeedSsl', 'refused', 'rejected'],
  ['InternalError', 'transient', 'maybe'],
  ['ServiceUnavailable', 'transient', 'maybe'],
  // Of Aidge's gateway, as for the older generation.
  ['ApiCallLimit', 'throttled', 'retry'],
  ['InvalidAppKey', 'auth', 'rejected'],
  ['IncompleteSignature', 'clock', 'rejected'],
  ['NoResource', 'quota', 'rejected'],
  ['NeverSeenBefore', 'transient', 'maybe'],
  ['constructor', 'transient', 'maybe'],
];

describe('the codes', () => {
  const anError = (Code: string) => ({ Code, Message: 'words of the vendor: x', RequestId: 'r', Data: null });

  test.each(codes)('%s is %s', (code, errorClass) => {
    for (const httpStatus of [200, 400]) {
      const outcome = outcomeOf(anError(code), httpStatus);
      expect(outcome).toMatchObject({ kind: 'error', class: errorClass, error: { requestId: 'r' } });
      expect(outcome).toMatchObject({ error: { message: expect.stringContaining('words of the vendor: x') } });
    }
  });

  test.each(codes)('%s (%s) to a submit: %s', (code, _class, expected) => {
    const result = submitResult(read(anError(code)), aidge2026Api, { neverSent: false, isClockLearned: false });
    expect(result.kind === 'rejected' && result.retrySafe ? 'retry' : result.kind).toBe(expected);
  });

  test('every row is in the table above, or is of the older gateway', () => {
    const rows = [...Object.keys(aidge2026Api.serviceCodes), ...Object.keys(aidge2026Api.gatewayCodes)];
    const tested = new Set([
      ...[...codes.map(([code]) => code), 'success', 'Success', '200', 'OK'],
      ...Object.keys(apiOf('tryon').gatewayCodes),
    ]);
    const isTested = (row: string) =>
      row.endsWith('.*') ? [...tested].some((code) => code.startsWith(row.slice(0, -1))) : tested.has(row);
    expect(rows.filter((row) => !isTested(row))).toEqual([]);
  });

  test.each([['success'], ['Success'], ['200'], ['OK'], ['0'], [undefined]])('%s is success', (Code) => {
    expect(outcomeOf(aReply({ Status: 'QUEUED' }, { Code }))).toEqual({ kind: 'pending', status: 'submitted' });
  });

  test.each([['UsageParseFail'], ['InternalError'], ['DownstreamUnavailable'], ['NeverSeenBefore']])(
    'images of a completed task are taken in spite of %s',
    (Code) => {
      const body = { ...completed({ ImageUrl: url('a') }), Code, Success: false };
      expect(outcomeOf(body)).toEqual({ kind: 'ended', status: 'finished' });
    },
  );

  test.each([
    ['InvalidParameter', 'the task does not exist'],
    ['InvalidTaskId.NotFound', 'unknown'],
    ['TaskNotExist', 'x'],
    ['NeverSeenBefore', '任务不存在'],
  ])('%s with "%s" is an unknown task', (Code, Message) => {
    expect(outcomeOf({ Code, Message, Data: null })).toMatchObject({ kind: 'error', class: 'notFound' });
  });

  test('HTTP 429 without a code is a throttle', () => {
    expect(outcomeOf({ Message: 'slow down' }, 429)).toMatchObject({ kind: 'error', class: 'throttled' });
  });

  test('success false without a code has the message', () => {
    expect(outcomeOf({ Success: false, Message: 'no' })).toMatchObject({
      kind: 'error',
      class: 'transient',
      error: { layer: 'service', message: 'no' },
    });
  });
});

describe('a submit', () => {
  const facts = { neverSent: false, isClockLearned: false };

  test('gives the id of the task', () => {
    const body = { Code: '200', Message: 'OK', Success: true, Data: { TaskId: 'task-1', UsageMap: {} } };
    expect(submitResult(read(body), aidge2026Api, facts)).toEqual({ kind: 'accepted', taskId: 'task-1' });
  });

  test('without an id may have been accepted', () => {
    const body = { Code: 'success', Success: true, Data: {} };
    expect(submitResult(read(body), aidge2026Api, facts)).toMatchObject({ kind: 'maybe' });
  });
});

describe('odd JSON', () => {
  test.each([
    ['a list', '[]'],
    ['a text', '"COMPLETED"'],
    ['a number', '1'],
    ['null', 'null'],
  ])('%s is no answer', (_name, text) => {
    expect(read(text)).toMatchObject({ kind: 'fault', code: 'BadBody' });
  });

  test.each([
    ['data as a list', { Code: 'success', Data: [] }],
    ['data as a number', { Code: 'success', Data: 1 }],
    ['no data', { Code: 'success' }],
    ['a state that is an object', aReply({ Status: {} })],
  ])('%s is no end', (_name, body) => {
    expect(outcomeOf(body)).toMatchObject({ kind: 'pending', status: 'unknown' });
  });

  test('names in other case, data as JSON text', () => {
    const data = JSON.stringify({
      status: 'completed',
      taskid: taskId,
      result: JSON.stringify({ imageurl: url('a') }),
    });
    const body = { code: 'success', data };
    expect(outcomeOf(body)).toEqual({ kind: 'ended', status: 'finished' });
    expect(imagesOf(body)).toEqual([[url('a')]]);
  });

  test('a prototype key changes nothing', () => {
    const text = `{"__proto__":{"Code":"InvalidParameter"},"Data":{"Status":"constructor","Result":"{\\"__proto__\\":[]}"}}`;
    expect(outcomeOf(text)).toEqual({ kind: 'pending', status: 'unknown' });
  });

  test.each([
    ['nested lists', `${'['.repeat(200_000)}"${url('deep')}"${']'.repeat(200_000)}`],
    ['nested objects', `${'{"data":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
    ['texts that are not JSON', JSON.stringify(Array.from({ length: 200_000 }, () => '[{'))],
  ])('%s take bounded time and stack', (_name, result) => {
    const before = process.cpuUsage();
    expect(outcomeOf(aReply({ Status: 'COMPLETED', Result: result }))).toEqual({ kind: 'ended', status: 'finished' });
    expect(outcomeOf(`{"Data":{"Status":"FAILED","Result":${result}}}`)).toMatchObject({ kind: 'ended' });
    const { user } = process.cpuUsage(before);
    expect(user / 1e6).toBeLessThan(20);
  });

  test('a task of 10,000 images', () => {
    const urls = Array.from({ length: 10_000 }, (_, index) => url(String(index)));
    expect(imagesOf(completed({ Images: urls }))).toEqual([urls]);
  });

  test('is read without an exception and has one classification', () => {
    const word = fc.constantFrom(
      'Code',
      'Data',
      'Status',
      'Result',
      'TaskId',
      'BizId',
      'Message',
      'COMPLETED',
      'FAILED',
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        word,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(word, tie('node'), { maxKeys: 5 }),
        tie('node').map((inner) => JSON.stringify(inner)),
      ),
    })).node;
    fc.assert(
      fc.property(fc.dictionary(word, value, { maxKeys: 6 }), (body) => {
        expect(['pending', 'ended', 'error']).toContain(outcomeOf(body).kind);
      }),
      { numRuns: 300 },
    );
  });
});
