import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Client } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import { connectTemporal } from '../../src/client/connect.js';
import { freePort } from '../../src/dev-server/temporal-server.js';

/** A client that counts as a call whatever is touched of it. */
function untouched(): { readonly client: Client; readonly touched: string[] } {
  const touched: string[] = [];
  const client = new Proxy(
    {},
    {
      get(_target, name) {
        touched.push(String(name));
        throw new Error(`${String(name)} was touched`);
      },
    },
  );
  return { client: client as Client, touched };
}

type Call = (client: TryOnClient) => Promise<unknown>;
const ahead = new Date(Date.now() + 3_600_000).toISOString();
// Wrong on purpose, as callers in plain JavaScript can be.
const wrong = <T>(value: unknown): T => value as T;

const calls: [string, Call, RegExp][] = [
  ['start', (client) => client.start({ taskId: '' }), /^taskId is ""; give 1 to 200 visible ASCII/],
  [
    'start with a misspelt option',
    (client) => client.start(wrong({ taskId: 'a', timeout: 1 })),
    /^timeout is not a known/,
  ],
  ['start ahead of time', (client) => client.start({ taskId: 'a', submittedAt: ahead }), /^submittedAt is/],
  [
    'waitFor',
    (client) => client.waitFor({ taskId: 'a', timeoutSeconds: -5 }),
    /^timeoutSeconds is -5; give 1 to 2592000/,
  ],
  ['startAndSubscribe', (client) => client.startAndSubscribe({ taskId: 'a' }, { workflowId: '' }), /^workflowId is ""/],
  ['subscribe', (client) => client.subscribe('a', { workflowId: 'p', signal: '__x' }), /^signal is "__x"/],
  ['unsubscribe', (client) => client.unsubscribe('a', wrong({})), /^the input is \{\}; give a workflowId/],
  ['setTimeout', (client) => client.setTimeout('a', 0), /^timeoutSeconds is 0/],
  ['pollNow', (client) => client.pollNow(''), /^taskId is ""/],
  ['status', (client) => client.status('a b'), /^taskId is "a b"/],
  ['outcome', (client) => client.outcome(''), /^taskId is ""/],
  ['cancel', (client) => client.cancel(''), /^taskId is ""/],
  [
    'listings.start',
    (client) => client.listings.start({ listingId: 'l', tasks: [{ taskId: '' }] }),
    /^tasks\.0\.taskId is ""/,
  ],
  [
    'listings.addTask',
    (client) => client.listings.addTask('l', wrong({ taskId: 'a', garment: 'b' })),
    /^garment is not/,
  ],
];

describe('wrong input', () => {
  test.each(calls)('of %s is refused before any call', async (_name, call, said) => {
    const { client, touched } = untouched();
    const tryOn = await createTryOnClient({ client });
    await expect(call(tryOn)).rejects.toMatchObject({
      name: 'TryOnInputError',
      code: 'InvalidTryOnInput',
      message: expect.stringMatching(said),
    });
    expect(touched).toEqual([]);
  });

  test('is refused with every problem at once', async () => {
    const tryOn = await createTryOnClient({ client: untouched().client });
    await expect(tryOn.start({ taskId: '', timeoutSeconds: 0, account: 'A' })).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^taskId/),
        expect.stringMatching(/^timeoutSeconds/),
        expect.stringMatching(/^account/),
      ],
    });
  });
});

test('a missing server is an error at once, with address and remedy', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  await expect(connectTemporal({ env: { TEMPORAL_ADDRESS: address } })).rejects.toMatchObject({
    code: 'NoServer',
    message: `no Temporal server answers at ${address}; start one with \`npm run server\` or set TEMPORAL_ADDRESS`,
  });
});

test('the entry loads neither the worker nor the test environment, packages of packages included', async () => {
  const script = `
    const { Module } = await import('node:module');
    const entry = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)});
    console.log(JSON.stringify({ names: Object.keys(entry), loaded: Object.keys(Module._cache) }));`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script]);
  const { names, loaded } = JSON.parse(await text(child.stdout)) as { names: string[]; loaded: string[] };
  expect(names).toEqual(
    expect.arrayContaining(['createTryOnClient', 'createTryOnActivities', 'createVendorClient', 'TryOnClientError']),
  );
  const packages = new Set(loaded.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]));
  expect(packages).toContain('@temporalio/client');
  for (const name of ['worker', 'core-bridge', 'testing']) expect(packages).not.toContain(`@temporalio/${name}`);
});
