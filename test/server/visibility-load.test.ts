/** How many calls of visibility a worker makes: Temporal Cloud allows 30 a second for a whole namespace. Counted at the server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BenchServer, startBenchServer } from '../../bench/lib/server.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { startCli } from '../cli/run-cli.js';
import { workerEnv } from '../support/stack.js';

const ACCOUNTS = ['EU', 'US', 'OUTLET', 'STUDIO', 'TRIAL'];
const MOST_PER_SECOND = 0.05;
/** By the server's own quotas for visibility. */
const visibilityCall = /^(?:(?:List|Count|Scan)\w*WorkflowExecutions|ListWorkers|GetWorkerTaskReachability)$/;

let server: BenchServer;
let emulator: Emulator;
beforeAll(async () => {
  server = await startBenchServer(() => undefined);
  emulator = await startEmulator({ seed: 1_240 });
});
afterAll(async () => {
  await emulator?.close();
  await server?.stop();
});

const visibilityCalls = (all: Map<string, number>): number =>
  [...all].filter(([name]) => visibilityCall.test(name)).reduce((sum, [, count]) => sum + count, 0);

test('a worker with six accounts and metrics makes at most 0.05 calls of visibility a second', async () => {
  const keys = ACCOUNTS.flatMap((name) => [
    [`AIDGE_${name}_APP_KEY`, emulator.appKey],
    [`AIDGE_${name}_APP_SECRET`, emulator.appSecret],
  ]);
  const worker = startCli(['worker'], {
    ...workerEnv(emulator, 'tryon'),
    ...Object.fromEntries(keys),
    TEMPORAL_ADDRESS: server.address,
    TRYON_METRICS_ADDRESS: '127.0.0.1:0',
  });
  await worker.until('running on');
  // Finished waits are listed once, at the start.
  await expect.poll(async () => (await server.calls()).get('ListWorkflowExecutions'), { timeout: 30_000 }).toBe(1);
  await expect.poll(async () => (await server.calls()).get('CountWorkflowExecutions'), { timeout: 30_000 }).toBe(1);
  const before = visibilityCalls(await server.calls());
  const beganMs = performance.now();
  await expect
    .poll(async () => (await server.calls()).get('CountWorkflowExecutions'), { timeout: 90_000, interval: 500 })
    .toBeGreaterThanOrEqual(3);
  const seconds = (performance.now() - beganMs) / 1000;
  expect((visibilityCalls(await server.calls()) - before) / seconds).toBeLessThanOrEqual(MOST_PER_SECOND);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});
