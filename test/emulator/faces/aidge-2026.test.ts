import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonicalRequest, isSignedAcs3, readAuthorization } from '../../../src/emulator/acs3.js';
import type { BehaviourName } from '../../../src/testing.js';
import { hmac } from '../signed-call.js';
import { vendors } from './calls.js';

const garments = {
  ClothImageUrl: 'https://shop.example/c.jpg?a=b&c=试',
  ModelImageUrl: 'https://shop.example/m.jpg',
  Resolution: '1K',
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function aidge(...options: Parameters<typeof vendors>) {
  const all = vendors(...options);
  const http = (path: string, body: unknown, changes: Record<string, string> = {}, method = 'POST') => {
    const timestamp = String(all.now());
    const system = {
      ...{ app_key: '512345', timestamp, sign_method: 'sha256', sign_ver: 'v2', partner_id: 'aidge' },
      ...{ sign: hmac('secret', `secret${timestamp}`), ...changes },
    };
    const headers = { 'content-type': 'application/json' };
    return all.call(method, `/rest${path}?${new URLSearchParams(system)}`, headers, body);
  };
  const rpc = (
    action: string,
    parameters: Record<string, string>,
    { id = 'LTAI1', secret = 'ram-secret', headers: changes = {}, after = (target: string) => target } = {},
  ) => {
    const encoded = (text: string): string =>
      encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
    const query = Object.entries(parameters)
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
      .toSorted()
      .join('&');
    const headers: Record<string, string> = {
      host: '127.0.0.1:1',
      'x-acs-action': action,
      'x-acs-content-sha256': sha256(''),
      'x-acs-date': new Date(all.now()).toISOString().replace(/\.\d+/, ''),
      'x-acs-signature-nonce': 'nonce',
      'x-acs-version': '2026-04-28',
      ...changes,
    };
    const names = Object.keys(headers).toSorted();
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
    const canonical = ['POST', '/', query, lines, names.join(';'), sha256('')].join('\n');
    const text = `ACS3-HMAC-SHA256\n${sha256(canonical)}`;
    const signature = createHmac('sha256', secret).update(text).digest('hex');
    const authorization = `ACS3-HMAC-SHA256 Credential=${id},SignedHeaders=${names.join(';')},Signature=${signature}`;
    return all.call('POST', after(`/?${query}`), { ...headers, authorization });
  };
  const poll = {
    http: (TaskId: string) => http('/ai/task/queryTaskResult', { TaskId }),
    rpc: (TaskId: string) => rpc('QueryAsyncTaskResult', { TaskId }),
  };
  return { ...all, http, rpc, poll };
}

/** The first poll of a task with this script. */
const shown = (script: BehaviourName, way: 'http' | 'rpc' = 'http', task = {}) => {
  const { addTask, poll, at } = aidge();
  const taskId = addTask({ api: 'aidge-2026', script, ...task });
  at(20);
  return poll[way](taskId);
};

describe.each(['http', 'rpc'] as const)('by %s', (way) => {
  test('a submitted task is queued, runs and completes with its image as JSON text', () => {
    const { http, rpc, poll, at, vendor } = aidge({ distribution: { fixedSeconds: 10 } });
    const submitted = way === 'http' ? http('/ai/virtual/try-on', garments) : rpc('VirtualTryOn', garments);
    expect(submitted.json()).toMatchObject({ Success: true, RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/) });
    expect(submitted.json().Code).toBe(way === 'http' ? 'success' : undefined);
    const { TaskId } = submitted.json().Data;
    const states = [0, 5, 10].map((seconds) => {
      at(seconds);
      return poll[way](TaskId).json().Data.Status;
    });
    expect(states).toEqual(['QUEUED', 'IN_PROGRESS', 'COMPLETED']);
    const { Data } = poll[way](TaskId).json();
    expect(Data).toMatchObject({ TaskId, UsageMap: { ProcessedImageCount: '1' } });
    expect(JSON.parse(Data.Result)).toMatchObject({ ImageUrl: expect.stringContaining('/images/') });
    expect(vendor.ends).toHaveLength(1);
    const scheme = way === 'http' ? 'v2' : 'acs3';
    expect(vendor.queries.entries[0]).toMatchObject({ api: 'aidge-2026', vendor: 'aidge', account: 'aidge', scheme });
  });

  test('a task of the older API, and one that does not exist, are unknown', () => {
    const { addTask, poll } = aidge();
    addTask({ taskId: 'older' });
    for (const taskId of ['older', 'none']) {
      expect(poll[way](taskId).json()).toMatchObject({ Success: false, Code: 'InvalidParameter' });
    }
  });

  test.each<[BehaviourName, string]>([
    ['service-700', 'InvalidParameter'],
    ['service-1000', 'InputContentBlocked'],
    ['no-resource', 'FreeQuotaExhausted'],
    ['app-not-subscribed', 'ServiceNotOpened'],
    ['service-timeout', 'DownstreamUnavailable'],
    ['service-500', 'InternalError'],
    ['service-unknown', '4711'],
  ])('%s is HTTP 200 with %s', (script, code) => {
    const { status, json } = shown(script, way);
    expect([status, json()]).toEqual([200, expect.objectContaining({ Success: false, Code: code })]);
  });

  test.each<[BehaviourName, string]>([
    ['all-failed', 'model inference failed'],
    ['service-801', 'model inference failed'],
    ['failed-message-only', 'the model image holds no person'],
  ])('%s is a failed task with its reason as the result', (script, reason) => {
    const { Success, Data } = shown(script, way).json();
    expect({ Success, Data }).toMatchObject({ Success: true, Data: { Status: 'FAILED', Result: reason } });
  });
});

describe('over HTTP', () => {
  test.each([
    ['a wrong key', { app_key: '1' }, 'InvalidAppKey'],
    ['a wrong signature', { sign: '0'.repeat(64) }, 'IncompleteSignature'],
    ['an old timestamp', { timestamp: '1' }, 'IllegalTimestamp'],
    ['no partner', { partner_id: '' }, 'MissingPartner'],
  ])('%s is refused by the gateway', (_, changes, code) => {
    const { http, vendor } = aidge();
    expect(http('/ai/task/queryTaskResult', { TaskId: 'x' }, changes).json()).toMatchObject({ type: 'ISV', code });
    expect(http('/ai/virtual/try-on', garments, changes).json()).toMatchObject({ type: 'ISV', code });
    expect(vendor.unauthorised).toBe(2);
  });

  test.each([
    ['no garment', { ...garments, ClothImageUrl: undefined }],
    ['a resolution that does not exist', { ...garments, Resolution: '4K' }],
    ['a garment type that does not exist', { ...garments, ClothType: 'socks' }],
  ])('a submit with %s is refused', (_, body) => {
    expect(aidge().http('/ai/virtual/try-on', body).json()).toMatchObject({ Success: false, Code: 'InvalidParameter' });
  });

  test('a query by PUT, and one without an id, are refused; one by GET is not', () => {
    const { http, addTask } = aidge();
    const TaskId = addTask({ api: 'aidge-2026' });
    const query = '/ai/task/queryTaskResult';
    expect(http(query, { TaskId }, {}, 'PUT')).toMatchObject({ status: 405, headers: { allow: 'POST, GET' } });
    expect(http(query, {}).json()).toMatchObject({ Code: 'InvalidParameter' });
    expect(http(query, undefined, { TaskId }, 'GET').json().Data.Status).toBe('QUEUED');
  });

  test("a throttle is HTTP 429 with its seconds in Retry-After, and is an account's own", () => {
    expect(shown('api-call-limit')).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
    const { http } = aidge({ submitRate: { count: 1, windowSeconds: 60 } });
    const statuses = [1, 2].map(() => http('/ai/virtual/try-on', garments).status);
    expect(statuses).toEqual([200, 429]);
  });

  test('several images are a list, a failed one is left out', () => {
    const { Data } = shown('partial', 'http', { subTasks: 3 }).json();
    expect(JSON.parse(Data.Result).structData.imageList).toHaveLength(2);
  });

  test.each<[BehaviourName, unknown]>([
    ['finished-no-result', undefined],
    ['finished-null-result', null],
    ['finished-empty', '{}'],
  ])('%s', (script, result) => {
    expect(shown(script).json().Data).toMatchObject({ Status: 'COMPLETED' });
    expect(shown(script).json().Data.Result).toBe(result);
  });

  test('data can be missing, null, or JSON text', () => {
    expect(shown('no-data').json()).not.toHaveProperty('Data');
    expect(shown('null-data').json().Data).toBeNull();
    expect(JSON.parse(shown('data-json-text').json().Data)).toMatchObject({ Status: 'COMPLETED' });
  });

  test('service and task can disagree, which is no end', () => {
    const answer = shown('layers-disagree');
    expect(answer.json()).toMatchObject({ Success: false, Code: 'InternalError', Data: { Status: 'COMPLETED' } });
    expect(answer.ends).toBe(false);
  });

  test("the older API's calls stay as they are", () => {
    const { http, addTask } = aidge();
    const task_id = addTask();
    expect(http('/ai/virtual/tryon-results', { task_id }).json()).toMatchObject({
      code: '0',
      data: { taskId: task_id },
    });
    expect(http('/ai/unknown', {}).json()).toMatchObject({ code: 'InvalidApiPath' });
  });
});

describe('as RPC calls', () => {
  // The sample of Alibaba Cloud's page of the signature: its request, secret and signature.
  test("the page's sample is signed as the page says", () => {
    const headers = {
      host: 'ecs.cn-shanghai.aliyuncs.com',
      'x-acs-action': 'RunInstances',
      'x-acs-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'x-acs-date': '2023-10-26T10:22:32Z',
      'x-acs-signature-nonce': '3156853299f313e23d1673dc12e1703d',
      'x-acs-version': '2014-05-26',
    };
    const signature = '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0';
    const authorization = `ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=${Object.keys(headers).join(';')},Signature=${signature}`;
    const target = '/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai';
    const raw = { method: 'POST', target, headers: { ...headers, authorization }, body: '' };
    const read = readAuthorization(raw);
    expect(read).toMatchObject({ accessKeyId: 'YourAccessKeyId' });
    expect(canonicalRequest(raw, Object.keys(headers)).split('\n').slice(0, 3)).toEqual(['POST', '/', target.slice(2)]);
    expect(read && isSignedAcs3(raw, read, 'YourAccessKeySecret')).toBe(true);
    expect(read && isSignedAcs3(raw, read, 'another')).toBe(false);
  });

  test.each<[string, Parameters<ReturnType<typeof aidge>['rpc']>[2], number, string]>([
    ['a wrong key', { id: 'LTAI9' }, 404, 'InvalidAccessKeyId.NotFound'],
    ['a wrong secret', { secret: 'wrong' }, 400, 'SignatureDoesNotMatch'],
    ['another query than the one signed', { after: (target) => `${target}1` }, 400, 'SignatureDoesNotMatch'],
    ['another hash of the body', { headers: { 'x-acs-content-sha256': sha256('x') } }, 400, 'SignatureDoesNotMatch'],
    ['an old date', { headers: { 'x-acs-date': '2026-11-28T11:00:00Z' } }, 400, 'InvalidTimeStamp.Expired'],
    ['another version', { headers: { 'x-acs-version': '2025-01-01' } }, 404, 'InvalidAction.NotFound'],
  ])('%s is refused', (_, changes, status, Code) => {
    const answer = aidge().rpc('QueryAsyncTaskResult', { TaskId: 'x' }, changes);
    expect([answer.status, answer.json()]).toEqual([
      status,
      {
        Code,
        ...{ Message: expect.any(String), RequestId: expect.any(String) },
        ...{ HostId: expect.any(String), Recommend: expect.any(String) },
      },
    ]);
  });

  test('a call without a signature, and an unknown action, are refused', () => {
    const { call, rpc } = aidge();
    expect(call('POST', '/', { 'x-acs-action': 'VirtualTryOn' }).json()).toMatchObject({
      Code: 'SignatureDoesNotMatch',
    });
    expect(rpc('DeleteEverything', {}).json()).toMatchObject({ Code: 'InvalidAction.NotFound' });
  });

  test('a signature over names that objects have is refused like any other', () => {
    const authorization = `ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=__proto__;constructor;host,Signature=${'0'.repeat(64)}`;
    const answer = aidge().call('POST', '/', {
      ...{ 'x-acs-action': 'VirtualTryOn', 'x-acs-date': '2026-11-28T12:00:00Z', authorization },
    });
    expect(answer.json()).toMatchObject({ Code: 'SignatureDoesNotMatch' });
    const raw = { method: 'POST', target: '/', headers: {}, body: '' };
    expect(canonicalRequest(raw, ['constructor'])).toContain('\nconstructor:\n');
  });

  test('a throttle has its milliseconds in the header that the SDK reads', () => {
    expect(shown('api-call-limit', 'rpc').headers).toMatchObject({ 'x-acs-retry-after': '5000' });
  });
});
