/** How many calls of visibility a worker makes: Temporal Cloud allows 30 a second for a whole namespace. Counted at the server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startDevServer, type TemporalServer } from '../../src/dev-server/temporal-server.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { startCli } from '../cli/run-cli.js';
import { workerEnv } from '../support/stack.js';

const ACCOUNTS = ['EU', 'US', 'OUTLET', 'STUDIO', 'TRIAL'];
const MOST_PER_SECOND = 0.05;
/** By the server's own quotas for visibility. */
const visibilityCall = /^(?:(?:List|Count|Scan)\w*WorkflowExecutions|ListWorkers|GetWorkerTaskReachability)$/;

let server: TemporalServer;
let metricsPort: number;
let emulator: Emulator;
beforeAll(async () => {
  metricsPort = await freePort();
  server = await startDevServer({
    uiPort: false,
    extraArgs: ['--metrics-port', String(metricsPort)],
    log: () => undefined,
  });
  emulator = await startEmulator({ seed: 1_240 });
});
afterAll(async () => {
  await emulator?.close();
  await server?.stop();
});

/** Calls that the frontend has served since it started, by name. */
async function calls(): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const found = new Map<string, number>();
  for (const [, labels = '', value] of text.matchAll(/^service_requests(?:_total)?\{([^}]*)\} (\S+)$/gm)) {
    const operation = /operation="(\w+)"/.exec(labels)?.[1];
    if (operation === undefined || !labels.includes('service_name="frontend"')) continue;
    found.set(operation, (found.get(operation) ?? 0) + Number(value));
  }
  return found;
}
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
  await expect.poll(async () => (await calls()).get('ListWorkflowExecutions'), { timeout: 30_000 }).toBe(1);
  await expect.poll(async () => (await calls()).get('CountWorkflowExecutions'), { timeout: 30_000 }).toBe(1);
  const before = visibilityCalls(await calls());
  const beganMs = performance.now();
  await expect
    .poll(async () => (await calls()).get('CountWorkflowExecutions'), { timeout: 90_000, interval: 500 })
    .toBeGreaterThanOrEqual(3);
  const seconds = (performance.now() - beganMs) / 1000;
  expect((visibilityCalls(await calls()) - before) / seconds).toBeLessThanOrEqual(MOST_PER_SECOND);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});
