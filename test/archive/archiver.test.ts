import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { type ArchiverParts, createArchiver } from '../../src/archive/archiver.js';
import { DownloadError } from '../../src/archive/download-rules.js';
import type { RenditionSpec } from '../../src/archive/rendition-spec.js';
import { type ArchiveStore, StoreError } from '../../src/archive/store.js';
import { pngOf, pngWith } from '../../src/emulator/png.js';
import { allowNothing } from '../../src/providers/guarded-address.js';
import { faultName } from '../support/fault-rows.js';

const png = pngOf('00112233445566778899aabbccddeeff');
const image = { taskId: '19000', id: 'a1', imageUrl: 'https://cdn.example/a?Signature=secret' };

/** A store in memory and downloads that give these bytes. */
function archiverOf(bytes: Buffer | Error, renditions: readonly RenditionSpec[] = [], parts: ArchiverParts = {}) {
  const objects = new Map<string, Buffer>();
  const store: ArchiveStore = {
    name: 'memory',
    locationOf: (key) => `file:///${key}`,
    async create(key, object) {
      const before = objects.get(key);
      if (before !== undefined) return before.equals(object.bytes) ? 'same' : 'other';
      objects.set(key, object.bytes);
      return 'created';
    },
    replace: async (key, object) => void objects.set(key, object.bytes),
    check: async () => 'writable',
    close: () => undefined,
  };
  const downloader = {
    async download() {
      if (bytes instanceof Error) throw bytes;
      return bytes;
    },
    close: async () => undefined,
  };
  const place = { kind: 'file', folder: '/x' } as const;
  const settings = { place, allow: allowNothing, maxBytes: 1_000_000, renditions };
  return { objects, archiver: createArchiver(settings, { store, downloader, ...parts }) };
}

describe('an image', () => {
  test('is stored byte for byte under a key of task, id and the type that its bytes have', async () => {
    const { archiver, objects } = archiverOf(png);
    expect(await archiver.archive(image)).toEqual({
      kind: 'archived',
      archived: {
        location: 'file:///19000/a1.png',
        sha256: createHash('sha256').update(png).digest('hex'),
        bytes: png.length,
        contentType: 'image/png',
        width: 96,
        height: 128,
      },
    });
    expect(objects.get('19000/a1.png')).toEqual(png);
  });

  test.each(['jpeg', 'webp', 'gif', 'avif', 'tiff'] as const)(
    'that is %s gets the extension of that',
    async (format) => {
      const bytes = await sharp(png).toFormat(format).toBuffer();
      const extension = format === 'jpeg' ? 'jpg' : format;
      expect(await archiverOf(bytes).archiver.archive(image)).toMatchObject({
        archived: { location: `file:///19000/a1.${extension}`, contentType: `image/${format}` },
      });
    },
  );

  test('with other bytes under the same id is kept beside the first, and each is found again', async () => {
    const other = pngOf('ff112233445566778899aabbccddeeff');
    const first = archiverOf(png);
    await first.archiver.archive(image);
    const second = archiverOf(other);
    for (const [key, bytes] of first.objects) second.objects.set(key, bytes);
    const beside = `file:///19000/a1-${createHash('sha256').update(other).digest('hex').slice(0, 8)}.png`;
    for (const _ of [1, 2]) {
      expect(await second.archiver.archive(image)).toMatchObject({ archived: { location: beside } });
    }
    expect(second.objects.size).toBe(2);
  });

  test.each([
    ['HTML', Buffer.from('<!doctype html><title>no</title>')],
    ['SVG, which can hold scripts', Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['a ZIP', Buffer.from('504b0304140000000800', 'hex')],
    ['nothing', Buffer.alloc(0)],
    ['a video', Buffer.concat([Buffer.from('00000018667479706d703432', 'hex'), Buffer.alloc(100)])],
  ])(faultName(56, '%s is none'), async (_name, bytes) => {
    const { archiver, objects } = archiverOf(bytes);
    expect(await archiver.archive(image)).toMatchObject({
      error: { layer: 'archive', code: 'NotAnImage' },
      isTransient: false,
    });
    expect(objects.size).toBe(0);
  });

  test(faultName(56, 'one of too many pixels is refused before anything decodes it'), async () => {
    const bomb = pngWith({ width: 20_000, height: 20_000, bitDepth: 1, colourType: 0 }, deflateSync(Buffer.alloc(10)));
    const { archiver, objects } = archiverOf(bomb, [{ format: 'webp', size: 100 }]);
    expect(await archiver.archive(image)).toMatchObject({ error: { code: 'TooLarge' }, isTransient: false });
    expect(objects.size).toBe(0);
  });

  test.each([
    [new DownloadError('Broken', 'cut', true), 'Broken', true],
    [new DownloadError('Expired', 'gone'), 'Expired', false],
    [new StoreError('full'), 'StoreFailed', true],
    [new Error('a bug with https://cdn.example/a?Signature=secret'), 'StoreFailed', true],
  ])('whose %s keeps it away has the code of that', async (error, code, isTransient) => {
    const result = await archiverOf(error).archiver.archive(image);
    expect(result).toMatchObject({ kind: 'failed', error: { layer: 'archive', code }, isTransient });
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});

test('a process handles at most eight images at a time, and fewer where they may be large', async () => {
  let [running, most] = [0, 0];
  const downloader = {
    async download() {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return png;
    },
    close: async () => undefined,
  };
  const { archiver } = archiverOf(png, [], { downloader });
  await Promise.all(Array.from({ length: 40 }, (_, n) => archiver.archive({ ...image, id: `a${n}` })));
  expect(most).toBe(8);
});

describe('a rendition', () => {
  const specs: readonly RenditionSpec[] = [
    { format: 'webp', size: 64 },
    { format: 'jpeg', size: 2048 },
    { format: 'avif', size: 64 },
    { format: 'png', size: 64 },
  ];

  test('is beside its original, within its size and never larger than the original', async () => {
    const { archiver, objects } = archiverOf(png, specs);
    expect(await archiver.archive(image)).toMatchObject({
      archived: {
        renditions: [
          { location: 'file:///19000/a1_64.webp', contentType: 'image/webp', width: 48, height: 64 },
          { location: 'file:///19000/a1_2048.jpg', contentType: 'image/jpeg', width: 96, height: 128 },
          { location: 'file:///19000/a1_64.avif', contentType: 'image/avif', width: 48, height: 64 },
          { location: 'file:///19000/a1_64.png', contentType: 'image/png', width: 48, height: 64 },
        ],
      },
    });
    expect(objects.get('19000/a1.png')).toEqual(png);
  });

  test('is upright: the orientation of a photo is applied, not lost', async () => {
    const sideways = await sharp(png).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const { archiver, objects } = archiverOf(sideways, [{ format: 'jpeg', size: 2048 }]);
    expect(await archiver.archive(image)).toMatchObject({ archived: { renditions: [{ width: 128, height: 96 }] } });
    const { orientation } = await sharp(objects.get('19000/a1_2048.jpg')).metadata();
    expect(orientation ?? 1).toBe(1);
    expect(objects.get('19000/a1.jpg')).toEqual(sideways);
  });

  test('has the colours of its original, in sRGB and marked as such', async () => {
    const wide = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#00ff00' } })
      .withIccProfile('p3')
      .jpeg({ quality: 100 })
      .toBuffer();
    const { archiver, objects } = archiverOf(wide, [{ format: 'png', size: 64 }]);
    await archiver.archive(image);
    const rendition = sharp(objects.get('19000/a1_64.png'));
    expect((await rendition.metadata()).icc?.toString('latin1').replaceAll('\0', '')).toContain('sRGB');
    const [red = 255, green = 0, blue = 255] = await rendition.raw().toBuffer();
    expect([red < 30, green > 220, blue < 30]).toEqual([true, true, true]);
  });

  test('that cannot be made leaves the original archived', async () => {
    const broken = Buffer.concat([png.subarray(0, png.length - 40), Buffer.alloc(40)]);
    const { archiver, objects } = archiverOf(broken, [{ format: 'webp', size: 64 }]);
    expect(await archiver.archive(image)).toMatchObject({
      kind: 'archived',
      archived: { location: 'file:///19000/a1.png', bytes: broken.length },
      renditionError: expect.stringMatching(/./),
    });
    expect([...objects.keys()]).toEqual(['19000/a1.png']);
  });

  test('is left out where workers ended of it; the original is archived', async () => {
    const { archiver, objects } = archiverOf(png, [{ format: 'webp', size: 64 }]);
    expect(archiver.renders).toBe(true);
    expect(await archiver.archive({ ...image, withoutRenditions: true })).toMatchObject({
      kind: 'archived',
      renditionError: expect.stringContaining('workers ended'),
    });
    expect([...objects.keys()]).toEqual(['19000/a1.png']);
  });

  test('that cannot be stored is tried again with its image', async () => {
    const { archiver } = archiverOf(png, [{ format: 'webp', size: 64 }], {
      store: {
        name: 'memory',
        locationOf: (key) => key,
        create: async () => 'created',
        replace: async () => Promise.reject(new StoreError('full')),
        check: async () => '',
        close: () => undefined,
      },
    });
    expect(await archiver.archive(image)).toMatchObject({ error: { code: 'StoreFailed' }, isTransient: true });
  });
});
