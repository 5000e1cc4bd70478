import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { freePort, startDevServer, useOrStartServer } from '../../src/dev-server/temporal-server.js';

const main = fileURLToPath(new URL('../../src/dev-server/main.ts', import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function runServer(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return { child, said: () => said, exit: once(child, 'exit') };
}

const isTaken = async (port: number): Promise<boolean> => {
  const probe = createServer().listen(port, '127.0.0.1');
  const [taken] = await Promise.race([
    once(probe, 'error').then(() => [true]),
    once(probe, 'listening').then(() => [false]),
  ]);
  probe.close();
  return taken as boolean;
};

test('a taken port is one line that names the port and the option, and exit code 1', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  try {
    for (const option of ['--port', '--ui-port', '--http-port']) {
      const others = ['--port', '--ui-port', '--http-port'].filter((name) => name !== option);
      const ports = await Promise.all(others.map(async (name) => [name, String(await freePort())]));
      const { said, exit } = runServer(option, String(port), ...ports.flat());
      expect(await exit).toEqual([1, null]);
      expect(said()).toBe(`port ${port} is taken; give another with ${option}\n`);
    }
  } finally {
    holder.close();
  }
});

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s to its starter ends the server', async (signal) => {
  const [port, uiPort] = [await freePort(), await freePort()];
  const httpPort = await freePort();
  const ports = ['--port', String(port), '--ui-port', String(uiPort), '--http-port', String(httpPort)];
  const { child, said, exit } = runServer(...ports);
  await vi.waitFor(() => expect(said()).toContain(`127.0.0.1:${port}`), { timeout: 60_000 });
  expect((await fetch(`http://127.0.0.1:${uiPort}/`)).status).toBe(200);
  expect(said()).toContain(`HTTP API http://127.0.0.1:${httpPort};`);
  expect((await fetch(`http://127.0.0.1:${httpPort}/api/v1/namespaces/default`)).status).toBe(200);
  expect(await isTaken(port)).toBe(true);
  child.kill(signal);
  await exit;
  await vi.waitFor(async () => expect(await isTaken(port)).toBe(false), { timeout: 30_000 });
});

test('a server that does not come up tells its last words', async () => {
  await expect(startDevServer({ uiPort: false, extraArgs: ['--no-such-flag'] })).rejects.toThrow(/no-such-flag/);
});

test('the server that TEMPORAL_ADDRESS names is used, and left alone at the end', async () => {
  const server = await useOrStartServer({ env: { TEMPORAL_ADDRESS: 'temporal.example:7233' } });
  expect(server).toMatchObject({ address: 'temporal.example:7233', how: 'TEMPORAL_ADDRESS' });
  expect(server.pid).toBeUndefined();
  await server.stop();
});
