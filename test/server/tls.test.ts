/** Temporal behind TLS, set up by its own environment variables: client certificates, API key, and what is said where they do not fit. */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnClient } from '../../src/client/client.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { builtWorker } from '../support/bundles.js';
import { type Program, type Programs, programs } from '../support/programs.js';
import { workerEnv } from '../support/stack.js';
import { anAuthority } from './certificates.js';
import { startTlsProxy, type TlsProxy } from './tls-proxy.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = await builtWorker('cli/main.ts');
const apiKey = 'api-key-91c2e5d7f0';

let directory: string;
let emulator: Emulator;
let mutual: TlsProxy;
let keyed: TlsProxy;
let started: Programs;
let files: Record<'ca' | 'cert' | 'key' | 'keyedCa' | 'otherCa' | 'otherCert' | 'otherKey' | 'noPem', string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tryon-tls-'));
  const { address: target } = inject('temporal');
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
  mutual = await startTlsProxy({ target, clientCertificate: true });
  keyed = await startTlsProxy({ target, apiKey });
  started = programs();
  const [client, other] = [mutual.authority.issue('client'), anAuthority('another CA')];
  const stranger = other.issue('client');
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  };
  files = {
    ca: await write('ca.pem', mutual.authority.cert),
    cert: await write('client.pem', client.cert),
    key: await write('client.key', client.key),
    keyedCa: await write('keyed-ca.pem', keyed.authority.cert),
    otherCa: await write('other-ca.pem', other.cert),
    otherCert: await write('other.pem', stranger.cert),
    otherKey: await write('other.key', stranger.key),
    noPem: await write('no.pem', 'hello'),
  };
});

afterAll(async () => {
  await started?.stop();
  await mutual?.close();
  await keyed?.close();
  await emulator?.close();
  await rm(directory, { recursive: true });
});

type Env = Record<string, string>;

const mutualEnv = (): Env => ({
  TEMPORAL_ADDRESS: mutual.address,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.ca,
  TEMPORAL_TLS_CLIENT_CERT_PATH: files.cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: files.key,
});
const keyedEnv = (): Env => ({
  TEMPORAL_ADDRESS: keyed.address,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.keyedCa,
  TEMPORAL_API_KEY: apiKey,
});

const startWorker = (env: Env, taskQueue: string): Program =>
  started.start(process.execPath, [main, 'worker'], {
    cwd: root,
    env: { ...workerEnv(emulator, taskQueue), TRYON_LOG_LEVEL: 'DEBUG', ...env },
  });
const clientOf = (env: Env, taskQueue: string) => createTryOnClient({ env: { ...process.env, ...env }, taskQueue });

describe.each([
  { how: 'a client certificate', env: mutualEnv, proxy: () => mutual },
  { how: 'an API key over TLS', env: keyedEnv, proxy: () => keyed },
])('with $how', ({ env, proxy }) => {
  test('worker and client connect, and a wait runs to its end', async () => {
    const taskQueue = `tls-${randomUUID()}`;
    const worker = startWorker(env(), taskQueue);
    await worker.says('running on');
    const client = await clientOf(env(), taskQueue);
    const taskId = emulator.addTask({ durationSeconds: 0.5 });
    const outcome = await client.waitFor({ taskId });
    expect(outcome.status).toBe('finished');
    expect(proxy().calls).toBeGreaterThan(10);
    await client.close();
    await started.stop();
    const { stdout, stderr } = await worker.ended;
    expect(`${stdout}${stderr}`).not.toContain(apiKey);
    expect(`${stdout}${stderr}`).not.toContain('PRIVATE KEY');
  });
});

test('the certificate that was shown is the one that was set', () => {
  expect([...mutual.clients]).toEqual(['temporal-tryon test client']);
});

interface Wrong {
  readonly what: string;
  readonly env: () => Env;
  readonly code: string;
  readonly says: RegExp;
}

const without = (env: Env, ...names: string[]): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));

const cases: Wrong[] = [
  {
    what: 'an authority that did not sign',
    env: () => ({ ...mutualEnv(), TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.otherCa }),
    code: 'BadConfig',
    says: /shows a certificate that is not trusted here; set TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
  },
  {
    what: 'another name',
    env: () => ({ ...mutualEnv(), TEMPORAL_TLS_SERVER_NAME: 'temporal.example.com' }),
    code: 'BadConfig',
    says: /shows a certificate of another name; correct TEMPORAL_ADDRESS or set TEMPORAL_TLS_SERVER_NAME/,
  },
  {
    what: 'no client certificate',
    env: () => without(mutualEnv(), 'TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH'),
    code: 'BadConfig',
    // The alert may come before the connection is closed, or be lost with it.
    says: /does not accept the client certificate, or asks for one|closes the connection .* TEMPORAL_TLS_CLIENT_CERT_PATH/,
  },
  {
    what: "a stranger's client certificate",
    env: () => ({
      ...mutualEnv(),
      TEMPORAL_TLS_CLIENT_CERT_PATH: files.otherCert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: files.otherKey,
    }),
    code: 'BadConfig',
    says: /does not accept the client certificate, or asks for one|closes the connection .* trusts the client certificate/,
  },
  {
    what: 'a key of another certificate',
    env: () => ({ ...mutualEnv(), TEMPORAL_TLS_CLIENT_KEY_PATH: files.otherKey }),
    code: 'BadConfig',
    says: /certificates named by TEMPORAL_TLS_\* cannot be used; give PEM files, and a key that fits/,
  },
  {
    what: 'a client certificate that is no PEM',
    env: () => ({ ...mutualEnv(), TEMPORAL_TLS_CLIENT_CERT_PATH: files.noPem }),
    code: 'BadConfig',
    says: /certificates named by TEMPORAL_TLS_\* cannot be used/,
  },
  {
    what: 'a file that is not there',
    env: () => ({ ...mutualEnv(), TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nonexistent/ca.pem' }),
    code: 'BadConfig',
    says: /Temporal's configuration cannot be read \(.*ENOENT.*check the TEMPORAL_\* variables/,
  },
  {
    what: 'no TLS to a server that wants it',
    env: () => ({ TEMPORAL_ADDRESS: mutual.address }),
    code: 'BadConfig',
    says: /closes the connection, as a server that expects TLS does; set TEMPORAL_TLS=true/,
  },
  {
    what: 'TLS to a server that speaks none',
    env: () => ({ TEMPORAL_ADDRESS: inject('temporal').address, TEMPORAL_TLS: 'true' }),
    code: 'BadConfig',
    says: /does not speak TLS; unset TEMPORAL_TLS|closes the connection during the TLS handshake; check that it speaks TLS/,
  },
  {
    what: 'a wrong API key',
    env: () => ({ ...keyedEnv(), TEMPORAL_API_KEY: 'wrong-key-000' }),
    code: 'NotAllowed',
    says: /refuses these credentials; check TEMPORAL_API_KEY/,
  },
  {
    what: 'no API key',
    env: () => without(keyedEnv(), 'TEMPORAL_API_KEY'),
    code: 'NotAllowed',
    says: /refuses these credentials; check TEMPORAL_API_KEY/,
  },
];

describe('what does not fit is told in one line with its remedy', () => {
  test.each(cases)('to a client: $what', async ({ env, code, says }) => {
    const error = await clientOf(env(), 'x').then(
      () => undefined,
      (thrown: unknown) => thrown as { code: string; message: string },
    );
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
    expect(error?.message).not.toMatch(/\n|wrong-key-000|BEGIN/);
  });

  test('to a worker, which ends with exit code 1', async () => {
    const ends = await Promise.all(
      cases
        .filter(({ what }) =>
          ['an authority that did not sign', 'no client certificate', 'a wrong API key'].includes(what),
        )
        .map(async (one) => ({ ...one, end: await startWorker(one.env(), `tls-${randomUUID()}`).ended })),
    );
    expect(ends).toHaveLength(3);
    for (const { what, says, end } of ends) {
      expect(end.code, what).toBe(1);
      const lines = end.stderr.trim().split('\n');
      expect(lines, what).toHaveLength(1);
      expect(lines[0], what).toMatch(says);
      expect(lines[0], what).toMatch(/^temporal-tryon worker: /);
    }
  });
});
