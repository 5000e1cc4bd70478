import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { vendorTaskQueue } from '../../src/contract.js';
import { readFinishedWaits } from '../../src/learning/finished-waits.js';
import { quantile } from '../../src/schedule/distribution.js';
import { describeActivityQueue } from '../../src/temporal/queue-limit.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers, type TryOnWorkers } from '../../src/worker/start.js';
import { runCli } from '../cli/run-cli.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';

const jobs = 60;
// Long beside the polls of a busy machine.
const distribution = { medianSeconds: 10, p95Seconds: 14, tailWeight: 0 };
const nearGuess = { TRYON_PRIOR_MEDIAN_SECONDS: '8', TRYON_PRIOR_P95_SECONDS: '16' };
const farGuess = { TRYON_PRIOR_MEDIAN_SECONDS: '40', TRYON_PRIOR_P95_SECONDS: '120' };
const submitted = (taskId: string) => ({ taskId, submittedAt: new Date().toISOString() });

let stack: Stack;
let native: NativeConnection;
let cancelled: string;

async function withWorker<T>(env: Record<string, string>, use: (workers: TryOnWorkers) => Promise<T>): Promise<T> {
  const read = readWorkerSettings({ ...workerEnv(stack.emulator, stack.taskQueue), ...env });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const workers = await startTryOnWorkers(read.settings, { connection: native, namespace: stack.namespace });
  try {
    return await use(workers);
  } finally {
    workers.shutdown();
    await workers.run;
  }
}

beforeAll(async () => {
  const { address } = inject('temporal');
  stack = await startStack({ address, emulator: { distribution }, env: nearGuess });
  native = await NativeConnection.connect({ address });
  cancelled = stack.emulator.addTask({ script: 'stuck' });
  const handle = await stack.start(submitted(cancelled));
  await Promise.all(Array.from({ length: jobs }, () => stack.run(submitted(stack.emulator.addTask()))));
  await handle.cancel();
  await handle.result().catch(() => undefined);
});
afterAll(async () => {
  await native.close();
  await stack.stop();
});

describe('a fresh worker', () => {
  test('learns durations from finished waits', async () => {
    const policy = await withWorker(farGuess, async ({ learning }) => {
      await learning.ready;
      return learning.policy('default');
    });
    expect(policy.model).toMatchObject({ source: 'learned' });
    expect(policy.model.jobs).toBe(jobs);
    const median = quantile(policy.model, 0.5);
    expect(median).toBeGreaterThan(0.8 * distribution.medianSeconds);
    expect(median).toBeLessThan(1.25 * distribution.medianSeconds);
  });

  test('of another queue learns nothing of it', async () => {
    await withWorker({ TRYON_TASK_QUEUE: `${stack.taskQueue}-other` }, async ({ learning }) => {
      await learning.ready;
      expect(learning.policy('default').model).toMatchObject({ source: 'prior' });
    });
  });
});

describe('finished waits', () => {
  test('are each an end between two polls; a cancelled one is left out', async () => {
    const { client, taskQueue } = stack;
    const { records, unread } = await readFinishedWaits({ client, taskQueue, limit: 300 });
    expect(unread).toBe(0);
    expect(records).toHaveLength(jobs);
    expect(records.map(({ id }) => id)).not.toContain(cancelled);
    for (const { lowSeconds, highSeconds = 0 } of records) {
      expect(highSeconds).toBeGreaterThanOrEqual(lowSeconds);
      expect(highSeconds).toBeGreaterThan(0);
    }
  });
});

test('the server counts the polls of a vendor queue', async () => {
  const { client, taskQueue } = stack;
  const started = await stack.start(submitted(stack.emulator.addTask({ script: 'stuck' })));
  const queue = vendorTaskQueue('default', taskQueue);
  const pollsPerSecond = async (name: string) => (await describeActivityQueue(client, name)).dispatchedPerSecond;
  await expect.poll(() => pollsPerSecond(queue), { timeout: 60_000 }).toBeGreaterThan(0);
  expect(await pollsPerSecond(`${queue}-none`)).toBe(0);
  await started.cancel();
});

describe('the program', () => {
  const env = () => ({
    ...workerEnv(stack.emulator, stack.taskQueue),
    ...farGuess,
    TEMPORAL_ADDRESS: inject('temporal').address,
  });

  test('model shows distribution, poll cost and schedule, and plots them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tryon-model-'));
    const svg = join(folder, 'model.svg');
    const { code, out } = await runCli(['model', '--json', '--svg', svg], env());
    expect(code).toBe(0);
    const { groups } = JSON.parse(out);
    const [all] = groups;
    expect(all).toMatchObject({ account: 'default', model: { source: 'learned' }, queriesPerSecond: 1000 });
    expect(all.pollSeconds.length).toBeGreaterThan(3);
    expect(groups).toHaveLength(1);
    expect(await readFile(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
    const again = await runCli(['model', '--svg', svg], env());
    expect(again.code).not.toBe(0);
    expect(again.err).toContain(`${svg} exists already`);
    await rm(folder, { recursive: true });
    const text = await runCli(['model'], env());
    expect(text.out).toMatch(
      /^account default\n {2}durations +half of the tasks take up to [\d.]+ s, .* \(learned from \d+ tasks\)/,
    );
  });

  test('model shows the prior if no wait is finished', async () => {
    const { code, out, err } = await runCli(['model'], { ...env(), TRYON_TASK_QUEUE: `${stack.taskQueue}-none` });
    expect(code).toBe(0);
    expect(out).toContain('(prior)');
    expect(err).toContain('this is the prior');
    expect(err).toMatch(/^prior of this environment: median [\d.]+ s .*a worker may have another$/m);
  });

  test('status shows why the next poll is when it is, and when the task may be over', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const handle = await stack.start(submitted(taskId));
    await expect
      .poll(async () => (await runCli(['status', taskId], env())).out, { timeout: 60_000 })
      .toMatch(/^because .*half of the tasks take up to[\s\S]*^expected .*of similar tasks are done by now/m);
    const { explanation } = JSON.parse((await runCli(['status', taskId, '--json'], env())).out);
    expect(explanation).toMatchObject({ why: expect.any(String), shareDone: expect.any(Number) });
    expect(Date.parse(explanation.p95FinishAt)).toBeGreaterThanOrEqual(Date.parse(explanation.medianFinishAt));
    await handle.cancel();
  });
});
