/** Rows of the fault table about the vendor client, on loopback connections. */
import dns from 'node:dns';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startEmulator } from '../../src/testing.js';
import { aCertificate } from '../providers/certificate.js';
import { aClient, finishedBody, sendJson, serve, serveTcp } from '../providers/server.js';
import { faultName } from '../support/fault-rows.js';

const task = { taskId: 'task-1' };

describe('transport', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test(faultName(1, 'an answer that never comes'), async () => {
    // A resolver that does not answer.
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation((() => undefined) as never);
    const client = aClient('http://vendor.example', { limits: { connectMs: 200 } });
    const { reply } = await client.results(task);
    expect(lookup).toHaveBeenCalled();
    expect(reply).toMatchObject({ kind: 'fault', code: 'ConnectionFailed' });
  });

  test(faultName(3), async () => {
    const endpoint = await serveTcp(() => undefined, 'https');
    const { reply } = await aClient(endpoint, { limits: { connectMs: 200 } }).results(task);
    expect(reply).toMatchObject({ kind: 'fault', code: 'ConnectionFailed' });
  });

  test(faultName(4, 'even if NODE_TLS_REJECT_UNAUTHORIZED is 0'), async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { endpoint, requests } = await serve((response) => sendJson(response, finishedBody()), aCertificate());
    const { reply } = await aClient(endpoint).results(task);
    expect([reply, requests.length]).toMatchObject([{ kind: 'fault', code: 'TlsFailed' }, 0]);
  });

  test.each([
    [faultName(9, 'the stream ends at the maximum'), {}, (size: number) => Buffer.alloc(size, ' ')],
    [
      faultName(10, 'the stream ends at the maximum'),
      { 'content-encoding': 'gzip' },
      (size: number) => gzipSync(Buffer.alloc(20 * size, ' ')),
    ],
  ])('%s', async (_name, headers, bytes) => {
    let onClosed: () => void;
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve;
    });
    const { endpoint } = await serve((response) => {
      response.once('close', () => onClosed());
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.write(bytes(200_000)); // without an end
    });
    const { reply } = await aClient(endpoint, { limits: { bodyBytes: 100_000 } }).results(task);
    expect(reply).toMatchObject({ kind: 'fault', code: 'TooLarge' });
    await closed;
  });

  test.each([
    ['a wrong charset', 'application/json;charset=GBK', Buffer.from(JSON.stringify(finishedBody()))],
    ['a byte order mark', 'application/json', Buffer.from(`\ufeff${JSON.stringify(finishedBody())}`)],
    ['UTF-16', 'text/plain', Buffer.from(`\ufeff${JSON.stringify(finishedBody())}`, 'utf16le')],
    ['no content type', '', Buffer.from(JSON.stringify(finishedBody()))],
  ])(faultName(13, '%s'), async (_name, type, body) => {
    const { endpoint } = await serve((response) => {
      response.writeHead(200, type === '' ? {} : { 'content-type': type });
      response.end(body);
    });
    expect((await aClient(endpoint).results(task)).reply).toMatchObject({ task: { status: 'finished' } });
  });

  test(faultName(18, 'waiting for a connection does not count'), async () => {
    const { endpoint } = await serve((response, _request, index) => {
      if (index > 0) sendJson(response, finishedBody());
    });
    // The first query has the only connection for a whole attempt. The second then has its own full limit.
    const client = aClient(endpoint, { limits: { connections: 1, totalMs: 400, headersMs: 400 } });
    const [first, second] = await Promise.all([client.results(task), client.results(task)]);
    expect(first.reply).toMatchObject({ kind: 'fault', code: 'Timeout' });
    expect(second.reply.kind).toBe('answer');
  });
});

describe('a submit', () => {
  test.each(['hang', 'reset-before-headers', 'reset-mid-body', 'truncated-json', 'http-504', 'html-200'])(
    faultName(65, '%s'),
    async (script) => {
      const emulator = await startEmulator();
      onTestFinished(() => emulator.close());
      emulator.scriptSubmits(script);
      const credentials = async () => ({ appKey: emulator.appKey, appSecret: emulator.appSecret });
      const client = aClient(emulator.url, { limits: { headersMs: 300, totalMs: 600 } }, { credentials });
      const request = { clothesList: [{ imageUrl: 'http://shop.test/a.png', type: 'tops' }], viewType: 'full_view' };
      const result = await client.submit({ request });
      expect(result.kind).toBe('maybe');
      expect(emulator.stats.submits).toBe(1);
    },
  );
});
