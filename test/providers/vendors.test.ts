import { describe, expect, test } from 'vitest';
import { accountFor } from '../../src/contract.js';
import { readAccounts } from '../../src/providers/accounts.js';
import { createVendorClient, UnknownApiError, WrongVendorError } from '../../src/providers/client.js';
import { anAccount, sendJson, serve } from './server.js';

const aidge = { AIDGE_APP_KEY: '512345', AIDGE_APP_SECRET: 'sesame' };
const dashscope = { DASHSCOPE_API_KEY: 'sk-open' };
const fashn = { FASHN_API_KEY: 'fa-open' };
const named = (env: Record<string, string>) => readAccounts(env).accounts.map(({ name, vendor }) => [name, vendor]);

describe('accounts of several vendors', () => {
  test('stand side by side; the unnamed one of each has a name of its own', () => {
    expect(named({ ...fashn, ...aidge, ...dashscope })).toEqual([
      ['default', 'aidge'],
      ['dashscope', 'dashscope'],
      ['fashn', 'fashn'],
    ]);
  });

  test('of one vendor alone need no key of another', () => {
    const { accounts, problems } = readAccounts(dashscope);
    expect(problems).toEqual([]);
    expect(accounts).toMatchObject([
      { name: 'dashscope', endpoint: 'https://dashscope.aliyuncs.com', queriesPerSecond: 20, submitsPerMinute: 600 },
    ]);
  });

  test('with a name inherit from the unnamed one of their vendor, and from no other', async () => {
    const { accounts, problems } = readAccounts({
      ...aidge,
      ...dashscope,
      AIDGE_QUERIES_PER_SECOND: '7',
      DASHSCOPE_ENDPOINT: 'https://dashscope-intl.aliyuncs.com',
      DASHSCOPE_EU_SHOP_API_KEY: 'sk-shop',
    });
    expect(problems).toEqual([]);
    const shop = accounts.find(({ name }) => name === 'eu-shop');
    expect(shop).toMatchObject({ endpoint: 'https://dashscope-intl.aliyuncs.com', queriesPerSecond: 20 });
    expect(await shop?.credentials()).toEqual({ kind: 'apiKey', apiKey: 'sk-shop' });
  });

  test('take nothing from settings that are those of Aidge alone', () => {
    const { accounts, problems } = readAccounts({
      ...dashscope,
      DASHSCOPE_TRIAL: 'perhaps',
      DASHSCOPE_SIGNATURE: 'v9',
      DASHSCOPE_ACCEPT_OTHER_TASK_ID: 'true',
    });
    expect([problems, accounts[0]?.trial, accounts[0]?.acceptOtherTaskId]).toEqual([[], false, false]);
  });

  test('of one name are refused with both vendors; the first keeps it', () => {
    const { accounts, problems } = readAccounts({
      ...aidge,
      AIDGE_SHOP_APP_KEY: '1',
      AIDGE_SHOP_APP_SECRET: '2',
      FASHN_SHOP_API_KEY: 'fa-shop',
    });
    expect(accounts.map(({ name, vendor }) => [name, vendor])).toEqual([
      ['default', 'aidge'],
      ['shop', 'aidge'],
    ]);
    expect(problems).toEqual(['account shop is of aidge and of fashn; rename one of them']);
  });

  test.each([
    ['DASHSCOPE_DASHSCOPE_API_KEY', 'set DASHSCOPE_API_KEY'],
    ['FASHN_DEFAULT_API_KEY', 'set FASHN_API_KEY'],
  ])('%s is reported: the unnamed account has no name in its variables', (variable, remedy) => {
    expect(readAccounts({ ...aidge, [variable]: 'x' }).problems).toEqual([`${variable} is not used; ${remedy}`]);
  });

  test('whose name is that of another vendor are refused', () => {
    const { problems } = readAccounts({ ...dashscope, AIDGE_DASHSCOPE_APP_KEY: '1', AIDGE_DASHSCOPE_APP_SECRET: '2' });
    expect(problems).toEqual(['account dashscope is of aidge and of dashscope; rename one of them']);
  });
});

test.each([
  [{}, 'default'],
  [{ account: 'shop' }, 'shop'],
  [{ api: 'tryon-pro' }, 'default'],
  [{ api: 'aidge-2026', account: 'default' }, 'default'],
  [{ api: 'dashscope' }, 'dashscope'],
  [{ api: 'fashn', account: 'default' }, 'fashn'],
  [{ api: 'fashn', account: 'shop' }, 'shop'],
] as const)('the account of %j is %s', (input, account) => {
  expect(accountFor(input)).toBe(account);
});

describe('a call with an API key', () => {
  const key = 'sk-0123456789abcdef';
  const client = (endpoint: string) =>
    createVendorClient({
      accounts: [
        anAccount({ endpoint }),
        anAccount({
          endpoint,
          name: 'dashscope',
          vendor: 'dashscope',
          credentials: async () => ({ kind: 'apiKey', apiKey: key }),
        }),
      ],
    });
  const whom = { api: 'dashscope', account: 'default' };

  test('carries the key in its header and nothing of Aidge', async () => {
    const output = { task_id: 'a/b', task_status: 'PENDING' };
    const { endpoint, requests } = await serve((response) => sendJson(response, { request_id: 'r', output }));
    const { reply, queries } = await client(endpoint).results({ ...whom, taskId: 'a/b' });
    expect([queries, reply]).toMatchObject([1, { kind: 'answer', task: { taskId: 'a/b', status: 'submitted' } }]);
    const [request] = requests;
    expect(request).toMatchObject({ method: 'GET', path: '/api/v1/tasks/a%2Fb', query: {}, body: '' });
    expect(request?.headers).toMatchObject({ authorization: `Bearer ${key}` });
    expect(request?.headers).not.toHaveProperty('x-iop-trial');
    expect(request?.headers).not.toHaveProperty('content-type');
  });

  test('submits the request digit for digit', async () => {
    const output = { task_id: 't-1', task_status: 'PENDING' };
    const { endpoint, requests } = await serve((response) => sendJson(response, { output }));
    const requestJson = '{"model":"aitryon-plus","parameters":{"seed":12345678901234567890}}';
    const result = await client(endpoint).submit({ ...whom, requestJson });
    expect(result).toEqual({ kind: 'accepted', taskId: 't-1' });
    expect(requests[0]).toMatchObject({ method: 'POST', body: requestJson });
    expect(requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-dashscope-async': 'enable' });
  });

  test('shows the key in no reply', async () => {
    const { endpoint } = await serve((response) => {
      response.writeHead(500, { 'content-type': 'text/html' }).end(`<p>bad key ${key}</p>`);
    });
    const { reply } = await client(endpoint).results({ ...whom, taskId: 't-1' });
    expect(JSON.stringify(reply)).toContain('bad key');
    expect(JSON.stringify(reply)).not.toContain(key);
  });

  test('cancels where the API can, and answers nothing where it cannot', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, { request_id: 'r' }));
    expect(await client(endpoint).cancel({ ...whom, taskId: 't-1' })).toMatchObject({ kind: 'answer' });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /api/v1/tasks/t-1/cancel']);
    expect(await client(endpoint).cancel({ taskId: 't-1' })).toBeUndefined();
    expect(requests).toHaveLength(1);
  });

  test('of another vendor than the account is refused before anything is sent', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, {}));
    const message =
      'api is "fashn", which is of fashn, but account "dashscope" is of dashscope; give an account of fashn or an api of dashscope';
    const wrong = { account: 'dashscope', api: 'fashn' };
    const vendor = client(endpoint);
    expect(() => vendor.check(wrong)).toThrow(
      new WrongVendorError({ name: 'dashscope', vendor: 'dashscope' }, { name: 'fashn', vendor: 'fashn' }),
    );
    await expect(vendor.results({ ...wrong, taskId: 't' })).rejects.toThrow(message);
    await expect(vendor.submit({ ...wrong, request: {} })).rejects.toThrow(message);
    await expect(vendor.cancel({ ...wrong, taskId: 't' })).rejects.toThrow(message);
    expect(requests).toEqual([]);
  });

  test('of an API that this version does not know is taken for no other', async () => {
    const { endpoint, requests } = await serve((response) => sendJson(response, {}));
    const vendor = client(endpoint);
    expect(() => vendor.check({ api: 'aidge-2099' })).toThrow(UnknownApiError);
    await expect(vendor.results({ api: 'aidge-2099', taskId: 't' })).rejects.toThrow(
      /does not know the api "aidge-2099"/,
    );
    expect(requests).toEqual([]);
  });

  test('of an account without a key here is a fault, not an error', async () => {
    const { endpoint } = await serve((response) => sendJson(response, {}));
    const vendor = client(endpoint);
    expect(() => vendor.check({ api: 'fashn' })).not.toThrow();
    const { reply, queries } = await vendor.results({ api: 'fashn', taskId: 't' });
    expect([queries, reply]).toMatchObject([
      0,
      { kind: 'fault', code: 'NoKey', message: 'no account fashn is configured here' },
    ]);
  });
});
