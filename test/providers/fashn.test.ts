import { describe, expect, test } from 'vitest';
import { fashnApi as api } from '../../src/providers/fashn/fashn.js';

const parse = (body: unknown) => api.parse(body, (url) => ({ id: `id of ${url}` }));
const image = (imageUrl: string) => ({ id: `id of ${imageUrl}`, imageUrl, subTask: 0 });
const a = 'https://cdn.test/a.png';
const b = 'https://cdn.test/b.png';

test('a submit is the request digit for digit; a poll names the prediction in the path, percent-encoded', () => {
  const request = '{"model_name":"tryon-v1.6","inputs":{"seed":12345678901234567890}}';
  expect(api.submit(request)).toEqual({ method: 'POST', path: '/v1/run', json: request });
  expect(api.poll('a/b?c')).toEqual({ method: 'GET', path: '/v1/status/a%2Fb%3Fc' });
  expect(api.cancel).toBeUndefined();
});

describe('a prediction', () => {
  test.each([
    ['starting', 'submitted'],
    ['in_queue', 'submitted'],
    ['processing', 'running'],
    ['completed', 'finished'],
    ['failed', 'failed'],
    ['canceled', 'failed'],
    ['time_out', 'failed'],
    ['warming', 'unknown'],
    ['__proto__', 'unknown'],
  ])('that is %s is %s', (word, status) => {
    const task = parse({ id: 'p-1', status: word, error: null })?.task;
    expect(task).toMatchObject({ taskId: 'p-1', status, vendorStatus: word });
  });

  test('is one sub-task with all images', () => {
    const output = [a, b, null, 'data:image/png;base64,AAAA', { url: b }];
    expect(parse({ id: 'p-1', status: 'completed', output })?.task?.subTasks).toEqual([
      { index: 0, status: 'finished', images: [image(a), image(b)] },
    ]);
  });

  test('without an image has no sub-task', () => {
    expect(parse({ id: 'p-1', status: 'completed', output: [] })?.task?.subTasks).toEqual([]);
  });

  test('that failed gives name and message; without a name, its state', () => {
    const error = { name: 'PoseError', message: 'no body' };
    expect(parse({ id: 'p-1', status: 'failed', error })?.task).toMatchObject({
      code: 'PoseError',
      message: 'no body',
    });
    expect(parse({ id: 'p-1', status: 'time_out' })?.task).toMatchObject({ code: 'time_out' });
    expect(parse({ id: 'p-1', status: 'failed', error: 'no body' })).toMatchObject({
      task: { code: 'failed', message: 'no body' },
    });
  });
});

test('the reply to a run is a prediction without a state', () => {
  expect(parse({ id: 'p-1', error: null })).toEqual({
    kind: 'answer',
    task: { taskId: 'p-1', status: 'unknown', subTasks: [] },
  });
});

test('an error reply gives name and message', () => {
  expect(parse({ error: 'OutOfCredits', message: 'buy more' })).toEqual({
    kind: 'answer',
    gatewayCode: 'OutOfCredits',
    gatewayMessage: 'buy more',
  });
});

test.each([[undefined], [null], ['text'], [1], [[]]])('%j is no answer', (body) => {
  expect(parse(body)).toBeUndefined();
});
