/** Resident memory of one worker process with few and with many open waits, the starting client in another process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmulator } from '../../src/testing.js';
import { atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startProcess, startWorker, workerEnv } from '../lib/processes.js';
import { startBenchServer } from '../lib/server.js';
import { medianOf } from '../lib/stats.js';
import type { StarterInput, StarterSays } from './starter.js';

/** What the dev server of a small machine takes beside the polls. */
const STARTS_PER_SECOND = 60;
/** A budget for the many: with the first poll of each its workers, the server and this process have work enough. */
const QUERIES_PER_SECOND = 100;
const SAMPLE_EVERY_MS = 1_000;
/** So long after the last start: every wait has run its first workflow task by then, and nearly all had their first poll. */
const POLLS_WITHIN_MS = 120_000;

interface Found {
  readonly waits: number;
  /** How many of them had been polled when the watch began. */
  readonly polled: number;
  readonly emptyMb: number;
  readonly medianMb: number;
  readonly maxMb: number;
  readonly serverMb: number;
  readonly queriesPerSecond: number;
}

async function withWaits(waits: number, context: BenchContext): Promise<Found & { readonly server: string }> {
  const { log, seed } = context;
  const watchSeconds = context.quick ? 10 : 60;
  const server = await startBenchServer(log);
  const emulator = await startEmulator({
    seed,
    subTasks: 1,
    logEntries: 1_000,
    script: { task: { state: 'running' } },
  });
  const processes: BenchProcess[] = [];
  try {
    const env = workerEnv(emulator, server.address, { AIDGE_QUERIES_PER_SECOND: String(QUERIES_PER_SECOND) });
    const worker = await startWorker(env);
    processes.push(worker);
    const emptyMb = worker.memory().nowMb;
    for (let index = 0; index < waits; index++) emulator.addTask({ taskId: `open-${index}` });
    const polled = new Set<string>();
    emulator.onQuery(({ taskId }) => {
      if (taskId !== undefined) polled.add(taskId);
    });
    const input: StarterInput = { address: server.address, prefix: 'open', count: waits, perSecond: STARTS_PER_SECOND };
    const starter = await startProcess(
      ['--import', 'tsx', fileURLToPath(new URL('./starter.ts', import.meta.url)), JSON.stringify(input)],
      {},
      (said) => said.includes('starter runs'),
    );
    processes.push(starter);
    let started = 0;
    starter.onMessage((message) => {
      started = (message as StarterSays).started;
    });
    let saidMs = Date.now();
    let startedMs = Number.POSITIVE_INFINITY;
    while (polled.size < waits && Date.now() - startedMs < POLLS_WITHIN_MS) {
      await sleep(500);
      const nowMs = Date.now();
      if (started === waits) startedMs = Math.min(startedMs, nowMs);
      if (nowMs - saidMs < 15_000) continue;
      saidMs = nowMs;
      log(
        `${started} of ${waits} waits were started, ${polled.size} polled; the worker has ${worker.memory().nowMb.toFixed(0)} MB`,
      );
    }
    const polledAt = polled.size;
    log(`all ${waits} are open, ${polledAt} were polled; watching for ${watchSeconds} s`);
    const before = emulator.stats.queries;
    const samples: number[] = [];
    for (let second = 0; second < watchSeconds; second++) {
      await sleep(SAMPLE_EVERY_MS);
      samples.push(worker.memory().nowMb);
    }
    const found = {
      waits,
      polled: polledAt,
      emptyMb,
      medianMb: medianOf(samples),
      maxMb: worker.memory().maxMb,
      serverMb: server.memory().nowMb,
      queriesPerSecond: (emulator.stats.queries - before) / watchSeconds,
    };
    log(`${waits} waits: ${found.medianMb.toFixed(0)} MB, at most ${found.maxMb.toFixed(0)} MB since the start`);
    return { ...found, server: server.version };
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await emulator.close();
    await server.stop();
  }
}

/** Runs it. */
export async function run(context: BenchContext): Promise<PartResult & { readonly server: string }> {
  const many = sizeOf(context, 'waits', 10_000, 600);
  const few = await withWaits(Math.round(many / 10), context);
  const lots = await withWaits(many, context);
  return {
    server: few.server,
    targets: [
      atMost(`resident memory of the worker with ${many} open waits`, 350, lots.medianMb, 'MB'),
      atMost(`the same over that with ${few.waits} waits`, 1.2, lots.medianMb / few.medianMb),
    ],
    tables: [
      {
        title: 'Resident memory of one worker process, in MB of a million bytes',
        header: ['open waits', 'polled', 'before the first', 'median', 'most ever', 'server', 'polls per second'],
        rows: [few, lots].map((found) => [
          found.waits,
          found.polled,
          rounded(found.emptyMb),
          rounded(found.medianMb),
          rounded(found.maxMb),
          rounded(found.serverMb),
          rounded(found.queriesPerSecond),
        ]),
      },
    ],
    notes: [
      `The built worker with its defaults and ${QUERIES_PER_SECOND} queries/s; memory is VmRSS of /proc, once a second when all are started and polled, or two minutes after the last start; "most ever" is VmHWM, the starts included. Client, emulator and server are other processes.`,
    ],
    data: { few, lots },
  };
}
