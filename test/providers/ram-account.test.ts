import { describe, expect, test } from 'vitest';
import { readAccounts } from '../../src/providers/accounts.js';
import { signOpenApiCall } from '../../src/providers/alibaba-cloud/sign.js';
import type { Credentials } from '../../src/providers/auth.js';
import { type Answerer, aClient, appKeyPair, type ReceivedRequest, sendJson, serve, testKey } from './server.js';

const key = { accessKeyId: 'LTAI5tTestKeyOfOurs', accessKeySecret: 'ram+secret/value==' } as const;
const ram: Credentials = { kind: 'ram', ...key };
const version = '2026-04-28';
const taskId = 'b67f6089-085a-9402-93c6-bac0561b3a06';

const finished: Answerer = (response) =>
  sendJson(response, {
    RequestId: '2157065A-D6C8-1F3E-A4D0-B1234567890',
    Success: true,
    Data: {
      ...{ TaskId: taskId, Status: 'COMPLETED', UsageMap: { ProcessedImageCount: 1 } },
      Result: JSON.stringify({ ImageUrl: 'https://oss.example/a.png?Expires=1&Signature=x%3D' }),
    },
  });

/** Says whether a request's signature is right, from what the server received. */
const isSigned = ({ method, query, headers }: ReceivedRequest, action: string): boolean => {
  const date = String(headers['x-acs-date']);
  const expected = signOpenApiCall({
    ...{ ...key, method, action: { name: action, version }, parameters: query, host: String(headers.host) },
    ...{ timestampMs: Date.parse(date), nonce: String(headers['x-acs-signature-nonce']) },
  });
  return headers.authorization === expected.headers.authorization;
};

describe('an account with a RAM AccessKey', () => {
  const aRamClient = (endpoint: string, nowMs = Date.now) =>
    aClient(endpoint, { nowMs }, { credentials: async () => ram });

  test('polls at the OpenAPI: a POST whose parameters are in the query', async () => {
    const { endpoint, requests } = await serve(finished);
    const { reply, queries } = await aRamClient(endpoint).results({ taskId, api: 'aidge-2026' });
    expect(queries).toBe(1);
    expect(reply).toMatchObject({
      kind: 'answer',
      success: true,
      task: {
        taskId,
        status: 'finished',
        subTasks: [
          { status: 'finished', images: [{ imageUrl: 'https://oss.example/a.png?Expires=1&Signature=x%3D' }] },
        ],
      },
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      ...{ method: 'POST', path: '/', query: { TaskId: taskId }, body: '' },
      headers: { 'x-acs-action': 'QueryAsyncTaskResult', 'x-acs-version': version, accept: 'application/json' },
    });
    expect(requests[0] && isSigned(requests[0], 'QueryAsyncTaskResult')).toBe(true);
  });

  test('submits there, and never twice', async () => {
    const { endpoint, requests } = await serve((response) =>
      sendJson(response, { Code: '200', Message: 'OK', Success: true, Data: { TaskId: 'task-1' } }),
    );
    const request = {
      ClothImageUrl: "https://shop.example/it's (1)*.png?a=b&c=é",
      ModelImageUrl: 'https://shop.example/试穿.png',
      ...{ ClothType: 'tops_and_bottoms', Resolution: '2K' },
    };
    const result = await aRamClient(endpoint).submit({ request, api: 'aidge-2026' });
    expect(result).toEqual({ kind: 'accepted', taskId: 'task-1' });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/', query: request, body: '' });
    expect(requests[0] && isSigned(requests[0], 'VirtualTryOn')).toBe(true);
  });

  test('signs each request with a nonce of its own', async () => {
    const { endpoint, requests } = await serve(finished);
    const client = aRamClient(endpoint);
    for (const _ of [1, 2, 3]) await client.results({ taskId, api: 'aidge-2026' });
    expect(new Set(requests.map(({ headers }) => headers['x-acs-signature-nonce'])).size).toBe(3);
  });

  test('learns the clock from a refused time, and signs again at once', async () => {
    const nowMs = Date.parse('2026-11-28T18:00:00Z');
    const date = 'Sat, 28 Nov 2026 20:00:00 GMT';
    const { endpoint, requests } = await serve((response, one, index) =>
      index === 0
        ? sendJson(response, { Code: 'InvalidTimeStamp.Expired', Message: 'x', RequestId: 'r' }, 400, { date })
        : finished(response, one, index),
    );
    const { reply, queries } = await aRamClient(endpoint, () => nowMs).results({ taskId, api: 'aidge-2026' });
    expect(queries).toBe(2);
    expect(reply).toMatchObject({ task: { status: 'finished' } });
    expect(requests.map(({ headers }) => headers['x-acs-date'])).toEqual([
      '2026-11-28T18:00:00Z',
      '2026-11-28T20:00:00Z',
    ]);
  });

  test.each([
    ['x-acs-retry-after', '2500', '2.5'],
    ['x-acs-retry-after', '0', undefined],
    ['x-acs-retry-after', 'soon', undefined],
    ['retry-after', '3', '3'],
  ])('waits as %s: %s asks', async (header, value, retryAfter) => {
    const body = { Code: 'Throttling.User', Message: 'Request was denied due to user flow control.', RequestId: 'r' };
    const { endpoint } = await serve((response) => sendJson(response, body, 400, { [header]: value }));
    const { reply } = await aRamClient(endpoint).results({ taskId, api: 'aidge-2026' });
    expect(reply).toMatchObject({ kind: 'answer', gatewayCode: 'Throttling.User' });
    expect(reply.retryAfter).toBe(retryAfter);
  });

  test('shows neither key, secret nor signature, also where the vendor echoes them', async () => {
    let signature = '';
    const { endpoint } = await serve((response, { headers }) => {
      signature = String(headers.authorization).split('Signature=')[1] ?? '';
      const Message = `StringToSign of ${key.accessKeyId}, ${key.accessKeySecret}: ${signature}`;
      sendJson(response, { Code: 'SignatureDoesNotMatch', Message, RequestId: signature }, 400);
    });
    const { reply } = await aRamClient(endpoint).results({ taskId, api: 'aidge-2026' });
    expect(reply).toMatchObject({ kind: 'answer', gatewayCode: 'SignatureDoesNotMatch' });
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    for (const secret of [key.accessKeyId, key.accessKeySecret, signature]) {
      expect(JSON.stringify(reply)).not.toContain(secret);
    }
  });

  test('cannot call the older generation: nothing is sent, and the reply says what to do', async () => {
    const { endpoint, requests } = await serve(finished);
    const client = aRamClient(endpoint);
    const message = expect.stringMatching(/RAM AccessKey.*aidge-2026/);
    expect(await client.results({ taskId })).toEqual({ reply: { kind: 'fault', code: 'NoKey', message }, queries: 0 });
    expect(await client.submit({ request: {} })).toMatchObject({ kind: 'rejected', error: { code: 'NoKey', message } });
    expect(requests).toEqual([]);
  });

  test('is read from its variables, with the endpoint of the OpenAPI', async () => {
    const { accounts, problems } = readAccounts({
      AIDGE_RAM_ACCESS_KEY_ID: key.accessKeyId,
      AIDGE_RAM_ACCESS_KEY_SECRET: key.accessKeySecret,
    });
    expect(problems).toEqual([]);
    expect(accounts).toMatchObject([{ name: 'ram', endpoint: 'https://aidge.cn-beijing.aliyuncs.com' }]);
    expect(await accounts[0]?.credentials()).toEqual(ram);
  });

  const ramKey = { AIDGE_RAM_ACCESS_KEY_ID: key.accessKeyId, AIDGE_RAM_ACCESS_KEY_SECRET: key.accessKeySecret };
  const appKey = { AIDGE_APP_KEY: '1', AIDGE_APP_SECRET: '2' };
  const gateway = { AIDGE_ENDPOINT: 'https://cn-api.aidc-ai.com' };
  test.each<[string, Record<string, string>, string]>([
    ["not an app key's", { ...ramKey, ...appKey, ...gateway }, 'https://aidge.cn-beijing.aliyuncs.com'],
    ['its own', { ...ramKey, ...appKey, ...gateway, AIDGE_RAM_ENDPOINT: 'https://a.example' }, 'https://a.example'],
    ['that of no other account', { ...ramKey, AIDGE_ENDPOINT: 'http://127.0.0.1:8080' }, 'http://127.0.0.1:8080'],
    [
      'that of another RAM AccessKey',
      { ...ramKey, AIDGE_ACCESS_KEY_ID: '1', AIDGE_ACCESS_KEY_SECRET: '2', AIDGE_ENDPOINT: 'https://b.example' },
      'https://b.example',
    ],
  ])('has an endpoint: %s', (_name, env, endpoint) => {
    const { accounts, problems } = readAccounts(env);
    expect(problems).toEqual([]);
    expect(accounts.find(({ name }) => name === 'ram')?.endpoint).toBe(endpoint);
  });
});

describe('an account with an app key', () => {
  const request = { ClothImageUrl: 'https://shop.example/1.png', ClothTypes: ['tops', 'bottoms'], Resolution: '1K' };

  test('polls and submits at the gateway with V2: the request is the body as it is', async () => {
    const { endpoint, requests } = await serve(finished);
    const client = aClient(endpoint);
    await client.results({ taskId, api: 'aidge-2026' });
    await client.submit({ request, api: 'aidge-2026' });
    expect(requests).toMatchObject([
      {
        ...{ method: 'POST', path: '/rest/ai/task/queryTaskResult', body: JSON.stringify({ TaskId: taskId }) },
        query: { sign_ver: 'v2', partner_id: 'aidge', app_key: testKey.appKey },
      },
      { method: 'POST', path: '/rest/ai/image/virtualTryOn', body: JSON.stringify(request) },
    ]);
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('and V1 puts the fields into the signed form, lists as JSON text', async () => {
    const { endpoint, requests } = await serve(finished);
    await aClient(endpoint, {}, { credentials: async () => appKeyPair(testKey, 'v1') }).submit({
      ...{ request, api: 'aidge-2026' },
    });
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      ...request,
      ClothTypes: '["tops","bottoms"]',
    });
  });
});
