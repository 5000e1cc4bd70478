import { describe, expect, test } from 'vitest';
import { readAccounts } from '../../src/providers/accounts.js';
import { proxyOf } from '../../src/providers/proxy.js';
import { aCertificate } from './certificate.js';
import { serveProxy } from './proxy-server.js';
import { aClient, finishedBody, sendJson, serve, serveTcp } from './server.js';

const endpoint = 'https://api.vendor.example';
const proxied = { origin: 'http://proxy.example:3128' };

describe('the proxy of an endpoint', () => {
  const HTTPS_PROXY = 'http://proxy.example:3128';
  test.each<[string, Record<string, string>, object]>([
    ['none without variables', {}, {}],
    ['HTTPS_PROXY', { HTTPS_PROXY }, { proxy: proxied }],
    [
      'the name in lower case wins',
      { HTTPS_PROXY: 'http://other.example', https_proxy: HTTPS_PROXY },
      { proxy: proxied },
    ],
    ['HTTP_PROXY if there is no other', { HTTP_PROXY: HTTPS_PROXY }, { proxy: proxied }],
    ['an empty value is none', { HTTPS_PROXY: ' ' }, {}],
    ['a value without a scheme', { HTTPS_PROXY: 'proxy.example:3128' }, { proxy: proxied }],
    [
      'user and password are apart',
      { HTTPS_PROXY: 'http://us%65r:p%40ss@proxy.example:3128/' },
      { proxy: { ...proxied, authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}` } },
    ],
    ['NO_PROXY with the host', { HTTPS_PROXY, NO_PROXY: 'x, API.vendor.example' }, {}],
    ['NO_PROXY with a domain', { HTTPS_PROXY, NO_PROXY: 'vendor.example' }, {}],
    ['NO_PROXY with a dot', { HTTPS_PROXY, no_proxy: '.vendor.example x' }, {}],
    ['NO_PROXY with the port', { HTTPS_PROXY, NO_PROXY: 'api.vendor.example:443' }, {}],
    ['NO_PROXY with another port', { HTTPS_PROXY, NO_PROXY: 'api.vendor.example:8443' }, { proxy: proxied }],
    ['NO_PROXY with another host', { HTTPS_PROXY, NO_PROXY: 'pi.vendor.example' }, { proxy: proxied }],
    ['NO_PROXY with everything', { HTTPS_PROXY, NO_PROXY: 'x,*' }, {}],
  ])('%s', (_name, env, setting) => {
    expect(proxyOf(env, endpoint)).toEqual(setting);
  });

  test('of a loopback endpoint is none', () => {
    expect(proxyOf({ HTTPS_PROXY, HTTP_PROXY: HTTPS_PROXY }, 'http://127.0.0.1:8080')).toEqual({});
  });

  test.each(['http://user:top-secret@', 'socks5://user:top-secret@proxy.example'])(
    'a proxy that cannot be used is a problem of the account, and its value is not shown (%s)',
    (value) => {
      const { accounts, problems } = readAccounts({ AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's', HTTPS_PROXY: value });
      expect([accounts, problems]).toEqual([[], [expect.stringMatching(/^HTTPS_PROXY is n.*; give a URL such as/)]]);
      expect(problems.join()).not.toContain('top-secret');
    },
  );
});

describe('through a proxy', () => {
  const login = { authorization: `Basic ${Buffer.from('user:top-secret').toString('base64')}` };

  test('a query reaches the vendor, and the next one uses the same tunnel', async () => {
    const vendor = await serve((response) => sendJson(response, finishedBody()));
    const { origin, calls } = await serveProxy(vendor);
    const client = aClient('http://vendor.example', {}, { proxy: { origin, ...login } });
    for (const _ of [1, 2]) {
      const answer = await client.results({ taskId: 'task-1' });
      expect(answer).toMatchObject({ reply: { task: { status: 'finished' } }, queries: 1 });
    }
    expect(calls).toEqual([{ target: 'vendor.example:80', ...login }]);
    expect(vendor.requests.map(({ headers }) => headers['proxy-authorization'])).toEqual([undefined, undefined]);
  });

  test('a tunnel that the vendor has closed costs one immediate second request', async () => {
    const vendor = await serve((response, { socket }, index) => {
      if (index === 1) socket.resetAndDestroy();
      else sendJson(response, finishedBody());
    });
    const { origin, calls } = await serveProxy(vendor);
    const client = aClient('http://vendor.example', {}, { proxy: { origin } });
    await client.results({ taskId: 'task-1' });
    expect(await client.results({ taskId: 'task-1' })).toMatchObject({ reply: { kind: 'answer' }, queries: 2 });
    expect(calls).toHaveLength(2);
  });

  test('the maximum of connections holds', async () => {
    const vendor = await serve((response) => sendJson(response, finishedBody()));
    const { origin, calls } = await serveProxy(vendor);
    const client = aClient('http://vendor.example', { limits: { connections: 2 } }, { proxy: { origin } });
    const all = await Promise.all(Array.from({ length: 10 }, () => client.results({ taskId: 'task-1' })));
    expect(all.map(({ reply }) => reply.kind)).toEqual(Array(10).fill('answer'));
    expect(calls).toHaveLength(2);
  });

  test('a certificate that is not trusted is refused, and nothing is sent', async () => {
    const vendor = await serve((response) => sendJson(response, finishedBody()), aCertificate({ ip: [192, 0, 2, 1] }));
    const { origin, calls } = await serveProxy(vendor);
    const { reply } = await aClient('https://192.0.2.1', {}, { proxy: { origin } }).results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'fault', code: 'TlsFailed' });
    expect([calls.length, vendor.requests.length]).toEqual([1, 0]);
  });

  const refusals: [string, Parameters<typeof serveProxy>[0], RegExp][] = [
    [
      'that wants another login',
      { answer: (socket) => void socket.end('HTTP/1.1 407 top-secret\r\nContent-Length: 0\r\n\r\n') },
      /PROXY_HTTP_407/,
    ],
    ['that never answers', { answer: () => {} }, /UND_ERR_CONNECT_TIMEOUT/],
    ['that hangs up', { answer: (socket) => void socket.destroy() }, /PROXY_CLOSED/],
    ['that leads to a server that hangs', {}, /UND_ERR_CONNECT_TIMEOUT/],
  ];
  test.each(refusals)('a proxy %s is a failed connection: nothing was sent', async (_name, options, cause) => {
    const { origin, calls } = await serveProxy({ endpoint: await serveTcp(() => {}), ...options });
    const limits = { connectMs: 300 };
    const client = aClient('https://192.0.2.1', { limits }, { proxy: { origin, ...login } });
    const { reply } = await client.results({ taskId: 'task-1' });
    expect(reply).toMatchObject({ kind: 'fault', code: 'ConnectionFailed', message: expect.stringMatching(cause) });
    expect(JSON.stringify(reply)).not.toContain('top-secret');
    expect(calls).toHaveLength(1);
    // The connection is free again.
    expect(await client.submit({ request: {} })).toMatchObject({ kind: 'rejected', retrySafe: true });
  });
});
