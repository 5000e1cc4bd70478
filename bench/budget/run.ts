/**
 * One budget over four worker processes. The run begins in the middle of things: with the jobs that a steady stream would have left open, so
 * that the stuck ones, which are most of the load, are there from the first minute, and no job is left out because it was still open.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { startEmulator } from '../../src/testing.js';
import { lawA } from '../lib/laws.js';
import { atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startBenchWorker, startWorker, workerEnv } from '../lib/processes.js';
import { exponentialDraw, seeded } from '../lib/random.js';
import { startRecorders } from '../lib/recorders.js';
import { startBenchServer } from '../lib/server.js';
import { meanOf, mostWithin, quantileOf } from '../lib/stats.js';

const WORKERS = 4;
const QUERIES_PER_SECOND = 20;
const JOBS_PER_SECOND = 4;
const PARENTS = 40;
const TAKE_ON_MS = 30_000;

interface Planned {
  readonly taskId: string;
  /** Before the start of the run where it is negative. */
  readonly submittedMs: number;
  readonly durationMs: number;
}

/** A Poisson stream of law A from so long before the run that none older could be open; those over by then are left out. */
function stream(seed: number, seconds: number): Planned[] {
  const law = lawA();
  const draw = seeded(seed);
  const jobs: Planned[] = [];
  let at = -law.horizonSeconds;
  for (let index = 0; ; index++) {
    at += exponentialDraw(draw) / JOBS_PER_SECOND;
    if (at >= seconds) return jobs;
    const duration = law.draw(draw);
    if (at + duration <= 0) continue;
    jobs.push({
      taskId: `job-${seed}-${index}`,
      submittedMs: Math.round(1000 * at),
      durationMs: Math.round(1000 * duration),
    });
  }
}

/** Runs it. */
export async function run(context: BenchContext): Promise<PartResult & { readonly server: string }> {
  const { seed, log, quick } = context;
  const warmSeconds = quick ? 30 : 120;
  const seconds = sizeOf(context, 'seconds', 300, 30);
  const jobs = stream(seed, warmSeconds + seconds);
  const server = await startBenchServer(log);
  const emulator = await startEmulator({ seed, subTasks: 1 });
  const processes: BenchProcess[] = [];
  try {
    const { address, client } = server;
    const env = workerEnv(emulator, address, { AIDGE_QUERIES_PER_SECOND: String(QUERIES_PER_SECOND) });
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => startWorker(env)));
    processes.push(...workers);
    const parents = await startBenchWorker({
      address,
      workflows: 'lean-workflows',
      emulatorUrl: emulator.url,
      taskQueue: 'parents',
    });
    processes.push(parents);
    const recorders = await startRecorders(client, parents, { taskQueue: 'parents', count: PARENTS, name: 'parent' });

    // The jobs that are open already are taken on one after the other: all at once would be an outage's end, not a stream.
    const beginMs = Date.now() + TAKE_ON_MS;
    const stock = jobs.filter(({ submittedMs }) => submittedMs < 0).length;
    log(`${stock} jobs are open at the start, ${jobs.length - stock} follow at ${JOBS_PER_SECOND} a second`);
    const startJob = async ({ taskId, submittedMs, durationMs }: Planned, index: number): Promise<void> => {
      const startMs = Math.max(submittedMs, (index / stock - 1) * TAKE_ON_MS);
      await sleep(Math.max(0, beginMs + startMs - Date.now()));
      const submittedAtMs = beginMs + submittedMs;
      emulator.addTask({ taskId, durationSeconds: durationMs / 1000, submittedAtMs });
      const input = {
        taskId,
        submittedAt: new Date(submittedAtMs).toISOString(),
        notify: [{ workflowId: recorders.parentOf(index) }],
      };
      await client.workflow.start(workflowTypes.results, {
        taskQueue: 'tryon',
        workflowId: resultsWorkflowId(taskId),
        args: [input],
      });
    };
    const ticking = setInterval(() => {
      const { queries } = emulator.stats;
      log(`${recorders.outcomes.size} of ${jobs.length} are over, ${queries} queries`);
    }, 15_000);
    const starts = Promise.all(jobs.map(startJob));
    try {
      await starts;
      const endMs = beginMs + 1000 * (warmSeconds + seconds);
      await sleep(Math.max(0, endMs - Date.now()));
      const fromMs = beginMs + 1000 * warmSeconds;
      const within = (atMs: number): boolean => atMs >= fromMs && atMs < endMs;
      // Every look counts for the limit, those of the first minutes too.
      const looks = emulator.queries.map(({ atMs }) => atMs);
      const measuredLooks = looks.filter(within).length;
      const seen = emulator.ends.filter(({ servedAtMs }) => within(servedAtMs));
      const toLook = seen.map(({ servedAtMs, visibleAtMs }) => (servedAtMs - visibleAtMs) / 1000);
      // Where the event is on its way still, the look is all that is known.
      const toEvent = seen.map(
        ({ taskId, servedAtMs, visibleAtMs }) => ((recorders.outcomes.get(taskId) ?? servedAtMs) - visibleAtMs) / 1000,
      );
      const most5 = mostWithin(looks, 5_000);
      const most1 = mostWithin(looks, 1_000);
      return {
        server: server.version,
        targets: [
          atMost('queries in any 5 s at the emulator', 110, most5),
          atMost("mean delay to the parent's event", 7.5, meanOf(toEvent), 's'),
        ],
        tables: [
          {
            title: `${WORKERS} worker processes, ${QUERIES_PER_SECOND} queries/s, ${JOBS_PER_SECOND} jobs/s of law A, ${seconds} s measured`,
            header: ['figure', 'found'],
            rows: [
              ['jobs seen to end', seen.length],
              ['queries per second', rounded(measuredLooks / seconds)],
              ['queries per job', rounded(measuredLooks / seen.length)],
              ['most queries in any 5 s', most5],
              ['most queries in any 1 s', most1],
              ["mean delay to the parent's event, s", rounded(meanOf(toEvent))],
              ['mean delay to the look, s', rounded(meanOf(toLook))],
              ["95 % of delays to the parent's event, s", rounded(quantileOf(toEvent, 0.95))],
              ['99 % of them, s', rounded(quantileOf(toEvent, 0.99))],
            ],
          },
        ],
        notes: [
          `Jobs start at random moments (Poisson). ${stock} jobs were open at the start, as a stream that had run for 30 min leaves them; measured after ${warmSeconds} s. The queries of the first ${warmSeconds} s count for the limit too.`,
        ],
        data: { warmSeconds, seconds, stock, jobs: jobs.length, looks: measuredLooks, ends: seen.length, toEvent },
      };
    } finally {
      clearInterval(ticking);
    }
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await emulator.close();
    await server.stop();
  }
}
