import { describe, expect, test } from 'vitest';
import type { BehaviourName } from '../../../src/testing.js';
import { type Headers, vendors } from './calls.js';

const key = { authorization: 'Key fal-1' };
const app = '/fal-ai/fashn';
const inputs = { model_image: 'https://shop.example/m.jpg', garment_image: 'https://shop.example/g.jpg' };
const unfinished = { detail: 'Request is still in progress' };

function fal(...options: Parameters<typeof vendors>) {
  const all = vendors(...options);
  const get = (id: string, part: string, headers: Headers) => all.call('GET', `${app}/requests/${id}${part}`, headers);
  return {
    ...all,
    submit: (body: unknown = inputs, headers: Headers = key) => all.call('POST', `${app}/tryon/v1.6`, headers, body),
    result: (id: string, headers: Headers = key) => get(id, '', headers),
    state: (id: string, headers: Headers = key) => get(id, '/status?logs=0', headers),
    cancel: (id: string, headers: Headers = key) => all.call('PUT', `${app}/requests/${id}/cancel`, headers),
  };
}

/** The first poll of the result, or of the state, of a task with this script. */
const shown = (script: BehaviourName, call: 'result' | 'state' = 'result', task = {}) => {
  const all = fal();
  const taskId = all.addTask({ api: 'fal', script, ...task });
  all.at(20);
  return all[call](taskId);
};

test('a request waits, is processed and completes; its result is there at the end, and for an hour', () => {
  const { submit, state, result, at, vendor } = fal({ distribution: { fixedSeconds: 10 } });
  const accepted = submit({ ...inputs, num_samples: 2 }).json();
  const { request_id: id } = accepted;
  const response_url = `https://queue.fal.run/fal-ai/fashn/requests/${id}`;
  const urls = { response_url, status_url: `${response_url}/status`, cancel_url: `${response_url}/cancel` };
  expect(accepted).toEqual({ status: 'IN_QUEUE', request_id: id, queue_position: 0, ...urls });
  const seen = [0, 5, 10].map((seconds) => {
    at(seconds);
    return [state(id), result(id)];
  });
  expect(seen.map((answers) => answers.map(({ status }) => status))).toEqual([
    [202, 400],
    [202, 400],
    [200, 200],
  ]);
  expect(seen.map(([one]) => one?.json().status)).toEqual(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']);
  expect(seen[1]?.[1]?.json()).toEqual(unfinished);
  const { images } = result(id).json();
  expect(images).toHaveLength(2);
  expect(images[0]).toMatchObject({ url: expect.stringMatching(/^http.+\.png/), content_type: 'image/png' });
  expect(vendor.ends).toHaveLength(1);
  at(3_600);
  expect(result(id).status).toBe(200);
  at(3_611);
  expect(result(id).status).toBe(404);
});

describe('calls that are refused', () => {
  const { submit, result, state, call, addTask } = fal();
  const id = addTask({ api: 'fal' });
  test.each([
    ['a wrong key', () => result(id, { authorization: 'Key fal-9' }), 401],
    ['the key as a Bearer token', () => result(id, { authorization: 'Bearer fal-1' }), 401],
    ["another vendor's key", () => state(id, { authorization: 'Key fa-1' }), 401],
    ['no key', () => submit(inputs, {}), 401],
    ['an unknown request', () => result('none'), 404],
    ['the state of an unknown request', () => state('none'), 404],
    ['a task of another vendor', () => result(addTask({ taskId: 'aidge' })), 404],
    ['a request under another app', () => call('GET', `/fal-ai/cat-vton/requests/${id}`, key), 404],
    ['another model', () => call('POST', '/fal-ai/cat-vton', key, inputs), 404],
  ])('%s', (_, make, status) => {
    const answer = make();
    expect([answer.status, answer.json()]).toEqual([status, { detail: expect.any(String) }]);
  });

  test.each([
    ['a body that is no JSON', '['],
    ['no garment', { model_image: 'https://a.example/' }],
    ['five samples', { ...inputs, num_samples: 5 }],
  ])('%s', (_, body) => {
    const answer = submit(body);
    expect([answer.status, answer.json().error_type]).toEqual([400, 'bad_request']);
  });

  test('a wrong method', () => {
    expect(call('GET', `${app}/tryon/v1.6`, key)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect(call('POST', `${app}/requests/${id}/cancel`, key)).toMatchObject({ status: 405, headers: { allow: 'PUT' } });
  });
});

test('a request that waits is cancelled, and ends as such; one that has ended is not', () => {
  const { cancel, state, result, addTask, at } = fal();
  const [waiting, ended] = [addTask({ api: 'fal' }), addTask({ api: 'fal' })];
  const taken = cancel(waiting);
  expect([taken.status, taken.json()]).toEqual([202, { status: 'CANCELLATION_REQUESTED' }]);
  expect([result(waiting).status, result(waiting).json().error_type]).toEqual([499, 'client_cancelled']);
  expect(state(waiting).json()).toMatchObject({ status: 'COMPLETED', error_type: 'client_cancelled' });
  at(20);
  const late = cancel(ended);
  expect([late.status, late.json()]).toEqual([400, { status: 'ALREADY_COMPLETED' }]);
});

describe('what a script asks for', () => {
  test.each<[BehaviourName, number, object]>([
    ['api-call-limit', 429, { detail: 'Too many requests' }],
    ['no-resource', 403, { detail: expect.stringMatching(/^User is locked/) }],
    ['invalid-app-key', 401, { detail: expect.any(String) }],
    ['missing-parameter', 400, { error_type: 'bad_request' }],
    ['invalid-api-path', 404, { detail: expect.any(String) }],
    ['service-unavailable', 500, { error_type: 'internal_error' }],
    ['unknown-gateway-code', 500, { error_type: 'FlowRuleViolation' }],
    ['service-801', 500, { detail: [expect.objectContaining({ type: 'internal_server_error' })] }],
    ['service-1000', 422, { detail: [expect.objectContaining({ type: 'content_policy_violation' })] }],
    ['all-failed', 500, { error_type: 'runner_server_error' }],
    ['finished-empty', 200, { images: [] }],
    ['finished-null-result', 200, { images: null }],
    ['unknown-status', 202, { status: 'post_processing' }],
  ])('the result with %s is HTTP %i', (script, status, body) => {
    const answer = shown(script);
    expect([answer.status, answer.json()]).toEqual([status, expect.objectContaining(body)]);
  });

  test.each<[BehaviourName, string]>([
    ['service-801', 'internal_server_error'],
    ['service-1000', 'content_policy_violation'],
    ['all-failed', 'runner_server_error'],
  ])('the state with %s is complete, with the error', (script, error_type) => {
    const { status, json } = shown(script, 'state');
    expect([status, json()]).toEqual([200, expect.objectContaining({ status: 'COMPLETED', error_type })]);
  });

  test("the vendor's own code is shown as it is", () => {
    const { addTask, result } = fal();
    const script = { gateway: { code: 'startup_timeout', message: 'why' } };
    const answer = result(addTask({ api: 'fal', script }));
    expect([answer.status, answer.json()]).toEqual([504, { detail: 'why', error_type: 'startup_timeout' }]);
  });
});
