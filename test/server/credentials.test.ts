/** Credentials of the connection to Temporal that change while a worker runs: an API key in its file, and client certificates. */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { createTryOnClient } from '../../src/client/client.js';
import { grpcCode, grpcStatus } from '../../src/temporal/grpc.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { readConnectSettings, watchCredentials } from '../../src/worker/credentials.js';
import { startCli } from '../cli/run-cli.js';
import { quiet, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';
import { startTlsProxy, type TlsProxy } from './tls-proxy.js';

let directory: string;
let emulator: Emulator;
const proxies: TlsProxy[] = [];
beforeAll(async () => {
  quiet();
  directory = await mkdtemp(join(tmpdir(), 'tryon-credentials-'));
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const proxy of proxies) await proxy.close();
  await emulator?.close();
  await rm(directory, { recursive: true });
});
const write = async (name: string, text: string): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
};

test('an API key that expires is replaced by the one in its file, without a new connection', async () => {
  let accepted = 'key-1';
  const proxy = await startTlsProxy({ target: inject('temporal').address, apiKey: () => accepted });
  proxies.push(proxy);
  const env = {
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: await write('keyed-ca.pem', proxy.authority.cert),
    TRYON_TEMPORAL_API_KEY_FILE: await write('api-key', 'key-1\n'),
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const initial = readConnectSettings();
  const connection = await NativeConnection.connect(initial.connectionOptions);
  const watch = watchCredentials({ connection, initial, everyMs: 50 });
  const client = await createTryOnClient({ env: process.env });
  const call = () => connection.workflowService.getSystemInfo({});
  await call();
  accepted = 'key-2';
  await expect(call().catch((error: unknown) => grpcCode(error))).resolves.toBe(grpcStatus.unauthenticated);
  await write('api-key', 'key-2\n');
  await until(async () =>
    call().then(
      () => true,
      () => false,
    ),
  );
  // A client reads the file again after 10 s.
  await until(async () =>
    client.temporal.workflowService.getSystemInfo({}).then(
      () => true,
      () => false,
    ),
  );
  watch.stop();
  await client.close();
  await connection.close();
});

test('a worker whose client certificate changes goes on with new workers', async () => {
  const proxy = await startTlsProxy({ target: inject('temporal').address, clientCertificate: true });
  proxies.push(proxy);
  const issue = async (): Promise<void> => {
    const { cert, key } = proxy.authority.issue('client');
    await write('client.pem', cert);
    await write('client.key', key);
  };
  await issue();
  const taskQueue = `credentials-${randomUUID()}`;
  const env = {
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: await write('ca.pem', proxy.authority.cert),
    TEMPORAL_TLS_CLIENT_CERT_PATH: join(directory, 'client.pem'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: join(directory, 'client.key'),
  };
  const worker = startCli(['worker'], {
    ...workerEnv(emulator, taskQueue),
    ...env,
    TRYON_METRICS_ADDRESS: '127.0.0.1:0',
  });
  await worker.until('running on');
  await issue();
  await worker.until('the certificates for Temporal have changed: new workers use them');
  const client = await createTryOnClient({ env: { ...process.env, ...env }, taskQueue });
  const outcome = await client.waitFor({ taskId: emulator.addTask({ durationSeconds: 0.5 }) });
  expect(outcome.status).toBe('finished');
  await client.close();
  worker.child.kill('SIGTERM');
  const { code, err } = await worker.ended;
  expect(code, err).toBe(0);
  expect(err).not.toMatch(/PRIVATE KEY/);
});
