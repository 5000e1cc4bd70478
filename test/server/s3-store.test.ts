import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadS3 } from '../../src/archive/s3-api.js';
import { createS3Store } from '../../src/archive/s3-store.js';
import type { ArchiveStore, StoredObject } from '../../src/archive/store.js';
import { type S3Server, startS3 } from '../support/s3-server.js';

let s3: S3Server;
const before = { ...process.env };
const stores: ArchiveStore[] = [];
beforeAll(async () => {
  s3 = await startS3();
  Object.assign(process.env, s3.env);
});
afterAll(async () => {
  process.env = before;
  for (const store of stores) store.close();
  await s3.stop();
});

const object = (text: string): StoredObject => ({
  bytes: Buffer.from(text),
  sha256: createHash('sha256').update(text).digest('hex'),
  contentType: 'image/png',
});

function storeOf(prefix: string): ArchiveStore {
  const { bucket } = s3;
  const store = createS3Store(() => loadS3(bucket, undefined), { bucket, prefix });
  stores.push(store);
  return store;
}

test('a real S3 server takes an object once, knows the same again, and never overwrites', async () => {
  const store = storeOf("a folder/(b)'s");
  for (const key of ['19000%3A1/a.png', '19000%3A1/b.png']) {
    expect(await store.create(key, object('one'))).toBe('created');
    expect(await store.create(key, object('one'))).toBe('same');
    expect(await store.create(key, object('two'))).toBe('other');
    expect(String(await s3.read(`a folder/(b)'s/${key}`))).toBe('one');
  }
  await store.replace('19000%3A1/a.png', object('three'));
  expect(String(await s3.read("a folder/(b)'s/19000%3A1/a.png"))).toBe('three');
});

test('of many writers of a key, each its first, one wins', async () => {
  const writers = Array.from({ length: 8 }, (_, n) => storeOf('race').create('t/a.png', object(`${n}`)));
  const results = await Promise.all(writers);
  expect(results.filter((result) => result === 'created')).toHaveLength(1);
  expect(results.filter((result) => result === 'other')).toHaveLength(7);
  expect(String(await s3.read('race/t/a.png'))).toBe(String(results.indexOf('created')));
});

test('bytes that are not those of their checksum are refused, and nothing is there', async () => {
  const wrong = { ...object('one'), sha256: object('two').sha256 };
  await expect(storeOf('wrong').replace('t/a.png', wrong)).rejects.toThrow(/answered \w+, HTTP 400/);
  expect(await s3.keys()).not.toContain('wrong/t/a.png');
});

test('the check writes, reads and leaves nothing behind', async () => {
  expect(await storeOf('checked').check()).toBe('writable');
  expect((await s3.keys()).filter((key) => key.startsWith('checked/'))).toEqual([]);
});

test('a wrong secret key is named with its remedy, and is not shown', async () => {
  process.env.AWS_SECRET_ACCESS_KEY = 'not-the-secret';
  try {
    const error: Error = await storeOf('x')
      .check()
      .then(
        () => new Error('it was writable'),
        (reason: Error) => reason,
      );
    expect(error.message).toMatch(/SignatureDoesNotMatch, HTTP 403; correct AWS_SECRET_ACCESS_KEY/);
    expect(error.message).not.toContain('not-the-secret');
  } finally {
    Object.assign(process.env, s3.env);
  }
});

test('a server that was killed is an error of the store, which works again once it is back', async () => {
  const store = storeOf('killed');
  expect(await store.create('t/a.png', object('one'))).toBe('created');
  await s3.kill();
  await expect(store.create('t/b.png', object('one'))).rejects.toThrow(/does not answer \(\w+\)/);
  await s3.restart();
  expect(await store.create('t/b.png', object('one'))).toBe('created');
  expect(await store.create('t/a.png', object('one'))).toBe('same');
});
