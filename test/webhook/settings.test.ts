import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook as Library } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readWebhooks } from '../../src/webhook/settings.js';
import { secretKeys, signedHeaders } from '../../src/webhook/sign.js';
import { newSecret } from '../support/webhook-receiver.js';

const secret = newSecret();
const shop = (more: object = {}) => ({
  TRYON_WEBHOOK_SHOP_URL: 'https://shop.example/hook?key=hidden',
  TRYON_WEBHOOK_SHOP_SECRET: secret,
  ...more,
});

test('webhooks are read by name', async () => {
  const { webhooks, problems } = readWebhooks({
    ...shop(),
    TRYON_WEBHOOK_SHOP_EU_URL: 'https://eu.example/',
    TRYON_WEBHOOK_SHOP_EU_SECRET: `${newSecret('n')}  ${secret}`,
    TRYON_WEBHOOK_EMPTY_URL: ' ',
  });
  expect(problems).toEqual([]);
  expect(webhooks.map(({ name }) => name).sort()).toEqual(['shop', 'shop-eu']);
  const targets = await Promise.all(webhooks.map(({ target }) => target()));
  expect(targets.map(({ keys }) => keys.length).sort()).toEqual([1, 2]);
});

test.each<[string, Record<string, string>, RegExp]>([
  ['no secret', { TRYON_WEBHOOK_SHOP_SECRET: '' }, /^TRYON_WEBHOOK_SHOP_SECRET is not set/],
  ['no URL', { TRYON_WEBHOOK_SHOP_URL: '' }, /^TRYON_WEBHOOK_SHOP_URL is not set/],
  ['a URL that is none', { TRYON_WEBHOOK_SHOP_URL: 'hidden' }, /_URL is not a URL/],
  ['http', { TRYON_WEBHOOK_SHOP_URL: 'http://hidden.example/' }, /_URL is not https; .*TRYON_WEBHOOK_ALLOW/],
  ['a password', { TRYON_WEBHOOK_SHOP_URL: 'https://a:hidden@b/' }, /_URL has a user or password/],
  ['a short secret', { TRYON_WEBHOOK_SHOP_SECRET: 'whsec_aGlkZGVu' }, /_SECRET is no secret of a webhook/],
  ['a secret with a wrong character', { TRYON_WEBHOOK_SHOP_SECRET: `${secret}$` }, /_SECRET is no secret/],
  ['both', { TRYON_WEBHOOK_SHOP_URL_FILE: '/hidden' }, /_URL and TRYON_WEBHOOK_SHOP_URL_FILE are both set/],
  ['a long name', { [`TRYON_WEBHOOK_${'X'.repeat(41)}_URL`]: 'https://a/' }, /more than 40 characters/],
  ['a wrong allow list', { TRYON_WEBHOOK_ALLOW: '10.0.0.0/40' }, /^TRYON_WEBHOOK_ALLOW has "10.0.0.0\/40"/],
])('%s is a problem with a remedy and without the value', (_what, more, problem) => {
  const { problems } = readWebhooks(shop(more));
  expect(problems).toEqual([expect.stringMatching(problem)]);
  expect(problems.join()).not.toContain('hidden');
});

test('http is for hosts that the allow list names', () => {
  const url = { TRYON_WEBHOOK_SHOP_URL: 'http://10.1.2.3/' };
  expect(readWebhooks(shop({ ...url, TRYON_WEBHOOK_ALLOW: '10.1.0.0/16' })).problems).toEqual([]);
  expect(readWebhooks(shop({ ...url, TRYON_WEBHOOK_ALLOW: '10.2.0.0/16' })).problems).toHaveLength(1);
});

describe('files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tryon-webhook-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('are read again at each call, and a missing one is an error without its path', async () => {
    const file = join(folder, 'secret');
    const { webhooks } = readWebhooks({
      TRYON_WEBHOOK_SHOP_URL: 'https://shop.example/',
      TRYON_WEBHOOK_SHOP_SECRET_FILE: file,
    });
    const target = webhooks[0]?.target;
    await expect(target?.()).rejects.toThrow(
      /^the file named by TRYON_WEBHOOK_SHOP_SECRET_FILE cannot be read \(ENOENT\)/,
    );
    writeFileSync(file, `${secret}\n`);
    const before = await target?.();
    writeFileSync(file, `${newSecret('n')} ${secret}`);
    const after = await target?.();
    expect([before?.keys.length, after?.keys.length]).toEqual([1, 2]);
    writeFileSync(file, 'whsec_hidden');
    await expect(target?.()).rejects.toThrow(/is no secret of a webhook/);
    await expect(target?.()).rejects.not.toThrow(/hidden/);
  });
});

test('a signature is the one that the published library makes and verifies, with each of two secrets', () => {
  const [body, at] = ['{"kind":"images","größe":1}', new Date()];
  const seconds = Math.floor(at.getTime() / 1000);
  const [one, two] = [secret, newSecret('o')];
  const headers = signedHeaders('w-1', seconds, body, secretKeys(`${one} ${two}`) ?? []);
  expect(headers['webhook-signature']).toBe(
    [one, two].map((each) => new Library(each).sign('w-1', at, body)).join(' '),
  );
  for (const each of [one, two]) expect(new Library(each).verify(body, { ...headers })).toEqual(JSON.parse(body));
  expect(() => new Library(newSecret('x')).verify(body, { ...headers })).toThrow();
});

// The example of the specification's reference implementations.
test('a signature is that of the published example', () => {
  const keys = secretKeys('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw') ?? [];
  const { 'webhook-signature': signature } = signedHeaders(
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    1614265330,
    '{"test": 2432232314}',
    keys,
  );
  expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});
