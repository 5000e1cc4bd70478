/** The forms of a request that the pages of the vendor and of its platform allow, and those that they do not. */
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import type { Emulator } from '../../src/testing.js';
import { callV2, query, v1Parameters, v2Target } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();
const path = '/rest/ai/virtual/tryon-results';
type Pair = readonly [name: string, value: string];

/** The reply to any request. */
async function send(emulator: Emulator, target: string, body?: string | Buffer, contentType?: string) {
  const method = body === undefined ? 'GET' : 'POST';
  const headers = contentType === undefined ? {} : { 'content-type': contentType };
  const reply = await request(emulator.url + target, { method, headers, ...(body === undefined ? {} : { body }) });
  return { status: reply.statusCode, text: await reply.body.text() };
}
const form = 'application/x-www-form-urlencoded;charset=UTF-8';
const encoded = (pairs: readonly Pair[]): string => new URLSearchParams(pairs as [string, string][]).toString();

describe('methods', () => {
  const order = [{ clothesList: [{ imageUrl: 'https://shop.example/tops.jpg' }] }];
  const business = { requestParams: JSON.stringify(order), paramJson: JSON.stringify(order), apiPath: '/x' };

  test.each([
    ['/rest/ai/virtual/tryon', 'POST'],
    ['/rest/ai/virtual/tryon-pro', 'POST'],
    ['/rest/ai/query/balance', 'POST'],
    ['/rest/ai/virtual/tryon-results', 'POST, GET'],
  ])('%s takes %s alone', async (path, documented) => {
    const emulator = await start();
    const task_id = emulator.addTask();
    for (const method of ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'] as const) {
      const call = { path, method, business: { ...business, task_id } };
      const { statusCode, headers } = await callV2(emulator, call);
      expect([method, statusCode]).toEqual([method, documented.includes(method) ? 200 : 405]);
      if (statusCode === 405) expect(headers.allow).toBe(documented);
    }
    const { submits } = emulator;
    expect(submits.filter(({ taskId }) => taskId !== undefined)).toHaveLength(/tryon(-pro)?$/.test(path) ? 1 : 0);
  });

  test('a query by GET has its parameters in the query string', async () => {
    const emulator = await start();
    const taskId = emulator.addTask();
    const v1 = encoded(v1Parameters(emulator, [['task_id', taskId]]));
    const targets = [`${v2Target(emulator)}&task_id=${taskId}`, `${path}?${v1}`];
    for (const target of targets) {
      expect(JSON.parse((await send(emulator, target)).text)).toMatchObject({ code: '0', data: { taskId } });
    }
  });

  test('a lenient emulator takes a submit by GET', async () => {
    const emulator = await start({ strict: false });
    const { text } = await send(emulator, `/rest/ai/virtual/tryon?requestParams=${JSON.stringify(order)}`);
    expect(JSON.parse(text)).toMatchObject({ resCode: '200' });
  });
});

test('the first scheme needs no partner_id, the second does', async () => {
  const emulator = await start();
  const taskId = emulator.addTask();
  const system = { partner_id: undefined };
  const pairs = v1Parameters(emulator, [['task_id', taskId]], { system });
  expect(JSON.parse((await send(emulator, path, encoded(pairs), form)).text).code).toBe('0');
  expect((await query(emulator, taskId, { system })).code).toBe('MissingPartner');
});

test.each([
  ['2026-01-01T00:00:00Z', '0'],
  ['2026-01-01T01:59:59Z', '0'],
  ['2026-01-01T00:00:00.5Z', '0'],
  ['2026-01-01T08:00:00+08:00', '0'],
  ['2026-01-01T02:00:01Z', 'IllegalTimestamp'],
  ['2025-12-31T21:59:59Z', 'IllegalTimestamp'],
  ['2026-01-01T00:00:00', 'IllegalTimestamp'],
  ['2026-01-01 00:00:00', 'IllegalTimestamp'],
  ['2026-13-01T00:00:00Z', 'IllegalTimestamp'],
  ['1767225600000.0', 'IllegalTimestamp'],
  ['-1767225600000', 'IllegalTimestamp'],
  ['now', 'IllegalTimestamp'],
])('the timestamp %s gets the code %s', async (timestamp, code) => {
  const emulator = await start({ nowMs: () => Date.UTC(2026, 0, 1) });
  const pairs = v1Parameters(emulator, [['task_id', emulator.addTask()]], { system: { timestamp } });
  expect(JSON.parse((await send(emulator, path, encoded(pairs), form)).text).code).toBe(code);
});

test('a second question mark belongs to the query string', async () => {
  const emulator = await start();
  const taskId = emulator.addTask();
  const pairs = v1Parameters(emulator, [
    ['note', 'why?really?'],
    ['task_id', taskId],
  ]);
  const query = encoded(pairs).replaceAll('%3F', '?');
  expect(query).toContain('why?really?');
  expect(JSON.parse((await send(emulator, `${path}?${query}`)).text).data).toMatchObject({ taskId });
});

describe('names that objects have already', () => {
  const odd: Pair[] = [
    ['__proto__', 'a'],
    ['constructor', 'b'],
    ['toString', 'c'],
    ['hasOwnProperty', 'd'],
  ];

  test('are signed in query and form', async () => {
    const emulator = await start();
    const taskId = emulator.addTask();
    const pairs = encoded(v1Parameters(emulator, [...odd, ['task_id', taskId]]));
    for (const [target, body] of [[`${path}?${pairs}`], [path, pairs]] as const) {
      expect(JSON.parse((await send(emulator, target, body, form)).text)).toMatchObject({ data: { taskId } });
    }
  });

  test('are no task id in a JSON body', async () => {
    const emulator = await start();
    for (const name of ['__proto__', 'constructor']) {
      const body = `{"${name}":{"task_id":"${emulator.addTask()}"}}`;
      expect(JSON.parse((await send(emulator, v2Target(emulator), body, 'application/json')).text)).toMatchObject({
        resCode: '700',
      });
    }
  });
});

describe('a multipart body', () => {
  const taskId = '任务-7&?"=é';
  const boundary = '-------------69a3c1f2b7d40';
  // As the platform's SDK for PHP writes it: no line end after the last boundary, a blank after a file's name.
  const php = (pairs: readonly Pair[]): string =>
    [
      ...pairs.map(
        ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      ),
      `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.txt" \r\n`,
      `Content-Type: text/plain\r\n\r\nhello\r\n--${boundary}--`,
    ].join('');
  // As its SDK for Java writes it: a line end before the first boundary, no blank before the names.
  const java = (pairs: readonly Pair[]): string =>
    [
      ...pairs.map(
        ([name, value]) =>
          `\r\n--${boundary}\r\nContent-Disposition:form-data;name="${name}"\r\nContent-Type:text/plain\r\n\r\n${value}`,
      ),
      `\r\n--${boundary}--\r\n`,
    ].join('');

  test.each([
    ['PHP', php, `multipart/form-data; boundary=${boundary}`],
    ['Java', java, `multipart/form-data;charset=UTF-8;boundary=${boundary}`],
    ['a browser', php, `Multipart/Form-Data; Boundary="${boundary}"`],
  ])('of %s is read and its text signed', async (_, write, type) => {
    const emulator = await start();
    emulator.addTask({ taskId });
    const business: Pair[] = [
      ['task_id', taskId],
      ['note', 'two\r\nlines'],
      ['__proto__', 'x'],
      ['plus', 'a+b%20c'],
    ];
    const pairs = v1Parameters(emulator, business);
    const isBusiness = ([name]: Pair) => business.some(([other]) => other === name);
    // PHP and Java: system parameters in the query. Python: all in the body.
    const system = `${path}?${encoded(pairs.filter((pair) => !isBusiness(pair)))}`;
    for (const [target, body] of [
      [system, business],
      [path, pairs],
    ] as const) {
      expect(JSON.parse((await send(emulator, target, write(body), type)).text)).toMatchObject({ data: { taskId } });
    }
    const forged = await send(emulator, system, write([...business, ['note2', 'x']]), type);
    expect(JSON.parse(forged.text).code).toBe('IncompleteSignature');
  });

  test.each([
    ['no boundary in the header', 'multipart/form-data', php],
    ['a boundary of other characters', 'multipart/form-data; boundary="a\\"b"', php],
    ['another boundary', 'multipart/form-data; boundary=other', php],
    ['no end', `multipart/form-data; boundary=${boundary}`, (pairs: readonly Pair[]) => php(pairs).slice(0, -8)],
    ['another type', 'multipart/mixed; boundary=other', php],
  ])('with %s cannot be read', async (_, type, write) => {
    const emulator = await start();
    const body = write([['task_id', emulator.addTask()]]);
    const { status, text } = await send(emulator, v2Target(emulator), body, type);
    expect([status, JSON.parse(text)]).toMatchObject([200, { resCode: '700' }]);
  });
});
