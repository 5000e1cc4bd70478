/**
 * A long, steady load: waits start all the time, workers are restarted one by one, and the vendor has outages. Everything here is started
 * here and ended here, by process id.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { TryOnEvent, TryOnOutcome } from '../../src/contract.js';
import { startDevServer } from '../../src/dev-server/temporal-server.js';
import { type Stack, startStack, workerEnv } from './stack.js';
import { killWorker, startWorker } from './worker-process.js';

/** What to run. */
export interface SoakOptions {
  readonly minutes: number;
  /** Waits in all, started evenly over the time. */
  readonly waits: number;
  /** Worker processes; default 4. */
  readonly workers?: number;
  /** Queries per second of the account; default 60. */
  readonly queriesPerSecond?: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

/** What came of it. */
export interface SoakResult extends Required<Pick<SoakOptions, 'minutes' | 'waits' | 'workers' | 'seed'>> {
  readonly images: number;
  readonly queries: number;
  readonly restarts: number;
  readonly outages: number;
  /** Most queries in any 5 s, and how many the budget allows. */
  readonly maxIn5Seconds: number;
  readonly allowedIn5Seconds: number;
  /** Resident memory of all workers, in MB of a million bytes: the median of the second third and of the last third of the time. */
  readonly memoryMb: { readonly middle: number; readonly last: number };
  /** Signals that came more than once; the receiver's rule drops them. */
  readonly repeatedSignals: number;
  /** What must not be, one line each. */
  readonly violations: readonly string[];
}

const SUB_TASKS = 2;
const IMAGES = SUB_TASKS * 4;
const WAITS_OF_A_RECORDER = 25;
const WINDOW_MS = 5_000;

const residentMb = (pid: number): number =>
  (Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;

/** Counts events of the last 5 s; keeps the largest count. */
class Window {
  max = 0;
  readonly #times: number[] = [];

  add(atMs: number): void {
    this.#times.push(atMs);
    while ((this.#times[0] ?? 0) <= atMs - WINDOW_MS) this.#times.shift();
    this.max = Math.max(this.max, this.#times.length);
  }
}

interface Recorder {
  readonly handle: WorkflowHandle;
  readonly outcomes: Map<string, TryOnOutcome>;
}

/** Runs until every wait has ended. */
export async function soakRun(options: SoakOptions): Promise<SoakResult> {
  const { minutes, waits, workers = 4, queriesPerSecond = 60, seed, log = () => undefined } = options;
  const lengthMs = minutes * 60_000;
  const server = await startDevServer({ uiPort: false, log: () => undefined });
  const processes: ChildProcess[] = [];
  let stack: Stack | undefined;
  let isOver = false;
  try {
    stack = await startStack({
      address: server.address,
      parents: true,
      noWorker: true,
      emulator: { seed, subTasks: SUB_TASKS, distribution: { medianSeconds: 20, p95Seconds: 60, tailWeight: 0 } },
    });
    const { emulator, taskQueue, parent, start } = stack;
    const env = {
      ...workerEnv(emulator, taskQueue),
      AIDGE_QUERIES_PER_SECOND: String(queriesPerSecond),
      TEMPORAL_ADDRESS: server.address,
      TRYON_LOG_LEVEL: 'ERROR',
    };
    for (let index = 0; index < workers; index++) processes.push(await startWorker(env));

    const window = new Window();
    emulator.onQuery(() => window.add(performance.now()));
    const beganMs = performance.now();
    const elapsedMs = (): number => performance.now() - beganMs;
    const untilMs = async (atMs: number): Promise<void> => {
      const leftMs = atMs - elapsedMs();
      if (leftMs > 0) await sleep(leftMs);
    };

    const recorders: Recorder[] = [];
    const startAll = async (): Promise<void> => {
      const results: Promise<void>[] = [];
      for (let index = 0; index < waits; index++) {
        await untilMs((index * lengthMs) / waits);
        if (index % WAITS_OF_A_RECORDER === 0) {
          recorders.push({ handle: await parent('recorder', `soak-${recorders.length}`), outcomes: new Map() });
        }
        const recorder = recorders.at(-1) as Recorder;
        const taskId = emulator.addTask();
        const handle = await start({ taskId, notify: [{ workflowId: recorder.handle.workflowId }] });
        results.push(handle.result().then((outcome) => void recorder.outcomes.set(taskId, outcome as TryOnOutcome)));
      }
      await Promise.all(results);
    };

    let restarts = 0;
    const restartOneByOne = async (): Promise<void> => {
      for (let round = 1; round < 6; round++) {
        await untilMs((round * lengthMs) / 6);
        if (isOver) return;
        for (const [index, old] of processes.entries()) {
          const ended = once(old, 'exit');
          old.kill('SIGTERM');
          await ended;
          processes[index] = await startWorker(env);
          restarts += 1;
        }
        log(
          `${(elapsedMs() / 60_000).toFixed(1)} min: the workers were restarted, ${emulator.ends.length} tasks have ended`,
        );
      }
    };

    let outages = 0;
    const outagesOfTheVendor = async (): Promise<void> => {
      for (const [at, script] of [
        [0.25, 'http-503 always'],
        [0.5, 'refuse'],
        [0.75, 'hang always'],
      ] as const) {
        await untilMs(at * lengthMs);
        if (isOver) return;
        outages += 1;
        await emulator.outage(script);
        await sleep(lengthMs / 30);
        await emulator.outage();
      }
    };

    const memory: { readonly atMs: number; readonly mb: number }[] = [];
    const sampler = setInterval(() => {
      const running = processes.filter((process) => process.exitCode === null && process.signalCode === null);
      if (running.length < workers) return;
      memory.push({ atMs: elapsedMs(), mb: running.reduce((sum, { pid }) => sum + residentMb(pid as number), 0) });
    }, 1_000);
    try {
      await Promise.all([startAll(), restartOneByOne(), outagesOfTheVendor()]);
    } finally {
      isOver = true;
      clearInterval(sampler);
    }
    const memoryFrom = (from: number): number =>
      median(
        memory.filter(({ atMs }) => atMs >= from * lengthMs && atMs < (from + 1 / 3) * lengthMs).map(({ mb }) => mb),
      );

    const violations: string[] = [];
    const allowedIn5Seconds = 5.5 * queriesPerSecond;
    if (window.max > allowedIn5Seconds) violations.push(`${window.max} queries in 5 s, ${allowedIn5Seconds} allowed`);
    let repeatedSignals = 0;
    for (const { handle, outcomes } of recorders) {
      await handle.signal('stop');
      const { problems, repeated } = problemsOf((await handle.result()) as TryOnEvent[], outcomes);
      violations.push(...problems);
      repeatedSignals += repeated;
    }
    return {
      minutes,
      waits,
      workers,
      seed,
      images: waits * IMAGES,
      queries: emulator.stats.queries,
      restarts,
      outages,
      maxIn5Seconds: window.max,
      allowedIn5Seconds,
      memoryMb: { middle: memoryFrom(1 / 3), last: memoryFrom(2 / 3) },
      repeatedSignals,
      violations,
    };
  } finally {
    isOver = true;
    await Promise.all(processes.map(killWorker));
    await stack?.stop().catch(() => undefined);
    await server.stop();
  }
}

/** Compares the events that one recorder got with the outcomes of its waits. */
function problemsOf(
  received: readonly TryOnEvent[],
  outcomes: ReadonlyMap<string, TryOnOutcome>,
): { readonly problems: readonly string[]; readonly repeated: number } {
  const problems: string[] = [];
  const byNumber = new Map(received.map((event) => [`${event.waitId} ${event.sequence}`, event]));
  const unique = [...byNumber.values()];
  for (const [taskId, outcome] of outcomes) {
    const events = unique.filter((event) => event.taskId === taskId);
    const wrong = (what: string) => problems.push(`${taskId}: ${what}`);
    if (events.some((event, index) => event.sequence !== index + 1))
      wrong(`sequence ${events.map((event) => event.sequence)}`);
    if (events.filter(({ kind }) => kind === 'outcome').length !== 1) wrong('not exactly one outcome');
    const early = events.flatMap((event) => (event.kind === 'images' ? event.images.map(({ id }) => id) : []));
    if (new Set(early).size !== early.length) wrong('an image was sent twice by images events');
    const images = new Set([...early, ...outcome.images.map(({ id }) => id)]);
    if (images.size !== IMAGES || outcome.images.length !== IMAGES) wrong(`${outcome.images.length} images`);
    if (outcome.status !== 'finished') wrong(`status ${outcome.status}`);
  }
  return { problems, repeated: received.length - byNumber.size };
}
