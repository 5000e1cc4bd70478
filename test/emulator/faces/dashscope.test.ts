import { describe, expect, test } from 'vitest';
import type { BehaviourName } from '../../../src/testing.js';
import { vendors } from './calls.js';

const key = { authorization: 'Bearer sk-1' };
const submitPath = '/api/v1/services/aigc/image2image/image-synthesis';
const request = {
  model: 'aitryon-plus',
  input: { person_image_url: 'https://shop.example/p.jpg', top_garment_url: 'https://shop.example/t.jpg' },
};
const submitHeaders = { ...key, 'x-dashscope-async': 'enable', 'content-type': 'application/json' };

function dashscope(...options: Parameters<typeof vendors>) {
  const all = vendors(...options);
  return {
    ...all,
    submit: (body: unknown = request, headers = submitHeaders) => all.call('POST', submitPath, headers, body),
    poll: (taskId: string, headers = key) => all.call('GET', `/api/v1/tasks/${taskId}`, headers),
    cancel: (taskId: string, headers = key) => all.call('POST', `/api/v1/tasks/${taskId}/cancel`, headers),
  };
}

/** The output of the first poll of a task with this script. */
const shown = (script: BehaviourName, task = {}) => {
  const { addTask, poll, at } = dashscope();
  const taskId = addTask({ api: 'dashscope', script, ...task });
  at(20);
  return poll(taskId);
};

test('a submitted task is pending, runs, and ends with its image and its times', () => {
  const { submit, poll, at, vendor } = dashscope({ distribution: { fixedSeconds: 10 } });
  const submitted = submit();
  expect(submitted.status).toBe(200);
  const { output, request_id } = submitted.json();
  expect(output).toEqual({ task_status: 'PENDING', task_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  expect(request_id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  const states = [0, 5, 10].map((seconds) => {
    at(seconds);
    return poll(output.task_id).json().output.task_status;
  });
  expect(states).toEqual(['PENDING', 'RUNNING', 'SUCCEEDED']);
  const end = poll(output.task_id).json();
  expect(end).toMatchObject({ usage: { image_count: 1 }, output: { submit_time: '2026-11-28 20:00:00.000' } });
  const expires = Number(new URL(end.output.image_url).searchParams.get('Expires'));
  expect(expires).toBe(Date.parse('2026-11-29T12:00:10Z') / 1000);
  expect(vendor.ends).toHaveLength(1);
  expect(vendor.submits.entries[0]).toMatchObject({ api: 'dashscope', vendor: 'dashscope', account: 'dashscope' });
  expect(vendor.queries.entries[0]).toMatchObject({ api: 'dashscope', scheme: 'bearer', poll: 1, answered: 'PENDING' });
});

describe('calls that are refused', () => {
  const { submit, poll, cancel, call, addTask } = dashscope();
  const taskId = addTask({ api: 'dashscope' });
  test.each([
    ['a wrong key', () => poll(taskId, { authorization: 'Bearer sk-9' }), 401, 'InvalidApiKey'],
    ["another vendor's key", () => poll(taskId, { authorization: 'Bearer fa-1' }), 401, 'InvalidApiKey'],
    ['no key', () => call('GET', `/api/v1/tasks/${taskId}`), 401, 'InvalidApiKey'],
    [
      'a submit with a wrong key',
      () => submit(request, { ...submitHeaders, authorization: 'Bearer x' }),
      401,
      'InvalidApiKey',
    ],
    ['a cancellation with a wrong key', () => cancel(taskId, { authorization: 'Bearer x' }), 401, 'InvalidApiKey'],
    ['a synchronous submit', () => call('POST', submitPath, key, request), 403, 'AccessDenied'],
    ['a body that is no JSON', () => submit('{'), 400, 'InvalidParameter'],
    [
      'no person',
      () => submit({ ...request, input: { top_garment_url: 'https://a.example/' } }),
      400,
      'InvalidParameter',
    ],
    [
      'no garment',
      () => submit({ ...request, input: { person_image_url: 'https://a.example/' } }),
      400,
      'InvalidParameter',
    ],
    ['an unknown path', () => call('GET', '/api/v1/unknown', key), 400, 'InvalidParameter'],
  ])('%s', (_, make, status, code) => {
    const answer = make();
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ code, message: expect.any(String), request_id: expect.any(String) });
  });

  test('a wrong method', () => {
    expect(call('POST', `/api/v1/tasks/${taskId}`, key)).toMatchObject({ status: 405, headers: { allow: 'GET' } });
    expect(call('GET', submitPath, submitHeaders)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });
});

describe('an unknown task', () => {
  const unknown = { output: { task_id: 'x', task_status: 'UNKNOWN' } };

  test('has the state UNKNOWN', () => {
    expect(dashscope().poll('x').json()).toMatchObject(unknown);
  });

  test('is one of another account, of another vendor, and one that ended more than a day ago', () => {
    const { addTask, poll, at } = dashscope();
    addTask({ taskId: 'own', api: 'dashscope', account: 'other' });
    addTask({ taskId: 'aidge' });
    addTask({ taskId: 'old', api: 'dashscope' });
    at(30);
    expect(poll('own', { authorization: 'Bearer sk-2' }).json().output.task_status).toBe('SUCCEEDED');
    expect(poll('old').json().output.task_status).toBe('SUCCEEDED');
    at(86_420);
    for (const taskId of ['own', 'aidge', 'old']) expect(poll(taskId).json().output.task_status).toBe('UNKNOWN');
  });
});

describe('a cancellation', () => {
  test('of a pending task succeeds once and the task is CANCELED', () => {
    const { addTask, cancel, poll, at, vendor } = dashscope();
    const taskId = addTask({ api: 'dashscope' });
    const done = cancel(taskId);
    expect([done.status, Object.keys(done.json())]).toEqual([200, ['request_id']]);
    at(60);
    expect(poll(taskId).json().output).toMatchObject({ task_id: taskId, task_status: 'CANCELED' });
    expect(cancel(taskId)).toMatchObject({ status: 400 });
    expect(vendor.cancels.entries.map(({ cancelled }) => cancelled)).toEqual([true, false]);
    expect(vendor.queries.count).toBe(1);
  });

  test.each(['running', 'ended', 'unknown', "another account's"])('of a task that is %s is refused', (what) => {
    const { addTask, cancel, poll, at } = dashscope();
    addTask({ taskId: 'task', api: 'dashscope', account: what.startsWith('another') ? 'other' : 'dashscope' });
    at({ running: 5, ended: 20 }[what] ?? 0);
    const answer = cancel(what === 'unknown' ? 'none' : 'task');
    expect(answer.status).toBe(400);
    expect(answer.json().code).toBe('UnsupportedOperation');
    expect(poll('task').json().output.task_status).not.toBe('CANCELED');
  });

  test('of a task that a script keeps pending succeeds', () => {
    const { addTask, cancel, poll, at } = dashscope();
    const taskId = addTask({ api: 'dashscope', script: 'submitted' });
    at(500);
    poll(taskId);
    expect(cancel(taskId).status).toBe(200);
  });
});

describe('what a script asks for', () => {
  test.each<[BehaviourName, number, string]>([
    ['api-call-limit', 429, 'Throttling.RateQuota'],
    ['no-resource', 403, 'AllocationQuota.FreeTierOnly'],
    ['invalid-app-key', 401, 'InvalidApiKey'],
    ['app-not-subscribed', 403, 'AccessDenied.Unpurchased'],
    ['missing-parameter', 400, 'InvalidParameter'],
    ['service-timeout', 500, 'RequestTimeOut'],
    ['service-unavailable', 503, 'ModelUnavailable'],
    ['system-error', 500, 'SystemError'],
    ['remote-isp', 503, 'ModelServingError'],
    ['remote-isv', 400, 'InvalidParameter'],
    ['unknown-gateway-code', 400, 'FlowRuleViolation'],
    ['service-500', 500, 'InternalError'],
    ['service-unknown', 400, '4711'],
  ])('%s is HTTP %i with %s', (script, status, code) => {
    const answer = shown(script);
    expect([answer.status, answer.json().code]).toEqual([status, code]);
  });

  test('a throttle of five seconds has them in Retry-After', () => {
    expect(shown('api-call-limit').headers['retry-after']).toBe('5');
  });

  test.each<[BehaviourName, string]>([
    ['service-801', 'InternalError.Algo'],
    ['service-1000', 'DataInspectionFailed'],
    ['all-failed', 'InternalError.Algo'],
  ])('%s is a failed task with %s', (script, code) => {
    const { status, json } = shown(script);
    expect([status, json().output]).toEqual([200, expect.objectContaining({ task_status: 'FAILED', code })]);
  });

  test("the vendor's own codes are shown as they are", () => {
    const { addTask, poll } = dashscope();
    const gateway = { code: 'Throttling.BurstRate', message: 'slower' };
    const answer = poll(addTask({ api: 'dashscope', script: { gateway } }));
    expect(answer.status).toBe(429);
    expect(answer.json()).toMatchObject(gateway);
  });

  test('several images and a failed sub-task are a list with counts', () => {
    const { output, usage } = shown('partial', { subTasks: 2, imagesPerSubTask: 2 }).json();
    expect(output).toMatchObject({
      task_status: 'SUCCEEDED',
      results: [{ url: expect.any(String) }, { url: expect.any(String) }, { code: 'InternalError.Algo' }],
      task_metrics: { TOTAL: 2, SUCCEEDED: 1, FAILED: 1 },
    });
    expect(usage).toEqual({ image_count: 2 });
  });

  test.each<[BehaviourName, unknown]>([
    ['unknown-status', { task_status: 'post_processing' }],
    ['null-status', { task_status: null }],
    ['missing-status', { task_status: undefined }],
    ['upper-case-status', { task_status: 'succeeded' }],
    ['finished-no-result', { task_status: 'SUCCEEDED', image_url: undefined }],
    ['finished-null-result', { task_status: 'SUCCEEDED', image_url: null }],
    ['finished-empty', { task_status: 'SUCCEEDED', image_url: '' }],
    ['other-task-id', { task_id: expect.not.stringMatching(/^task$/) }],
    ['no-task-id', { task_id: undefined }],
    ['failed-message-only', { task_status: 'FAILED', message: 'the model image holds no person' }],
    ['not-found-service', { task_status: 'UNKNOWN' }],
    ['not-found-text', { task_status: 'FAILED', message: 'task not exist' }],
  ])('%s', (script, output) => {
    const all = shown(script).json().output;
    const named = Object.keys(output as object).map((name) => [name, all[name]]);
    expect(Object.fromEntries(named)).toEqual(output);
  });

  test.each<[BehaviourName, unknown]>([
    ['no-data', undefined],
    ['null-data', null],
  ])('%s leaves the output out', (script, output) => {
    expect(shown(script).json().output).toBe(output);
  });

  test('HTTP answers and faults of the wire are those of every vendor', () => {
    expect(shown('http-503-retry-after')).toMatchObject({ status: 503, headers: { 'retry-after': '3' } });
    expect(shown('truncated-json')).toMatchObject({ status: 200, wire: 'truncated', ends: false });
  });

  test.each<[BehaviourName, RegExp]>([
    ['incomplete-signature', /dashscope cannot show "error signature": a call with an API key has no signature/],
    ['data-json-text', /dashscope cannot show "shape data-text"/],
    ['rescode-spelling', /dashscope cannot show "spelling of resCode"/],
  ])('%s is refused, since the shape cannot express it', (script, message) => {
    expect(() => shown(script)).toThrow(message);
    expect(() => vendors({ script })).toThrow(RangeError);
  });
});

test('limits count each account of each vendor by itself', () => {
  const { addTask, poll, call } = dashscope({ queryRate: { count: 1, windowSeconds: 60 } });
  const taskId = addTask({ api: 'dashscope' });
  expect(poll(taskId).status).toBe(200);
  expect(poll(taskId)).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
  expect(poll(taskId, { authorization: 'Bearer sk-2' }).status).toBe(200);
  expect(call('GET', `/api/v1/tasks/${taskId}`, { authorization: 'Bearer sk-2' }).status).toBe(429);
});

test('quota that is used up, an address and a path that are not allowed are refused', () => {
  const { submit, vendor, poll } = dashscope();
  vendor.setAccount('dashscope', { submitsLeft: 1 });
  expect(submit().status).toBe(200);
  expect(submit().json().code).toBe('AllocationQuota.FreeTierOnly');
  vendor.setAccount('sk-1', { ipRefused: true });
  expect(poll('x').json().code).toBe('AccessDenied');
});
