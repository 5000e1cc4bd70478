import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { digestOf, isSigned, signedTextV1 } from '../../src/emulator/signature.js';
import type { Emulator } from '../../src/testing.js';
import { type CallOptions, callV2, hmac, query } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();

describe('the signature checker', () => {
  // Published with the platform's documents (Lazada open platform, article 108069) and repeated by many public test suites.
  const published = {
    apiName: '/order/get',
    parameters: {
      access_token: 'test',
      app_key: '123456',
      order_id: '1234',
      sign_method: 'sha256',
      timestamp: '1517820392000',
      sign: '4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A',
    },
  };

  test('accepts the published vector of the first scheme', () => {
    expect(signedTextV1(published.apiName, published.parameters)).toBe(
      '/order/getaccess_tokentestapp_key123456order_id1234sign_methodsha256timestamp1517820392000',
    );
    expect(isSigned(published, 'helloworld')).toBe(true);
  });

  test.each([
    ['another secret', published, 'helloworlD'],
    ['another path', { ...published, apiName: '/orders/get' }, 'helloworld'],
    ['another value', { ...published, parameters: { ...published.parameters, order_id: '1235' } }, 'helloworld'],
    ['a parameter more', { ...published, parameters: { ...published.parameters, a: '1' } }, 'helloworld'],
    [
      'lower case',
      { ...published, parameters: { ...published.parameters, sign: published.parameters.sign.toLowerCase() } },
      'helloworld',
    ],
    ['no signature', { ...published, parameters: { ...published.parameters, sign: '' } }, 'helloworld'],
  ])('refuses %s', (_, call, secret) => {
    expect(isSigned(call, secret)).toBe(false);
  });

  // The base string of the first row is published (AliExpress open platform, article 120692); the digests are our own.
  test.each([
    [
      { foo: '1', bar: '2', foo_bar: '3', foobar: '4' },
      '/test/apibar2foo1foo_bar3foobar4',
      'FE01B44E2D0F8A799FDC350C3EDDA02F3BFCE762E60DA58768964FF1CD949437',
    ],
    [
      { foo: '1', bar: '2', foo_bar: '3', foobar: 'é试穿' },
      '/test/apibar2foo1foo_bar3foobaré试穿',
      'A1F807B3FEFBAA6203B86C6D5DA3C39713318D955EB153EF3999E46D15A06566',
    ],
    [
      { foo: '1', bar: '2', foo_bar: '3', foobar: '4', blank: '  ', empty: '' },
      '/test/apibar2foo1foo_bar3foobar4',
      'FE01B44E2D0F8A799FDC350C3EDDA02F3BFCE762E60DA58768964FF1CD949437',
    ],
  ])('signs %j in the order of its names and without blanks', (parameters, text, digest) => {
    expect(signedTextV1('/test/api', parameters)).toBe(text);
    expect(digestOf('test-secret', text)).toBe(digest);
  });

  test('signs secret and time in the second scheme, whatever the call', () => {
    const parameters = {
      sign_ver: 'v2',
      timestamp: '1712144501000',
      sign: 'D74AA8665DE6B3804F74C9A6CDBFDD6DA04EFA0ADA45F3F37709F737EE852E94',
    };
    expect(isSigned({ apiName: '/any', parameters }, 'test-secret')).toBe(true);
    expect(
      isSigned({ apiName: '/any', parameters: { ...parameters, timestamp: '1712144501001' } }, 'test-secret'),
    ).toBe(false);
  });
});

/** A V1 call: all parameters signed, business parameters as a form. */
async function callV1(emulator: Emulator, business: Record<string, string>, signed = business) {
  const system = {
    app_key: emulator.appKey,
    timestamp: String(Date.now()),
    sign_method: 'sha256',
    partner_id: 'iop-sdk-java-20181207',
  };
  const pairs = Object.entries({ ...system, ...signed }).filter(([, value]) => value.trim() !== '');
  const text = pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => name + value)
    .join('');
  const sign = hmac(emulator.appSecret, `/ai/virtual/tryon-results${text}`);
  const { body } = await request(
    `${emulator.url}/rest/ai/virtual/tryon-results?${new URLSearchParams({ ...system, sign })}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' },
      body: new URLSearchParams(business).toString(),
    },
  );
  return JSON.parse(await body.text());
}

test('a form signed by the first scheme is decoded', async () => {
  const emulator = await start();
  const taskId = 'a task+id/é试&=%';
  emulator.addTask({ taskId, script: 'finished' });
  expect((await callV1(emulator, { task_id: taskId, note: ' ' })).data).toMatchObject({
    taskId,
    taskStatus: 'finished',
  });
  expect(emulator.queries[0]).toMatchObject({ scheme: 'v1', authorised: true, account: 'default', taskId });
});

test('a form whose business parameters are not signed is refused', async () => {
  const emulator = await start();
  const taskId = emulator.addTask();
  expect(await callV1(emulator, { task_id: taskId }, {})).toMatchObject({ code: 'IncompleteSignature' });
  expect(emulator.stats.unauthorised).toBe(1);
});

const mistakes: readonly (readonly [string, CallOptions, Record<string, unknown>])[] = [
  ['no key', { system: { app_key: undefined } }, { code: 'MissingParameter', type: 'ISV' }],
  ['no timestamp', { system: { timestamp: undefined } }, { code: 'MissingParameter' }],
  ['no signature', { system: { sign: undefined } }, { code: 'MissingParameter' }],
  ['an unknown key', { system: { app_key: '999999' } }, { code: 'InvalidAppKey' }],
  ['another secret', { secret: 'wrong' }, { code: 'IncompleteSignature' }],
  ['another digest', { system: { sign_method: 'md5' } }, { code: 'IncompleteSignature' }],
  ['no partner', { system: { partner_id: undefined } }, { code: 'MissingPartner' }],
  ['a time two hours and a second ago', { atMs: -7_201_000 }, { code: 'IllegalTimestamp' }],
  ['a time two hours and a second ahead', { atMs: 7_201_000 }, { code: 'IllegalTimestamp' }],
  ['a time in seconds', { system: { timestamp: '1712144501' } }, { code: 'IllegalTimestamp' }],
  ['a path that users guess', { path: '/rest/ai/virtual/tryon/query' }, { code: 'InvalidApiPath' }],
  ['/rest twice', { path: '/rest/rest/ai/virtual/tryon-results' }, { code: 'InvalidApiPath' }],
  ['taskId for task_id', { business: { taskId: 'x' } }, { code: '0', success: 'false', resCode: '700' }],
  ['JSON that is called text', { headers: { 'content-type': 'text/plain' } }, { success: 'false', resCode: '700' }],
];

test.each(mistakes)("%s is refused with the vendor's code", async (_, options, expected) => {
  const nowMs = Date.UTC(2026, 0, 1);
  const emulator = await start({ nowMs: () => nowMs });
  const taskId = emulator.addTask();
  const atMs = nowMs + (options.atMs ?? 0);
  const { statusCode, text } = await callV2(emulator, { business: { task_id: taskId }, ...options, atMs });
  expect(statusCode).toBe(200);
  expect(JSON.parse(text)).toMatchObject(expected);
  expect(await query(emulator, taskId, { atMs: nowMs - 7_200_000 })).toMatchObject({ code: '0', success: 'true' });
});

test('calls work with and without /rest', async () => {
  const emulator = await start();
  const taskId = emulator.addTask();
  expect(await query(emulator, taskId, { path: '/ai/virtual/tryon-results' })).toMatchObject({ success: 'true' });
});

test('taskId is refused, unless the emulator is lenient', async () => {
  const answers = [];
  for (const strict of [true, false]) {
    const emulator = await start({ strict });
    const { text } = await callV2(emulator, { business: { taskId: emulator.addTask() } });
    answers.push(JSON.parse(text).resCode);
  }
  expect(answers).toEqual(['700', '200']);
});

test.each([
  ['trialOnly', { trialOnly: true }, 'NoResource'],
  ['ipRefused', { ipRefused: true }, 'AppWhiteIpLimit'],
  ['notGranted', { notGranted: ['/ai/virtual/tryon-results'] }, 'InvalidApiPath'],
])('an account that is %s is refused until that changes', async (_, change, code) => {
  const emulator = await start();
  const taskId = emulator.addTask();
  emulator.setAccount('default', change);
  expect((await query(emulator, taskId)).code).toBe(code);
  emulator.setAccount('default', { trialOnly: false, ipRefused: false, notGranted: [] });
  expect((await query(emulator, taskId)).code).toBe('0');
});

test('the trial flag opens an account that has only a trial quota', async () => {
  const emulator = await start({ accounts: [{ appKey: '1', appSecret: 's', trialOnly: true }] });
  const taskId = emulator.addTask();
  expect((await query(emulator, taskId, { headers: { 'x-iop-trial': 'true' } })).code).toBe('0');
  expect(emulator.queries[0]?.trial).toBe(true);
});

test('a rotated key refuses the old secret', async () => {
  const emulator = await start();
  const taskId = emulator.addTask();
  const old = emulator.appSecret;
  const { appSecret } = emulator.rotateKey();
  expect(appSecret).not.toBe(old);
  expect((await query(emulator, taskId, { secret: old })).code).toBe('IncompleteSignature');
  expect((await query(emulator, taskId)).code).toBe('0');
});

test('a clock skew shows in the Date header and in the time check', async () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const emulator = await start({ nowMs: () => nowMs, clockSkewMs: 3 * 3_600_000 });
  const taskId = emulator.addTask();
  const refused = await callV2(emulator, { business: { task_id: taskId }, atMs: nowMs });
  expect(JSON.parse(refused.text).code).toBe('IllegalTimestamp');
  expect(refused.headers.date).toBe('Thu, 01 Jan 2026 03:00:00 GMT');
  expect((await query(emulator, taskId, { atMs: Date.parse(String(refused.headers.date)) })).code).toBe('0');
});

test('queries above the limit are refused until the throttle ends', async () => {
  let nowMs = 1_000_000_000_000;
  const emulator = await start({ nowMs: () => nowMs, queryRate: { count: 2, windowSeconds: 1, throttleSeconds: 3 } });
  const taskId = emulator.addTask();
  const said: string[] = [];
  for (const stepMs of [0, 0, 0, 1500, 1000, 500]) {
    nowMs += stepMs;
    const { code, message } = await query(emulator, taskId, { atMs: nowMs });
    said.push(code === '0' ? '0' : `${code} ${/last (\d+) seconds/.exec(message)?.[1]}`);
  }
  expect(said).toEqual(['0', '0', 'ApiCallLimit 3', 'ApiCallLimit 2', 'ApiCallLimit 1', '0']);
});

test('the log and its lines have no key, secret or signature', async () => {
  const lines: string[] = [];
  const accounts = [{ appKey: 'a-key-to-hide', appSecret: 'a-secret-to-hide' }];
  const emulator = await start({ accounts, log: (line) => lines.push(line) });
  const taskId = emulator.addTask();
  await query(emulator, taskId);
  await query(emulator, taskId, { secret: 'wrong' });
  await query(emulator, 'unknown', { path: '/rest/ai/virtual/nothing' });
  const all = JSON.stringify(emulator.queries) + lines.join('\n');
  expect(lines).toHaveLength(3);
  expect(all).toContain(taskId);
  expect(all).not.toContain(emulator.appSecret);
  expect(all).not.toContain(emulator.appKey);
  expect(all).not.toMatch(/[0-9A-F]{64}|sign=/);
});
