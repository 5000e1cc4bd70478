/** Versioned workers: waits stay with the version that began them, on the workflows' queue and on the vendor's. */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import {
  archiveTaskQueue,
  jobWorkflowId,
  messages,
  resultsWorkflowId,
  submitTaskQueue,
  type TryOnJobResult,
  type TryOnJobStatus,
  vendorTaskQueue,
  workflowTypes,
} from '../../src/contract.js';
import { TryOnPlugin } from '../../src/index.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers } from '../../src/worker/start.js';
import { runCli } from '../cli/run-cli.js';
import { aRequest } from '../support/jobs.js';
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
    const queues = [taskQueue, vendorTaskQueue('default', taskQueue), submitTaskQueue('default', taskQueue)];
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

test('a deploy in mid-job leaves the job with its version: its wait, its archive, and what a person resolves', async () => {
  const taskQueue = `versioned-${randomUUID()}`;
  const deploymentName = `deployment-${randomUUID()}`;
  const folder = await mkdtemp(join(tmpdir(), 'tryon-versioned-'));
  // Each build has a vendor and a store of its own, so that it shows who submitted, polled and archived.
  const vendors = {
    'build-1': emulator,
    'build-2': await startEmulator({ seed: randomInt(2 ** 31), script: 'finished' }),
  };
  onTestFinished(async () => {
    await vendors['build-2'].close();
    await rm(folder, { recursive: true, force: true });
  });
  const run = async (buildId: keyof typeof vendors): Promise<void> => {
    const vendor = vendors[buildId];
    const workers = await own(taskQueue, {
      TEMPORAL_DEPLOYMENT_NAME: deploymentName,
      TEMPORAL_WORKER_BUILD_ID: buildId,
      AIDGE_ENDPOINT: vendor.url,
      AIDGE_APP_KEY: vendor.appKey,
      AIDGE_APP_SECRET: vendor.appSecret,
      TRYON_ARCHIVE: pathToFileURL(join(folder, buildId)).href,
      TRYON_ARCHIVE_ALLOW: '127.0.0.1',
    });
    onTestFinished(() => workers.stop());
  };
  const queues = [taskQueue, vendorTaskQueue('default', taskQueue), submitTaskQueue('default', taskQueue)];
  const deploy = (buildId: string) => makeCurrent(deploymentName, buildId, [...queues, archiveTaskQueue(taskQueue)]);
  const startJob = async (requestId: string): Promise<WorkflowHandle> =>
    await client.workflow.start(workflowTypes.job, {
      taskQueue,
      workflowId: jobWorkflowId(requestId),
      args: [{ requestId, request: [aRequest] }],
    });
  const buildOf = async (workflowId: string) =>
    (await client.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo?.versioningInfo
      ?.deploymentVersion?.buildId;
  const archives = ({ images }: TryOnJobResult) => [
    ...new Set(images.map(({ archived }) => archived?.location.split('/').at(-3))),
  ];

  await run('build-1');
  // Within a minute of its start a job does not move: the second build is there before it begins.
  await run('build-2');
  await deploy('build-1');
  vendors['build-1'].scriptSubmits([{ use: 'reset-before-headers', polls: 1 }]);
  const parkedId = randomUUID();
  const parked = await startJob(parkedId);
  const stateOf = async () => (await parked.query<TryOnJobStatus>(messages.jobStatus)).state;
  await until(async () => (await stateOf()) === 'maybeSubmitted');
  await deploy('build-2');

  // Only the vendor of the first build knows the task.
  const taskId = vendors['build-1'].addTask({ script: 'finished' });
  const env = { ...workerEnv(emulator, taskQueue), TEMPORAL_ADDRESS: inject('temporal').address };
  const resolved = await runCli(['resolve', parkedId, '--task-id', taskId], env);
  expect({ code: resolved.code, err: resolved.err }).toMatchObject({ code: 0 });
  const result = (await parked.result()) as TryOnJobResult;
  expect(result).toMatchObject({ taskId, status: 'finished' });
  expect(archives(result)).toEqual(['build-1']);
  expect(await buildOf(parked.workflowId)).toBe('build-1');
  expect(await buildOf(resultsWorkflowId(taskId))).toBe('build-1');

  const later = await startJob(randomUUID());
  const laterResult = (await later.result()) as TryOnJobResult;
  expect(laterResult).toMatchObject({ status: 'finished' });
  expect(vendors['build-2'].submits.map(({ taskId }) => taskId)).toEqual([laterResult.taskId]);
  expect(archives(laterResult)).toEqual(['build-2']);
  expect(await buildOf(later.workflowId)).toBe('build-2');
});

test('one variable without the other is refused', () => {
  const env = { AIDGE_APP_KEY: 'k', AIDGE_APP_SECRET: 's', TEMPORAL_DEPLOYMENT_NAME: 'tryon' };
  expect(readWorkerSettings(env)).toEqual({
    ok: false,
    problems: [
      'TEMPORAL_DEPLOYMENT_NAME is set without TEMPORAL_WORKER_BUILD_ID; set both for versioned workers, or neither',
    ],
  });
});
