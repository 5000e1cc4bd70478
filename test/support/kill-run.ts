/**
 * Waits with progressive batches, and listings, while their workers or parts of their Temporal server are killed at seeded random moments.
 * Everything here is started here and ended here, by process id.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { listingWorkflowId, type TryOnListingResult, type TryOnOutcome, workflowTypes } from '../../src/contract.js';
import { freePort } from '../../src/dev-server/temporal-server.js';
import { builtWorker } from './bundles.js';
import { checkKillRun, type KillRunResult, type Listing, persist, SUB_TASKS, type Wait } from './kill-check.js';
import { devServerTopology, type KillTopology } from './kill-topology.js';
import { type Stack, startStack, workerEnv } from './stack.js';
import { type Supervised, supervise } from './supervised.js';

export interface KillRunOptions {
  readonly workerKills: number;
  readonly serverKills: number;
  readonly seed: number;
  /** Waits open at a time; default 20. */
  readonly openWaits?: number;
  /** Listings of three tasks open at a time; default 0. */
  readonly openListings?: number;
  /** Worker processes; default 1. */
  readonly workers?: number;
  /** The vendor's budget, which is held and checked; default: none. */
  readonly queriesPerSecond?: number;
  /** How long the server stays away after its first kill; default 0. */
  readonly serverAwaySeconds?: number;
  /** Starts the server whose parts are killed; default: a dev server. */
  readonly topology?: () => Promise<KillTopology>;
  readonly log?: (line: string) => void;
}

const workerFile = await builtWorker();

/** Mulberry32: the same seed gives the same moments. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A worker that comes back when it ends, as under an orchestrator. */
async function startWorker(env: Record<string, string>, folder: string, name: string): Promise<Supervised> {
  const address = `127.0.0.1:${await freePort()}`;
  return supervise({
    ...{ program: process.execPath, args: [workerFile], env: { ...env, TRYON_HEALTH_ADDRESS: address }, cwd: folder },
    logFile: join(folder, `${name}.log`),
    isUp: async () => {
      const { status } = await fetch(`http://${address}/readyz`);
      if (status !== 200) throw new Error(`not ready: ${status}`);
    },
  });
}

/** In the order of a shuffled deck: each part of the server about as often as the others. */
function killsOf(
  { workerKills, serverKills }: KillRunOptions,
  parts: readonly string[],
  chance: () => number,
): string[] {
  const kills = [
    ...Array.from({ length: workerKills }, () => 'worker'),
    ...Array.from({ length: serverKills }, (_, index) => parts[index % parts.length] as string),
  ];
  for (let last = kills.length - 1; last > 0; last--) {
    const other = Math.floor(chance() * (last + 1));
    [kills[last], kills[other]] = [kills[other] as string, kills[last] as string];
  }
  return kills;
}

/** Runs until all kills are done and every wait has ended. */
export async function killRun(options: KillRunOptions): Promise<KillRunResult> {
  const { workerKills, serverKills, seed, openWaits = 20, openListings = 0, queriesPerSecond = 1000 } = options;
  const { serverAwaySeconds = 0, topology = devServerTopology, log = () => undefined } = options;
  const chance = random(seed);
  const folder = await mkdtemp(join(tmpdir(), 'tryon-kill-'));
  const server = await topology();
  const workers: Supervised[] = [];
  let stack: Stack | undefined;
  const waits: Wait[] = [];
  const listings: Listing[] = [];
  let kills = 0;
  let serversDone = 0;
  let isOver = false;
  try {
    stack = await startStack({ address: server.addresses[0] as string, parents: true, noWorker: true });
    const current = stack;
    for (let index = 0; index < (options.workers ?? 1); index++) {
      const env = {
        ...workerEnv(current.emulator, current.taskQueue),
        AIDGE_QUERIES_PER_SECOND: String(queriesPerSecond),
        TEMPORAL_ADDRESS: server.addresses[index % server.addresses.length] as string,
        TRYON_LOG_LEVEL: 'ERROR',
      };
      workers.push(await startWorker(env, folder, `worker-${index + 1}`));
    }
    await Promise.all(workers.map((worker) => worker.up()));

    const startOnce = async (ask: () => Promise<WorkflowHandle>, workflowId: string): Promise<WorkflowHandle> => {
      try {
        return await persist(ask);
      } catch (error) {
        if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
        return current.client.workflow.getHandle(workflowId);
      }
    };
    const addTask = (): string =>
      current.emulator.addTask({
        subTasks: SUB_TASKS,
        script: [
          { polls: 1, task: { state: 'running' } },
          { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
          { polls: 1, task: { state: 'running', finishedSubTasks: 2 } },
          { task: { state: 'finished' } },
        ],
      });
    const waitAfterWait = async (): Promise<void> => {
      while (!isOver) {
        const taskId = addTask();
        const recorderId = `recorder-${taskId}`;
        const recorder = await startOnce(() => current.parent('recorder', recorderId), recorderId);
        const input = { taskId, notify: [{ workflowId: recorderId }], timeoutSeconds: 86_400 };
        const handle = await startOnce(() => current.start(input), `tryon-results-${taskId}`);
        const wait: Wait = { taskId, handle, recorder, startedAfterKills: kills };
        waits.push(wait);
        wait.outcome = (await persist(() => handle.result())) as TryOnOutcome;
        wait.endedAfterKills = kills;
      }
    };
    const listingAfterListing = async (): Promise<void> => {
      while (!isOver) {
        const taskIds = [addTask(), addTask(), addTask()];
        const listingId = `kill-${taskIds[0]}`;
        const workflowId = listingWorkflowId(listingId);
        const args = [{ listingId, tasks: taskIds.map((taskId) => ({ taskId })), timeoutSeconds: 86_400 }];
        const { client, taskQueue } = current;
        const start = () => client.workflow.start(workflowTypes.listing, { taskQueue, workflowId, args });
        const listing: Listing = { taskIds };
        listings.push(listing);
        const handle = await startOnce(start, workflowId);
        listing.result = (await persist(() => handle.result())) as TryOnListingResult;
      }
    };
    const lanes = Promise.all([
      ...Array.from({ length: openWaits }, waitAfterWait),
      ...Array.from({ length: openListings }, listingAfterListing),
    ]);
    lanes.catch(() => undefined);

    const order = killsOf(options, server.parts, chance);
    for (const [index, part] of order.entries()) {
      await sleep(2_500 * chance());
      kills += 1;
      if (part === 'worker') {
        const worker = workers[Math.floor(chance() * workers.length)];
        await worker?.kill();
        await worker?.up();
      } else {
        await server.kill(part, serversDone === 0 ? serverAwaySeconds : 0);
        serversDone += 1;
      }
      log(
        `kill ${index + 1} of ${order.length} (${part}), ${waits.length} waits and ${listings.length} listings so far`,
      );
    }
    isOver = true;
    await lanes;
    log('all have ended');
    return await checkKillRun(current, { waits, listings }, { seed, workerKills, serverKills, queriesPerSecond });
  } finally {
    isOver = true;
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    await stack?.stop().catch(() => undefined);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
