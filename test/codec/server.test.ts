/** Limits of the codec server, over real HTTP; what it does is in `test/server/codec-server.test.ts`. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createEncryptionCodec } from '../../src/codec/payload-codec.js';
import { type CodecServerOptions, codecServerLimits, startCodecServer } from '../../src/codec/server.js';
import { faultName } from '../support/fault-rows.js';

async function serve(options: Partial<CodecServerOptions> = {}): Promise<string> {
  const codec = createEncryptionCodec({ keys: `a:${Buffer.alloc(32, 'a').toString('base64')}` });
  const server = await startCodecServer({ codec, allowedOrigins: [], token: () => undefined, ...options });
  onTestFinished(server.close);
  return server.url;
}

/** Sends a body; gives the answer and the processor time of all of it, the client's included. */
async function send(url: string, body: string) {
  const before = process.cpuUsage();
  const response = await fetch(`${url}/encode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  const { user, system } = process.cpuUsage(before);
  return { status: response.status, text, cpuMs: (user + system) / 1000 };
}

const { payloads, values, bodyBytes } = codecServerLimits;
const many = (count: number, one: string) => Array<string>(count).fill(one).join(',');
const filled = (begin: string, one: string, end: string): string =>
  `${begin}${many(Math.floor((bodyBytes - begin.length - end.length) / (one.length + 1)), one)}${end}`;

test.each([
  ['empty payloads', filled('{"payloads":[', '{}', ']}'), 413],
  ['payloads that are none', filled('{"payloads":[', '1', ']}'), 413],
  ['fields beside the payloads', filled('{"payloads":[],', '"a":0', '}'), 413],
  ['nested lists', '['.repeat(bodyBytes), 413],
  ['metadata', filled('{"payloads":[{"metadata":{', '"a":"YQ=="', '}}]}'), 413],
  ['one more payload than it takes', `{"payloads":[${many(payloads + 1, '{}')}]}`, 413],
  ['as many payloads as it takes', `{"payloads":[${many(payloads, '{}')}]}`, 200],
  ['as many values as it takes, all wrong', `{"payloads":[{"metadata":{${many(values - 5, '"a":7')}}}]}`, 400],
  ['as many levels as it takes', `{"payloads":${'['.repeat(values - 1)}${']'.repeat(values - 1)}}`, 200],
  ['one long text that is no Base64', `{"payloads":[{"data":"${'é'.repeat(bodyBytes / 2 - 50)}"}]}`, 400],
])(faultName(82, 'a body for the codec server full of %s'), async (_what, body, expected) => {
  const { status, cpuMs } = await send(await serve(), body);
  expect(status).toBe(expected);
  // Before, 16.5 MB of empty payloads took 72 s and then all memory. The margin is for a busy machine.
  expect(cpuMs).toBeLessThan(2_000);
});

test(faultName(82, 'a body for the codec server that does not arrive is not waited for'), async () => {
  const { hostname, port } = new URL(await serve({ requestMs: 200 }));
  const socket = connect(Number(port), hostname);
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write('POST /decode HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 408 /);
});
