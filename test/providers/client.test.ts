import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NoKeyError, readAccounts } from '../../src/providers/accounts.js';
import { signV1, signV2 } from '../../src/providers/aidge/sign.js';
import { createVendorClient } from '../../src/providers/client.js';
import { type Answerer, aClient, anAccount, appKeyPair, finishedBody, sendJson, serve, testKey } from './server.js';

describe('a query', () => {
  test('posts the task id as signed JSON and reads the answer', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()));
    const { reply, queries } = await aClient(endpoint, { nowMs: () => 1712144501000 }).results({ taskId: 'task-1' });
    expect(queries).toBe(1);
    expect(reply).toMatchObject({
      kind: 'answer',
      httpStatus: 200,
      gatewayCode: '0',
      success: true,
      serviceCode: '200',
      vendorDateMs: expect.any(Number),
      task: {
        taskId: 'task-1',
        status: 'finished',
        subTasks: [
          {
            index: 0,
            status: 'finished',
            images: [
              {
                id: createHash('sha256').update('http://oss.example/a.png').digest('hex').slice(0, 32),
                imageUrl: 'http://oss.example/a.png?Signature=x%3',
                subTask: 0,
              },
            ],
          },
        ],
      },
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: 'POST',
      path: '/rest/ai/virtual/tryon-results',
      body: '{"task_id":"task-1"}',
    });
    expect(requests[0]?.headers['content-type']).toBe('application/json');
    expect(requests[0]?.headers).not.toHaveProperty('x-iop-trial');
    expect(requests[0]?.query).toEqual({
      app_key: testKey.appKey,
      timestamp: '1712144501000',
      sign_method: 'sha256',
      sign_ver: 'v2',
      partner_id: 'aidge',
      sign: signV2({ secret: testKey.appSecret, timestamp: '1712144501000' }),
    });
  });

  test('posts a signed form in the other scheme, and the trial header if it is set', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()));
    await aClient(endpoint, {}, { credentials: async () => appKeyPair(testKey, 'v1'), trial: true }).results({
      taskId: 'a b&c',
    });
    const { query, headers, body, path } = requests[0] as (typeof requests)[0];
    expect(headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      'x-iop-trial': 'true',
    });
    const { sign, ...system } = query;
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({ task_id: 'a b&c' });
    expect(system).not.toHaveProperty('sign_ver');
    expect(sign).toBe(
      signV1({
        apiName: path.replace('/rest', ''),
        parameters: { ...system, task_id: 'a b&c' },
        secret: testKey.appSecret,
      }),
    );
  });

  test("puts the endpoint's path before its own", async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()));
    await aClient(`${endpoint}/proxy`).results({ taskId: 'task-1' });
    expect(requests[0]?.path).toBe('/proxy/rest/ai/virtual/tryon-results');
  });

  test('with an error status and codes is an answer with that status', async () => {
    const body = { code: 'ApiCallLimit', message: 'this ban will last 3 seconds' };
    const { endpoint } = await serve((response) => sendJson(response, body, 429, { 'retry-after': '7' }));
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'answer', httpStatus: 429, gatewayCode: 'ApiCallLimit', retryAfter: '7' });
  });

  test('passes on the times in the headers, also with a fault', async () => {
    const date = 'Wed, 03 Apr 2024 11:41:41 GMT';
    const { endpoint } = await serve((response) => {
      response.writeHead(503, { 'retry-after': 'Wed, 03 Apr 2024 11:41:44 GMT', date }).end();
    });
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({
      kind: 'fault',
      vendorDateMs: Date.parse(date),
      retryAfter: 'Wed, 03 Apr 2024 11:41:44 GMT',
    });
  });

  test('has an excerpt of the body if the status is unknown', async () => {
    const body = { code: '0', data: { taskStatus: 'baking', url: 'http://oss.example/a.png?Signature=abc' } };
    const { endpoint } = await serve((response) => sendJson(response, body));
    const { reply } = await aClient(endpoint).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({
      kind: 'answer',
      task: { status: 'unknown', vendorStatus: 'baking' },
      excerpt: '{"code":"0","data":{"taskStatus":"baking","url":"http://oss.example/a.png?[redacted]"}}',
    });
  });

  test('keeps the digits of a long numeric task id', async () => {
    const { endpoint } = await serve((response) => {
      response.end('{"code":0,"data":{"taskId":12345678901234567890,"taskStatus":"running"}}');
    });
    const { reply } = await aClient(endpoint).results({ taskId: '12345678901234567890' });
    expect(reply).toMatchObject({ gatewayCode: '0', task: { taskId: '12345678901234567890' } });
  });
});

describe('the clock', () => {
  const nowMs = () => Date.parse('2024-04-03T11:41:41Z');
  const vendorDate = 'Wed, 03 Apr 2024 13:41:41 GMT';
  const vendorMs = Date.parse(vendorDate);
  const refusals: [string, Answerer][] = [
    ['IncompleteSignature', (r) => sendJson(r, { code: 'IncompleteSignature' }, 200, { date: vendorDate })],
    ['IllegalTimestamp', (r) => sendJson(r, { code: 'IllegalTimestamp' }, 400, { date: vendorDate })],
    ['InvalidTimestamp', (r) => sendJson(r, { code: 'InvalidTimestamp' }, 200, { date: vendorDate })],
    ['HTTP 401', (r) => void r.writeHead(401, { date: vendorDate }).end()],
    ['HTTP 403', (r) => void r.writeHead(403, { date: vendorDate }).end('<html>')],
  ];

  test.each(refusals)('is learned from %s, and the query is signed again at once', async (_name, refuse) => {
    const { endpoint, requests } = await serve((response, one, index) =>
      index === 0 ? refuse(response, one, index) : sendJson(response, finishedBody(), 200, { date: vendorDate }),
    );
    const client = aClient(endpoint, { nowMs });
    expect(client.clockOffsetMs()).toBeUndefined();
    expect(await client.results({ taskId: 'task-1' })).toMatchObject({ reply: { kind: 'answer' }, queries: 2 });
    expect(await client.results({ taskId: 'task-1' })).toMatchObject({ reply: { kind: 'answer' }, queries: 1 });
    expect(requests.map(({ query }) => Number(query.timestamp))).toEqual([nowMs(), vendorMs, vendorMs]);
    expect(requests[1]?.query.sign).toBe(signV2({ secret: testKey.appSecret, timestamp: String(vendorMs) }));
    expect(client.clockOffsetMs()).toBe(7_200_000);
  });

  test('that does not help after it was learned costs only one second request', async () => {
    const { endpoint, requests } = await serve((response) => void response.writeHead(401, { date: vendorDate }).end());
    const { reply, queries } = await aClient(endpoint, { nowMs }).results({ taskId: 'task-1' });
    expect([reply, queries, requests.length]).toMatchObject([{ code: 'Http401' }, 2, 2]);
  });

  test.each([
    ['a date within 30 s', new Date(nowMs() + 30_000).toUTCString()],
    ['a date within 30 s before', new Date(nowMs() - 30_000).toUTCString()],
    ['an invalid date', 'today'],
  ])('is not the cause with %s', async (_name, date) => {
    const { endpoint, requests } = await serve((response) => void response.writeHead(403, { date }).end());
    const { reply, queries } = await aClient(endpoint, { nowMs }).results({ taskId: 'task-1' });
    expect([reply, queries, requests.length]).toMatchObject([{ code: 'Http403' }, 1, 1]);
  });

  test('is learned again after ours was corrected', async () => {
    let ourMs = nowMs();
    const { endpoint, requests } = await serve((response, { query }) => {
      const isNear = Math.abs(Number(query.timestamp) - vendorMs) < 60_000;
      sendJson(response, isNear ? finishedBody() : { code: 'IllegalTimestamp' }, 200, { date: vendorDate });
    });
    const client = aClient(endpoint, { nowMs: () => ourMs });
    expect((await client.results({ taskId: 'task-1' })).queries).toBe(2);
    ourMs = vendorMs;
    expect(await client.results({ taskId: 'task-1' })).toMatchObject({ reply: { gatewayCode: '0' }, queries: 2 });
    expect(Number(requests.at(-1)?.query.timestamp)).toBe(vendorMs);
  });
});

describe('key and secret', () => {
  test('are read for each request, and each request is signed', async () => {
    let count = 0;
    let ms = 1_712_144_501_000;
    const credentials = async () => {
      count += 1;
      return appKeyPair({ appKey: `key-${count}`, appSecret: `secret-${count}` });
    };
    const { endpoint, requests } = await serve((response, { socket }, index) =>
      index === 1 ? void socket.resetAndDestroy() : sendJson(response, finishedBody()),
    );
    const client = aClient(endpoint, { nowMs: () => ms++ }, { credentials });
    await client.results({ taskId: 'task-1' });
    await client.results({ taskId: 'task-1' });
    expect(requests.map(({ query }) => query.app_key)).toEqual(['key-1', 'key-2', 'key-3']);
    for (const [index, { query }] of requests.entries()) {
      expect(query.sign).toBe(signV2({ secret: `secret-${index + 1}`, timestamp: query.timestamp as string }));
    }
    expect(new Set(requests.map(({ query }) => query.timestamp)).size).toBe(3);
  });

  test('that cannot be read are a NoKey reply, and nothing is sent', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()));
    const credentials = async () => {
      throw new NoKeyError('the file named by AIDGE_APP_KEY_FILE is empty; write the value into it');
    };
    const client = aClient(endpoint, {}, { credentials });
    expect(await client.results({ taskId: 'task-1' })).toEqual({
      reply: {
        kind: 'fault',
        code: 'NoKey',
        message: 'the file named by AIDGE_APP_KEY_FILE is empty; write the value into it',
      },
      queries: 0,
    });
    expect(await client.submit({ request: {} })).toMatchObject({ kind: 'rejected', error: { code: 'NoKey' } });
    expect(requests).toHaveLength(0);
  });

  test('of an unknown account are a NoKey reply', async () => {
    const client = createVendorClient({ accounts: [] });
    const { reply, queries } = await client.results({ account: 'shop-2', taskId: 'task-1' });
    expect([reply, queries]).toMatchObject([{ code: 'NoKey', message: 'no account shop-2 is configured here' }, 0]);
    expect(await client.submit({ account: 'shop-2', request: {} })).toMatchObject({
      kind: 'rejected',
      retrySafe: false,
    });
  });

  test('of several accounts are separate', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()));
    const named = (name: string) =>
      anAccount({ endpoint, name, credentials: async () => appKeyPair({ appKey: `key of ${name}`, appSecret: 's' }) });
    const client = createVendorClient({ accounts: [named('default'), named('shop-2')] });
    onTestFinished(() => client.close());
    await client.results({ taskId: 'task-1' });
    await client.results({ account: 'shop-2', taskId: 'task-1' });
    expect(requests.map(({ query }) => query.app_key)).toEqual(['key of default', 'key of shop-2']);
  });
});

describe('a reply has no secret', () => {
  const echoes: [string, Answerer][] = [
    ['a gateway text', (r, { query }) => sendJson(r, { code: 'SystemError', message: textOf(query) })],
    ['a gateway code', (r, { query }) => sendJson(r, { code: textOf(query) })],
    [
      'a service text',
      (r, { query }) => sendJson(r, { code: '0', success: false, resCode: '500', resMessage: textOf(query) }),
    ],
    ['a task text', (r, { query }) => sendJson(r, { data: { taskStatus: 'failed', taskMessage: textOf(query) } })],
    [
      'a status word',
      (r, { query }) =>
        sendJson(r, { data: { taskStatus: textOf(query), taskResult: [{ taskStatus: textOf(query) }] } }),
    ],
    ['a page', (r, { query }) => void r.end(textOf(query))],
    ['a page of a failed status', (r, { query }) => void r.writeHead(502).end(textOf(query))],
    [
      'a redirect',
      (r, { query }) => void r.writeHead(302, { location: `https://other.example/?${textOf(query)}` }).end(),
    ],
  ];
  const { appKey, appSecret } = testKey;
  const textOf = (query: Readonly<Record<string, string>>) =>
    `${new URLSearchParams(query)} ${query.sign?.toLowerCase()} ${appSecret} ${encodeURIComponent(appSecret)} key:${appKey}`;

  test.each(echoes)('if %s echoes ours', async (_name, answer) => {
    const { endpoint, requests } = await serve(answer);
    const client = aClient(endpoint);
    const shown = JSON.stringify([await client.results({ taskId: 'task-1' }), await client.submit({ request: {} })]);
    expect(requests).toHaveLength(2);
    for (const { query } of requests) {
      for (const secret of [appKey, appSecret, encodeURIComponent(appSecret), query.sign as string]) {
        expect(shown.toLowerCase()).not.toContain(secret.toLowerCase());
      }
    }
  });
});

describe('a submit', () => {
  const request = {
    clothesList: [{ imageUrl: 'https://shop.example/a.jpg', type: 'tops' }],
    model: { base: 'General' },
  };

  test.each([
    ['tryon', '/rest/ai/virtual/tryon', 'requestParams'],
    ['tryon-pro', '/rest/ai/virtual/tryon-pro', 'paramJson'],
  ])('(%s) sends a list as JSON text and returns the task id', async (api, path, parameter) => {
    const { endpoint, requests } = await serve((response) =>
      sendJson(response, { code: '0', data: { result: { taskId: 'task-9' } } }),
    );
    expect(await aClient(endpoint).submit({ request, api })).toEqual({ kind: 'accepted', taskId: 'task-9' });
    expect(requests).toHaveLength(1);
    expect(requests[0]?.path).toBe(path);
    expect(JSON.parse(JSON.parse(requests[0]?.body ?? '')[parameter])).toEqual([request]);
  });

  test('of a list sends it unchanged', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, { data: { taskId: 7 } }));
    expect(await aClient(endpoint).submit({ request: [request, request] })).toEqual({ kind: 'accepted', taskId: '7' });
    expect(JSON.parse(JSON.parse(requests[0]?.body ?? '').requestParams)).toEqual([request, request]);
  });

  test.each([
    ['data.result.taskId', { data: { result: { taskId: 'x' } } }],
    ['data.taskId', { data: { taskId: 'x' } }],
    ['JSON text in data', { data: '{"result":{"taskId":"x"}}' }],
    ['JSON text in result', { data: { result: '{"taskId":"x"}' } }],
  ])('finds the task id at %s', async (_name, body) => {
    const { endpoint } = await serve((response) =>
      sendJson(response, { code: '0', success: true, resCode: 200, ...body }),
    );
    expect(await aClient(endpoint).submit({ request })).toEqual({ kind: 'accepted', taskId: 'x' });
  });

  const answers: [string, Answerer, object][] = [
    [
      'ApiCallLimit',
      (r) => sendJson(r, { code: 'ApiCallLimit' }),
      { kind: 'rejected', retrySafe: true, error: { layer: 'gateway' } },
    ],
    ['AppCallLimit', (r) => sendJson(r, { code: 'AppCallLimit' }), { kind: 'rejected', retrySafe: true }],
    [
      'resCode 501',
      (r) => sendJson(r, { code: '0', success: false, resCode: 501 }),
      { kind: 'rejected', retrySafe: true, error: { layer: 'service', code: '501' } },
    ],
    ['HTTP 429', (r) => void r.writeHead(429).end(), { kind: 'rejected', retrySafe: true }],
    [
      'resCode 700',
      (r) => sendJson(r, { code: '0', success: false, resCode: 700, resMessage: 'clothesList is empty' }),
      { kind: 'rejected', retrySafe: false, error: { layer: 'service', code: '700', message: 'clothesList is empty' } },
    ],
    [
      'resCode 1000',
      (r) => sendJson(r, { code: '0', success: 'false', resCode: '1000' }),
      { kind: 'rejected', retrySafe: false },
    ],
    ['NoResource', (r) => sendJson(r, { code: 'NoResource' }), { kind: 'rejected', retrySafe: false }],
    ['InvalidAppKey', (r) => sendJson(r, { code: 'InvalidAppKey' }), { kind: 'rejected', retrySafe: false }],
    ['HTTP 404', (r) => void r.writeHead(404).end(), { kind: 'rejected', retrySafe: false }],
    [
      'IncompleteSignature, clock right',
      (r) => sendJson(r, { code: 'IncompleteSignature' }),
      { kind: 'rejected', retrySafe: false },
    ],
    [
      'IllegalTimestamp, clock wrong',
      (r) => sendJson(r, { code: 'IllegalTimestamp' }, 200, { date: 'Wed, 03 Apr 2024 13:41:41 GMT' }),
      { kind: 'rejected', retrySafe: true },
    ],
    [
      'ServiceTimeout',
      (r) => sendJson(r, { code: 'ServiceTimeout' }),
      { kind: 'maybe', error: { code: 'ServiceTimeout' } },
    ],
    ['resCode 500', (r) => sendJson(r, { code: '0', success: false, resCode: 500 }), { kind: 'maybe' }],
    ['an unknown code', (r) => sendJson(r, { code: 'Odd' }), { kind: 'maybe' }],
    ['HTTP 502', (r) => void r.writeHead(502).end(), { kind: 'maybe', error: { code: 'Http502' } }],
    ['a page', (r) => void r.end('<html>'), { kind: 'maybe', error: { code: 'BadBody' } }],
    [
      'no task id',
      (r) => sendJson(r, { code: '0', success: true, data: { result: {} } }),
      { kind: 'maybe', error: { code: 'BadBody' } },
    ],
    ['no data', (r) => sendJson(r, { code: '0', success: true }), { kind: 'maybe', error: { code: 'BadBody' } }],
    [
      'a redirect',
      (r) => void r.writeHead(307, { location: '/' }).end(),
      { kind: 'maybe', error: { code: 'Redirected' } },
    ],
    ['a reset', (r) => void r.socket?.resetAndDestroy(), { kind: 'maybe', error: { code: 'ConnectionFailed' } }],
    ['silence', () => {}, { kind: 'maybe', error: { code: 'Timeout' } }],
  ];

  test.each(answers)(
    'answered by %s has the result that the answer proves, and is never sent twice',
    async (name, answer, result) => {
      const { endpoint, requests } = await serve(answer);
      const headersMs = name === 'silence' ? 200 : 10_000;
      expect(await aClient(endpoint, { limits: { headersMs } }).submit({ request })).toMatchObject(result);
      expect(requests).toHaveLength(1);
    },
  );

  test('on a dead connection is not sent again either', async () => {
    const { endpoint, requests } = await serve((response, { socket }, index) =>
      index === 0 ? sendJson(response, finishedBody()) : void socket.resetAndDestroy(),
    );
    const client = aClient(endpoint);
    await client.results({ taskId: 'task-1' });
    expect(await client.submit({ request })).toMatchObject({ kind: 'maybe', error: { code: 'ConnectionFailed' } });
    expect(requests).toHaveLength(2);
  });

  test('that could not connect is safe to retry', async () => {
    expect(await aClient('http://127.0.0.1:1').submit({ request })).toMatchObject({
      kind: 'rejected',
      retrySafe: true,
      error: { code: 'ConnectionFailed' },
    });
  });

  test("that is cancelled rejects with the signal's reason", async () => {
    const cancel = new AbortController();
    const { endpoint } = await serve(() => cancel.abort());
    await expect(aClient(endpoint).submit({ request, signal: cancel.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

test('a key file is read again for each request', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tryon-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()));
  const path = join(folder, 'key');
  await writeFile(path, 'first\n');
  const env = { AIDGE_ENDPOINT: `${endpoint}/rest/`, AIDGE_APP_KEY_FILE: path, AIDGE_APP_SECRET: 'secret' };
  const client = createVendorClient({ accounts: readAccounts(env).accounts });
  onTestFinished(() => client.close());
  await client.results({ taskId: 'task-1' });
  await writeFile(path, 'second\n');
  await client.results({ taskId: 'task-1' });
  await writeFile(path, '');
  const { reply } = await client.results({ taskId: 'task-1' });
  expect(requests.map(({ query, path: asked }) => [query.app_key, asked])).toEqual([
    ['first', '/rest/ai/virtual/tryon-results'],
    ['second', '/rest/ai/virtual/tryon-results'],
  ]);
  expect(reply).toMatchObject({ kind: 'fault', code: 'NoKey' });
});
