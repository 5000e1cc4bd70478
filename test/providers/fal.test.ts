import { describe, expect, test } from 'vitest';
import { falApi as api } from '../../src/providers/fal/fal.js';
import { outcomeOf } from './conformance/outcome.js';

const parse = (body: unknown) => api.parse(body, (url) => ({ id: `id of ${url}` }));
const image = (imageUrl: string) => ({ id: `id of ${imageUrl}`, imageUrl, subTask: 0 });
const a = 'https://v3.fal.test/a.png';
const b = 'https://v3.fal.test/b.png';
const id = '80e732af-660e-45cd-bd63-580e4f2a94cc';
const accepted = (app: string, requestId = id) => ({
  status: 'IN_QUEUE',
  request_id: requestId,
  response_url: `https://queue.fal.run/${app}/requests/${requestId}`,
});
const taskIdOf = (app: string, requestId?: string) => parse(accepted(app, requestId))?.task?.taskId;

describe('a submit', () => {
  const usual = '/fal-ai/fashn/tryon/v1.6';
  test.each([
    ['{"seed":12345678901234567890}', usual],
    ['{"model":null}', usual],
    ['{"model":"fal-ai/cat-vton","seed":12345678901234567890}', '/fal-ai/cat-vton'],
    ['{"model":"workflows/me/try-on"}', '/workflows/me/try-on'],
    ['no JSON', usual],
    ['[1]', usual],
    ['{"model":7}', '/-'],
    ['{"model":""}', '/-'],
    ['{"model":"../../v1/x"}', '/-/-/v1/x'],
    ['{"model":"a/b?c=d#e"}', '/a/-'],
    ['{"model":"a/\\ud800"}', '/a/-'],
  ])('of %s goes to %s, digit for digit', (json, path) => {
    expect(api.submit(json)).toEqual({ method: 'POST', path, json });
  });
});

describe('a task id', () => {
  test('of the usual app is the request id alone; of another app it begins with the app', () => {
    expect(taskIdOf('fal-ai/fashn')).toBe(id);
    expect(taskIdOf('fal-ai/cat-vton')).toBe(`fal-ai/cat-vton/${id}`);
    expect(taskIdOf('workflows/me/try-on')).toBe(`workflows/me/try-on/${id}`);
  });

  test.each(['fal-ai/fashn', 'fal-ai/cat-vton', 'workflows/me/try-on'])(
    'of %s leads back to its response_url',
    (app) => {
      const taskId = taskIdOf(app) as string;
      expect(api.poll(taskId)).toEqual({ method: 'GET', path: `/${app}/requests/${id}` });
      expect(api.cancel?.(taskId)).toEqual({ method: 'PUT', path: `/${app}/requests/${id}/cancel` });
    },
  );

  test.each([
    ['..', '-'],
    ['.', '-'],
    ['a/../b', 'a%2F..%2Fb'],
    ['a?b', 'a%3Fb'],
    ['a/b', 'a%2Fb'],
    ['a/b/c/d/e', 'a%2Fb%2Fc%2Fd%2Fe'],
  ])('%s cannot name another path', (taskId, part) => {
    expect(api.poll(taskId).path).toBe(`/fal-ai/fashn/requests/${part}`);
  });

  test('that no input could carry is none', () => {
    expect(taskIdOf(`fal-ai/${'x'.repeat(180)}`)).toBeUndefined();
  });

  test('without a response_url that can be read is the request id', () => {
    for (const response_url of [undefined, 7, 'https://queue.fal.run/../x/requests/1', `/${'a/'.repeat(50_000)}`]) {
      expect(parse({ ...accepted('fal-ai/fashn'), response_url })?.task?.taskId).toBe(id);
    }
  });
});

describe('a result', () => {
  test('is one sub-task with all images', () => {
    const images = [{ url: a }, { url: b, width: 864 }, { url: 'data:image/png;base64,AAAA' }, b, null];
    expect(parse({ images, status: 'ok' })?.task).toEqual({
      status: 'finished',
      subTasks: [{ index: 0, status: 'finished', images: [image(a), image(b)] }],
    });
  });

  test('of a model that makes one image has `image`', () => {
    expect(parse({ image: { url: a } })?.task?.subTasks[0]?.images).toEqual([image(a)]);
  });

  test('of another form is no task', () => {
    expect(parse({ video: { url: a } })).toEqual({ kind: 'answer' });
  });
});

describe('an error', () => {
  test.each(['Request is still in progress', 'The request is in queue', 'Response not ready', 'Not yet completed'])(
    '"%s" is a task that runs, whatever the HTTP status',
    (detail) => {
      expect(parse({ detail })).toMatchObject({ gatewayCode: 'still in progress', task: { status: 'running' } });
    },
  );

  test('of the platform is a failed task with its type, once the queue has given up', () => {
    expect(parse({ detail: 'Request timed out', error_type: 'request_timeout' })).toEqual({
      kind: 'answer',
      gatewayCode: 'request failed',
      task: { status: 'failed', code: 'request_timeout', message: 'Request timed out', subTasks: [] },
    });
  });

  test('of a model keeps its text, and its type where that has no row', () => {
    const error = (type: unknown) => parse({ detail: [{ type, msg: 'why', loc: ['body'] }, { type: 'second' }] });
    const known = { kind: 'answer', gatewayCode: 'image_too_small', gatewayMessage: 'why' };
    expect(error('image_too_small')).toEqual(known);
    expect(error('missing')).toEqual({ kind: 'answer', gatewayCode: 'model_error', gatewayMessage: 'missing: why' });
    expect(error({})).toEqual({ kind: 'answer', gatewayCode: 'model_error', gatewayMessage: 'why' });
    expect(error('generation_timeout')).toMatchObject({ task: { status: 'failed', code: 'generation_timeout' } });
    expect(parse({ detail: [7] })).toEqual({ kind: 'answer', gatewayCode: 'model_error' });
  });

  test('without a type has its text only: its HTTP status says what it is', () => {
    expect(parse({ detail: 'Access denied' })).toEqual({ kind: 'answer', gatewayMessage: 'Access denied' });
  });

  test.each(['__proto__', 'constructor', 'toString'])('with the type %s is one without a row', (type) => {
    expect(parse({ detail: [{ type, msg: 'why' }] })).toMatchObject({ gatewayCode: 'model_error' });
    expect(parse({ detail: 'why', error_type: type })).toMatchObject({ gatewayCode: type, gatewayMessage: 'why' });
  });
});

test('an HTTP 400 with a text that nobody has seen ends no wait, and leaves a submit open', () => {
  const wire = { status: 400, json: { detail: 'Come back later' } };
  const poll = { call: 'poll', meaning: 'transient', wait: 'goes on' } as const;
  expect(outcomeOf(wire, api, poll)).toEqual(poll);
  const submit = { call: 'submit', result: 'maybe submitted' } as const;
  expect(outcomeOf(wire, api, submit)).toEqual(submit);
});

test('a state in lower case is a state, not a code', () => {
  expect(parse({ status: 'in_progress', request_id: id })?.task).toMatchObject({ taskId: id, status: 'running' });
});
