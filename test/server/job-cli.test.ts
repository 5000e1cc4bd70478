import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runCli } from '../cli/run-cli.js';
import { aRequest } from '../support/jobs.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';

let stack: Stack;
let env: NodeJS.ProcessEnv;
const script = [{ polls: 1, task: { state: 'running' } }, { task: { state: 'finished' } }] as const;
beforeAll(async () => {
  const { address } = inject('temporal');
  stack = await startStack({ address, emulator: { script } });
  env = { ...workerEnv(stack.emulator, stack.taskQueue), TEMPORAL_ADDRESS: address };
});
afterAll(async () => await stack.stop());

const request = JSON.stringify(aRequest);
const job = (requestId: string, ...more: string[]) => ['job', '--request', '-', '--request-id', requestId, ...more];

test('job submits once, prints the images and the end, and joined again prints the stored result', async () => {
  const requestId = randomUUID();
  const before = stack.emulator.stats.submits;
  const { code, out, err } = await runCli(job(requestId), env, request);
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('finished: all sub-tasks gave images') });
  expect(out.match(/^sub-task \d {2}http:/gm)).toHaveLength(4);
  const again = await runCli(job(requestId, '--json'), env, request);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({ requestId, status: 'finished' });
  expect(stack.emulator.stats.submits).toBe(before + 1);
});

test('job ends with 3 where the vendor refuses the request, and names the code', async () => {
  const { code, err } = await runCli(job(randomUUID()), env, '{"clothesList":[]}');
  expect(code).toBe(3);
  expect(err).toMatch(/rejected: the vendor refused the request[\s\S]*service 700/);
});

test('job names the remedy where the request may have been submitted; list and resolve lead out of it', async () => {
  const requestId = randomUUID();
  stack.emulator.scriptSubmits([{ use: 'reset-before-headers', polls: 1 }]);
  const running = runCli(job(requestId), env, request);
  await expect
    .poll(async () => (await runCli(['list', '--state', 'maybeSubmitted', '--json'], env)).out, { timeout: 60_000 })
    .toContain(requestId);
  const shown = await runCli(['resolve', requestId, '--json'], env);
  expect(JSON.parse(shown.out)).toMatchObject({ state: 'maybeSubmitted', submission: { attempts: 1 } });
  expect(shown.err).toContain(`temporal-tryon resolve ${requestId} with --task-id <id>, --resubmit or --give-up`);
  const early = await runCli(['resolve', requestId, '--resubmit'], env);
  expect(early).toMatchObject({ code: 1, err: expect.stringContaining('resubmit in') });
  expect((await runCli(['resolve', requestId, '--give-up', '--resubmit'], env)).code).toBe(2);
  const taskId = stack.emulator.addTask({ script });
  expect((await runCli(['resolve', requestId, '--task-id', taskId], env)).code).toBe(0);
  const { code, err } = await running;
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('maybe submitted, and billed') });
});
