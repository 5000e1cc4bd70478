import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { resultsWorkflowId } from '../../src/contract.js';
import { bareEnv, runCli, startCli } from '../cli/run-cli.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';

let stack: Stack;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  const { address } = inject('temporal');
  stack = await startStack({ address, emulator: { notFound: 'service' } });
  env = { ...workerEnv(stack.emulator, stack.taskQueue), TEMPORAL_ADDRESS: address };
});
afterAll(async () => await stack.stop());

const stateOf = async (taskId: string): Promise<string> => (await stack.status(taskId)).state;

describe('wait', () => {
  test('prints images as they come and the outcome, and ends with 0', async () => {
    const taskId = stack.emulator.addTask({ script: 'batches', imagesPerSubTask: 2 });
    const { code, out, err } = await runCli(['wait', taskId, '--expected-images', '4'], env);
    expect(code).toBe(0);
    expect(out.match(/^sub-task \d {2}http:/gm)).toHaveLength(4);
    expect(err).toMatch(/images 4\/4[\s\S]*finished: all sub-tasks gave images; 4 images/);
  });

  test('--json prints the outcome alone on standard output', async () => {
    const taskId = stack.emulator.addTask({ script: 'finished' });
    const { code, out } = await runCli(['wait', taskId, '--json'], env);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ taskId, status: 'finished' });
    expect(out.trim().split('\n')).toHaveLength(1);
    const again = await runCli(['wait', taskId, '--json'], env);
    expect(JSON.parse(again.out)).toEqual(JSON.parse(out));
  });

  test('ends with 3 where the outcome is not finished, and says why', async () => {
    const taskId = stack.emulator.addTask({ script: 'service-801' });
    const { code, err } = await runCli(['wait', taskId], env);
    expect(code).toBe(3);
    expect(err).toMatch(/failed: the task failed[\s\S]*service 801: model inference failed; submit again/);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends the watching with 130, and the wait goes on', async (signal) => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const running = startCli(['wait', taskId], env);
    await running.until('running');
    running.child.kill(signal);
    const { code, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toContain(`the wait goes on; \`temporal-tryon wait ${taskId}\` joins it again`);
    expect(await stateOf(taskId)).toBe('waiting');
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
  });
});

test('status, list, poll-now and cancel act on a wait', async () => {
  const taskId = stack.emulator.addTask({ script: 'invalid-app-key' });
  await stack.start({ taskId });
  await expect.poll(() => stateOf(taskId), { timeout: 30_000 }).toBe('blocked');

  const status = await runCli(['status', taskId], env);
  expect(status.code).toBe(0);
  expect(status.out).toMatch(/^state +blocked$/m);
  expect(status.out).toMatch(/^! blocked, a person must act: gateway InvalidAppKey: .*check AIDGE_APP_KEY/m);
  const asJson = JSON.parse((await runCli(['status', taskId, '--json'], env)).out);
  expect(asJson).toMatchObject({ taskId, state: 'blocked', isAnswered: true });
  expect(Date.parse(asJson.pending.dueAt)).not.toBeNaN();

  await expect
    .poll(async () => (await runCli(['list', '--state', 'blocked', '--json'], env)).out, { timeout: 30_000 })
    .toContain(taskId);
  const list = await runCli(['list', '--limit', '1000', '--json'], env);
  const waits = list.out.trim().split('\n');
  expect(waits.map((line) => JSON.parse(line).taskId)).toContain(taskId);

  const before = stack.emulator.task(taskId)?.polls ?? 0;
  const asked = await runCli(['poll-now', taskId, '--json'], env);
  expect([asked.code, JSON.parse(asked.out).taskId]).toEqual([0, taskId]);
  await stack.emulator.waitForQuery(taskId, before + 1);

  expect(await runCli(['cancel', taskId], env)).toMatchObject({ code: 0, err: '' });
  await expect.poll(() => stateOf(taskId), { timeout: 30_000 }).toBe('cancelled');
  expect((await runCli(['status', taskId], env)).out).toMatch(/^state +cancelled$/m);

  const late = await runCli(['cancel', taskId], env);
  expect(late).toMatchObject({ code: 0, out: expect.stringMatching(/ has ended already, at 20\S+Z: cancelled\n$/) });
  const lateJson = JSON.parse((await runCli(['cancel', taskId, '--json'], env)).out);
  expect(lateJson).toMatchObject({ taskId, requested: false, state: 'cancelled' });
});

test.each(['status', 'cancel', 'poll-now'])('%s of an unknown wait is one line and exit code 1', async (command) => {
  const { code, out, err } = await runCli([command, randomUUID()], env);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^error: .*(no wait|not known).*\n$/);
});

test('a namespace that is not there is told with its remedy', async () => {
  const { code, err } = await runCli(['list'], { ...env, TEMPORAL_NAMESPACE: 'nowhere' });
  expect(code).toBe(1);
  expect(err).toMatch(/^error: .* has no namespace "nowhere"; create it with `temporal operator namespace create.*\n$/);
});

test('doctor finds all well where all is well', async () => {
  const { code, out } = await runCli(['doctor', '--json'], env);
  const { ok, checks } = JSON.parse(out);
  expect(checks.filter(({ result }: { result: string }) => result !== 'ok')).toEqual([]);
  expect([code, ok]).toEqual([0, true]);
  expect(checks.map(({ name }: { name: string }) => name)).toEqual([
    'settings',
    'Temporal server',
    'server version',
    'namespace',
    'search attributes',
    'durations',
    `queue ${stack.taskQueue}`,
    `queue ${stack.taskQueue}-vendor`,
    `queue ${stack.taskQueue}-submit`,
    `budget of ${stack.taskQueue}-vendor`,
    'key',
    'vendor',
    'clock',
  ]);
});

test('doctor names the queue of an account that no worker serves', async () => {
  const { code, out } = await runCli(['doctor'], {
    ...env,
    AIDGE_SHOP_7_APP_KEY: stack.emulator.appKey,
    AIDGE_SHOP_7_APP_SECRET: stack.emulator.appSecret,
  });
  expect(code).toBe(1);
  expect(out).toMatch(/^fail {2}queue test-[-\w]+-vendor-shop-7: no worker polls it$/m);
  expect(out).toMatch(/^fail {2}queue test-[-\w]+-submit-shop-7: no worker polls it$/m);
});

test('worker names all queues that it serves', async () => {
  const taskQueue = `cli-${randomUUID()}`;
  const folder = await mkdtemp(join(tmpdir(), 'tryon-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const running = startCli(['worker'], {
    ...env,
    TRYON_TASK_QUEUE: taskQueue,
    TRYON_ARCHIVE: `file://${folder}`,
    AIDGE_SHOP_7_APP_KEY: stack.emulator.appKey,
    AIDGE_SHOP_7_APP_SECRET: stack.emulator.appSecret,
  });
  await running.until(/running on .*\n/);
  const named = /running on (.*)$/m.exec(running.err())?.[1]?.split(', ');
  const suffixes = ['', '-vendor', '-submit', '-vendor-shop-7', '-submit-shop-7', '-archive'];
  expect(named).toEqual(suffixes.map((suffix) => `${taskQueue}${suffix}`));
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
});

test('worker serves a queue until SIGTERM, then drains and ends with 0', async () => {
  const taskQueue = `cli-${randomUUID()}`;
  const running = startCli(['worker'], { ...env, TRYON_TASK_QUEUE: taskQueue });
  await running.until(`running on ${taskQueue}`);
  const taskId = stack.emulator.addTask({ script: 'finished' });
  const { code } = await runCli(['wait', taskId], { ...env, TRYON_TASK_QUEUE: taskQueue });
  expect(code).toBe(0);
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
  expect(Object.keys(bareEnv())).not.toContain('AIDGE_APP_KEY');
});
