/** One run of everything that touches a key, and then a search for keys, secrets and signatures in everything that was left behind. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import { resultsWorkflowId } from '../../src/contract.js';
import { readAccounts } from '../../src/providers/accounts.js';
import { createVendorClient } from '../../src/providers/client.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { builtWorker } from '../support/bundles.js';
import { type Program, type Programs, programs } from '../support/programs.js';
import { until } from '../support/until.js';
import { type EchoProxy, startEchoProxy } from './echo-proxy.js';
import { rawHistory } from './read-history.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = await builtWorker('cli/main.ts');
const account = { appKey: 'key-7f3a9c2e51d84b06', appSecret: 'secret-b81d2f6730ac49e5' };
const wrong = { appKey: account.appKey, appSecret: 'wrong-c0ffee5ec2e7facade' };
const taskQueue = `secrets-${randomUUID()}`;

let emulator: Emulator;
let proxy: EchoProxy;
let started: Programs;
let worker: Program;
let client: TryOnClient;
let directory: string;
/** What was left behind, by where. */
const traces = new Map<string, string>();

beforeAll(async () => {
  emulator = await startEmulator({ accounts: [account] });
  proxy = await startEchoProxy(emulator.url);
  directory = await mkdtemp(join(tmpdir(), 'tryon-secrets-'));
  await writeFile(join(directory, 'secret'), `${wrong.appSecret}\n`);
  const { address, namespace } = inject('temporal');
  started = programs({
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TRYON_TASK_QUEUE: taskQueue,
    TRYON_LOG_LEVEL: 'TRACE',
    TRYON_DEBUG: '1',
    TRYON_PRIOR_MEDIAN_SECONDS: '2',
    TRYON_PRIOR_P95_SECONDS: '6',
    ...vendorEnv(),
  });
  worker = command('worker');
  await worker.says('running on');
  client = await createTryOnClient({ env: { ...process.env, TEMPORAL_ADDRESS: address }, namespace, taskQueue });
});

afterAll(async () => {
  await client?.close();
  await started?.stop();
  await proxy?.close();
  await emulator?.close();
  await rm(directory, { recursive: true });
});

const vendorEnv = (): Record<string, string> => ({
  AIDGE_ENDPOINT: proxy.url,
  AIDGE_APP_KEY: account.appKey,
  AIDGE_APP_SECRET: account.appSecret,
  AIDGE_OLD_APP_KEY: wrong.appKey,
  AIDGE_OLD_APP_SECRET_FILE: join(directory, 'secret'),
  AIDGE_OLD_SIGNATURE: 'v1',
});

const command = (...args: string[]): Program => started.start(process.execPath, [main, ...args], { cwd: root });

async function told(name: string, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await command(...args).ended;
  expect(`${stdout}${stderr}`, name).not.toBe('');
  traces.set(`${name} (exit ${code})`, `${stdout}\n${stderr}`);
}

async function keep(taskId: string): Promise<void> {
  const handle = client.temporal.workflow.getHandle(resultsWorkflowId(taskId));
  const history = await rawHistory(client.temporal, handle.workflowId);
  expect(history.payloads.length).toBeGreaterThan(1);
  traces.set(`history of ${taskId}, raw`, JSON.stringify(history.json));
  traces.set(`history of ${taskId}, decoded`, history.payloads.map(({ text }) => text).join('\n'));
  const { raw } = await handle.describe();
  traces.set(`description of ${taskId}, raw`, JSON.stringify(raw));
  const pending = raw.pendingActivities?.[0];
  const payloads = [
    ...(pending?.heartbeatDetails?.payloads ?? []),
    ...(pending?.lastFailure?.applicationFailureInfo?.details?.payloads ?? []),
  ];
  const decoded = payloads.map(({ data }) => Buffer.from(data ?? []).toString()).join('\n');
  traces.set(`description of ${taskId}, decoded`, `${decoded}\n${JSON.stringify(await client.status(taskId))}`);
}

test('neither key nor secret nor signature is in any history, description, log, output or error', async () => {
  proxy.echo();
  const tasks = Array.from({ length: 7 }, () => emulator.addTask({ durationSeconds: 1 }));
  const done = tasks[0] ?? '';
  await Promise.all(tasks.map((taskId) => client.start({ taskId, timeoutSeconds: 90 })));
  await until(() => proxy.echoes >= 7);
  // Which end it is does not matter: an echo may well be taken for a refusal.
  for (const taskId of tasks) await until(async () => (await client.status(taskId)).outcome !== undefined);
  const blocked = emulator.addTask({ script: 'stuck' });
  await client.start({ taskId: blocked, account: 'old', timeoutSeconds: 90 });
  await until(async () => (await client.status(blocked)).state === 'blocked');
  for (const taskId of [...tasks, blocked]) await keep(taskId);

  await writeFile(
    join(directory, 'request.json'),
    '[{"clothesList":[{"imageUrl":"http://a.test/b.png","type":"tops"}]}]',
  );
  const vendor = createVendorClient({ accounts: readAccounts(vendorEnv()).accounts });
  const request = { clothesList: [{ imageUrl: 'http://a.test/b.png', type: 'tops' }] };
  proxy.echo();
  for (let way = 0; way < 7; way += 1)
    traces.set(`submit, echo ${way}`, JSON.stringify(await vendor.submit({ request })));
  await vendor.close();
  expect(proxy.echoes).toBe(14);
  const file = join(directory, 'request.json');
  await Promise.all([
    told('submit', 'submit', '--request', file),
    told('submit with a wrong secret', 'submit', '--account', 'old', '--request', file),
    told('doctor', 'doctor'),
  ]);
  proxy.echo();
  await Promise.all([
    told('submit, echo', 'submit', '--request', file),
    told('doctor, echo', 'doctor'),
    told('status', 'status', blocked),
    told('list', 'list', '--json'),
    told('wait that is over', 'wait', '--json', done),
  ]);
  await client.cancel(blocked);
  await until(async () => (await client.status(blocked)).state === 'cancelled');
  await keep(blocked);

  await started.stop();
  const { stdout, stderr } = await worker.ended;
  expect(stderr).toContain('polled');
  traces.set('log of the worker', `${stdout}\n${stderr}`);

  const secrets = [account.appKey, account.appSecret, wrong.appSecret, ...proxy.signatures];
  expect(secrets.length).toBeGreaterThan(20);
  for (const [where, text] of traces) {
    const folded = text.toLowerCase();
    const found = secrets.filter((secret) => folded.includes(secret.toLowerCase()));
    expect(found, where).toEqual([]);
    // Whatever it is called: a signature that another scheme would make.
    expect(text, where).not.toMatch(/\bsign(?:=|%3D|\\u003d|":")(?!\[redacted\])[A-F0-9]{8}/i);
  }
  // Some of it did pass by, and was taken out on the way.
  expect([...traces.values()].filter((text) => text.includes('[redacted]')).length).toBeGreaterThan(3);
}, 240_000);
