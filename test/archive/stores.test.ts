import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createFileStore } from '../../src/archive/file-store.js';
import { loadS3, type S3Api, type S3Failure, type S3Put } from '../../src/archive/s3-api.js';
import { createS3Store } from '../../src/archive/s3-store.js';
import type { StoredObject } from '../../src/archive/store.js';

const object = (text: string): StoredObject => ({
  bytes: Buffer.from(text),
  sha256: createHash('sha256').update(text).digest('hex'),
  contentType: 'image/png',
});

describe('a folder', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'tryon-store-'));
  });
  afterAll(async () => await rm(root, { recursive: true, force: true }));

  test('takes an object once, knows the same again, and never overwrites', async () => {
    const store = createFileStore(root);
    expect(await store.create('t1/a.png', object('one'))).toBe('created');
    expect(await store.create('t1/a.png', object('one'))).toBe('same');
    expect(await store.create('t1/a.png', object('two'))).toBe('other');
    expect(await readFile(join(root, 't1/a.png'), 'utf8')).toBe('one');
    await store.replace('t1/a.png', object('three'));
    expect(await readFile(join(root, 't1/a.png'), 'utf8')).toBe('three');
    expect(await readdir(join(root, '.parts'))).toEqual([]);
  });

  test('takes one of many writers of a key', async () => {
    const store = createFileStore(root);
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => store.create('t2/a.png', object(`${n}`))));
    expect(results.filter((one) => one === 'created')).toHaveLength(1);
    expect(results.filter((one) => one === 'other')).toHaveLength(19);
  });

  test('lasts through a power cut: the bytes are synced before they get their name, each new name after it', async () => {
    const own = join(root, 'new', 'synced');
    const probe = await open(root, 'r');
    const handles = Object.getPrototypeOf(probe);
    await probe.close();
    const { sync } = handles;
    const synced: string[] = [];
    const spy = vi.spyOn(handles, 'sync').mockImplementation(function (this: { fd: number }) {
      const names = (readdirSync(own, { recursive: true }) as string[]).includes(join('t', 'a.png'));
      synced.push(`${relative(root, readlinkSync(`/proc/self/fd/${this.fd}`))}${names ? ', named' : ''}`);
      return sync.call(this);
    });
    try {
      await createFileStore(own).create('t/a.png', object('one'));
    } finally {
      spy.mockRestore();
    }
    expect(synced.map((path) => path.replace(/\.parts\/.+?(,|$)/, 'part$1'))).toEqual([
      ...['new/synced', 'new', ''],
      ...['new/synced/part', 'new/synced/t, named', 'new/synced, named'],
    ]);
  });

  test('removes what processes that died left behind, and nothing younger', async () => {
    const own = join(root, 'stale');
    await mkdir(join(own, '.parts'), { recursive: true });
    await writeFile(join(own, '.parts/old'), 'half');
    await writeFile(join(own, '.parts/young'), 'half');
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(join(own, '.parts/old'), twoHoursAgo, twoHoursAgo);
    await createFileStore(own).create('t/a.png', object('one'));
    expect(await readdir(join(own, '.parts'))).toEqual(['young']);
  });

  test('says what is wrong where it cannot write, and works once it can', async () => {
    const place = join(root, 'file');
    await writeFile(place, '');
    const store = createFileStore(place);
    await expect(store.create('t/a.png', object('one'))).rejects.toThrow(
      /cannot write into .*file \(E\w+\); see its rights/,
    );
    await rm(place);
    expect(await store.create('t/a.png', object('one'))).toBe('created');
  });

  test('gives locations as URLs, in which a key with % stays what it is', () => {
    const location = createFileStore('/var/im ages').locationOf('19000%3A1/a.png');
    expect(location).toBe('file:///var/im%20ages/19000%253A1/a.png');
  });

  test('is checked by a write that leaves nothing behind', async () => {
    const own = join(root, 'checked');
    expect(await createFileStore(own).check()).toBe('writable');
    expect(await readdir(own)).toEqual(['.parts']);
  });
});

/** S3 in memory. `isConditional`: heeds If-None-Match. `answers`: failures to give first. */
function fakeS3({ isConditional = true, answers = [] as (S3Failure | undefined)[] } = {}) {
  const objects = new Map<string, S3Put>();
  const calls: string[] = [];
  const api: S3Api = {
    async put(put) {
      calls.push(`put${put.ifAbsent ? ' if absent' : ''}`);
      const failure = answers.shift();
      if (failure !== undefined) return failure;
      if (put.ifAbsent && isConditional && objects.has(put.key)) return { status: 412, code: 'PreconditionFailed' };
      objects.set(put.key, put);
      return undefined;
    },
    async head(key) {
      calls.push('head');
      const found = objects.get(key);
      return found === undefined
        ? { status: 404, code: 'NotFound' }
        : { bytes: found.bytes.length, sha256: found.sha256 };
    },
    async remove(key) {
      objects.delete(key);
      return undefined;
    },
    close: () => undefined,
  };
  const pauses: number[] = [];
  const pause = async (ms: number) => pauses.push(ms);
  return {
    api,
    answers,
    objects,
    calls,
    pauses,
    store: createS3Store(async () => api, { bucket: 'shop', prefix: 'x' }, pause),
  };
}

describe('a bucket', () => {
  test.each([true, false])(
    'takes an object once and never overwrites; If-None-Match is heeded: %s',
    async (isConditional) => {
      const { store, objects } = fakeS3({ isConditional });
      for (const key of ['t/a.png', 't/b.png']) {
        expect(await store.create(key, object('one'))).toBe('created');
        expect(await store.create(key, object('one'))).toBe('same');
        expect(await store.create(key, object('two'))).toBe('other');
        expect(String(objects.get(`x/${key}`)?.bytes)).toBe('one');
      }
    },
  );

  test('costs one call an image once it is known that the server heeds If-None-Match', async () => {
    const { store, calls } = fakeS3();
    await store.create('t/a.png', object('one'));
    expect(calls.splice(0)).toEqual(['head', 'put if absent', 'put if absent']);
    await store.create('t/b.png', object('two'));
    expect(calls).toEqual(['put if absent']);
  });

  test('never overwrites with its first write what another writer stored meanwhile', async () => {
    const { store, objects, api } = fakeS3();
    const { head } = api;
    api.head = async (key) => {
      const found = await head(key);
      objects.set(key, { ...object('other'), key, ifAbsent: true });
      api.head = head;
      return found;
    };
    expect(await store.create('t/a.png', object('one'))).toBe('other');
    expect(String(objects.get('x/t/a.png')?.bytes)).toBe('other');
  });

  test('that no longer takes the header is asked before each write from then on', async () => {
    const { store, calls, answers } = fakeS3();
    await store.create('t/a.png', object('one'));
    answers.push({ status: 501, code: 'NotImplemented' });
    expect(await store.create('t/b.png', object('one'))).toBe('created');
    calls.length = 0;
    expect(await store.create('t/c.png', object('one'))).toBe('created');
    expect(calls).toEqual(['head', 'put']);
  });

  test.each([
    [[{ status: 501, code: 'NotImplemented' }]],
    [[{ status: 400, code: 'NotImplemented' }]],
    [[undefined, undefined]],
  ])('is asked before each write where the server does not heed it (%j)', async (answers) => {
    const { store, calls } = fakeS3({ isConditional: false, answers });
    await store.create('t/a.png', object('one'));
    calls.length = 0;
    expect(await store.create('t/b.png', object('two'))).toBe('created');
    expect(calls).toEqual(['head', 'put']);
  });

  test('that answers 409 is asked again, with longer pauses', async () => {
    const conflict = { status: 409, code: 'ConditionalRequestConflict' };
    const { store, pauses } = fakeS3({ answers: [undefined, undefined, conflict, conflict] });
    await store.create('t/a.png', object('one'));
    expect(await store.create('t/b.png', object('two'))).toBe('created');
    expect(pauses).toEqual([200, 400]);
  });

  test.each([
    [{ status: 403, code: 'AccessDenied' }, 's3://shop/x answered AccessDenied, HTTP 403; allow s3:PutObject'],
    [{ status: 404, code: 'NoSuchBucket' }, 's3://shop/x answered NoSuchBucket, HTTP 404; make the bucket'],
    [{ code: 'ECONNREFUSED' }, 's3://shop/x does not answer (ECONNREFUSED)'],
  ])('that fails with %j is named with its remedy', async (failure, message) => {
    const { store } = fakeS3({ answers: [failure] });
    await expect(store.create('t/a.png', object('one'))).rejects.toThrow(message);
  });

  test('whose server hangs fails within the limit, and the message has no key', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'access-key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret-key');
    const limits = { connectMs: 1_000, answerMs: 100 };
    const store = createS3Store(() => loadS3('shop', undefined, process.env, limits), { bucket: 'shop', prefix: 'x' });
    try {
      const error: Error = await store.create('t/a.png', object('one')).then(
        () => new Error('it was stored'),
        (reason: Error) => reason,
      );
      expect(error).toMatchObject({ name: 'StoreError', message: 's3://shop/x does not answer (ETIMEDOUT)' });
    } finally {
      vi.unstubAllEnvs();
      store.close();
      server.closeAllConnections();
      server.close();
    }
  });

  test('gives s3: locations', () => {
    expect(fakeS3().store.locationOf('19000%3A1/a.png')).toBe('s3://shop/x/19000%253A1/a.png');
  });

  test.each([
    [true, 'writable'],
    [false, 'writable; it ignores If-None-Match, so workers ask before each write'],
  ])('is checked by writes that leave nothing behind', async (isConditional, found) => {
    const { store, objects } = fakeS3({ isConditional });
    expect(await store.check()).toBe(found);
    expect(objects.size).toBe(0);
  });
});
