/**
 * Jobs that archive into an S3 server while the worker, and now and then the S3 server, is killed at seeded random moments. Everything here is
 * started here and ended here, by process id.
 */

import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobWorkflowId, type TryOnJobResult, workflowTypes } from '../../src/contract.js';
import { startDevServer } from '../../src/dev-server/temporal-server.js';
import { pngOf } from '../../src/emulator/png.js';
import { random } from './kill-run.js';
import { type S3Server, startS3 } from './s3-server.js';
import { type Stack, startStack, workerEnv } from './stack.js';
import { killWorker, startWorker } from './worker-process.js';

export interface KillArchiveOptions {
  readonly workerKills: number;
  /** Kills of the S3 server, spread over the others. */
  readonly storeKills: number;
  readonly seed: number;
  /** Jobs open at a time; default 8. */
  readonly openJobs?: number;
  readonly log?: (line: string) => void;
}

export interface KillArchiveResult {
  readonly seed: number;
  readonly workerKills: number;
  readonly storeKills: number;
  readonly jobs: number;
  readonly images: number;
  /** Kills of the worker that met a job whose images were being archived. */
  readonly killsWhileArchiving: number;
  readonly downloads: number;
  /** What must not be, one line each. */
  readonly violations: readonly string[];
}

/** 64 images a task: its archive takes long enough to be met. */
const task = { subTasks: 8, imagesPerSubTask: 8, script: 'finished' } as const;

interface Job {
  readonly taskId: string;
  result: TryOnJobResult | undefined;
}

/** Runs until all kills are done and every job has ended. */
export async function killArchive(options: KillArchiveOptions): Promise<KillArchiveResult> {
  const { workerKills, storeKills, seed, openJobs = 8, log = () => undefined } = options;
  const chance = random(seed);
  const server = await startDevServer({ uiPort: false, log: () => undefined });
  const s3 = await startS3();
  let worker: ChildProcess | undefined;
  let stack: Stack | undefined;
  let isOver = false;
  let killsWhileArchiving = 0;
  const jobs: Job[] = [];
  try {
    stack = await startStack({ address: server.address, noWorker: true });
    const { client, emulator, taskQueue } = stack;
    const env = {
      ...workerEnv(emulator, taskQueue),
      ...s3.env,
      TEMPORAL_ADDRESS: server.address,
      TRYON_LOG_LEVEL: 'ERROR',
      TRYON_ARCHIVE: `s3://${s3.bucket}/images`,
      TRYON_ARCHIVE_ALLOW: '127.0.0.1',
    };
    const oneAfterAnother = async (): Promise<void> => {
      while (!isOver) {
        const job: Job = { taskId: emulator.addTask(task), result: undefined };
        jobs.push(job);
        const requestId = `archive-${job.taskId}`;
        const handle = await client.workflow.start(workflowTypes.job, {
          taskQueue,
          workflowId: jobWorkflowId(requestId),
          args: [{ requestId, taskId: job.taskId, timeoutSeconds: 86_400 }],
        });
        job.result = (await handle.result()) as TryOnJobResult;
      }
    };
    const isArchiving = (): boolean =>
      jobs.some(({ taskId, result }) => result === undefined && emulator.task(taskId)?.endServedAtMs !== undefined);

    worker = await startWorker(env);
    const lanes = Promise.all(Array.from({ length: openJobs }, oneAfterAnother));
    lanes.catch(() => undefined);
    for (let index = 0; index < workerKills; index++) {
      const before = emulator.stats.images;
      // A batch whose worker was killed is tried again once its heartbeat is missed.
      for (let tick = 0; tick < 1_000 && emulator.stats.images === before; tick++) await sleep(20);
      await sleep(300 * chance());
      if (emulator.stats.images > before && isArchiving()) killsWhileArchiving += 1;
      const isStoreKilled =
        Math.floor(((index + 1) * storeKills) / workerKills) > Math.floor((index * storeKills) / workerKills);
      await Promise.all([killWorker(worker), isStoreKilled ? s3.kill() : undefined]);
      worker = await startWorker(env);
      if (isStoreKilled) {
        // The worker meets a store that is away.
        await sleep(3_000 * chance());
        await s3.restart();
      }
      log(`kill ${index + 1} of ${workerKills}, ${jobs.length} jobs so far`);
    }
    isOver = true;
    await lanes;
    const images = jobs.reduce((sum, { result }) => sum + (result?.images.length ?? 0), 0);
    const violations = await violationsOf(s3, jobs);
    const run = { seed, workerKills, storeKills, killsWhileArchiving };
    return { ...run, jobs: jobs.length, images, downloads: emulator.stats.images, violations };
  } finally {
    isOver = true;
    if (worker !== undefined) await killWorker(worker);
    await stack?.stop().catch(() => undefined);
    await s3.stop();
    await server.stop();
  }
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Holds what is in the bucket against what must be. */
async function violationsOf(s3: S3Server, jobs: readonly Job[]): Promise<string[]> {
  const violations: string[] = [];
  const wanted = new Set<string>();
  for (const { taskId, result } of jobs) {
    if (result?.status !== 'finished') violations.push(`${taskId}: status ${result?.status}`);
    if (result?.images.length !== 64) violations.push(`${taskId}: ${result?.images.length} images`);
    for (const { id, imageUrl, archived, archiveError } of result?.images ?? []) {
      if (archived === undefined) {
        violations.push(`${taskId}/${id}: not archived, ${archiveError?.code}`);
        continue;
      }
      const key = `images/${taskId}/${id}.png`;
      wanted.add(key);
      const original = pngOf(/%2F([0-9a-f]{32})_/.exec(imageUrl)?.[1] ?? '');
      const stored = await s3.read(key).catch(() => Buffer.alloc(0));
      const isRight = sha256Of(stored) === archived.sha256 && stored.equals(original);
      if (!isRight) violations.push(`${key}: ${stored.length} bytes of ${original.length}`);
    }
  }
  for (const key of await s3.keys()) if (!wanted.delete(key)) violations.push(`${key}: nobody wanted it`);
  for (const key of wanted) violations.push(`${key}: not in the bucket`);
  const uploads = await s3.openUploads();
  if (uploads > 0) violations.push(`${uploads} uploads of parts were left open`);
  return violations;
}
