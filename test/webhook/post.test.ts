import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allowNothing, parseAllowList } from '../../src/providers/guarded-address.js';
import { createWebhookPoster, retryAfterMs, type WebhookPoster } from '../../src/webhook/post.js';
import type { Webhook } from '../../src/webhook/settings.js';
import { secretKeys } from '../../src/webhook/sign.js';
import { until } from '../support/until.js';
import { newSecret, type Receiver, startReceiver } from '../support/webhook-receiver.js';

const secret = newSecret();
const event = { waitId: 'w', sequence: 1, kind: 'images', images: [] };
const loopback = parseAllowList('127.0.0.1').list;
let shop: Receiver;
let poster: WebhookPoster | undefined;
beforeEach(async () => {
  shop = await startReceiver(secret);
});
afterEach(async () => {
  await poster?.close();
  await shop.close();
});

const webhookAt = (name: string, url: string): Webhook => ({
  name,
  target: async () => ({ url: new URL(url), keys: secretKeys(secret) ?? [] }),
});
const posterOf = (options: { url?: string; allow?: typeof loopback; timeoutMs?: number } = {}): WebhookPoster => {
  const { url = shop.url, allow = loopback, timeoutMs } = options;
  poster = createWebhookPoster({
    webhooks: [webhookAt('shop', url), webhookAt('other', shop.url)],
    allow,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return poster;
};

test('an event is posted signed, with its id and its JSON', async () => {
  expect(await posterOf().post('shop', event)).toBeUndefined();
  expect(shop.refused).toEqual([]);
  expect(shop.accepted).toMatchObject([{ id: 'w-1', event, headers: { 'content-type': 'application/json' } }]);
});

test.each([
  [200, undefined],
  [204, undefined],
  [301, 'Redirected'],
  [307, 'Redirected'],
  [400, 'Http400'],
  [401, 'Http401'],
  [404, 'Http404'],
  [410, 'Gone'],
  [500, 'Http500'],
])('status %i gives %s', async (status, code) => {
  shop.answer = () => ({ status, headers: { location: shop.url } });
  expect((await posterOf().post('shop', event))?.error.code).toBe(code);
  expect(shop.posts).toHaveLength(1);
});

test('Retry-After is passed on', async () => {
  shop.answer = () => ({ status: 503, headers: { 'retry-after': '120' } });
  expect(await posterOf().post('shop', event)).toMatchObject({ error: { code: 'Http503' }, retryAfterMs: 120_000 });
});

test.each([
  ['0', undefined],
  ['-5', undefined],
  ['soon', undefined],
  ['1.5', undefined],
  [undefined, undefined],
  ['30', 30_000],
  ['999999999', 86_400_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', undefined],
])('Retry-After %s asks for %s ms', (header, ms) => {
  expect(retryAfterMs(header, 10_000)).toBe(ms);
});

describe('a private address', () => {
  test.each([
    'http://127.0.0.1:1/',
    'https://localhost:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'https://169.254.169.254/',
  ])('%s is refused without a connection', async (url) => {
    const failed = await posterOf({ url, allow: allowNothing }).post('shop', event);
    expect(failed?.error).toMatchObject({ code: 'ForbiddenAddress', message: expect.stringContaining('not public') });
  });

  test('the receiver of the other tests is refused without the allow list', async () => {
    expect((await posterOf({ allow: allowNothing }).post('shop', event))?.error.code).toBe('ForbiddenAddress');
    expect(shop.posts).toEqual([]);
  });

  test('a host on the list is reached by its name', async () => {
    const url = `http://localhost:${shop.port}/`;
    expect(await posterOf({ url, allow: parseAllowList('localhost').list }).post('shop', event)).toBeUndefined();
  });
});

test('a receiver that hangs ends by the time limit, and by a cancellation', async () => {
  shop.answer = () => ({ hang: true });
  expect((await posterOf({ timeoutMs: 300 }).post('shop', event))?.error.code).toBe('Timeout');
  const stop = new AbortController();
  const posted = posterOf().post('shop', event, stop.signal);
  await until(() => shop.posts.length === 2);
  stop.abort(new Error('the worker stops'));
  await expect(posted).rejects.toThrow('the worker stops');
});

test('a receiver that hangs keeps 10 posts at most, and holds up no other webhook', async () => {
  shop.answer = ({ event: { sequence } }) => ({ hang: sequence < 100 });
  const current = posterOf({ timeoutMs: 2_000 });
  const posts = Array.from({ length: 10 }, (_, at) => current.post('shop', { ...event, sequence: at }));
  await until(() => shop.posts.length === 10);
  const refused = await current.post('shop', { ...event, sequence: 50 });
  expect(refused?.error.code).toBe('Busy');
  expect(refused?.retryAfterMs).toBeGreaterThan(0);
  expect(await current.post('other', { ...event, sequence: 100 })).toBeUndefined();
  expect((await Promise.all(posts)).map((failed) => failed?.error.code)).toEqual(Array(10).fill('Timeout'));
  expect(await current.post('shop', { ...event, sequence: 101 })).toBeUndefined();
});

test('an unknown webhook is an error with the variable to set', async () => {
  expect((await posterOf().post('shop-eu', event))?.error).toMatchObject({
    code: 'UnknownWebhook',
    message: expect.stringContaining('set TRYON_WEBHOOK_SHOP_EU_URL'),
  });
});

test('no error holds the URL or the secret', async () => {
  await shop.close();
  const failed = await posterOf().post('shop', event);
  expect(failed?.error).toMatchObject({
    code: 'ConnectionFailed',
    message: 'webhook shop: the post failed (ECONNREFUSED)',
  });
  shop = await startReceiver(secret);
});
