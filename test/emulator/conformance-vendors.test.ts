/** The published clients of the vendors against the emulator, unchanged, over loopback. Each runs once; the tests read what it gave. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiName } from '../../src/contract.js';
import { type Emulator, type Script, startEmulator } from '../../src/testing.js';
import { npmSdks, useVendorSdk, vendorPython } from '../support/sdks.js';

const minute = 60_000;
const imageUrl = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/images\/.+\.png\?/);

let emulator: Emulator;
const accountOf = (name: string) => emulator.accounts.find((account) => account.name === name);
const tasks = <Name extends string>(api: ApiName, scripts: Record<Name, Script>) =>
  Object.fromEntries(
    Object.entries<Script>(scripts).map(([name, script]) => [name, emulator.addTask({ api, script })]),
  ) as Record<Name, string>;

beforeAll(async () => {
  await Promise.all([npmSdks(), vendorPython()]); // cold, they are fetched first
  emulator = await startEmulator({ distribution: { fixedSeconds: 1 } });
}, 10 * minute);
afterAll(() => emulator?.close());

// biome-ignore lint/suspicious/noExplicitAny: what clients of vendors give
type Results = any;

describe('dashscope (Python)', () => {
  let results: Results;
  let ids: Record<string, string>;
  beforeAll(async () => {
    ids = tasks('dashscope', {
      pending: 'submitted',
      failed: 'service-1000',
      throttled: 'api-call-limit',
      flaky: 'http-503, finished',
    });
    const images = { person_image_url: 'https://shop.example/p.jpg', top_garment_url: 'https://shop.example/试.jpg' };
    results = await useVendorSdk('dashscope', {
      ...{ url: emulator.url, apiKey: accountOf('dashscope')?.apiKey, ...images, ...ids },
    });
  }, 2 * minute);

  test('submits, and fetches the state', () => {
    const { submit, fetch } = results;
    expect(submit).toMatchObject({ status: 200, output: { task_status: 'PENDING' } });
    expect(fetch).toMatchObject({ status: 200, output: { task_id: submit.output.task_id } });
    expect(['PENDING', 'RUNNING', 'SUCCEEDED']).toContain(fetch.output.task_status);
    expect(emulator.submits[0]).toMatchObject({ api: 'dashscope', account: 'dashscope', answered: 'accepted' });
  });

  test('waits for the image', () => {
    expect(results.wait).toMatchObject({ status: 200, usage: { image_count: 1 } });
    expect(results.wait.output).toMatchObject({ task_status: 'SUCCEEDED', image_url: imageUrl });
  });

  test('waits through an HTTP 503, and for a failure', () => {
    expect(results['wait through errors'].output).toMatchObject({ task_status: 'SUCCEEDED' });
    expect(results['wait failed'].output).toMatchObject({ task_status: 'FAILED', code: 'DataInspectionFailed' });
  });

  test('cancels a pending task, and no ended one', () => {
    expect(results['cancel pending']).toMatchObject({ status: 200 });
    expect(results['fetch cancelled'].output).toMatchObject({ task_id: ids.pending, task_status: 'CANCELED' });
    expect(results['cancel ended']).toMatchObject({ status: 400, code: 'UnsupportedOperation' });
    expect(emulator.cancels.map(({ cancelled }) => cancelled)).toEqual([false, true]);
  });

  test('reads an unknown task, a wrong key and a throttle', () => {
    expect(results['fetch unknown']).toMatchObject({ status: 200, output: { task_status: 'UNKNOWN' } });
    expect(results['wrong key']).toMatchObject({ status: 401, code: 'InvalidApiKey' });
    expect(results.throttled).toMatchObject({ status: 429, code: 'Throttling.RateQuota' });
  });
});

describe('alibabacloud-aidge20260428 (Python)', () => {
  let results: Results;
  beforeAll(async () => {
    const ids = tasks('aidge-2026', {
      finished: 'finished',
      failed: 'all-failed',
      queued: 'submitted',
      blocked: 'service-1000',
      throttled: 'api-call-limit',
      unavailable: 'service-unavailable',
    });
    const { accessKeyId, accessKeySecret } = accountOf('default') ?? {};
    const images = { cloth: "https://shop.example/试 穿.jpg?a=b&c=~'()*!+%2F", model: 'https://shop.example/m.jpg' };
    results = await useVendorSdk('aidge', { url: emulator.url, accessKeyId, accessKeySecret, ...images, ...ids });
  }, 2 * minute);

  test('submits with a signature that covers every character, and queries', () => {
    const { submit, query } = results;
    expect(submit).toEqual({
      status: 200,
      body: { RequestId: expect.any(String), Success: true, Data: { TaskId: expect.any(String), UsageMap: {} } },
    });
    const { TaskId } = submit.body.Data;
    expect(query.body).toMatchObject({ Success: true, Data: { TaskId, Status: expect.stringMatching(/^[A-Z_]+$/) } });
    expect(emulator.submits.at(-2)).toMatchObject({ api: 'aidge-2026', account: 'default', answered: 'accepted' });
  });

  test('reads states and results', () => {
    const { finished, failed, queued } = results;
    expect(finished.body.Data).toMatchObject({ Status: 'COMPLETED', UsageMap: { ProcessedImageCount: '1' } });
    expect(JSON.parse(finished.body.Data.Result)).toMatchObject({ ImageUrl: imageUrl });
    expect(failed.body.Data).toMatchObject({ Status: 'FAILED', Result: 'model inference failed' });
    expect(queued.body.Data).toMatchObject({ Status: 'QUEUED' });
  });

  test("reads refusals of the service in the body, and raises those of Alibaba Cloud's front", () => {
    expect(results.blocked.body).toMatchObject({ Success: false, Code: 'InputContentBlocked' });
    expect(results.unknown.body).toMatchObject({ Success: false, Code: 'InvalidParameter' });
    expect(results['submit without a resolution'].body).toMatchObject({ Success: false, Code: 'InvalidParameter' });
    expect(results.throttled).toEqual({ error: 'ThrottlingException', code: 'Throttling.User' });
    expect(results.unavailable).toEqual({ error: 'ServerException', code: 'ServiceUnavailable' });
  });

  test('is refused with a wrong secret and with a wrong key', () => {
    expect(results['wrong secret']).toEqual({ error: 'ClientException', code: 'SignatureDoesNotMatch' });
    expect(results['wrong key']).toEqual({ error: 'ClientException', code: 'InvalidAccessKeyId.NotFound' });
  });
});

describe('fashn (Node.js)', () => {
  let results: Results;
  beforeAll(async () => {
    const ids = tasks('fashn', {
      failed: 'service-1000',
      throttled: 'api-call-limit',
      credits: 'no-resource',
      busy: 'http-500 x3, finished',
    });
    results = await useVendorSdk('fashn', { url: emulator.url, apiKey: accountOf('fashn')?.apiKey, tasks: ids });
  }, 2 * minute);

  test('runs and reads the status', () => {
    const { run, status } = results;
    expect(run).toEqual({ id: expect.stringMatching(/-u1$/), error: null });
    expect(status).toMatchObject({ id: run.id, error: null });
    expect(['starting', 'in_queue', 'processing', 'completed']).toContain(status.status);
    expect(emulator.task(run.id)).toMatchObject({ api: 'fashn', subTasks: [{ imageCount: 2 }] });
  });

  test('subscribes until the image is there', () => {
    expect(results.subscribe).toMatchObject({ status: 'completed', output: [imageUrl], error: null, creditsUsed: 1 });
    const order = ['starting', 'in_queue', 'processing', 'completed'];
    const places = results.updates.map((status: string) => order.indexOf(status));
    expect(places).toEqual(places.toSorted());
    expect(results.updates.at(-1)).toBe('completed');
  });

  test('reads a failure, and retries an HTTP 500', () => {
    expect(results.failed).toMatchObject({ status: 'failed', error: { name: 'ContentModerationError' } });
    expect(results.retried).toMatchObject({ status: 'completed' });
  });

  test.each([
    ['throttled', 'RateLimitError', 429, 'RateLimitExceeded'],
    ['credits', 'RateLimitError', 429, 'OutOfCredits'],
    ['unknown', 'NotFoundError', 404, 'NotFound'],
    ['wrong key', 'AuthenticationError', 401, 'UnauthorizedAccess'],
    ['no garment', 'BadRequestError', 400, 'BadRequest'],
  ])('throws on %s', (name, error, status, word) => {
    expect(results[name]).toMatchObject({ error, status, body: { error: word } });
  });
});

describe('@fal-ai/client (Node.js)', () => {
  let results: Results;
  let ids: Record<string, string>;
  beforeAll(async () => {
    ids = tasks('fal', {
      pending: 'submitted',
      failed: 'all-failed',
      refused: 'service-1000',
      locked: 'no-resource',
    });
    results = await useVendorSdk('fal', { url: emulator.url, apiKey: accountOf('fal')?.apiKey, tasks: ids });
  }, 2 * minute);

  test('submits and reads the status', () => {
    const { submit, status } = results;
    expect(submit).toMatchObject({ status: 'IN_QUEUE', response_url: expect.stringContaining(submit.request_id) });
    expect(status).toMatchObject({ request_id: submit.request_id });
    expect(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']).toContain(status.status);
    expect(emulator.task(submit.request_id)).toMatchObject({ api: 'fal', subTasks: [{ imageCount: 2 }] });
  });

  test('subscribes until the image is there', () => {
    expect(results.subscribe).toMatchObject({ data: { images: [{ url: imageUrl }] } });
    const order = ['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED'];
    const places = results.updates.map((status: string) => order.indexOf(status));
    expect(places).toEqual(places.toSorted());
    expect(results.updates.at(-1)).toBe('COMPLETED');
  });

  test('cancels a request that waits, and none that has ended', () => {
    expect(results.cancel).toBe('taken');
    expect(results.pending).toMatchObject({ status: 499, body: { error_type: 'client_cancelled' } });
    expect(results['cancel ended']).toMatchObject({ status: 400, body: { status: 'ALREADY_COMPLETED' } });
  });

  test.each([
    ['early', 'ApiError', 400, { detail: 'Request is still in progress' }],
    ['failed', 'ApiError', 500, { error_type: 'runner_server_error' }],
    ['refused', 'ValidationError', 422, { detail: [{ type: 'content_policy_violation' }] }],
    ['locked', 'ApiError', 403, { detail: expect.stringMatching(/^User is locked/) }],
    ['unknown', 'ApiError', 404, { detail: 'Request not found' }],
    ['wrong key', 'ApiError', 401, { detail: expect.any(String) }],
    ['no garment', 'ApiError', 400, { error_type: 'bad_request' }],
  ])('throws on %s', (name, error, status, body) => {
    expect(results[name]).toMatchObject({ error, status, body });
  });
});
