/** Faults of the network, of proxies and of the vendor's gateway, in one query. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Agent } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { classify } from '../../src/poll/classify.js';
import type { Reply } from '../../src/poll/reply.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { errorCodes, errorPrefixes, transportError } from '../../src/providers/transport-errors.js';
import { aCertificate } from './certificate.js';
import { type Answerer, aClient, finishedBody, sendJson, serve, serveTcp } from './server.js';

const finishedText = JSON.stringify(finishedBody());
const classOf = (reply: Reply) => {
  const classification = classify(reply, tryOnApi, { taskId: 'task-1' });
  return classification.kind === 'error' ? classification.class : classification.kind;
};
const hang = () => {};
const raw =
  (text: string): Answerer =>
  (response) => {
    response.socket?.write(text);
  };
const bytes =
  (content: Uint8Array, headers: Record<string, string> = {}): Answerer =>
  (response) => {
    response.writeHead(200, headers);
    response.end(content);
  };

describe('one bad answer is a transient fault, not an exception', () => {
  const cases: { name: string; answer: Answerer; code: string; message: RegExp; limits?: object }[] = [
    {
      name: 'a reset before headers',
      answer: (r) => void r.socket?.resetAndDestroy(),
      code: 'ConnectionFailed',
      message: /before an answer/,
    },
    {
      name: 'a reset in mid-body',
      answer: (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"code":', () => response.socket?.resetAndDestroy());
      },
      code: 'ConnectionFailed',
      message: /in the middle/,
    },
    {
      name: 'a body that ends before its length',
      answer: (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"code":', () => response.socket?.end());
      },
      code: 'ConnectionFailed',
      message: /in the middle/,
    },
    {
      name: 'headers that never come',
      answer: hang,
      code: 'Timeout',
      message: /no answer within 0\.2 s/,
      limits: { headersMs: 200 },
    },
    {
      name: 'a body that never comes',
      answer: (response) => response.writeHead(200).flushHeaders(),
      code: 'Timeout',
      message: /no complete answer within 0\.3 s/,
      limits: { totalMs: 300 },
    },
    {
      name: 'a slow drip of body',
      answer: (response) => {
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      },
      code: 'Timeout',
      message: /no complete answer within 0\.3 s/,
      limits: { totalMs: 300 },
    },
    {
      name: 'truncated JSON',
      answer: bytes(Buffer.from(finishedText.slice(0, 200))),
      code: 'BadBody',
      message: /not a JSON object/,
    },
    { name: 'a JSON list', answer: bytes(Buffer.from('[]')), code: 'BadBody', message: /not a JSON object/ },
    { name: 'JSON null', answer: bytes(Buffer.from('null')), code: 'BadBody', message: /not a JSON object/ },
    { name: 'an empty body', answer: bytes(Buffer.from('')), code: 'BadBody', message: /empty body/ },
    { name: 'a body of white space', answer: bytes(Buffer.from(' \r\n ')), code: 'BadBody', message: /empty body/ },
    {
      name: 'HTTP 204',
      answer: (response) => void response.writeHead(204).end(),
      code: 'BadBody',
      message: /HTTP 204 with an empty body/,
    },
    {
      name: 'an unsupported coding',
      answer: bytes(Buffer.from('x'), { 'content-encoding': 'zstd' }),
      code: 'BadBody',
      message: /zstd/,
    },
    {
      name: 'a stack of codings',
      answer: bytes(gzipSync(gzipSync(finishedText)), { 'content-encoding': 'gzip, gzip' }),
      code: 'BadBody',
      message: /2 content codings/,
    },
    {
      name: 'truncated raw DEFLATE',
      answer: bytes(deflateRawSync(finishedText).subarray(0, 60), { 'content-encoding': 'deflate' }),
      code: 'BadBody',
      message: /damaged/,
    },
    {
      name: 'damaged gzip',
      answer: bytes(Buffer.from('no gzip'), { 'content-encoding': 'gzip' }),
      code: 'BadBody',
      message: /damaged/,
    },
    {
      name: 'truncated gzip',
      answer: bytes(gzipSync(finishedText).subarray(0, 60), { 'content-encoding': 'gzip' }),
      code: 'BadBody',
      message: /damaged/,
    },
    { name: 'something that is not HTTP', answer: raw('220 smtp ready\r\n\r\n'), code: 'BadBody', message: /not HTTP/ },
    {
      name: 'headers without end',
      answer: raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`),
      code: 'TooLarge',
      message: /headers/,
    },
    { name: 'a single 500', answer: (r) => void r.writeHead(500).end('<html>'), code: 'Http500', message: /HTTP 500/ },
    { name: 'a single 502', answer: (r) => void r.writeHead(502).end('<html>'), code: 'Http502', message: /HTTP 502/ },
    { name: 'a 503', answer: (r) => void r.writeHead(503).end(), code: 'Http503', message: /HTTP 503/ },
    {
      name: 'a 504',
      answer: (r) => void r.writeHead(504).end('{"error":"upstream"}'),
      code: 'Http504',
      message: /HTTP 504/,
    },
    { name: 'a 408', answer: (r) => void r.writeHead(408).end(), code: 'Http408', message: /HTTP 408/ },
    { name: 'a 425', answer: (r) => void r.writeHead(425).end(), code: 'Http425', message: /HTTP 425/ },
    {
      name: 'an error status whose body never ends',
      answer: (response) => {
        response.writeHead(503);
        response.write('x');
      },
      code: 'Http503',
      message: /HTTP 503/,
      limits: { totalMs: 1_000 },
    },
  ];

  test.each(cases)('$name', async ({ answer, code, message, limits = {} }) => {
    const { endpoint, requests } = await serve(answer);
    const { reply, queries } = await aClient(endpoint, { limits }).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'fault', code, message: expect.stringMatching(message) });
    expect(classOf(reply)).toBe('transient');
    expect([queries, requests.length]).toEqual([1, 1]);
  });

  test('other statuses have their own class', async () => {
    const statuses = {
      400: 'refused',
      401: 'clock',
      403: 'clock',
      404: 'notFound',
      402: 'quota',
      429: 'throttled',
      418: 'refused',
    };
    const { endpoint } = await serve(
      (response, _request, index) => void response.writeHead(Number(Object.keys(statuses)[index])).end(),
    );
    const client = aClient(endpoint);
    for (const [status, meaning] of Object.entries(statuses)) {
      const { reply } = await client.results({ taskId: 'task-1' });
      expect([reply, classOf(reply)]).toMatchObject([{ code: `Http${status}` }, meaning]);
    }
  });

  test('an HTML page in a 200 has an excerpt', async () => {
    const page = `<!doctype html>\n<title>Please\u0000 prove\tthat you are human</title>${'x'.repeat(1000)}`;
    const { endpoint } = await serve(bytes(Buffer.from(page), { 'content-type': 'text/html' }));
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'fault', code: 'BadBody', httpStatus: 200 });
    const { excerpt = '' } = reply as { excerpt?: string };
    expect(excerpt).toMatch(/^<!doctype html> <title>Please prove that you are human<\/title>x+$/);
    expect(excerpt).toHaveLength(200);
  });
});

describe('a request that is never sent', () => {
  test('a refused connection', async () => {
    const endpoint = await serveTcp(hang);
    const { reply } = await aClient(endpoint.replace(/\d+$/, '1')).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({
      kind: 'fault',
      code: 'ConnectionFailed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a connection that hangs ends at the connect limit', async () => {
    // TCP connects, TLS never answers: the limit covers both.
    const endpoint = await serveTcp(hang, 'https');
    const { reply } = await aClient(endpoint, { limits: { connectMs: 200 } }).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({
      code: 'ConnectionFailed',
      message: expect.stringContaining('UND_ERR_CONNECT_TIMEOUT'),
    });
  });

  test.each([
    ['ENOTFOUND', 'DnsFailed'],
    ['EAI_AGAIN', 'DnsFailed'],
  ])('a name that cannot be resolved (%s)', async (word, code) => {
    const agent = new Agent({
      connect: { lookup: (_host, _options, done) => done(Object.assign(new Error('no'), { code: word }), '', 4) },
    });
    onTestFinished(() => agent.close());
    const { reply } = await aClient('https://vendor.example', { dispatcher: agent }).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'fault', code });
  });
});

describe('TLS', () => {
  const trusting = (ca: string) => {
    const agent = new Agent({ connect: { ca } });
    onTestFinished(() => agent.close());
    return agent;
  };

  test('a trusted certificate is accepted', async () => {
    const tls = aCertificate();
    const { endpoint } = await serve((response) => sendJson(response, finishedBody()), tls);
    const { reply } = await aClient(endpoint, { dispatcher: trusting(tls.cert) }).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'answer', task: { status: 'finished' } });
  });

  test.each([
    ['expired', aCertificate({ daysLeft: -1 })],
    ['of another host', aCertificate({ ip: [127, 0, 0, 2] })],
  ])('a certificate that is %s is refused, and nothing is sent', async (_name, tls) => {
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()), tls);
    const { reply } = await aClient(endpoint, { dispatcher: trusting(tls.cert) }).results({ taskId: 'task-1' });
    expect([reply, requests.length]).toMatchObject([{ kind: 'fault', code: 'TlsFailed' }, 0]);
  });

  test('an untrusted certificate is refused even if NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    onTestFinished(() => {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    });
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()), aCertificate());
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect([reply, requests.length]).toMatchObject([{ kind: 'fault', code: 'TlsFailed' }, 0]);
  });
});

describe('the maximum body size', () => {
  const cap = { limits: { bodyBytes: 100_000 } };
  const space = (size: number) => Buffer.alloc(size, ' ');
  const emptyGzips = (size: number) => Buffer.alloc(size, gzipSync(''));

  test.each([
    ['a plain body', bytes(space(200_000), { 'content-length': '200000' })],
    ['a gzip bomb', bytes(gzipSync(space(50_000_000)), { 'content-encoding': 'gzip' })],
    ['a brotli bomb', bytes(brotliCompressSync(space(5_000_000)), { 'content-encoding': 'br' })],
    ['a raw DEFLATE bomb', bytes(deflateRawSync(space(50_000_000)), { 'content-encoding': 'deflate' })],
    ['gzip members that decode to nothing', bytes(emptyGzips(200_000), { 'content-encoding': 'gzip' })],
  ])('holds for %s', async (_name, answer) => {
    const { endpoint } = await serve(answer);
    const { reply } = await aClient(endpoint, cap).results({ taskId: 'task-1' });
    expect([reply, classOf(reply)]).toMatchObject([{ kind: 'fault', code: 'TooLarge', httpStatus: 200 }, 'transient']);
  });

  test('ends an endless stream', async () => {
    let closed: Promise<unknown> | undefined;
    const { endpoint } = await serve((response) => {
      closed = once(response, 'close');
      const more = () => {
        while (response.write(space(16_384)));
        response.once('drain', more);
      };
      more();
    });
    const { reply } = await aClient(endpoint, cap).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'fault', code: 'TooLarge' });
    await closed;
  });

  test('allows a body of exactly that size', async () => {
    const text = finishedText.padEnd(100_000, ' ');
    const { endpoint } = await serve(bytes(Buffer.from(text)));
    const { reply } = await aClient(endpoint, cap).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'answer', task: { status: 'finished' } });
  });
});

describe('a body is read by its content', () => {
  const gbk = Buffer.concat([
    Buffer.from('{"code":"0","success":"true","resMessage":"'),
    Buffer.from('cad4d2c2', 'hex'), // 试衣
    Buffer.from('","data":{"taskStatus":"running"}}'),
  ]);
  test.each([
    ['text/html', bytes(Buffer.from(finishedText), { 'content-type': 'text/html' })],
    ['no content type', bytes(Buffer.from(finishedText))],
    ['a byte order mark', bytes(Buffer.from(`\ufeff${finishedText}`))],
    ['UTF-16', bytes(Buffer.from(`\ufeff${finishedText}`, 'utf16le'))],
    ['UTF-8 said to be GBK', bytes(Buffer.from(finishedText), { 'content-type': 'application/json;charset=GBK' })],
    ['an unknown charset', bytes(Buffer.from(finishedText), { 'content-type': 'application/json; charset=klingon' })],
    ['gzip', bytes(gzipSync(finishedText), { 'content-encoding': 'gzip' })],
    ['deflate', bytes(deflateSync(finishedText), { 'content-encoding': 'Deflate' })],
    ['brotli', bytes(brotliCompressSync(finishedText), { 'content-encoding': 'br' })],
    ['raw DEFLATE', bytes(deflateRawSync(finishedText), { 'content-encoding': 'deflate' })],
    ['one coding beside identity', bytes(gzipSync(finishedText), { 'content-encoding': 'identity, gzip' })],
    ['JSON within JSON text', bytes(Buffer.from(JSON.stringify(finishedText)))],
  ])('%s', async (_name, answer) => {
    const { endpoint } = await serve(answer);
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({
      kind: 'answer',
      task: { status: 'finished', subTasks: [{ images: [{ subTask: 0 }] }] },
    });
  });

  test('real GBK', async () => {
    const { endpoint } = await serve(bytes(gbk, { 'content-type': 'application/json; charset="gbk"' }));
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'answer', serviceMessage: '试衣', task: { status: 'running' } });
  });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('%i is not followed, and only its host is shown', async (status) => {
    const other = await serve((response) => sendJson(response, finishedBody()));
    const { endpoint } = await serve((response) => {
      response.writeHead(status, { location: `${other.endpoint}/rest/elsewhere?sign=ABCDEF` }).end();
    });
    const { reply, queries } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'fault', code: 'Redirected', httpStatus: status });
    expect((reply as { message: string }).message).toBe(
      `HTTP ${status} to ${other.endpoint.slice(7)}, which is not followed`,
    );
    expect([queries, other.requests.length, classOf(reply)]).toEqual([1, 0, 'transient']);
  });

  test('to itself is one request', async () => {
    const { endpoint, requests } = await serve(
      (response, { path }) => void response.writeHead(307, { location: path }).end(),
    );
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect([reply, requests.length]).toMatchObject([{ code: 'Redirected' }, 1]);
  });
});

describe('connections', () => {
  test('a dead idle connection costs one immediate second request', async () => {
    const { endpoint, requests } = await serve((response, { socket }, index) => {
      if (index === 1) socket.resetAndDestroy();
      else sendJson(response, finishedBody());
    });
    const client = aClient(endpoint);
    await client.results({ taskId: 'task-1' });
    const { reply, queries } = await client.results({ taskId: 'task-1' });
    expect([reply.kind, queries]).toEqual(['answer', 2]);
    expect(requests[1]?.socket).toBe(requests[0]?.socket);
    expect(requests[2]?.socket).not.toBe(requests[0]?.socket);
    expect(requests).toHaveLength(3);
  });

  test('a connection that dies twice costs no third request', async () => {
    const { endpoint, requests } = await serve((response, { socket }, index) => {
      if (index > 0) socket.resetAndDestroy();
      else sendJson(response, finishedBody());
    });
    const client = aClient(endpoint);
    await client.results({ taskId: 'task-1' });
    const { reply, queries } = await client.results({ taskId: 'task-1' });
    expect([reply, queries, requests.length]).toMatchObject([{ kind: 'fault', code: 'ConnectionFailed' }, 2, 3]);
  });

  test('are limited, and waiting for one does not count against the limit of an attempt', async () => {
    let open = 0;
    let max = 0;
    const { endpoint, requests } = await serve(async (response) => {
      open += 1;
      max = Math.max(max, open);
      await new Promise((resolve) => setTimeout(resolve, 250));
      open -= 1;
      sendJson(response, finishedBody());
    });
    // Ten queries on two connections take five rounds, together longer than the limit of one attempt.
    const client = aClient(endpoint, { limits: { connections: 2, totalMs: 1_000, headersMs: 1_000 } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.results({ taskId: 'task-1' })));
    expect(answers.map(({ reply }) => reply.kind)).toEqual(Array(10).fill('answer'));
    expect(max).toBe(2);
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(2);
  });
});

describe('closing', () => {
  /** A server that delays its first response until `release`, and a client with one connection. */
  const aSlowVendor = async () => {
    const responses: (() => void)[] = [];
    const { endpoint, requests } = await serve((response) => {
      responses.push(() => sendJson(response, finishedBody()));
    });
    const client = aClient(endpoint, { limits: { connections: 1 } });
    const query = client.results({ taskId: 'task-1' });
    await expect.poll(() => responses.length).toBe(1);
    return { client, query, requests, release: () => responses[0]?.() };
  };

  test('waits for the complete answer of the exchange in progress', async () => {
    const { client, query, requests, release } = await aSlowVendor();
    let isClosed = false;
    const closing = client.close().then(() => {
      isClosed = true;
    });
    await setImmediate();
    expect(isClosed).toBe(false);
    release();
    expect((await query).reply).toMatchObject({ kind: 'answer', task: { status: 'finished' } });
    await closing;
    expect(requests[0]?.socket.destroyed || (await once(requests[0]?.socket as Socket, 'close'))).toBeTruthy();
  });

  test('before the first request sends nothing either', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()));
    const client = aClient(endpoint);
    await client.close();
    expect((await client.results({ taskId: 'task-1' })).reply).toMatchObject({ message: 'the client is closed' });
    expect(requests).toHaveLength(0);
  });

  test('does not wait longer than the limit of an attempt', async () => {
    const never = new Promise<never>(() => {});
    const client = aClient('http://127.0.0.1:1', { limits: { totalMs: 50 } }, { credentials: () => never });
    void client.results({ taskId: 'task-1' });
    await client.close();
  });

  test('sends nothing more: a query gets a fault, a submit may be retried', async () => {
    const { client, query, requests, release } = await aSlowVendor();
    const waiting = client.results({ taskId: 'task-2' });
    const closing = client.close();
    const refusal = { code: 'ConnectionFailed', message: 'the client is closed' };
    expect(await waiting).toMatchObject({ reply: { kind: 'fault', ...refusal }, queries: 0 });
    expect(await client.results({ taskId: 'task-3' })).toMatchObject({ reply: refusal, queries: 0 });
    expect(await client.submit({ request: {} })).toMatchObject({ kind: 'rejected', retrySafe: true, error: refusal });
    release();
    await Promise.all([query, closing]);
    expect(requests).toHaveLength(1);
  });
});

describe('cancelling', () => {
  test('before the start sends nothing', async () => {
    const { endpoint, requests } = await serve(hang);
    const reason = new Error('enough');
    await expect(aClient(endpoint).results({ taskId: 'task-1', signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(requests).toHaveLength(0);
  });

  test.each<[string, Answerer]>([
    ['before the headers', hang],
    ['in the body', (response) => void response.writeHead(200).write('{')],
    ['in the body of an error status', (response) => void response.writeHead(503).write('x')],
  ])("%s rejects with the signal's reason and ends the request", async (_name, answer) => {
    const cancel = new AbortController();
    const reason = new Error('enough');
    let gone: Promise<unknown> | undefined;
    const { endpoint } = await serve((response, { socket }) => {
      gone = once(socket, 'close');
      answer(response, {} as never, 0);
      setTimeout(() => cancel.abort(reason), 50);
    });
    await expect(aClient(endpoint).results({ taskId: 'task-1', signal: cancel.signal })).rejects.toBe(reason);
    await gone;
  });

  test('while waiting for a connection lets the next one have it', async () => {
    const release: (() => void)[] = [];
    const { endpoint, requests } = await serve(async (response) => {
      await new Promise<void>((resolve) => release.push(resolve));
      sendJson(response, finishedBody());
    });
    const client = aClient(endpoint, { limits: { connections: 1 } });
    const cancel = new AbortController();
    const first = client.results({ taskId: 'task-1' });
    const second = client.results({ taskId: 'task-1', signal: cancel.signal });
    const third = client.results({ taskId: 'task-1' });
    await expect.poll(() => release.length).toBe(1);
    cancel.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    release[0]?.();
    await expect.poll(() => release.length).toBe(2);
    release[1]?.();
    expect([(await first).reply.kind, (await third).reply.kind, requests.length]).toEqual(['answer', 'answer', 2]);
  });
});

describe('the table of error codes', () => {
  test.each(Object.entries(errorCodes))('%s', (code, row) => {
    expect(transportError(Object.assign(new Error('text'), { code }))).toEqual({ ...row, cause: code });
  });

  test.each(Object.entries(errorPrefixes))('%s...', (prefix, row) => {
    expect(transportError({ code: `${prefix}SOMETHING` })).toEqual({ ...row, cause: `${prefix}SOMETHING` });
  });

  test.each([
    ['a cause', new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }), 'DnsFailed'],
    ['the first of several attempts', new AggregateError([{ code: 'ECONNREFUSED' }, {}]), 'ConnectionFailed'],
    ['no code', new Error('text'), 'ConnectionFailed'],
    ['no error', undefined, 'ConnectionFailed'],
    ['the name of a method', { code: 'constructor' }, 'ConnectionFailed'],
  ])('%s', (_name, error, code) => {
    expect(transportError(error)).toMatchObject({ code });
  });

  test('shows the code of an error, never its text', () => {
    expect(JSON.stringify(transportError(new Error('https://host/?sign=secret')))).not.toContain('secret');
  });
});
