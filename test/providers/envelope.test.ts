import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classify } from '../../src/poll/classify.js';
import { parseEnvelope } from '../../src/providers/aidge/envelope.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { imageIds } from '../../src/providers/image-id.js';
import { parseJson } from '../../src/providers/json-fields.js';

const parse = (body: unknown) => tryOnApi.parse(body, (url) => ({ id: `id of ${url.split('?')[0]}` }));
const image = (name: string, subTask = 0, query = '') => ({
  id: `id of http://oss.example/${name}.png`,
  imageUrl: `http://oss.example/${name}.png${query}`,
  subTask,
});
const url = (name: string) => `http://oss.example/${name}.png`;
const listOf = (...names: string[]) => ({ result: { imageList: names.map((name) => ({ imageUrl: url(name) })) } });
const task = (data: unknown) => parse({ code: '0', data })?.task;

/**
 * The query page's sample reply, with other values in its shape.
 * @see https://docs.aidc-ai.com/aidge-resource/ "Virtual Try-On Query API Reference"
 */
const sample = String.raw`{
  "code": "0",
  "data": {
    "taskResult": [
      {
        "taskResult": { "result": { "imageList": [
          { "imageUrl": "http://oss.example/owner%2Ftry_on%2Fabc_1.png?OSSAccessKeyId\u003dKEY\u0026Expires\u003d2712144501\u0026Signature\u003dz4O%3",
            "clothes": "https://oss.example/in.jpg?Expires\u003d360001710758584\u0026Signature\u003dEfI%3" }
        ] } },
        "taskStatus": "finished"
      }
    ],
    "taskStatus": "finished",
    "taskId": "b5947f18-f642-4980-9379-749c053335be"
  },
  "requestId": "212cd83017085872506144758e3fca",
  "success": "true",
  "resCode": "200",
  "resMessage": "success",
  "request_id": "0ba2887315178178017221014"
}`;

test("the page's sample is read completely, its URLs byte for byte", () => {
  expect(parse(parseJson(sample))).toEqual({
    kind: 'answer',
    gatewayCode: '0',
    success: true,
    serviceCode: '200',
    serviceMessage: 'success',
    requestId: '212cd83017085872506144758e3fca',
    task: {
      taskId: 'b5947f18-f642-4980-9379-749c053335be',
      status: 'finished',
      vendorStatus: 'finished',
      subTasks: [
        {
          index: 0,
          status: 'finished',
          images: [
            {
              id: 'id of http://oss.example/owner%2Ftry_on%2Fabc_1.png',
              imageUrl:
                'http://oss.example/owner%2Ftry_on%2Fabc_1.png?OSSAccessKeyId=KEY&Expires=2712144501&Signature=z4O%3',
              clothes: 'https://oss.example/in.jpg?Expires=360001710758584&Signature=EfI%3',
              subTask: 0,
            },
          ],
        },
      ],
    },
  });
});

describe('spelling and type of the envelope', () => {
  test.each<[string, object, object]>([
    ['rescode as a number', { rescode: 200 }, { serviceCode: '200' }],
    ['RESCODE', { RESCODE: ' 200 ' }, { serviceCode: '200' }],
    ['two spellings, one null', { resCode: null, rescode: 501 }, { serviceCode: '501' }],
    ['code as a number', { code: 0 }, { gatewayCode: '0' }],
    ['an empty code', { code: '' }, {}],
    ['a code that is no scalar', { code: { a: 1 } }, {}],
    ['success true', { success: true }, { success: true }],
    ['success "TRUE"', { success: 'TRUE' }, { success: true }],
    ['success "false"', { success: 'false' }, { success: false }],
    ['success 0', { success: 0 }, { success: false }],
    ['success null', { success: null }, {}],
    ['success of another word', { success: 'perhaps' }, {}],
    ['request_id alone', { request_id: 'a' }, { requestId: 'a' }],
    ['_trace_id_ alone', { _trace_id_: 'a' }, { requestId: 'a' }],
    ['the id of the service first', { _trace_id_: 'a', request_id: 'b', requestId: 'c' }, { requestId: 'c' }],
    ['an id as a number', { requestId: 12 }, { requestId: '12' }],
    ['GOP style', { code: 'X', type: 'ISV', message: 'no' }, { gatewayCode: 'X', gatewayMessage: 'no' }],
    [
      'TOP style',
      { code: 15, msg: 'Remote service error', sub_code: 'isv.402', sub_msg: 'why' },
      { gatewayCode: '15', gatewaySubCode: 'isv.402', gatewayMessage: 'Remote service error: why' },
    ],
    [
      'wrapped',
      { error_response: { code: '7', sub_msg: 'why', request_id: 'a' } },
      { gatewayCode: '7', gatewayMessage: 'why', requestId: 'a' },
    ],
    ['wrapped in text', { error_response: '{"code":"7"}' }, { gatewayCode: '7' }],
    ['constructor, toString', { constructor: 'x', toString: 'y' }, {}],
  ])('%s', (_name, body, expected) => {
    expect(parse(body)).toEqual({ kind: 'answer', ...expected });
  });

  test('a prototype key in JSON changes nothing', () => {
    const answer = parse(JSON.parse('{"__proto__":{"code":"X","success":false},"data":{"taskStatus":"__proto__"}}'));
    expect(answer).toEqual({
      kind: 'answer',
      task: { status: 'unknown', vendorStatus: '__proto__', subTasks: [] },
    });
    expect(({} as Record<string, unknown>).code).toBeUndefined();
  });

  test.each([[undefined], [null], ['text'], [12], [true], [[]], ['[]'], ['{"broken"']])(
    '%j is not an answer',
    (body) => {
      expect(parse(body)).toBeUndefined();
    },
  );
});

describe('the task', () => {
  test.each([
    ['submitted', 'submitted'],
    ['running', 'running'],
    ['finished', 'finished'],
    ['failed', 'failed'],
    [' FINISHED ', 'finished'],
    ['Running', 'running'],
    ['post_processing', 'unknown'],
    ['done', 'unknown'],
    ['fail', 'unknown'],
    ['constructor', 'unknown'],
  ])('with the word %j is %s, and has the word', (word, status) => {
    expect(task({ taskStatus: word })).toEqual({ status, vendorStatus: word.trim(), subTasks: [] });
  });

  test.each([[null], [''], [{}], [[]]])('with the status %j is unknown', (taskStatus) => {
    expect(task({ taskStatus })).toEqual({ status: 'unknown', subTasks: [] });
  });

  test('may be JSON text, may be at the top, may have a numeric id', () => {
    expect(task('{"taskId":5,"taskStatus":"running"}')).toMatchObject({ taskId: '5', status: 'running' });
    expect(parse({ taskId: 'a', taskStatus: 'running' })?.task).toMatchObject({ taskId: 'a', status: 'running' });
    expect(task({ result: { task_id: 'a', taskStatus: 'running' } })).toMatchObject({ taskId: 'a', status: 'running' });
  });

  test.each([[undefined], [null], ['text'], [7], [[]]])('is missing if data is %j', (data) => {
    expect(task(data)).toBeUndefined();
  });

  test('has its own message', () => {
    expect(task({ taskStatus: 'failed', taskMessage: 'no person' })).toMatchObject({ message: 'no person' });
  });

  test.each([[undefined], [null], [[]], ['[]'], ['nonsense'], [7]])('without sub-tasks (%j) has none', (taskResult) => {
    expect(task({ taskStatus: 'running', taskResult })).toMatchObject({ status: 'running', subTasks: [] });
  });
});

describe('sub-tasks', () => {
  test("have their index, and the vendor's word if it is not ours; an unreadable one is unknown", () => {
    const taskResult = [
      { taskStatus: 'finished', taskResult: listOf('a') },
      { taskStatus: 'FAILED' },
      { taskStatus: 'archived', taskResult: null },
      null,
      'noise',
      {},
    ];
    expect(task({ taskStatus: 'running', taskResult })?.subTasks).toEqual([
      { index: 0, status: 'finished', images: [image('a', 0)] },
      { index: 1, status: 'failed', vendorStatus: 'FAILED', images: [] },
      { index: 2, status: 'unknown', vendorStatus: 'archived', images: [] },
      { index: 3, status: 'unknown', images: [] },
      { index: 4, status: 'unknown', images: [] },
      { index: 5, status: 'unknown', images: [] },
    ]);
  });

  test.each<[string, unknown]>([
    ['result.imageList', listOf('a', 'b')],
    ['the same as JSON text', JSON.stringify(listOf('a', 'b'))],
    [
      'JSON text at every level',
      JSON.stringify({
        result: JSON.stringify({
          imageList: JSON.stringify([{ imageUrl: url('a') }, JSON.stringify({ imageUrl: url('b') })]),
        }),
      }),
    ],
    ['other case', { Result: { ImageList: [{ ImageUrl: url('a') }, { imageurl: url('b') }] } }],
    [
      'structData.data of URLs',
      JSON.stringify({
        data: { structData: { code: 200, message: 'ok', data: [url('a'), url('b')] }, success: true, usageMap: {} },
      }),
    ],
    ['items with url', [{ url: url('a'), width: 1, height: 2 }, { url: url('b') }]],
    ['an image twice', listOf('a', 'b', 'a')],
  ])('have their images at %s', (_name, taskResult) => {
    const read = task({ taskStatus: 'finished', taskResult: [{ taskStatus: 'finished', taskResult }] });
    expect(read?.subTasks).toEqual([{ index: 0, status: 'finished', images: [image('a'), image('b')] }]);
  });

  test('that are bare images are finished with a finished task, else unknown', () => {
    const taskResult = [{ url: url('a') }, { url: url('b') }];
    expect(task({ taskStatus: 'finished', taskResult })?.subTasks).toEqual([
      { index: 0, status: 'finished', images: [image('a', 0)] },
      { index: 1, status: 'finished', images: [image('b', 1)] },
    ]);
    expect(task({ taskStatus: 'running', taskResult })?.subTasks.map(({ status }) => status)).toEqual([
      'unknown',
      'unknown',
    ]);
  });

  test('may be one object, or images without a sub-task: one sub-task', () => {
    expect(
      task({ taskStatus: 'finished', taskResult: { taskStatus: 'finished', ...listOf('a') } })?.subTasks,
    ).toHaveLength(1);
    expect(task({ taskStatus: 'finished', imageList: [{ imageUrl: url('a') }] })?.subTasks).toEqual([
      { index: 0, status: 'finished', images: [image('a')] },
    ]);
  });

  test('have the first URL of an image id; another sub-task may have the same image', () => {
    const one = {
      taskStatus: 'finished',
      taskResult: { result: { imageList: [{ imageUrl: `${url('a')}?s=1` }, { imageUrl: `${url('a')}?s=2` }] } },
    };
    expect(task({ taskStatus: 'finished', taskResult: [one, one] })?.subTasks.map(({ images }) => images)).toEqual([
      [image('a', 0, '?s=1')],
      [image('a', 1, '?s=1')],
    ]);
  });

  test('do not take a garment or an empty or odd URL for an image', () => {
    const imageList = [
      { clothes: url('in') },
      { imageUrl: '' },
      { imageUrl: 5 },
      { imageUrl: null },
      'no URL',
      7,
      null,
    ];
    expect(
      task({ taskResult: [{ taskStatus: 'finished', taskResult: { result: { imageList } } }] })?.subTasks[0]?.images,
    ).toEqual([]);
  });

  test('are read by the thousand', () => {
    const taskResult = Array.from({ length: 3_000 }, (_, index) => ({
      taskStatus: 'finished',
      taskResult: listOf(`n${index}`),
    }));
    const read = task({ taskStatus: 'finished', taskResult })?.subTasks ?? [];
    expect([read.length, read.flatMap(({ images }) => images).length]).toEqual([3_000, 3_000]);
  });
});

describe('hostile JSON', () => {
  const nested = (depth: number) => `${'{"result":'.repeat(depth)}{"imageUrl":"http://x/a"}${'}'.repeat(depth)}`;

  test('is followed to a bounded depth', () => {
    const body = JSON.parse(`{"data":{"taskStatus":"finished","taskResult":[${nested(5_000)}]}}`);
    expect(parse(body)?.task).toMatchObject({ status: 'finished', subTasks: [{ images: [] }] });
  });

  test('as text in text in text is parsed a bounded number of times', () => {
    let text = JSON.stringify({ taskStatus: 'running' });
    for (let round = 0; round < 8; round += 1) text = JSON.stringify(text);
    expect(parse({ data: text })?.task).toBeUndefined();
  });

  test('has its long texts cut', () => {
    const answer = parse({
      code: 'x'.repeat(10_000),
      message: 'y'.repeat(10_000),
      data: { taskStatus: 'z'.repeat(10_000) },
    });
    expect([answer?.gatewayCode?.length, answer?.gatewayMessage?.length, answer?.task?.vendorStatus?.length]).toEqual([
      200, 2_000, 200,
    ]);
  });
});

describe('any JSON', () => {
  const names = [
    'data',
    'taskResult',
    'taskStatus',
    'taskId',
    'result',
    'imageList',
    'imageUrl',
    'structData',
    'url',
    'code',
  ];
  const more = [
    'success',
    'resCode',
    'resMessage',
    'message',
    'error_response',
    'sub_code',
    'clothes',
    '__proto__',
    'constructor',
  ];
  const words = [
    'finished',
    'failed',
    'running',
    '0',
    '200',
    '700',
    'isv.x',
    'true',
    'http://oss.example/a.png',
    '{"url":"x://y"}',
  ];
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.constantFrom(null, true, false, 0, 200, ...words), fc.string(), fc.double()),
    list: fc.array(tie('tree'), { maxLength: 4 }),
    object: fc
      .array(fc.tuple(fc.constantFrom(...names, ...more), tie('tree')), { maxLength: 6 })
      .map((entries) =>
        JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v) ?? null}`).join()}}`),
      ),
    text: tie('object').map((value) => JSON.stringify(value)),
    tree: fc.oneof({ maxDepth: 8 }, tie('leaf'), tie('list'), tie('object'), tie('object'), tie('text')),
  }));

  test('is read without an exception and has one classification', () => {
    fc.assert(
      fc.property(tree, (body) => {
        const answer = parse(body);
        if (answer === undefined) return;
        expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
        const classification = classify(answer, tryOnApi, { taskId: 'mine' });
        expect(['pending', 'ended', 'error']).toContain(classification.kind);
        for (const { index, images } of answer.task?.subTasks ?? []) {
          expect(new Set(images.map(({ id }) => id)).size).toBe(images.length);
          for (const one of images) expect(one.subTask).toBe(index);
        }
      }),
      { numRuns: 2_000, seed: 20_240_403 },
    );
  });
});

describe('parseJson', () => {
  test.each([
    ['{"taskId": 12345678901234567890}', { taskId: '12345678901234567890' }],
    ['{"task_id":12345678901234567890,"a":1}', { task_id: '12345678901234567890', a: 1 }],
    ['{"taskId":12}', { taskId: 12 }],
    [String.raw`{"a":"{\"taskId\":12345678901234567890}"}`, { a: '{"taskId":12345678901234567890}' }],
  ])('%s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });
});

test('status words are an option, so that a sibling API can have others', () => {
  const read = parseEnvelope({ data: { taskStatus: 'DONE' } }, { imageIds, statusWords: { done: 'finished' } });
  expect(read?.task?.status).toBe('finished');
});
