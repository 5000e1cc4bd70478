/** Versioned workers: waits stay with the version that began them, on the workflows' queue and on the vendor's. */
import { randomInt, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { messages, resultsWorkflowId, vendorTaskQueue, workflowTypes } from '../../src/contract.js';
import { TryOnPlugin } from '../../src/index.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers } from '../../src/worker/start.js';
import { runCli } from '../cli/run-cli.js';
import { quiet, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';

const never = { task: { state: 'running' } } as const;
const workflowsPath = fileURLToPath(new URL('../support/own-workflows.ts', import.meta.url));

let emulator: Emulator;
let connection: Connection;
let native: NativeConnection;
let client: Client;
beforeAll(async () => {
  quiet();
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
  const { address } = inject('temporal');
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
  client = new Client({ connection });
});
afterAll(async () => {
  await native?.close();
  await connection?.close();
  await emulator?.close();
});

interface Running {
  stop(): Promise<void>;
}
type Env = Record<string, string>;

/** The package's own workers. */
async function own(taskQueue: string, env: Env): Promise<Running> {
  const read = readWorkerSettings({ ...workerEnv(emulator, taskQueue), ...env });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const workers = await startTryOnWorkers(read.settings, { connection: native, namespace: 'default' });
  return {
    async stop() {
      workers.shutdown();
      await workers.run;
    },
  };
}

/** A user's worker with the plugin. */
async function withPlugin(taskQueue: string, env: Env): Promise<Running> {
  const plugin = new TryOnPlugin({ env: { ...workerEnv(emulator, 'not-read'), ...env } });
  const worker = await Worker.create({ connection: native, taskQueue, workflowsPath, plugins: [plugin] });
  const run = worker.run();
  return {
    async stop() {
      worker.shutdown();
      await run;
    },
  };
}

/** Makes a version the current one of all queues, as soon as its workers have polled each. */
async function makeCurrent(deploymentName: string, buildId: string, queues: readonly string[]): Promise<void> {
  const { workflowService } = connection;
  const version = { namespace: 'default', deploymentVersion: { deploymentName, buildId } };
  await until(async () => {
    const answer = await workflowService.describeWorkerDeploymentVersion(version).catch(() => undefined);
    const known = answer?.versionTaskQueues?.map(({ name }) => name) ?? [];
    return queues.every((queue) => known.includes(queue));
  });
  await workflowService.setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId });
}

/** Starts a wait whose first poll is due, and that never ends. */
async function startWait(taskQueue: string): Promise<{ taskId: string; handle: WorkflowHandle; polls: () => number }> {
  const taskId = emulator.addTask({ script: [never] });
  const args = [{ taskId, submittedAt: new Date(Date.now() - 5_000).toISOString() }];
  const workflowId = resultsWorkflowId(taskId);
  const handle = await client.workflow.start(workflowTypes.results, { taskQueue, workflowId, args });
  return { taskId, handle, polls: () => emulator.queries.filter((query) => query.taskId === taskId).length };
}

async function versionsOf(handle: WorkflowHandle): Promise<{ workflow: unknown; poll: unknown }> {
  const { raw } = await handle.describe();
  return {
    workflow: raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId,
    poll: raw.pendingActivities?.[0]?.lastDeploymentVersion?.buildId,
  };
}

test.each([
  { how: "the package's worker", start: own },
  { how: "a worker of one's own with the plugin", start: withPlugin },
])(
  '$how: a deploy in mid-wait leaves open waits with their version, and polls of both share the queue',
  async ({ start }) => {
    const taskQueue = `versioned-${randomUUID()}`;
    const deploymentName = `deployment-${randomUUID()}`;
    const queues = [taskQueue, vendorTaskQueue('default', taskQueue)];
    const envOf = (buildId: string): Env => ({
      TEMPORAL_DEPLOYMENT_NAME: deploymentName,
      TEMPORAL_WORKER_BUILD_ID: buildId,
    });
    const first = await start(taskQueue, envOf('build-1'));
    await makeCurrent(deploymentName, 'build-1', queues);
    const before = await startWait(taskQueue);
    await until(() => before.polls() >= 1);
    const second = await start(taskQueue, envOf('build-2'));
    await makeCurrent(deploymentName, 'build-2', queues);
    const after = await startWait(taskQueue);
    await until(() => after.polls() >= 1);
    const polled = before.polls();
    await before.handle.executeUpdate(messages.pollNow);
    await until(() => before.polls() > polled);
    expect(await versionsOf(before.handle)).toEqual({ workflow: 'build-1', poll: 'build-1' });
    expect(await versionsOf(after.handle)).toEqual({ workflow: 'build-2', poll: 'build-2' });

    const doctor = async () => {
      const env = { ...workerEnv(emulator, taskQueue), TEMPORAL_ADDRESS: inject('temporal').address };
      const { checks } = JSON.parse((await runCli(['doctor', '--json'], env)).out);
      return checks.find(({ name }: { name: string }) => name === 'versions');
    };
    await expect
      .poll(doctor, { timeout: 30_000 })
      .toMatchObject({ result: 'ok', detail: expect.stringMatching(/build-2 \(current\): 1; build-1: 1$/) });

    // The old wait ends with the version that it has.
    emulator.script(before.taskId, [{ task: { state: 'finished' } }]);
    expect(await before.handle.result()).toMatchObject({ status: 'finished' });
    await after.handle.terminate();
    await first.stop();
    await second.stop();
  },
);

test('one variable without the other is refused', () => {
  const env = { AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's', TEMPORAL_DEPLOYMENT_NAME: 'tryon' };
  expect(readWorkerSettings(env)).toEqual({
    ok: false,
    problems: [
      'TEMPORAL_DEPLOYMENT_NAME is set without TEMPORAL_WORKER_BUILD_ID; set both for versioned workers, or neither',
    ],
  });
});
