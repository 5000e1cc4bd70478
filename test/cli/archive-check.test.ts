import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckResult } from '../../src/cli/check-result.js';
import { runChecks } from '../../src/cli/checks.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-doctor-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

async function archiveCheck(env: Record<string, string>): Promise<CheckResult | undefined> {
  for await (const check of runChecks({ TEMPORAL_ADDRESS: '127.0.0.1:1', ...env }, new AbortController().signal)) {
    if (check.name === 'archive') return check;
    if (check.name === 'Temporal server') return undefined;
  }
  return undefined;
}

describe('doctor, about the archive,', () => {
  test('writes to the store and leaves nothing behind', async () => {
    expect(await archiveCheck({ TRYON_ARCHIVE: `file://${folder}/images` })).toMatchObject({
      result: 'ok',
      detail: `file://${folder}/images is writable`,
    });
    expect(await readdir(join(folder, 'images'))).toEqual(['.parts']);
  });

  test('names a store that cannot be written to, with the remedy', async () => {
    const place = join(folder, 'file');
    await writeFile(place, '');
    expect(await archiveCheck({ TRYON_ARCHIVE: `file://${place}` })).toMatchObject({
      result: 'fail',
      detail: expect.stringContaining(`cannot write into ${place}`),
      remedy: expect.stringContaining('see its rights'),
    });
  });

  test('names an S3 server that does not answer, and no key', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret-of-the-test' };
    const before = { ...process.env };
    Object.assign(process.env, keys, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
    try {
      const check = await archiveCheck({ TRYON_ARCHIVE: 's3://shop/x' });
      expect(check).toMatchObject({ result: 'fail', detail: expect.stringContaining('s3://shop/x does not answer') });
      expect(JSON.stringify(check)).not.toContain('secret-of-the-test');
    } finally {
      process.env = before;
    }
  });

  test('says nothing where none is set', async () => {
    expect(await archiveCheck({})).toBeUndefined();
  });
});
