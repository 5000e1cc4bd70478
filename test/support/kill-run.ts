/**
 * Waits with progressive batches while their worker, or their Temporal server, is killed at seeded random moments. Everything here is started here
 * and ended here, by process id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { TryOnEvent, TryOnOutcome } from '../../src/contract.js';
import { freePort, startDevServer } from '../../src/dev-server/temporal-server.js';
import { builtWorker } from './bundles.js';
import { type Stack, startStack, workerEnv } from './stack.js';

export interface KillRunOptions {
  readonly workerKills: number;
  readonly serverKills: number;
  readonly seed: number;
  /** Waits open at a time; default 20. */
  readonly openWaits?: number;
  /** How long the server stays away after its first kill; default 0. */
  readonly serverAwaySeconds?: number;
  readonly log?: (line: string) => void;
}

export interface KillRunResult {
  readonly seed: number;
  readonly workerKills: number;
  readonly serverKills: number;
  readonly waits: number;
  readonly images: number;
  readonly queries: number;
  /** Queries beyond those of undisturbed waits: their answer died with the worker. */
  readonly extraQueries: number;
  /** Signals that came more than once; the receiver's rule drops them. */
  readonly repeatedSignals: number;
  /** What must not be, one line each. */
  readonly violations: readonly string[];
}

const SUB_TASKS = 3;
const IMAGES = SUB_TASKS * 4;
/** Queries of a wait that nothing disturbs: its script ends with the fourth. */
const POLLS = 4;
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

/** Starts a worker process; resolves when it runs. The caller kills it. */
export async function startWorker(env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [workerFile], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
      if (said.includes('running on')) resolve();
    });
    child.once('exit', () => reject(new Error(`the worker ended before it ran: ${said}`)));
  });
  return child;
}

/** Kills a worker process as a crash does, and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function killServer(pid: number | undefined): Promise<void> {
  if (pid === undefined) throw new TypeError('the server has no process of its own');
  process.kill(pid, 'SIGKILL');
  const isAlive = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (isAlive()) await sleep(20);
}

interface Wait {
  readonly taskId: string;
  readonly handle: WorkflowHandle;
  readonly recorder: WorkflowHandle;
  readonly startedAfterKills: number;
  endedAfterKills?: number;
  outcome?: TryOnOutcome;
}

/** Runs until all kills are done and every wait has ended. */
export async function killRun(options: KillRunOptions): Promise<KillRunResult> {
  const { workerKills, serverKills, seed, openWaits = 20, serverAwaySeconds = 0, log = () => undefined } = options;
  const chance = random(seed);
  const folder = await mkdtemp(join(tmpdir(), 'tryon-kill-'));
  const port = await freePort();
  const startServer = () =>
    startDevServer({ port, uiPort: false, dbFilename: join(folder, 'temporal.db'), log: () => undefined });
  let server = await startServer();
  let worker: ChildProcess | undefined;
  let stack: Stack | undefined;
  const waits: Wait[] = [];
  let kills = 0;
  let serversDone = 0;
  let isOver = false;
  try {
    stack = await startStack({ address: server.address, parents: true, noWorker: true });
    const current = stack;
    const env = {
      ...workerEnv(current.emulator, current.taskQueue),
      TEMPORAL_ADDRESS: server.address,
      TRYON_LOG_LEVEL: 'ERROR',
    };
    worker = await startWorker(env);

    /** The server may be down just now: asked again until it answers. */
    const persist = async <T>(ask: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await ask();
        } catch (error) {
          if ((error as Error).name === 'WorkflowFailedError') throw error;
          if ((error as Error).name === 'WorkflowExecutionAlreadyStartedError') throw error;
          await sleep(200);
        }
      }
    };
    const startOnce = async (ask: () => Promise<WorkflowHandle>, workflowId: string): Promise<WorkflowHandle> => {
      try {
        return await persist(ask);
      } catch (error) {
        if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
        return current.client.workflow.getHandle(workflowId);
      }
    };
    const oneAfterAnother = async (): Promise<void> => {
      while (!isOver) {
        const taskId = current.emulator.addTask({
          subTasks: SUB_TASKS,
          script: [
            { polls: 1, task: { state: 'running' } },
            { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
            { polls: 1, task: { state: 'running', finishedSubTasks: 2 } },
            { task: { state: 'finished' } },
          ],
        });
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
    const lanes = Promise.all(Array.from({ length: openWaits }, oneAfterAnother));
    lanes.catch(() => undefined);

    for (let index = 0; index < workerKills + serverKills; index++) {
      await sleep(2_500 * chance());
      const left = workerKills + serverKills - index;
      const isServer = serversDone < serverKills && chance() < (serverKills - serversDone) / left;
      kills += 1;
      if (isServer) {
        await killServer(server.pid);
        if (serversDone === 0) await sleep(serverAwaySeconds * 1_000);
        serversDone += 1;
        server = await startServer();
      } else {
        await kill(worker);
        worker = await startWorker(env);
      }
      log(
        `kill ${index + 1} of ${workerKills + serverKills} (${isServer ? 'server' : 'worker'}), ${waits.length} waits so far`,
      );
    }
    isOver = true;
    await lanes;
    return await classification(current, waits, { seed, workerKills, serverKills });
  } finally {
    isOver = true;
    if (worker !== undefined) await kill(worker);
    await stack?.stop().catch(() => undefined);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Counts what came, and holds it against what must be. */
async function classification(
  stack: Stack,
  waits: readonly Wait[],
  run: Pick<KillRunResult, 'seed' | 'workerKills' | 'serverKills'>,
): Promise<KillRunResult> {
  const violations: string[] = [];
  let extraQueries = 0;
  let repeatedSignals = 0;
  for (const { taskId, recorder, outcome, startedAfterKills, endedAfterKills = 0 } of waits) {
    const wrong = (what: string) => violations.push(`${taskId}: ${what}`);
    await recorder.signal('stop');
    const events = (await recorder.result()) as TryOnEvent[];
    const once = new Map(events.map((event) => [`${event.waitId} ${event.sequence}`, event]));
    repeatedSignals += events.length - once.size;
    const told = [...once.values()];
    const outcomes = told.filter((event) => event.kind === 'outcome');
    if (outcomes.length !== 1) wrong(`${outcomes.length} outcomes`);
    if (new Set(told.map((event) => event.waitId)).size !== 1) wrong('more than one waitId');
    if (told.some((event, index) => event.sequence !== index + 1))
      wrong(`sequence ${told.map((event) => event.sequence)}`);
    const byEvents = told.flatMap((event) => (event.kind === 'images' ? event.images.map((image) => image.id) : []));
    if (new Set(byEvents).size !== byEvents.length) wrong('an image was told twice by images events');
    const images = new Set([...byEvents, ...(outcome?.images ?? []).map((image) => image.id)]);
    if (images.size !== IMAGES || outcome?.images.length !== IMAGES)
      wrong(`${images.size} images, ${outcome?.images.length} in the outcome`);
    if (outcome?.status !== 'finished') wrong(`status ${outcome?.status}`);
    const queries = stack.emulator.queries.filter((query) => query.taskId === taskId).length;
    const extra = Math.max(0, queries - POLLS);
    extraQueries += extra;
    const killsMet = endedAfterKills - startedAfterKills + 1;
    if (extra > killsMet) wrong(`${queries} queries, ${killsMet} kills`);
    // An attempt that died leaves open whether its query was sent: it may count one that was not, or miss one that was.
    const polls = outcome?.polls ?? 0;
    if (Math.abs(queries - polls) > killsMet) wrong(`${queries} queries, ${polls} polls, ${killsMet} kills`);
  }
  return {
    ...run,
    waits: waits.length,
    images: waits.length * IMAGES,
    queries: stack.emulator.queries.length,
    extraQueries,
    repeatedSignals,
    violations,
  };
}
