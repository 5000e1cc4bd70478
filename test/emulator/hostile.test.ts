/** Requests that no client should send: each gets an answer, and none keeps the emulator from the next. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import type { Emulator } from '../../src/testing.js';
import { query, v2Target } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();
const form = 'application/x-www-form-urlencoded';
const json = 'application/json';
const multipart = 'multipart/form-data; boundary=limit-7';
const part = (name: string, value = ''): string =>
  `--limit-7\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const mebibyte = 1024 * 1024;
/** As many copies as a body may have. */
const filled = (unit: string): string => unit.repeat(Math.floor(mebibyte / unit.length));

async function post(emulator: Emulator, body: string | Buffer, contentType: string, path?: string) {
  const target = v2Target(emulator, path === undefined ? {} : { path });
  const headers = { 'content-type': contentType };
  const reply = await request(emulator.url + target, { method: 'POST', headers, body });
  return { status: reply.statusCode, text: await reply.body.text() };
}

describe('a body over a limit gets 413', () => {
  test.each([
    ['a byte too long', json, Buffer.alloc(mebibyte + 1, ' ')],
    ['far too long', json, Buffer.alloc(64 * mebibyte, ' ')],
    ['a form of too many fields', form, 'a&'.repeat(1001)],
    ['too many parts', multipart, `${part('a').repeat(1001)}--limit-7--`],
    ['parts alone', multipart, filled('--limit-7\r\n')],
  ])('%s', async (_, type, body) => {
    const emulator = await start();
    const taskId = emulator.addTask();
    const answer = await post(emulator, body, type).catch((error: unknown) => error);
    // A client that still writes may see the connection end before it reads the answer.
    if (answer instanceof Error)
      expect(answer).toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET|SOCKET/) });
    else expect(answer).toMatchObject({ status: 413 });
    expect((await query(emulator, taskId)).code).toBe('0');
    expect(emulator.stats.queries).toBe(1);
  });

  test('a body and a form of just the limit are read', async () => {
    const emulator = await start();
    const task_id = emulator.addTask();
    const bodies = [
      [json, JSON.stringify({ task_id }).padEnd(mebibyte)],
      [form, `task_id=${task_id}${'&a'.repeat(1000)}`],
      [multipart, `${part('task_id', task_id)}${part('a').repeat(998)}--limit-7--`],
    ] as const;
    for (const [type, body] of bodies) expect((await post(emulator, body, type)).text).toContain('"success":"true"');
  });
});

const deep = (pair: string): string => pair.charAt(0).repeat(500_000) + pair.charAt(1).repeat(500_000);
const submit = (value: unknown): string => JSON.stringify({ requestParams: JSON.stringify(value) });
const order = { clothesList: [{ imageUrl: 'https://shop.example/a.jpg' }] };

describe('a request that no client would send gets an answer', () => {
  test.each([
    ['a task id that is a deep list', json, `{"task_id":${deep('[]')}}`, '700'],
    ['a task id that is no text', json, '{"task_id":{"toString":1,"valueOf":1}}', '700'],
    ['a task id that is too long', json, `{"task_id":"${'x'.repeat(201)}"}`, '700'],
    ['objects without end', json, filled('{"a":'), '700'],
    ['a list', json, filled('[],'), '700'],
    ['many keys', json, `{${Array.from({ length: 80_000 }, (_, key) => `"a${key}":0`).join(',')}}`, '700'],
    ['bytes that are no text', json, Buffer.alloc(mebibyte, 0xff), '700'],
    ['a long name', form, 'a'.repeat(mebibyte), '700'],
    ['percent signs', form, filled('%'), '700'],
    [
      'a part without an end',
      multipart,
      `--limit-7\r\nContent-Disposition: form-data; name="${'a'.repeat(mebibyte - 100)}`,
      '700',
    ],
    ['a part of header lines', multipart, `--limit-7\r\n${filled('a:b\r\n').slice(100)}`, '700'],
    ['a part of blanks', multipart, `--limit-7\r\nContent-Disposition:${filled(' ').slice(100)}`, '700'],
    [
      'a part of attributes',
      multipart,
      `--limit-7\r\nContent-Disposition:form-data${filled(';a=b').slice(100)}`,
      '700',
    ],
    ['a part of escapes', multipart, part(filled('%22').slice(200)), '700'],
    ['line ends alone', multipart, filled('\r\n'), '700'],
    ['a form that is not one', 'multipart/form-data; boundary=', part('task_id', 'x'), '700'],
  ])('a query with %s', async (_, type, body, resCode) => {
    const emulator = await start();
    const before = process.cpuUsage();
    const { status, text } = await post(emulator, body, type);
    const { user, system } = process.cpuUsage(before);
    expect([status, JSON.parse(text).resCode]).toEqual([200, resCode]);
    expect((user + system) / 1000).toBeLessThan(1000);
    expect(emulator.stats.queries).toBe(1);
  });

  test.each([
    ['a count that is no number', submit([{ ...order, generateCount: { valueOf: 1, toString: 1 } }])],
    ['a count that is a list', submit([{ ...order, generateCount: [3] }])],
    ['more objects than any listing has', submit(Array(101).fill(order))],
    ['objects without end', submit(JSON.parse('[{"clothesList":[[]]}]'))],
    ['a deep list', `{"requestParams":${deep('[]')}}`],
  ])('a submit with %s', async (_, body) => {
    const emulator = await start();
    const { status, text } = await post(emulator, body, json, '/rest/ai/virtual/tryon');
    expect([status, JSON.parse(text).resCode]).toEqual([200, '700']);
    expect(emulator.submits).toHaveLength(1);
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a header without end', `GET / HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(100_000)}`, /^HTTP\/1\.1 431 /],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a chunk of no length',
      'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nz\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['another target', 'OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', /InvalidApiPath/],
    ['an upgrade', 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', /InvalidApiPath/],
    ['a tunnel', 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n', /^$/],
  ])('bytes: %s', async (_, bytes, expected) => {
    const emulator = await start();
    const taskId = emulator.addTask();
    const socket = connect(emulator.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let said = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
      if (expected.test(said)) socket.end();
    });
    socket.write(bytes);
    await once(socket, 'close');
    expect(said).toMatch(expected);
    expect((await query(emulator, taskId)).code).toBe('0');
  });

  test('a client that leaves in the middle of its body', async () => {
    const lines: string[] = [];
    const emulator = await start({ log: (line) => lines.push(line) });
    const taskId = emulator.addTask();
    const socket = connect(emulator.port, '127.0.0.1');
    socket.write(`POST ${v2Target(emulator)} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`);
    await once(socket, 'connect');
    socket.resetAndDestroy();
    await once(socket, 'close');
    expect((await query(emulator, taskId)).code).toBe('0');
    expect(emulator.stats).toMatchObject({ queries: 1 });
    expect(lines).toHaveLength(1);
  });
});
