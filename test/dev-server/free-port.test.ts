import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from '../../src/dev-server/temporal-server.js';

/** Local ports of this machine's connections that have been closed, as Linux tells. */
const keptBack = (): number[] =>
  readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => /^ *\d+: [\dA-F]{8}:([\dA-F]{4}) \S+ 06 /.exec(line)?.[1])
    .flatMap((hex) => (hex === undefined ? [] : [Number.parseInt(hex, 16)]));

test('a free port is kept back from everybody else, and can be listened on', async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  expect(new Set(ports).size).toBe(3);
  if (process.platform === 'linux') expect(keptBack()).toEqual(expect.arrayContaining(ports));
  for (const port of ports) {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  }
});
