/**
 * Jobs while the worker that submits them is killed at seeded random moments. The vendor counts what it takes. Everything here is started here and
 * ended here, by process id.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  jobWorkflowId,
  messages,
  type TryOnJobResult,
  type TryOnJobStatus,
  workflowTypes,
} from '../../src/contract.js';
import { startDevServer } from '../../src/dev-server/temporal-server.js';
import { aRequest } from './jobs.js';
import { random } from './kill-run.js';
import { type Stack, startStack, workerEnv } from './stack.js';
import { killWorker, startWorker } from './worker-process.js';

export interface KillJobsOptions {
  readonly workerKills: number;
  readonly seed: number;
  /** Jobs open at a time; default 6. */
  readonly openJobs?: number;
  readonly log?: (line: string) => void;
}

export interface KillJobsResult {
  readonly seed: number;
  readonly workerKills: number;
  readonly jobs: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly maybeSubmitted: number;
  /** Requests that the vendor took more than once. */
  readonly paidTwice: number;
  /** Attempts beyond the first of each job: nothing had been sent by those before. */
  readonly furtherAttempts: number;
  /** What must not be, one line each. */
  readonly violations: readonly string[];
}

/** One in five requests is refused by the vendor. */
const refusedRequest = { clothesList: [] };

interface Job {
  readonly requestId: string;
  readonly isRefused: boolean;
  attempts: number;
  isParked: boolean;
  result: TryOnJobResult | undefined;
}

/** Runs until all kills are done and every job has ended. A job that is parked is given up: the vendor cannot tell what became of it. */
export async function killJobs(options: KillJobsOptions): Promise<KillJobsResult> {
  const { workerKills, seed, openJobs = 6, log = () => undefined } = options;
  const chance = random(seed);
  const server = await startDevServer({ uiPort: false, log: () => undefined });
  let worker: ChildProcess | undefined;
  let stack: Stack | undefined;
  let isOver = false;
  const jobs: Job[] = [];
  try {
    stack = await startStack({
      address: server.address,
      noWorker: true,
      emulator: { script: [{ task: { state: 'finished' } }], latencyMs: 20 },
    });
    const { client, emulator, taskQueue } = stack;
    const env = { ...workerEnv(emulator, taskQueue), TEMPORAL_ADDRESS: server.address, TRYON_LOG_LEVEL: 'ERROR' };

    const runOne = async (job: Job): Promise<void> => {
      const { requestId, isRefused } = job;
      const request = isRefused
        ? refusedRequest
        : { ...aRequest, clothesList: [{ imageUrl: `https://shop.example/${requestId}`, type: 'tops' }] };
      const handle = await client.workflow.start(workflowTypes.job, {
        taskQueue,
        workflowId: jobWorkflowId(requestId),
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        args: [{ requestId, request, timeoutSeconds: 86_400 }],
      });
      const ended = handle.result() as Promise<TryOnJobResult>;
      while (job.result === undefined) {
        job.result = await Promise.race([ended, sleep(1_000, undefined)]);
        const status = await client
          .withDeadline(Date.now() + 2_000, () => handle.query<TryOnJobStatus>(messages.jobStatus))
          .catch(() => undefined);
        job.attempts = status?.submission.attempts ?? job.attempts;
        if (status?.state !== 'maybeSubmitted') continue;
        job.isParked = true;
        await handle.executeUpdate(messages.resolveSubmission, { args: [{ giveUp: true }] }).catch(() => undefined);
      }
    };
    const oneAfterAnother = async (): Promise<void> => {
      while (!isOver) {
        const number = jobs.length;
        const job: Job = {
          requestId: `r-${number}`,
          isRefused: number % 5 === 4,
          attempts: 0,
          isParked: false,
          result: undefined,
        };
        jobs.push(job);
        await runOne(job);
      }
    };

    worker = await startWorker(env);
    const lanes = Promise.all(Array.from({ length: openJobs }, oneAfterAnother));
    lanes.catch(() => undefined);
    for (let index = 0; index < workerKills; index++) {
      await sleep(2_000 * chance());
      await killWorker(worker);
      worker = await startWorker(env);
      log(`kill ${index + 1} of ${workerKills}, ${jobs.length} jobs so far`);
    }
    isOver = true;
    await lanes;
    return count(stack, jobs, { seed, workerKills });
  } finally {
    isOver = true;
    if (worker !== undefined) await killWorker(worker);
    await stack?.stop().catch(() => undefined);
    await server.stop();
  }
}

/** Counts what came, and holds it against what must be. */
function count(
  { emulator }: Stack,
  jobs: readonly Job[],
  run: Pick<KillJobsResult, 'seed' | 'workerKills'>,
): KillJobsResult {
  const taken = new Map<string, string[]>();
  for (const { taskId } of emulator.submits) {
    const clothes = taskId === undefined ? undefined : emulator.task(taskId)?.subTasks[0]?.clothes;
    if (taskId === undefined || clothes === undefined) continue;
    taken.set(clothes, [...(taken.get(clothes) ?? []), taskId]);
  }
  const violations: string[] = [];
  for (const { requestId, isRefused, isParked, result } of jobs) {
    const taskIds = taken.get(`https://shop.example/${requestId}`) ?? [];
    const wrong = (what: string) => violations.push(`${requestId}: ${what}`);
    if (taskIds.length > 1) wrong(`paid ${taskIds.length} times`);
    const wanted = isParked ? 'unresolved' : isRefused ? 'rejected' : 'finished';
    if (result?.status !== wanted) wrong(`status ${result?.status}, not ${wanted}`);
    if (wanted === 'finished' && taskIds[0] !== result?.taskId) wrong(`task ${result?.taskId}, not ${taskIds[0]}`);
  }
  const maybeSubmitted = jobs.filter(({ isParked }) => isParked).length;
  // Few kills say nothing of a share.
  if (run.workerKills >= 100 && maybeSubmitted > run.workerKills / 10)
    violations.push(`${maybeSubmitted} jobs were parked: more than a tenth of the kills`);
  return {
    ...run,
    jobs: jobs.length,
    accepted: jobs.filter(({ result }) => result?.status === 'finished').length,
    rejected: jobs.filter(({ result }) => result?.status === 'rejected').length,
    maybeSubmitted,
    paidTwice: [...taken.values()].filter((taskIds) => taskIds.length > 1).length,
    furtherAttempts: jobs.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0),
    violations,
  };
}
