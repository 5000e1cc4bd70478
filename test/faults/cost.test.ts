/** The CPU time of the dearest bodies that a vendor can send. The limits have a wide margin: a busy machine measures more. */
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/contract.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { readBody, textOf } from '../../src/providers/body.js';
import { readReply } from '../../src/providers/read-reply.js';
import { redactor } from '../../src/providers/redact.js';
import { faultName } from '../support/fault-rows.js';

const size = limits.replyBytes;
const redact = redactor(['5123457', 'top+secret/value==abc', 'A'.repeat(64)]);

/** The least CPU time of three runs, in milliseconds. */
const cpuMs = async (work: () => unknown): Promise<number> => {
  const times: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1_000);
  }
  return Math.min(...times);
};

const filled = (unit: string, length = size): string => unit.repeat(Math.floor(length / unit.length));

describe('decoding', () => {
  const full = (unit: Buffer) => Buffer.alloc(size - (size % unit.length), unit);
  test.each<[string, string, Buffer, string]>([
    ['gzip that inflates beyond the maximum', 'gzip', full(gzipSync(Buffer.alloc(1_000_000))), 'tooLarge'],
    ['gzip that inflates to just the maximum', 'gzip', gzipSync(Buffer.alloc(size)), 'text'],
    ['gzip members that decode to nothing', 'gzip', full(gzipSync('')), 'text'],
    ['brotli that inflates beyond the maximum', 'br', brotliCompressSync(Buffer.alloc(50_000_000)), 'tooLarge'],
    ['raw DEFLATE, stored', 'deflate', deflateRawSync(Buffer.alloc(size - 1_000), { level: 0 }), 'text'],
  ])(faultName(82, '%s'), async (_name, contentEncoding, bytes, kind) => {
    const read = () => {
      const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, at) =>
        bytes.subarray(at * 65_536, (at + 1) * 65_536),
      );
      return readBody(Readable.from(chunks), { contentEncoding, contentType: '', contentLength: '' }, size);
    };
    expect((await read()).kind).toBe(kind);
    expect(await cpuMs(read)).toBeLessThan(100);
  });

  test.each(['gbk', 'iso-2022-jp', 'windows-1252'])(
    faultName(82, 'text that is not UTF-8, said to be %s'),
    async (charset) => {
      const bytes = Buffer.alloc(size, 'é', 'latin1');
      expect(await cpuMs(() => textOf(bytes, `text/html; charset=${charset}`))).toBeLessThan(100);
    },
  );
});

describe('redaction', () => {
  const units = ['/', 'a:', 'http://', 'sign=', '\\', '%253d', '&#61;', 'a.', '//?', 'sign\\', '5123456', 'access-'];
  test.each([...units, 'top+secret/valu', 'sign"    ', 'A', '\\\\\\u002', '\\u002f'])(
    faultName(82, 'a text of %j'),
    async (unit) => {
      // The most of a body that is redacted.
      expect(await cpuMs(() => redact(filled(unit, 16 * 1024)))).toBeLessThan(100);
    },
  );
});

describe('a reply of the maximum size', () => {
  const imagesOf = (imageAt: (index: number) => string) => {
    const images: string[] = [];
    for (let left = size - 200, index = 0; left > 0; index += 1) {
      images.push(imageAt(index));
      left -= (images.at(-1)?.length ?? 0) + 1;
    }
    return `{"data":{"taskStatus":"finished","taskResult":[{"taskStatus":"finished","imageList":[${images}]}]}}`;
  };
  const listOf = (unit: string) =>
    `{"data":{"taskStatus":"finished","taskResult":[${filled(`${unit},`, size - 200).slice(0, -1)}]}}`;
  const fields = () => {
    let text = '';
    for (let index = 0; text.length < size - 200; index += 1) text += `"k${index}":1,`;
    return `{"data":{"taskStatus":"finished","taskResult":[{${text.slice(0, -1)}}]}}`;
  };

  test.each<[string, () => string]>([
    ['images', () => imagesOf((index) => `"a://${index}"`)],
    ['images with parameters', () => imagesOf((index) => `"a://${index}?${'k&'.repeat(31)}"`)],
    ['images with clothes', () => imagesOf((index) => `{"url":"a://${index}","clothes":"x"}`)],
    ['sub-tasks', () => listOf('{}')],
    ['fields', fields],
    ['texts that begin like JSON', () => listOf('"[1,1"')],
    ['one text that begins like JSON', () => `{"data":{"taskResult":"${filled('[', size / 2)}"}}`],
    ['nesting', () => `{"data":${'['.repeat(size / 2 - 50)}${']'.repeat(size / 2 - 50)}}`],
    ['task ids', () => `{"task_id":${filled('"task_id":1234567890123456 ,', size - 200)}}`],
    ['a number without end', () => `{"task_id":${'1'.repeat(size - 200)} x}`],
    ['a message', () => `{"code":"x","message":"${filled('http://a', size - 200)}"}`],
    ['a page', () => filled('<a href="http://x?y=1&sign=2">')],
  ])(faultName(82, 'a reply of %s'), async (_name, textWith) => {
    const text = textWith();
    const parse = await cpuMs(() => {
      try {
        JSON.parse(text);
      } catch {
        // Its time is what matters.
      }
    });
    const read = () => readReply({ kind: 'body', facts: { httpStatus: 200 }, text }, tryOnApi, redact);
    // JSON.parse alone takes up to 370 ms for 4 MiB, so a reply cannot stay under 100 ms. What is ours takes up to 250 ms.
    expect(await cpuMs(read)).toBeLessThan(2 * parse + 750);
  });
});
