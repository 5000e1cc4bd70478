import { describe, expect, test } from 'vitest';
import { dashScopeApi as api } from '../../src/providers/dashscope/dashscope.js';

const parse = (body: unknown) => api.parse(body, (url) => ({ id: `id of ${url}` }));
const task = (output: unknown) => parse({ output })?.task;
const image = (name: string, subTask = 0) => ({
  id: `id of https://oss.test/${name}.png`,
  imageUrl: `https://oss.test/${name}.png`,
  subTask,
});
const url = (name: string) => `https://oss.test/${name}.png`;

describe('requests', () => {
  test('a submit has the header of asynchronous calls and the request digit for digit', () => {
    const request = '{"model":"aitryon-plus","input":{"seed":12345678901234567890}}';
    expect(api.submit(request)).toEqual({
      method: 'POST',
      path: '/api/v1/services/aigc/image2image/image-synthesis',
      json: request,
      headers: { 'x-dashscope-async': 'enable' },
    });
  });

  test('poll and cancel name the task in the path, percent-encoded', () => {
    expect(api.poll('a/b?c')).toEqual({ method: 'GET', path: '/api/v1/tasks/a%2Fb%3Fc' });
    expect(api.cancel?.('a/b?c')).toEqual({ method: 'POST', path: '/api/v1/tasks/a%2Fb%3Fc/cancel' });
  });
});

describe('a task', () => {
  test.each([
    ['PENDING', 'submitted'],
    ['SUSPENDED', 'submitted'],
    ['RUNNING', 'running'],
    ['SUCCEEDED', 'finished'],
    ['FAILED', 'failed'],
    ['CANCELED', 'failed'],
    ['UNKNOWN', 'failed'],
    ['PREPARING', 'unknown'],
    ['constructor', 'unknown'],
  ])('that is %s is %s', (word, status) => {
    expect(task({ task_id: 't-1', task_status: word })).toMatchObject({ taskId: 't-1', status, vendorStatus: word });
  });

  test('with image_url is one sub-task', () => {
    expect(task({ task_status: 'SUCCEEDED', image_url: url('a') })?.subTasks).toEqual([
      { index: 0, status: 'finished', images: [image('a')] },
    ]);
  });

  test('with results has a sub-task for each, with a state of its own', () => {
    const results = [{ url: url('a') }, { code: 'InternalError.Timeout', message: 'too slow' }, {}, 7];
    expect(task({ task_status: 'SUCCEEDED', results, image_url: url('b') })?.subTasks).toEqual([
      { index: 0, status: 'finished', images: [image('a')] },
      { index: 1, status: 'failed', vendorStatus: 'InternalError.Timeout', images: [] },
      { index: 2, status: 'unknown', images: [] },
      { index: 3, status: 'unknown', images: [] },
    ]);
  });

  test('that failed gives code and message; one that is UNKNOWN gives that word as code', () => {
    const failed = { task_status: 'FAILED', code: 'InvalidPerson', message: 'no person' };
    expect(task(failed)).toMatchObject({ code: 'InvalidPerson', message: 'no person' });
    expect(task({ ...failed, task_status: 'UNKNOWN' })).toMatchObject({ code: 'UNKNOWN' });
  });
});

test('an error reply gives code, message and request id', () => {
  expect(parse({ code: 'InvalidApiKey', message: 'wrong key', request_id: 'r-1' })).toEqual({
    kind: 'answer',
    gatewayCode: 'InvalidApiKey',
    gatewayMessage: 'wrong key',
    requestId: 'r-1',
  });
});

test.each([[undefined], [null], ['text'], [1], [[]]])('%j is no answer', (body) => {
  expect(parse(body)).toBeUndefined();
});
