/** Rows of the fault table about the vendor client, on loopback connections. */
import dns from 'node:dns';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { keyOfImage } from '../../src/poll/reply.js';
import { readHint } from '../../src/poll/retry-hint.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { type BehaviourName, startEmulator } from '../../src/testing.js';
import { aCertificate } from '../providers/certificate.js';
import { aClient, appKeyPair, finishedBody, sendJson, serve, serveTcp, testKey } from '../providers/server.js';
import { faultName } from '../support/fault-rows.js';

const task = { taskId: 'task-1' };

describe('transport', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test(faultName(1, 'an answer that never comes'), async () => {
    // A resolver that does not answer.
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation((() => undefined) as never);
    const client = aClient('http://vendor.example', { limits: { connectMs: 200 } });
    const { reply } = await client.results(task);
    expect(lookup).toHaveBeenCalled();
    expect(reply).toMatchObject({ kind: 'fault', code: 'ConnectionFailed' });
  });

  test(faultName(3), async () => {
    const endpoint = await serveTcp(() => undefined, 'https');
    const { reply } = await aClient(endpoint, { limits: { connectMs: 200 } }).results(task);
    expect(reply).toMatchObject({ kind: 'fault', code: 'ConnectionFailed' });
  });

  test(faultName(4, 'even if NODE_TLS_REJECT_UNAUTHORIZED is 0'), async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()), aCertificate());
    const { reply } = await aClient(endpoint).results(task);
    expect([reply, requests.length]).toMatchObject([{ kind: 'fault', code: 'TlsFailed' }, 0]);
  });

  test.each([
    [faultName(9, 'the stream ends at the maximum'), {}, (size: number) => Buffer.alloc(size, ' ')],
    [
      faultName(10, 'the stream ends at the maximum'),
      { 'content-encoding': 'gzip' },
      (size: number) => gzipSync(Buffer.alloc(20 * size, ' ')),
    ],
  ])('%s', async (_name, headers, bytes) => {
    let onClosed: () => void;
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve;
    });
    const { endpoint } = await serve((response) => {
      response.once('close', () => onClosed());
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.write(bytes(200_000)); // without an end
    });
    const { reply } = await aClient(endpoint, { limits: { bodyBytes: 100_000 } }).results(task);
    expect(reply).toMatchObject({ kind: 'fault', code: 'TooLarge' });
    await closed;
  });

  test.each([
    ['a wrong charset', 'application/json;charset=GBK', Buffer.from(JSON.stringify(finishedBody()))],
    ['a byte order mark', 'application/json', Buffer.from(`\ufeff${JSON.stringify(finishedBody())}`)],
    ['UTF-16', 'text/plain', Buffer.from(`\ufeff${JSON.stringify(finishedBody())}`, 'utf16le')],
    ['no content type', '', Buffer.from(JSON.stringify(finishedBody()))],
  ])(faultName(13, '%s'), async (_name, type, body) => {
    const { endpoint } = await serve((response) => {
      response.writeHead(200, type === '' ? {} : { 'content-type': type });
      response.end(body);
    });
    expect((await aClient(endpoint).results(task)).reply).toMatchObject({ task: { status: 'finished' } });
  });

  test(faultName(18, 'waiting for a connection does not count'), async () => {
    const { endpoint } = await serve((response, _request, index) => {
      if (index > 0) sendJson(response, finishedBody());
    });
    // The first query has the only connection for a whole attempt. The second then has its own full limit.
    const client = aClient(endpoint, { limits: { connections: 1, totalMs: 400, headersMs: 400 } });
    const [first, second] = await Promise.all([client.results(task), client.results(task)]);
    expect(first.reply).toMatchObject({ kind: 'fault', code: 'Timeout' });
    expect(second.reply.kind).toBe('answer');
  });
});

describe('bodies', () => {
  test(faultName(82, 'a stack of content codings'), async () => {
    const body = gzipSync(gzipSync(gzipSync(JSON.stringify(finishedBody()))));
    const { endpoint } = await serve((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip, gzip, gzip' }).end(body);
    });
    expect((await aClient(endpoint).results(task)).reply).toMatchObject({ kind: 'fault', code: 'BadBody' });
  });

  test(faultName(83), async () => {
    const { endpoint, requests } = await serve((response) => {
      response.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateRawSync(JSON.stringify(finishedBody())));
    });
    expect((await aClient(endpoint).results(task)).reply).toMatchObject({ task: { status: 'finished' } });
    expect(requests[0]?.headers['accept-encoding']).toContain('deflate');
  });
});

describe('a running task', () => {
  test(faultName(90, 'read from the header'), async () => {
    const { endpoint } = await serve((response) =>
      sendJson(response, { code: '0', data: { taskStatus: 'running' } }, 200, { 'retry-after': '10' }),
    );
    const { reply } = await aClient(endpoint).results(task);
    expect(reply).toMatchObject({ task: { status: 'running' } });
    expect(readHint(reply, Date.now(), tryOnApi)).toEqual({ delayMs: 10_000, source: 'retryAfter' });
  });

  test(faultName(87, 'read from the body'), async () => {
    const subTask = (...names: string[]) => ({
      taskStatus: 'PONDERING',
      imageList: names.map((name) => ({ imageUrl: `http://x/${name}.png` })),
    });
    const taskResult = [subTask('a', 'b'), subTask(), subTask('c')];
    const { endpoint } = await serve((response) =>
      sendJson(response, { code: '0', data: { taskStatus: 'MUSING', taskResult } }),
    );
    const { reply } = await aClient(endpoint).results(task);
    const images = (...names: string[]) => names.map((name) => ({ imageUrl: `http://x/${name}.png` }));
    expect(reply).toMatchObject({
      task: {
        status: 'unknown',
        vendorStatus: 'MUSING',
        subTasks: [images('a', 'b'), [], images('c')].map((each) => ({ status: 'unknown', images: each })),
      },
    });
  });
});

describe('numbers', () => {
  const long = '12345678901234567890';

  test.each(['v1', 'v2'] as const)(faultName(91, 'a request, signed with %s'), async (signature) => {
    const { endpoint, requests } = await serve((response) => sendJson(response, { data: { taskId: 'x' } }));
    const requestJson = `{ "seed": ${long}, "ratio": 1.10 }`;
    expect(
      await aClient(endpoint, {}, { credentials: async () => appKeyPair(testKey, signature) }).submit({ requestJson }),
    ).toMatchObject({ kind: 'accepted' });
    const { body = '' } = requests[0] ?? {};
    const sent = signature === 'v1' ? new URLSearchParams(body).get('requestParams') : JSON.parse(body).requestParams;
    expect(sent).toBe(`[${requestJson}]`);
  });

  test.each(['requestId', 'request_id', '_trace_id_'])(faultName(91, 'the %s of a reply'), async (name) => {
    const { endpoint } = await serve((response) => void response.end(`{"code":"SystemError","${name}": ${long}\n}`));
    expect((await aClient(endpoint).results(task)).reply).toMatchObject({ requestId: long });
  });

  test(faultName(91, 'JSON within JSON text'), async () => {
    const inner = `{"task_id":${long},"taskStatus":"running"}`;
    const { endpoint } = await serve((response) => sendJson(response, { code: '0', data: inner }));
    const { reply } = await aClient(endpoint).results({ taskId: long });
    expect(reply).toMatchObject({ task: { taskId: long, status: 'running' } });
  });
});

describe('images', () => {
  test(faultName(94), async () => {
    const urlOf = (name: string, time: number) =>
      `http://x/view?filename=${name}.png&Expires=${time}&Signature=${time}`;
    const subTask = (name: string, time: number) => ({
      taskStatus: 'finished',
      imageList: [{ imageUrl: urlOf(name, time) }],
    });
    const running = { taskStatus: 'running' };
    const lists = [
      [running, subTask('b', 1)],
      [subTask('a', 2), subTask('b', 2)],
    ];
    const { endpoint } = await serve((response, _request, index) =>
      sendJson(response, { code: '0', data: { taskStatus: 'running', taskResult: lists[index] } }),
    );
    const client = aClient(endpoint);
    const keysOf = async () => {
      const { reply } = await client.results(task);
      if (reply.kind === 'fault') throw new Error(reply.code);
      return reply.task?.subTasks.flatMap(({ images }) => images.map(keyOfImage)) ?? [];
    };
    const [b] = await keysOf();
    const all = await keysOf();
    expect(all).toEqual([expect.any(String), b]);
    expect(all[0]).not.toBe(b);
  });
});

describe('connections', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const text = JSON.stringify(finishedBody());
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n';

  test.each<[string, (socket: Socket) => unknown]>([
    ['in one piece with the answer', (socket) => socket.write(interim + answer)],
    ['twice, with headers', (socket) => socket.write(`HTTP/1.0 100\r\nx: y\r\n\r\n${interim}${answer}`)],
    ['before early hints', (socket) => socket.write(`${interim}HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n${answer}`)],
    [
      'byte by byte',
      async (socket) => {
        for (const one of interim + answer) {
          await new Promise<void>((resolve) => socket.write(one, () => setImmediate(resolve)));
        }
      },
    ],
  ])(faultName(84, '%s'), async (_name, write) => {
    const { endpoint, requests } = await serve((_response, { socket }) => void write(socket));
    const client = aClient(endpoint);
    for (const _ of [1, 2]) {
      const result = await client.results(task);
      expect(result).toMatchObject({ reply: { task: { status: 'finished' } }, queries: 1 });
    }
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(1);
  });

  test(faultName(84, 'without end'), async () => {
    const { endpoint } = await serve((_response, { socket }) => void socket.write(interim.repeat(1_000)));
    const { reply, queries } = await aClient(endpoint).results(task);
    expect([reply, queries]).toMatchObject([{ kind: 'fault', code: 'TooLarge' }, 1]);
  });

  test.each([
    ['the answer breaks off', 'HTTP/1.1 20'],
    ['another protocol is offered', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['only the interim response comes', interim],
  ])(faultName(84, '%s on a reused connection'), async (_name, start) => {
    const { endpoint, requests } = await serve((response, { socket }, index) => {
      if (index === 0) sendJson(response, finishedBody());
      else socket.end(start);
    });
    const client = aClient(endpoint);
    await client.results(task);
    const { reply, queries } = await client.results(task);
    expect([reply.kind, queries, requests.length]).toEqual(['fault', 1, 2]);
  });

  test(faultName(85), async () => {
    const { endpoint } = await serve((response) => sendJson(response, finishedBody()));
    const addresses = [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
    vi.spyOn(dns, 'lookup').mockImplementation(((_host: string, _options: object, done: (...all: unknown[]) => void) =>
      process.nextTick(done, null, addresses)) as never);
    // Node's own handles, with a network in between: IPv4 answers after 300 ms, IPv6 never.
    const probe = new Socket();
    probe.connect(Number(new URL(endpoint).port), '127.0.0.1');
    await once(probe, 'connect');
    const handles = Object.getPrototypeOf((probe as unknown as { _handle: object })._handle);
    probe.destroy();
    const connect = handles.connect;
    vi.spyOn(handles, 'connect').mockImplementation(function (this: object, ...all: unknown[]) {
      setTimeout(() => connect.apply(this, all), 300);
      return 0;
    });
    const connect6 = vi.spyOn(handles, 'connect6').mockImplementation(() => 0);
    const client = aClient(endpoint.replace('127.0.0.1', 'vendor.example'), { limits: { connectMs: 2_000 } });
    expect((await client.results(task)).reply).toMatchObject({ task: { status: 'finished' } });
    expect(connect6.mock.calls.length).toBeLessThan(2);
  });
});

describe('a submit', () => {
  const submits = [
    ...['submit-reply-lost', 'submit-reply-cut', 'submit-reply-late', 'submit-request-lost'],
    ...['submit-no-id', 'submit-no-data', 'submit-refused-yet-made'],
    ...['hang', 'truncated-json', 'http-504', 'html-200'],
  ] as readonly BehaviourName[];
  test.each(submits)(faultName(65, '%s'), async (script) => {
    const emulator = await startEmulator();
    onTestFinished(() => emulator.close());
    emulator.scriptSubmits(script);
    const credentials = async () => appKeyPair(emulator);
    const client = aClient(emulator.url, { limits: { headersMs: 300, totalMs: 600 } }, { credentials });
    const request = { clothesList: [{ imageUrl: 'http://shop.test/a.png', type: 'tops' }], viewType: 'full_view' };
    const result = await client.submit({ request });
    expect(result.kind).toBe('maybe');
    expect(emulator.stats.submits).toBe(1);
  });
});
