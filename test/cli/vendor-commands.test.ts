import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { emulatorOptions } from '../../src/cli/commands/emulator.js';
import { freePort } from '../../src/dev-server/temporal-server.js';
import { type Emulator, type EmulatorOptions, type Script, startEmulator } from '../../src/testing.js';
import { aCertificate } from '../providers/certificate.js';
import { serveProxy } from '../providers/proxy-server.js';
import { sendJson, serve } from '../providers/server.js';
import { faultName } from '../support/fault-rows.js';
import { runCli, startCli, startSource } from './run-cli.js';

let emulators: Emulator[] = [];
afterEach(async () => {
  await Promise.all(emulators.map((one) => one.close()));
  emulators = [];
});

async function emulate(options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options);
  emulators.push(emulator);
  const env = {
    AIDGE_ENDPOINT: emulator.url,
    AIDGE_APP_KEY: emulator.appKey,
    AIDGE_APP_SECRET: emulator.appSecret,
  };
  return { emulator, env };
}

const request = JSON.stringify({ clothesList: [{ imageUrl: 'https://img.example/a.jpg', type: 'tops' }] });
const submit = ['submit', '--request', '-'];

test('submit prints the task id only, and the next command on standard error', async () => {
  const { emulator, env } = await emulate();
  const { code, out, err } = await runCli(submit, env, request);
  const [made] = emulator.submits;
  expect({ code, out }).toEqual({ code: 0, out: `${made?.taskId}\n` });
  const [, taskId, time] = /^next: temporal-tryon wait (\S+) --submitted-at (\S+Z)\n$/.exec(err) ?? [];
  expect(taskId).toBe(made?.taskId);
  expect(Date.parse(time ?? '')).not.toBeNaN();
});

test('submit --pro --json calls tryon-pro and prints one document', async () => {
  const { emulator, env } = await emulate();
  const { code, out } = await runCli([...submit, '--pro', '--json'], env, `[${request}]`);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({ kind: 'accepted', taskId: emulator.submits[0]?.taskId });
  expect(emulator.task(emulator.submits[0]?.taskId ?? '')?.api).toBe('tryon-pro');
});

test('submit goes to the vendor of --api, and the next command names it', async () => {
  const output = { task_id: 'task-8', task_status: 'PENDING' };
  const vendor = await serve((response) => sendJson(response, { request_id: 'r', output }));
  const env = { DASHSCOPE_API_KEY: 'sk-1', DASHSCOPE_ENDPOINT: vendor.endpoint };
  const { code, out, err } = await runCli([...submit, '--api', 'dashscope'], env, '{"model":"aitryon-plus"}');
  expect({ code, out }).toEqual({ code: 0, out: 'task-8\n' });
  expect(err).toMatch(/^next: temporal-tryon wait task-8 --submitted-at \S+Z --api dashscope\n$/);
  expect(vendor.requests[0]).toMatchObject({ method: 'POST', body: '{"model":"aitryon-plus"}' });
});

test('submit by an account of another vendor is refused with both, and nothing is sent', async () => {
  const vendor = await serve((response) => sendJson(response, {}));
  const env = { DASHSCOPE_API_KEY: 'sk-1', DASHSCOPE_ENDPOINT: vendor.endpoint };
  const { code, err } = await runCli([...submit, '--account', 'dashscope'], env, request);
  expect(code).toBe(2);
  expect(err).toContain('api is "tryon", which is of aidge, but account "dashscope" is of dashscope');
  expect(vendor.requests).toEqual([]);
});

test('submit passes numbers beyond 2^53 on digit for digit', async () => {
  const vendor = await serve((response) => sendJson(response, { code: '0', data: { taskId: 'task-7' } }));
  const env = { AIDGE_ENDPOINT: vendor.endpoint, AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's' };
  const text = '\ufeff{"seed": 12345678901234567890}\n';
  expect(await runCli(submit, env, text)).toMatchObject({ code: 0 });
  expect(JSON.parse(vendor.requests[0]?.body ?? '').requestParams).toBe('[{"seed": 12345678901234567890}]');
});

const lost: [string, Script][] = [
  ['a reply cut off', 'reset-mid-body'],
  ['no reply', 'reset-before-headers'],
  ['a broken platform', 'http-502'],
];
test.each(lost)('submit with %s reports "maybe submitted" and never repeats it', async (_what, script) => {
  const { emulator, env } = await emulate();
  emulator.scriptSubmits(script);
  const { code, out, err } = await runCli([...submit, '--json'], env, request);
  expect(code).toBe(1);
  expect(err).toMatch(/^error: maybe submitted/);
  expect(JSON.parse(out).kind).toBe('maybe');
  expect(emulator.stats.submits).toBe(1);
});

test('a refused submit shows the reply of the vendor, but not the key', async () => {
  const { emulator, env } = await emulate();
  const { code, out, err } = await runCli(submit, { ...env, AIDGE_APP_SECRET: 'not-the-secret' }, request);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^error: not submitted: gateway IncompleteSignature/);
  for (const secret of [emulator.appKey, 'not-the-secret']) expect(err).not.toContain(secret);
});

test('submit without a key names the variables', async () => {
  const { code, err } = await runCli(submit, {}, request);
  expect(code).toBe(1);
  expect(err).toMatch(/AIDGE_APP_KEY is not set.*AIDGE_APP_SECRET is not set/);
});

test('doctor names each failure with its remedy, and prints one document with --json', async () => {
  const { env } = await emulate({ notFound: 'service' });
  const address = `127.0.0.1:${await freePort()}`;
  const { code, out, err } = await startSource(['doctor', '--json'], { ...env, TEMPORAL_ADDRESS: address }).ended;
  expect({ code, err }).toEqual({ code: 1, err: '' });
  const { ok, checks } = JSON.parse(out);
  expect(ok).toBe(false);
  expect(checks).toContainEqual({
    name: 'Temporal server',
    result: 'fail',
    detail: `no Temporal server answers at ${address}`,
    remedy: 'start one with `npm run server` or set TEMPORAL_ADDRESS',
  });
  const results = Object.fromEntries(checks.map((one: { name: string; result: string }) => [one.name, one.result]));
  expect(results).toMatchObject({ key: 'ok', vendor: 'ok', clock: 'ok', settings: 'ok' });
});

test(faultName(86, 'with a trusted certificate'), async () => {
  const tls = aCertificate({ ip: [192, 0, 2, 1] });
  const vendor = await serve((response) => sendJson(response, { code: '0', data: { taskId: 'task-7' } }), tls);
  const proxy = await serveProxy(vendor);
  const folder = await mkdtemp(join(tmpdir(), 'tryon-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'ca.pem'), tls.cert);
  const env = {
    AIDGE_ENDPOINT: 'https://192.0.2.1',
    AIDGE_APP_KEY: 'k',
    AIDGE_APP_SECRET: 's',
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    HTTPS_PROXY: proxy.origin.replace('://', '://user:top-secret@'),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  };
  expect(await runCli(submit, env, request)).toMatchObject({ code: 0, out: 'task-7\n' });
  const { out, err } = await runCli(['doctor'], env);
  expect(out).toContain(`ok    proxy: ${proxy.origin} leads to https://192.0.2.1\n`);
  expect(out).toContain('ok    vendor: ');
  expect(out + err).not.toContain('top-secret');
  const authorization = `Basic ${Buffer.from('user:top-secret').toString('base64')}`;
  expect(proxy.calls).toEqual(Array(2).fill({ target: '192.0.2.1:443', authorization }));
  expect(vendor.requests).toHaveLength(2);
});

test('doctor names the proxy that leads nowhere', async () => {
  const proxy = await serveProxy({ answer: (socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n') });
  const env = { AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's', https_proxy: proxy.origin, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const { out } = await runCli(['doctor', '--json'], { ...env, AIDGE_ENDPOINT: 'https://192.0.2.1' });
  expect(JSON.parse(out).checks).toContainEqual({
    name: 'vendor',
    result: 'fail',
    detail: expect.stringMatching(
      new RegExp(`^https://192.0.2.1 cannot be reached through ${proxy.origin}: .*PROXY_HTTP_403`),
    ),
    remedy: 'check the proxy, HTTPS_PROXY and NO_PROXY',
  });
});

test('doctor names the checks that it skips without a key', async () => {
  const { out } = await runCli(['doctor'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(out.match(/^skip {2}.*$/gm)).toEqual(
    ['key', 'vendor', 'clock'].map((one) => `skip  ${one}: not checked (no key)`),
  );
});

const ill: [string, EmulatorOptions, Record<string, string>, string, RegExp][] = [
  ['a wrong secret', {}, { AIDGE_APP_SECRET: 'wrong' }, 'vendor', /blocked/],
  ['no quota', { accounts: [{ appKey: 'a', appSecret: 'b', trialOnly: true }] }, {}, 'vendor', /AIDGE_TRIAL=true/],
  [
    'a clock that is wrong by an hour',
    { clockSkewMs: 3_600_000 },
    {},
    'clock',
    /3\d\d\d s behind the vendor[\s\S]*NTP/,
  ],
  ['a missing key file', {}, { AIDGE_APP_KEY: '', AIDGE_APP_KEY_FILE: '/nonexistent' }, 'key', /ENOENT/],
];
test.each(ill)('doctor finds %s', async (_what, options, change, name, said) => {
  const { env } = await emulate(options);
  const { code, out } = await runCli(['doctor', '--json'], { ...env, ...change, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(code).toBe(1);
  const { checks } = JSON.parse(out) as { checks: { name: string; result: string; detail: string; remedy: string }[] };
  const found = checks.find((one) => one.name === name);
  expect(found?.result).toBe('fail');
  expect(`${found?.detail}\n${found?.remedy}`).toMatch(said);
});

test('doctor does not accept a bare 404 as proof of the key', async () => {
  const { env } = await emulate({ notFound: 'http404' });
  const { out } = await runCli(['doctor', '--json'], { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(JSON.parse(out).checks).toContainEqual(
    expect.objectContaining({ name: 'vendor', result: 'warn', detail: expect.stringContaining('HTTP 404') }),
  );
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 0],
] as const)('the emulator answers until %s, then ends with %i', async (signal, code) => {
  const running = startCli(['emulator', '--json']);
  await running.until(/^\{.*\}\n/);
  const { url, appKey, appSecret } = JSON.parse(running.out());
  const env = { AIDGE_ENDPOINT: url, AIDGE_APP_KEY: appKey, AIDGE_APP_SECRET: appSecret };
  expect((await runCli(submit, env, request)).code).toBe(0);
  running.child.kill(signal);
  expect((await running.ended).code).toBe(code);
});

test('doctor finds that the emulator accepts its own key', async () => {
  const running = startCli(['emulator', '--json']);
  await running.until(/^\{.*\}\n/);
  const { url, appKey, appSecret } = JSON.parse(running.out());
  const env = { AIDGE_ENDPOINT: url, AIDGE_APP_KEY: appKey, AIDGE_APP_SECRET: appSecret };
  const { out } = await runCli(['doctor', '--json'], { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(JSON.parse(out).checks).toContainEqual(expect.objectContaining({ name: 'vendor', result: 'ok' }));
  running.child.kill('SIGTERM');
  await running.ended;
});

test('an emulator on a port in use names the option for another', async () => {
  const { emulator } = await emulate();
  const { code, err } = await runCli(['emulator', '--port', String(emulator.port)]);
  expect({ code, err }).toEqual({ code: 1, err: `error: port ${emulator.port} is taken; give another with --port\n` });
});

test('an emulator does not show the secret of the user', async () => {
  const running = startCli(['emulator'], { AIDGE_APP_KEY: 'my-key', AIDGE_APP_SECRET: 'my-secret' });
  await running.until('Ctrl-C ends it');
  running.child.kill('SIGTERM');
  const { out, err } = await running.ended;
  expect(out).toContain('my-key');
  expect(out + err).not.toContain('my-secret');
});

test('an emulator prints the settings of each vendor that --api names, and hides the keys of the user', async () => {
  const args = ['emulator', '--api', 'dashscope,fashn,fal,aidge-2026', '--json'];
  const running = startCli(args, { FASHN_API_KEY: 'my-fashn-key' });
  await running.until('Ctrl-C ends it');
  const { url, settings } = JSON.parse(running.out());
  expect(settings).toEqual({
    ...{ DASHSCOPE_ENDPOINT: url, DASHSCOPE_API_KEY: expect.stringMatching(/^sk-/), FASHN_ENDPOINT: url },
    ...{ FAL_ENDPOINT: url, FAL_API_KEY: expect.stringMatching(/^fal-/) },
    ...{ AIDGE_ENDPOINT: url, AIDGE_APP_KEY: '512345', AIDGE_APP_SECRET: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  const statuses = [`sk-wrong`, settings.DASHSCOPE_API_KEY].map(async (key) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`${url}/api/v1/tasks/x`, { headers })).status;
  });
  expect(await Promise.all(statuses)).toEqual([401, 200]);
  expect((await fetch(`${url}/v1/status/x`, { headers: { authorization: 'Bearer my-fashn-key' } })).status).toBe(404);
  running.child.kill('SIGTERM');
  const { out, err } = await running.ended;
  expect(out + err).not.toContain('my-fashn-key');
});

test.each([
  [['--api', 'nope'], /--api is "nope"; give names of tryon, /],
  [['--api', 'fashn', '--script', 'data-json-text'], /--script: fashn cannot show "shape data-text"/],
])('an emulator with %j is wrong usage', async (args, message) => {
  const { code, err } = await runCli(['emulator', ...args]);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(message) });
});

test('the emulator gets the distribution of the command line', () => {
  const options = { host: '127.0.0.1', medianSeconds: 2, tailWeight: 0.5, seed: 1, api: 'tryon' } as Parameters<
    typeof emulatorOptions
  >[0];
  expect(emulatorOptions(options, {}).distribution).toEqual({ medianSeconds: 2, p95Seconds: 6, tailWeight: 0.5 });
});
