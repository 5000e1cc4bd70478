import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readAccounts } from '../../src/providers/accounts.js';

const keys = { AIDGE_APP_KEY: '512345', AIDGE_APP_SECRET: 'sesame' };
const endpoint = 'https://api.aidc-ai.com';

const aFile = async (content: string) => {
  const folder = await mkdtemp(join(tmpdir(), 'tryon-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'value');
  await writeFile(path, content);
  return path;
};

describe('the default account', () => {
  test('needs key and secret, and has defaults for the rest', async () => {
    const { accounts, problems } = readAccounts(keys);
    expect(problems).toEqual([]);
    expect(accounts).toEqual([
      {
        name: 'default',
        endpoint,
        vendor: 'aidge',
        trial: false,
        queriesPerSecond: 20,
        acceptOtherTaskId: false,
        submitsPerMinute: 3,
        credentials: expect.any(Function),
      },
    ]);
    expect(await accounts[0]?.credentials()).toEqual({
      kind: 'app',
      scheme: 'v2',
      appKey: '512345',
      appSecret: 'sesame',
    });
  });

  test('takes every variable', () => {
    const { accounts, problems } = readAccounts({
      ...keys,
      AIDGE_ENDPOINT: 'https://cn-api.aidc-ai.com/rest',
      AIDGE_SIGNATURE: 'v1',
      AIDGE_TRIAL: 'TRUE',
      AIDGE_QUERIES_PER_SECOND: '0.5',
      AIDGE_ACCEPT_OTHER_TASK_ID: '1',
    });
    expect(problems).toEqual([]);
    expect(accounts[0]).toMatchObject({
      endpoint: 'https://cn-api.aidc-ai.com',
      trial: true,
      queriesPerSecond: 0.5,
      acceptOtherTaskId: true,
    });
  });

  test('takes empty variables as unset', () => {
    const { accounts, problems } = readAccounts({
      ...keys,
      AIDGE_ENDPOINT: '',
      AIDGE_TRIAL: ' ',
      AIDGE_APP_KEY_FILE: '',
    });
    expect([problems, accounts[0]?.endpoint]).toEqual([[], endpoint]);
  });

  test.each([
    ['https://api.aidc-ai.com', endpoint],
    ['https://api.aidc-ai.com/', endpoint],
    ['https://api.aidc-ai.com/rest', endpoint],
    ['https://api.aidc-ai.com/rest/', endpoint],
    ['https://proxy.example/aidge/rest', 'https://proxy.example/aidge'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost:8080/rest', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('takes the endpoint %s as %s', (value, expected) => {
    const { accounts, problems } = readAccounts({ ...keys, AIDGE_ENDPOINT: value });
    expect([problems, accounts[0]?.endpoint]).toEqual([[], expected]);
  });
});

describe('a problem', () => {
  test.each([
    ['AIDGE_ENDPOINT', 'api.aidc-ai.com', /is not a URL; give .*https/],
    ['AIDGE_ENDPOINT', 'http://api.aidc-ai.com', /is not https/],
    ['AIDGE_ENDPOINT', 'http://127.0.0.1.evil.example', /is not https/],
    ['AIDGE_ENDPOINT', 'ftp://localhost', /is not https/],
    ['AIDGE_ENDPOINT', 'https://user:sesame@api.aidc-ai.com', /user or password/],
    ['AIDGE_ENDPOINT', 'https://api.aidc-ai.com/?sign=sesame', /query/],
    ['AIDGE_SIGNATURE', 'v3-sesame', /neither v1 nor v2/],
    ['AIDGE_TRIAL', 'sesame', /neither true nor false/],
    ['AIDGE_ACCEPT_OTHER_TASK_ID', 'maybe', /neither true nor false/],
    ['AIDGE_QUERIES_PER_SECOND', '0', /above 0/],
    ['AIDGE_QUERIES_PER_SECOND', '-1', /above 0/],
    ['AIDGE_QUERIES_PER_SECOND', 'many', /above 0/],
    ['AIDGE_QUERIES_PER_SECOND', '1e9', /above 0/],
    ['AIDGE_APP_KEY_FILE', '/run/sesame', /AIDGE_APP_KEY and AIDGE_APP_KEY_FILE are both set; keep one/],
    ['AIDGE_APP_KEY', '', /AIDGE_APP_KEY is not set; set it, or set AIDGE_APP_KEY_FILE/],
    ['AIDGE_APP_SECRET', '', /AIDGE_APP_SECRET is not set/],
    ['AIDGE_SHOP_APP_SECRET', 'sesame', /AIDGE_SHOP_APP_KEY is not set/],
    ['AIDGE_SHOP_APP_KEY', '1', /AIDGE_SHOP_APP_SECRET is not set/],
    ['AIDGE_DEFAULT_APP_KEY', '1', /AIDGE_DEFAULT_APP_KEY is not used; set AIDGE_APP_KEY/],
    [`AIDGE_${'X'.repeat(41)}_APP_KEY`, '1', /more than 40 characters/],
  ])('%s=%s is reported in one line with the variable, never with a secret', (variable, value, problem) => {
    const { problems } = readAccounts({ ...keys, [variable]: value });
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems[0]).toContain(variable.replace('SECRET', '').slice(0, 12));
    expect(problems[0]).not.toContain('\n');
    expect(problems[0]).not.toContain('sesame');
  });

  test('is reported together with all others, once each', () => {
    const { accounts, problems } = readAccounts({
      AIDGE_ENDPOINT: 'nowhere',
      AIDGE_TRIAL: '?',
      AIDGE_SHOP_APP_KEY: '1',
      AIDGE_APP_KEY: '2',
    });
    expect(accounts).toEqual([]);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'AIDGE_ENDPOINT',
      'AIDGE_TRIAL',
      'AIDGE_APP_SECRET',
      'AIDGE_SHOP_APP_SECRET',
    ]);
  });

  test('with one account does not affect the others', () => {
    const { accounts, problems } = readAccounts({ ...keys, AIDGE_SHOP_APP_KEY: '1' });
    expect([accounts.map(({ name }) => name), problems.length]).toEqual([['default'], 1]);
  });

  test('without any variable names the two required ones', () => {
    expect(readAccounts({}).problems.map((problem) => problem.split(' ')[0])).toEqual([
      'AIDGE_APP_KEY',
      'AIDGE_APP_SECRET',
    ]);
  });
});

describe('a named account', () => {
  test('inherits all but key and secret', async () => {
    const { accounts, problems } = readAccounts({
      ...keys,
      AIDGE_SIGNATURE: 'v1',
      AIDGE_TRIAL: 'true',
      AIDGE_SHOP_2_APP_KEY: '600001',
      AIDGE_SHOP_2_APP_SECRET: 'open',
      AIDGE_SHOP_2_TRIAL: 'false',
      AIDGE_SHOP_2_ENDPOINT: 'https://cn-api.aidc-ai.com',
    });
    expect(problems).toEqual([]);
    expect(accounts.map(({ name }) => name)).toEqual(['default', 'shop-2']);
    expect(accounts[1]).toMatchObject({ trial: false, endpoint: 'https://cn-api.aidc-ai.com' });
    expect(await accounts[1]?.credentials()).toMatchObject({ scheme: 'v1', appKey: '600001', appSecret: 'open' });
  });

  test('needs no default account', () => {
    const { accounts, problems } = readAccounts({ AIDGE_A_APP_KEY: '1', AIDGE_A_APP_SECRET: '2' });
    expect([accounts.map(({ name }) => name), problems]).toEqual([['a'], []]);
  });
});

describe('files', () => {
  test('are read for each call, without surrounding white space', async () => {
    const path = await aFile('\ufefffirst\r\n');
    const { accounts } = readAccounts({ AIDGE_APP_KEY: '1', AIDGE_APP_SECRET_FILE: path });
    expect(await accounts[0]?.credentials()).toMatchObject({ appKey: '1', appSecret: 'first' });
    await writeFile(path, 'second');
    expect(await accounts[0]?.credentials()).toMatchObject({ appKey: '1', appSecret: 'second' });
  });

  test.each([
    ['missing', '/nowhere/at/all', /^the file named by AIDGE_APP_SECRET_FILE cannot be read \(ENOENT\)/],
    ['a folder', tmpdir(), /cannot be read \(EISDIR\)/],
  ])('that are %s are reported when they are read', async (_name, path, message) => {
    const { accounts, problems } = readAccounts({ AIDGE_APP_KEY: '1', AIDGE_APP_SECRET_FILE: path });
    expect(problems).toEqual([]);
    await expect(accounts[0]?.credentials()).rejects.toMatchObject({
      code: 'NoKey',
      message: expect.stringMatching(message),
    });
  });

  test('of exactly 64 KiB are read', async () => {
    const value = 'x'.repeat(64 * 1024);
    const { accounts } = readAccounts({ AIDGE_APP_KEY: '1', AIDGE_APP_SECRET_FILE: await aFile(value) });
    expect(await accounts[0]?.credentials()).toMatchObject({ appKey: '1', appSecret: value });
  });

  test.each([
    ['one byte more', () => aFile('x'.repeat(64 * 1024 + 1))],
    ['no end', () => '/dev/zero'],
  ])('of %s than a key can have are refused, and no more is read of them', async (_name, path) => {
    const { accounts } = readAccounts({ AIDGE_APP_KEY: '1', AIDGE_APP_SECRET_FILE: await path() });
    await expect(accounts[0]?.credentials()).rejects.toMatchObject({
      code: 'NoKey',
      message: expect.stringContaining('is larger than 64 KiB; write only the value into it'),
    });
  });

  test('that are empty are reported when they are read', async () => {
    const { accounts } = readAccounts({ AIDGE_APP_KEY: '1', AIDGE_APP_SECRET_FILE: await aFile(' \n') });
    await expect(accounts[0]?.credentials()).rejects.toMatchObject({
      code: 'NoKey',
      message: expect.stringContaining('is empty'),
    });
  });
});
