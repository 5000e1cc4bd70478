import { crc32, inflateSync } from 'node:zlib';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { pngOf } from '../../src/emulator/png.js';
import type { Emulator } from '../../src/testing.js';
import { query } from './signed-call.js';
import { useEmulators } from './use-emulator.js';

const start = useEmulators();

/** The chunks of a PNG. Checks each checksum. */
function chunksOf(png: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(png.subarray(at + 4, at + 8 + length)));
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

async function firstImage(emulator: Emulator, taskId: string): Promise<string> {
  return (await query(emulator, taskId)).data.taskResult[0].taskResult.result.imageList[0].imageUrl;
}

test('an image is a valid PNG, and another id gives other bytes', () => {
  const png = pngOf('00112233445566778899aabbccddeeff');
  expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const chunks = chunksOf(png);
  expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'IDAT', 'IEND']);
  const [header, pixels] = chunks;
  expect([header?.data.readUInt32BE(0), header?.data.readUInt32BE(4), header?.data[8], header?.data[9]]).toEqual([
    96, 128, 8, 2,
  ]);
  const raw = inflateSync(pixels?.data ?? Buffer.alloc(0));
  expect(raw.length).toBe(128 * (96 * 3 + 1));
  expect(new Set(Array.from({ length: 128 }, (_, row) => raw[row * (96 * 3 + 1)]))).toEqual(new Set([0]));
  expect(pngOf('00112233445566778899aabbccddeef0').equals(png)).toBe(false);
  expect(pngOf('00112233445566778899aabbccddeeff').equals(png)).toBe(true);
});

test('an image URL has the form of the published samples, and the image is served', async () => {
  const emulator = await start();
  const imageUrl = await firstImage(emulator, emulator.addTask({ script: 'finished' }));
  expect(imageUrl.slice(emulator.url.length)).toMatch(
    /^\/images\/\w+%2Ftry_on%2F[0-9a-f]{32}_\d{14}\.png\?OSSAccessKeyId=\w+&Expires=\d+&Signature=[\w%]+%3D$/,
  );
  const answer = await request(imageUrl);
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'image/png']);
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  expect(chunksOf(bytes)).toHaveLength(3);
  expect(emulator.stats.images).toBe(1);
});

test('the garment photo of an image is served', async () => {
  const emulator = await start();
  const reply = await query(emulator, emulator.addTask({ script: 'finished' }));
  const answer = await request(reply.data.taskResult[1].taskResult.result.imageList[0].clothes);
  expect(answer.statusCode).toBe(200);
  await answer.body.dump();
});

test('an image URL is refused after its expiry, and always if it was changed', async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  const emulator = await start({ nowMs: () => nowMs, imageTtlSeconds: 600 });
  const taskId = emulator.addTask({ durationSeconds: 0 });
  const reply = await query(emulator, taskId, { atMs: nowMs });
  const imageUrl: string = reply.data.taskResult[0].taskResult.result.imageList[0].imageUrl;
  expect(imageUrl).toContain('_20260101080000.png'); // the vendor's stamps are in UTC+8
  const statusOf = async (url: string): Promise<readonly [number, string]> => {
    const { statusCode, body } = await request(url);
    const text = await body.text();
    return [statusCode, /<Code>(\w+)</.exec(text)?.[1] ?? ''];
  };
  nowMs += 600_000;
  expect((await statusOf(imageUrl))[0]).toBe(200);
  nowMs += 1000;
  expect(await statusOf(imageUrl)).toEqual([403, 'AccessDenied']);
  expect(await statusOf(imageUrl.replace(/Expires=\d+/, 'Expires=9999999999'))).toEqual([403, 'SignatureDoesNotMatch']);
  expect(await statusOf(imageUrl.replace(/[0-9a-f](?=_\d{14})/, 'x'))).toEqual([403, 'SignatureDoesNotMatch']);
});
