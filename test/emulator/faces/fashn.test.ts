import { describe, expect, test } from 'vitest';
import type { BehaviourName } from '../../../src/testing.js';
import { type Headers, vendors } from './calls.js';

const key = { authorization: 'Bearer fa-1' };
const inputs = { model_image: 'https://shop.example/m.jpg', garment_image: 'https://shop.example/g.jpg' };
const request = { model_name: 'tryon-v1.6', inputs };

function fashn(...options: Parameters<typeof vendors>) {
  const all = vendors(...options);
  return {
    ...all,
    run: (body: unknown = request, headers: Headers = key) => all.call('POST', '/v1/run', headers, body),
    status: (id: string, headers: Headers = key) => all.call('GET', `/v1/status/${id}`, headers),
  };
}

/** The first poll of a task with this script. */
const shown = (script: BehaviourName, task = {}) => {
  const { addTask, status, at } = fashn();
  const taskId = addTask({ api: 'fashn', script, ...task });
  at(20);
  return status(taskId);
};

test('a prediction starts, waits, is processed and completes with its images, which live for 72 hours', () => {
  const { run, status, at, vendor } = fashn({ distribution: { fixedSeconds: 10 } });
  const { id, error } = run({ ...request, inputs: { ...inputs, num_samples: 2 } }).json();
  expect([id, error]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}-u1$/), null]);
  const states = [0, 0, 5, 10].map((seconds) => {
    at(seconds);
    return status(id).json();
  });
  expect(states.map(({ status }) => status)).toEqual(['starting', 'in_queue', 'processing', 'completed']);
  expect(states[2]).toEqual({ id, status: 'processing', output: null, error: null });
  const end = status(id);
  expect(end.headers['x-fashn-credits-used']).toBe('2');
  const { output } = end.json();
  expect(output).toHaveLength(2);
  const expires = Number(new URL(output[0]).searchParams.get('Expires'));
  expect(expires).toBe(Date.parse('2026-12-01T12:00:10Z') / 1000);
  expect(vendor.ends).toHaveLength(1);
});

describe('calls that are refused', () => {
  const { run, status, call, addTask } = fashn();
  const id = addTask({ api: 'fashn' });
  test.each([
    ['a wrong key', () => status(id, { authorization: 'Bearer fa-9' }), 401, 'UnauthorizedAccess'],
    ["another vendor's key", () => status(id, { authorization: 'Bearer sk-1' }), 401, 'UnauthorizedAccess'],
    ['no key', () => run(request, {}), 401, 'UnauthorizedAccess'],
    ['an unknown prediction', () => status('none'), 404, 'NotFound'],
    ['a task of another vendor', () => status(addTask({ taskId: 'aidge' })), 404, 'NotFound'],
    ['an unknown path', () => call('GET', '/v1/unknown', key), 404, 'NotFound'],
    ['a call that cancels, which does not exist', () => call('POST', `/v1/status/${id}/cancel`, key), 404, 'NotFound'],
    ['a body that is no JSON', () => run('['), 400, 'BadRequest'],
    ['no garment', () => run({ ...request, inputs: { model_image: 'https://a.example/' } }), 400, 'BadRequest'],
    ['five samples', () => run({ ...request, inputs: { ...inputs, num_samples: 5 } }), 400, 'BadRequest'],
    ['another model', () => run({ ...request, model_name: 'tryon-max' }), 400, 'BadRequest'],
  ])('%s', (_, make, status, error) => {
    const answer = make();
    expect([answer.status, answer.json()]).toEqual([status, { error, message: expect.any(String) }]);
  });

  test('a wrong method', () => {
    expect(call('GET', '/v1/run', key)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect(call('POST', `/v1/status/${id}`, key)).toMatchObject({ status: 405, headers: { allow: 'GET' } });
  });
});

describe('what a script asks for', () => {
  test.each<[BehaviourName, number, string]>([
    ['api-call-limit', 429, 'RateLimitExceeded'],
    ['no-resource', 429, 'OutOfCredits'],
    ['invalid-app-key', 401, 'UnauthorizedAccess'],
    ['missing-parameter', 400, 'BadRequest'],
    ['invalid-api-path', 404, 'NotFound'],
    ['service-unavailable', 500, 'InternalServerError'],
    ['service-500', 500, 'InternalServerError'],
    ['service-501', 429, 'RateLimitExceeded'],
    ['unknown-gateway-code', 400, 'FlowRuleViolation'],
  ])('%s is HTTP %i with %s', (script, status, error) => {
    const answer = shown(script);
    expect([answer.status, answer.json().error]).toEqual([status, error]);
  });

  test.each<[BehaviourName, string]>([
    ['service-801', 'PipelineError'],
    ['service-1000', 'ContentModerationError'],
    ['all-failed', 'PipelineError'],
  ])('%s is a failed prediction with %s', (script, name) => {
    const { status, json } = shown(script);
    expect([status, json()]).toEqual([
      200,
      expect.objectContaining({ status: 'failed', error: { name, message: expect.any(String) } }),
    ]);
  });

  test.each(['ImageLoadError', 'PoseError', 'ThirdPartyError'])("the vendor's own %s is shown as it is", (code) => {
    const { addTask, status } = fashn();
    const script = { gateway: { code, message: 'why' } };
    expect(status(addTask({ api: 'fashn', script })).json().error).toEqual({ name: code, message: 'why' });
  });

  test.each<[BehaviourName, object]>([
    ['unknown-status', { status: 'post_processing' }],
    ['missing-status', { status: undefined }],
    ['upper-case-status', { status: 'COMPLETED' }],
    ['finished-no-result', { status: 'completed', output: undefined }],
    ['finished-null-result', { status: 'completed', output: null }],
    ['finished-empty', { status: 'completed', output: [] }],
    ['no-task-id', { id: undefined }],
    ['not-found-text', { status: 'failed' }],
  ])('%s', (script, output) => {
    const all = shown(script).json();
    expect(Object.fromEntries(Object.keys(output).map((name) => [name, all[name]]))).toEqual(output);
  });

  test('a failed sub-task is an image less, and a repeated one is shown twice', () => {
    expect(shown('partial', { subTasks: 2 }).json().output).toHaveLength(1);
    const { output } = shown('repeated-images').json();
    expect(output[0]).toBe(output[1]);
  });

  test.each<[BehaviourName, RegExp]>([
    ['illegal-timestamp', /fashn cannot show "error time"/],
    ['app-white-ip-limit', /fashn cannot show "error address": no page names a list of addresses/],
    ['numeric-ids', /fashn cannot show "request ids"/],
  ])('%s is refused, since the shape cannot express it', (script, message) => {
    expect(() => shown(script)).toThrow(message);
    const { vendor, addTask } = fashn();
    const taskId = addTask({ api: 'fashn' });
    expect(() => vendor.tasks.setScript(taskId, script)).toThrow(RangeError);
    expect(() => vendor.outage(script)).toThrow(RangeError);
  });
});
