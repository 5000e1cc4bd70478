import { expect, test } from 'vitest';
import { parseRenditions } from '../../src/archive/rendition-spec.js';
import { parseStorePlace, readArchive } from '../../src/archive/settings.js';

test.each([
  ['file:///var/images', { kind: 'file', folder: '/var/images' }],
  ['file:///var/a%20b', { kind: 'file', folder: '/var/a b' }],
  ['file://localhost/var/images', { kind: 'file', folder: '/var/images' }],
  ['s3://shop', { kind: 's3', bucket: 'shop', prefix: '' }],
  ['s3://shop/try-on/2026/', { kind: 's3', bucket: 'shop', prefix: 'try-on/2026' }],
  ['s3://shop/x?style=virtual', { kind: 's3', bucket: 'shop', prefix: 'x', style: 'virtual' }],
])('%s is a place for images', (text, place) => {
  expect(parseStorePlace(text)).toEqual(place);
});

test.each([
  'images',
  '/var/images',
  'file:///',
  'file://host/images',
  'file:images',
  'http://bucket/prefix',
  's3://',
  's3://b',
  's3://key:secret@shop/x',
  's3://shop:9000/x',
  's3://shop/a//b',
  's3://shop/a/..%2Fb',
  's3://shop/%ff',
  's3://shop/x?style=both',
  's3://shop/x?endpoint=http://minio',
  's3://shop/x#y',
])('%s is none', (text) => {
  const place = parseStorePlace(text);
  expect(place).toEqual({ problem: expect.stringMatching(/^TRYON_ARCHIVE .+; give file:\/\/\/folder or s3:/) });
  expect(JSON.stringify(place)).not.toContain('secret');
});

test('without TRYON_ARCHIVE there is no archive', () => {
  expect(readArchive({ TRYON_ARCHIVE: ' ', TRYON_RENDITIONS: 'webp:1024' })).toEqual({ problems: [] });
});

test('defaults are those of the contract', () => {
  expect(readArchive({ TRYON_ARCHIVE: 's3://shop' })).toMatchObject({
    archive: { maxBytes: 33_554_432, renditions: [], allow: { hosts: [], ranges: [] } },
    problems: [],
  });
});

test('every wrong variable is named with its remedy', () => {
  const { problems } = readArchive({
    TRYON_ARCHIVE: 'ftp://x',
    TRYON_ARCHIVE_ALLOW: '10.0.0.0/8,10.0.0.0/99',
    TRYON_ARCHIVE_MAX_BYTES: '1e9',
    TRYON_RENDITIONS: 'gif:100',
  });
  expect(problems).toEqual([
    expect.stringMatching(/^TRYON_ARCHIVE_ALLOW has "10.0.0.0\/99"; give/),
    expect.stringMatching(/^TRYON_ARCHIVE_MAX_BYTES is "1e9"; give/),
    expect.stringMatching(/^TRYON_RENDITIONS has "gif:100"; give/),
    expect.stringMatching(/^TRYON_ARCHIVE begins with ftp:; give/),
  ]);
});

test('renditions are read once each', () => {
  expect(parseRenditions(' webp:1024, JPEG:2048,webp:1024')).toEqual({
    renditions: [
      { format: 'webp', size: 1024 },
      { format: 'jpeg', size: 2048 },
    ],
    problems: [],
  });
});

test.each(['webp', 'webp:', 'webp:15', 'webp:8193', 'webp:1e3', 'webp:10:20', 'toString:100', 'webp:-5'])(
  'the rendition %s is refused',
  (text) => {
    expect(parseRenditions(text)).toMatchObject({ renditions: [], problems: { length: 1 } });
  },
);

test('at most five renditions are made', () => {
  expect(parseRenditions('webp:16,webp:17,webp:18,webp:19,webp:20,webp:21').problems).toHaveLength(1);
});
