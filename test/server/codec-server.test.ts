import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createEncryptionCodec } from '../../src/codec/payload-codec.js';
import { type CodecServerOptions, startCodecServer } from '../../src/codec/server.js';
import { readCodecToken } from '../../src/codec/token.js';
import { findTemporalCli } from '../../src/dev-server/find-cli.js';
import { runCli, startCli } from '../cli/run-cli.js';

const wire = proto.temporal.api.common.v1.Payload;
const keyOf = (message: string): string => `${message}:${Buffer.alloc(32, message).toString('base64')}`;
const codecOf = (...letters: string[]) => createEncryptionCodec({ keys: letters.map(keyOf).join(',') });
const origin = 'http://127.0.0.1:8233';
const token = 'a-token-of-some-length';

/** As the UI and the CLI send payloads. */
const bodyOf = (payloads: readonly Payload[]): string =>
  JSON.stringify({ payloads: payloads.map((one) => wire.toObject(wire.fromObject(one), { bytes: String })) });
const plain = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const sealed = async (message: string, value: unknown) => bodyOf(await codecOf(message).encode([plain(value)]));

async function serve(options: Partial<CodecServerOptions> = {}): Promise<string> {
  const server = await startCodecServer({
    codec: codecOf('a'),
    allowedOrigins: [origin],
    token: () => undefined,
    ...options,
  });
  onTestFinished(server.close);
  return server.url;
}

interface Call {
  readonly path?: string;
  readonly body?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const call = (url: string, { path = '/decode', body = '{"payloads":[]}', method = 'POST', headers = {} }: Call = {}) =>
  fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
    ...(method === 'POST' ? { body } : {}),
  });

async function valuesIn(response: Response): Promise<unknown[]> {
  expect(response.status).toBe(200);
  const { payloads } = (await response.json()) as { payloads: { [field: string]: unknown }[] };
  return payloads.map((payload) => defaultPayloadConverter.fromPayload(wire.fromObject(payload) as Payload));
}
const messageOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { message: string }).message;

describe('encode and decode', () => {
  test('what a worker encrypted is decrypted, in order; what is not encrypted passes as it is', async () => {
    const url = await serve();
    const [first] = await codecOf('a').encode([plain({ taskId: '1', text: '拍照' })]);
    const body = bodyOf([first as Payload, plain('open'), plain(undefined)]);
    expect(await valuesIn(await call(url, { body }))).toEqual([{ taskId: '1', text: '拍照' }, 'open', undefined]);
  });

  test('what it encrypts a worker decrypts', async () => {
    const url = await serve();
    const response = await call(url, { path: '/encode', body: bodyOf([plain({ secret: 'words' })]) });
    const text = await response.text();
    expect(text).not.toContain(Buffer.from('words').toString('base64').slice(0, 6));
    const [payload] = (JSON.parse(text) as { payloads: { [field: string]: unknown }[] }).payloads;
    const [decoded] = await codecOf('a').decode([wire.fromObject(payload ?? {}) as Payload]);
    expect(defaultPayloadConverter.fromPayload(decoded as Payload)).toEqual({ secret: 'words' });
  });

  test('a key that was rotated out of the first place still decrypts; the new one encrypts', async () => {
    const url = await serve({ codec: codecOf('b', 'a') });
    expect(await valuesIn(await call(url, { body: await sealed('a', 'old') }))).toEqual(['old']);
    expect(await valuesIn(await call(url, { body: await sealed('b', 'new') }))).toEqual(['new']);
    const encoded = await (await call(url, { path: '/encode', body: bodyOf([plain(1)]) })).text();
    expect(encoded).toContain(Buffer.from('b').toString('base64'));
  });

  test('a key that it does not hold is named, with the remedy; a changed payload is refused', async () => {
    const url = await serve();
    const unknown = await call(url, { body: await sealed('z', 'hidden') });
    expect(unknown.status).toBe(400);
    expect(await messageOf(unknown)).toMatch(/encrypted with key "z", which `keys` does not hold; add that key/);
    const [good] = await codecOf('a').encode([plain('hidden')]);
    const data = Buffer.from(good?.data ?? []);
    const changed = { ...good, data: data.fill((data[20] ?? 0) ^ 1, 20, 21) };
    const broken = await call(url, { body: bodyOf([changed]) });
    expect(broken.status).toBe(400);
    expect(await messageOf(broken)).toContain('does not decrypt');
  });

  test.each([
    ['no JSON', '{', 'not JSON'],
    ['another shape', '{"payloads":{}}', 'payloads'],
    ['data that is no Base64', '{"payloads":[{"data":"?"}]}', 'data'],
    ['metadata that is no Base64', '{"payloads":[{"metadata":{"encoding":7}}]}', 'encoding'],
  ])('a body that is wrong is refused in words: %s', async (_what, body, words) => {
    const response = await call(await serve(), { body });
    expect(response.status).toBe(400);
    expect(await messageOf(response)).toContain(words);
  });

  test('nothing else is answered: another path, method or type', async () => {
    const url = await serve();
    expect((await call(url, { path: '/' })).status).toBe(404);
    expect((await call(url, { method: 'GET' })).status).toBe(405);
    expect((await call(url, { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  });

  test('a body over the limit is refused, told in advance or not', async () => {
    const url = await serve({ bodyBytes: 100 });
    expect((await call(url, { body: 'x'.repeat(101) })).status).toBe(413);
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const head =
      'POST /decode HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    socket.write(`${head}65\r\n${'x'.repeat(101)}\r\n`);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });
});

describe('pages', () => {
  const preflight = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } };

  test('of a named origin may call, with the headers that the UI sends', async () => {
    const url = await serve();
    const allowed = await call(url, preflight);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    expect(allowed.headers.get('access-control-allow-methods')).toBe('POST');
    expect(allowed.headers.get('access-control-allow-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['content-type', 'x-namespace', 'authorization', 'authorization-extras']),
    );
    const response = await call(url, { body: await sealed('a', 1), headers: { origin } });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(await valuesIn(response)).toEqual([1]);
  });

  test.each(['http://127.0.0.1:8234', 'https://127.0.0.1:8233', 'null', `${origin}.example.com`])(
    'of another origin may not: %s',
    async (stranger) => {
      const url = await serve();
      for (const one of [
        { ...preflight, headers: { ...preflight.headers, origin: stranger } },
        { headers: { origin: stranger } },
      ]) {
        const response = await call(url, one);
        expect(response.status).toBe(403);
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
      }
    },
  );

  test('are told of a refused token, so that the UI can show it', async () => {
    const url = await serve({ token: () => token });
    expect((await call(url, preflight)).status).toBe(204);
    const response = await call(url, { headers: { origin } });
    expect(response.status).toBe(401);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
  });
});

describe('a token', () => {
  test.each([
    ['none', {}],
    ['another', { authorization: `Bearer ${token}x` }],
    ['its beginning', { authorization: `Bearer ${token.slice(0, -1)}` }],
    ['as a password', { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }],
  ])('that is wrong opens nothing: %s', async (_what, headers) => {
    const response = await call(await serve({ token: () => token }), { headers, body: await sealed('a', 'secret') });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.text()).not.toContain(token);
  });

  test('that is right does', async () => {
    const url = await serve({ token: () => token });
    const headers = { authorization: `Bearer ${token}` };
    expect(await valuesIn(await call(url, { headers, body: await sealed('a', 'secret') }))).toEqual(['secret']);
  });

  test('in a file is read anew for each call; one that is too short leaves the last in force', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'codec-token-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const path = join(dir, 'token');
    await writeFile(path, `${token}\n`);
    const read = readCodecToken({ TRYON_CODEC_TOKEN_FILE: path });
    if (!read.ok || read.token === undefined) throw new Error('the token was not read');
    expect(read.token()).toBe(token);
    await writeFile(path, 'another-token-of-length');
    expect(read.token()).toBe('another-token-of-length');
    await writeFile(path, 'short');
    expect(read.token()).toBe('another-token-of-length');
  });

  test.each([
    [{ TRYON_CODEC_TOKEN: 'short' }, 'TRYON_CODEC_TOKEN is shorter than 16 characters'],
    [{ TRYON_CODEC_TOKEN: `${token} ${token}` }, 'TRYON_CODEC_TOKEN has characters other than visible ASCII'],
    [{ TRYON_CODEC_TOKEN_FILE: '/nonexistent/token' }, 'cannot be read (ENOENT)'],
    [{ TRYON_CODEC_TOKEN: token, TRYON_CODEC_TOKEN_FILE: '/x' }, 'are both set; keep one'],
  ])('that cannot be used is told without showing it: %j', (env, words) => {
    const read = readCodecToken(env);
    expect(read.ok).toBe(false);
    const said = read.ok ? '' : read.problems.join();
    expect(said).toContain(words);
    expect(said).not.toContain(token);
  });
});

test("Temporal's CLI shows a history through it, with the token", async () => {
  const { address } = inject('temporal');
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  const dataConverter = { payloadCodecs: [codecOf('a')] };
  const workflowId = `codec-${randomUUID()}`;
  const client = new Client({ connection, dataConverter });
  const handle = await client.workflow.start('none', { taskQueue: workflowId, workflowId, args: ['a secret input'] });
  const url = await serve({ token: () => token });
  const { path } = await findTemporalCli();
  const about = ['workflow', 'show', '--address', address, '--workflow-id', workflowId, '--output', 'json'];
  const codec = ['--codec-endpoint', url, '--codec-auth', `Bearer ${token}`];
  const { stdout } = await promisify(execFile)(path, [...about, ...codec]);
  // The CLI prints what a payload carries in Base64.
  expect(stdout).toContain(Buffer.from(JSON.stringify('a secret input')).toString('base64'));
  await handle.terminate('the test is over');
});

describe('the command', () => {
  const env = { TRYON_CODEC_KEYS: keyOf('a') };

  test('serves until SIGTERM, says what is not safe, and shows no key and no token', async () => {
    const open = startCli(['codec-server', '--port', '0'], env);
    await open.until('Ctrl-C ends it');
    await open.until('it asks for no token');
    expect(open.err()).toContain('no web page may call it');
    open.child.kill('SIGINT');
    expect((await open.ended).code).toBe(130);

    const others = ['--allow-origin', origin, '--allow-origin', 'https://temporal.example.com'];
    const args = ['codec-server', '--port', '0', ...others, '--json'];
    const running = startCli(args, { ...env, TRYON_CODEC_TOKEN: token });
    await running.until('Ctrl-C ends it');
    const told = JSON.parse(running.out()) as { url: string };
    expect(told).toMatchObject({ allowedOrigins: [origin, 'https://temporal.example.com'], asksForToken: true });
    const headers = { authorization: `Bearer ${token}`, origin: 'https://temporal.example.com' };
    expect(await valuesIn(await call(told.url, { headers, body: await sealed('a', 'x') }))).toEqual(['x']);
    running.child.kill('SIGTERM');
    const { code, out, err } = await running.ended;
    expect(code).toBe(0);
    expect(out + err).not.toContain(token);
    expect(out + err).not.toContain(env.TRYON_CODEC_KEYS.slice(2));
    expect(err).not.toContain('warning');
  });

  test('tells all that is wrong before it listens', async () => {
    const { code, err } = await runCli(['codec-server', '--host', '0.0.0.0', '--allow-origin', '*']);
    expect(code).toBe(2);
    expect(err).toContain('put the keys into TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE');
    expect(err).toContain('--allow-origin "*" is not an origin');
    expect(err).toContain('others can reach --host 0.0.0.0; set TRYON_CODEC_TOKEN');
  });
});
