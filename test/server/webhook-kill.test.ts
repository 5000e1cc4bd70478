import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type TryOnEvent, webhookWorkflowId } from '../../src/contract.js';
import { freePort } from '../../src/dev-server/temporal-server.js';
import { webhookPython } from '../support/python.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';
import { newSecret } from '../support/webhook-receiver.js';
import { killWorker, startWorker } from '../support/worker-process.js';

const WAITS = 4;
const KILLS = 3;
const page = fileURLToPath(new URL('../../docs/webhooks.md', import.meta.url));

let stack: Stack;
let folder: string;
let receiver: ChildProcess | undefined;
let worker: ChildProcess | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-webhook-'));
  stack = await startStack({ address: inject('temporal').address, noWorker: true });
});
afterAll(async () => {
  receiver?.kill('SIGKILL');
  worker?.kill('SIGKILL');
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

test('the receiver of the docs, in Python, gets every event once and in order, though it and the worker are killed', async () => {
  const [, code = ''] = /^```python\n([\s\S]*?)^```$/m.exec(await readFile(page, 'utf8')) ?? [];
  const [script, database] = [join(folder, 'receiver.py'), join(folder, 'events.db')];
  await writeFile(script, code);
  const [python, port, secret] = [await webhookPython(), await freePort(), newSecret()];
  const startReceiver = async (): Promise<ChildProcess> => {
    const child = spawn(python, [script], {
      env: { WEBHOOK_SECRET: secret, DATABASE: database, PORT: String(port) },
      stdio: 'ignore',
    });
    await until(() => listens(port));
    return child;
  };
  const stored = async (): Promise<{ id: string; event: TryOnEvent }[]> => {
    const dump =
      'import json, sqlite3, sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute("SELECT id, body FROM events ORDER BY number").fetchall()))';
    const { stdout } = await promisify(execFile)(python, ['-c', dump, database], { maxBuffer: 2 ** 26 });
    return (JSON.parse(stdout) as [string, string][]).map(([id, body]) => ({ id, event: JSON.parse(body) }));
  };
  const changedAtMs = async (): Promise<number> => (await stat(database)).mtimeMs;
  const env = {
    ...workerEnv(stack.emulator, stack.taskQueue),
    TEMPORAL_ADDRESS: inject('temporal').address,
    TRYON_LOG_LEVEL: 'ERROR',
    TRYON_WEBHOOK_ALLOW: '127.0.0.1',
    TRYON_WEBHOOK_SHOP_URL: `http://127.0.0.1:${port}/`,
    TRYON_WEBHOOK_SHOP_SECRET: secret,
  };
  receiver = await startReceiver();
  worker = await startWorker(env);
  const taskIds = Array.from({ length: WAITS }, () =>
    stack.emulator.addTask({
      subTasks: 4,
      script: [1, 2, 3]
        .map((finishedSubTasks) => ({ polls: 2, task: { state: 'running', finishedSubTasks } as const }))
        .concat([{ polls: 99, task: { state: 'finished' } }] as never),
    }),
  );
  const waits = await Promise.all(taskIds.map((taskId) => stack.start({ taskId, notify: [{ webhook: 'shop' }] })));
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Each kill after something new was stored, so that it falls among deliveries.
    const before = await changedAtMs();
    await until(async () => (await changedAtMs()) !== before);
    if (kill % 2 === 0) {
      receiver.kill('SIGKILL');
      await once(receiver, 'exit');
      receiver = await startReceiver();
    } else {
      await killWorker(worker);
      worker = await startWorker(env);
    }
  }
  const outcomes = await Promise.all(waits.map((wait) => wait.result()));
  for (const taskId of taskIds) {
    const { waitId } = await stack.status(taskId);
    await stack.client.workflow.getHandle(webhookWorkflowId('shop', waitId)).result();
  }
  const events = await stored();
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  for (const [index, taskId] of taskIds.entries()) {
    const own = events.filter(({ event }) => event.taskId === taskId);
    expect(own.map(({ event }) => event.sequence)).toEqual(own.map((_event, at) => at + 1));
    expect(own.map(({ id }) => id)).toEqual(own.map(({ event }) => `${event.waitId}-${event.sequence}`));
    expect(own.at(-1)?.event).toMatchObject({ kind: 'outcome', outcome: outcomes[index] });
    const images = own.flatMap(({ event }) => (event.kind === 'images' ? event.images : []));
    const last = own.at(-1)?.event;
    const all = last?.kind === 'outcome' ? last.outcome.images.map(({ id }) => id) : [];
    expect(images.map(({ id }) => id).every((id) => all.includes(id))).toBe(true);
  }
}, 240_000);
