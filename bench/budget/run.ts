/**
 * One budget over four worker processes. The run begins in the middle of things: with the jobs that a steady stream would have left open, so
 * that the stuck ones, which are most of the load, are there from the first minute, and no job is left out because it was still open.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaults, resultsWorkflowId, vendorTaskQueue, workflowTypes } from '../../src/contract.js';
import { countPartitions } from '../../src/temporal/queue-limit.js';
import { startEmulator } from '../../src/testing.js';
import { atLeast, atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startBenchWorker, startWorker, workerEnv } from '../lib/processes.js';
import { startRecorders } from '../lib/recorders.js';
import { startBenchServer } from '../lib/server.js';
import { maxWithin, meanOf, quantileOf } from '../lib/stats.js';
import { type Planned, stream, takeOnMs } from './jobs.js';
import { simulateBudget } from './simulated.js';

const WORKERS = 4;
const QUERIES_PER_SECOND = 20;
const JOBS_PER_SECOND = 4;
const PARENTS = 40;

/** With several partitions, the share of the queries of one partition that must be reached at least. */
const SHARE_OF_ONE_PARTITION = 0.8;

/** Runs it. */
export async function run(
  context: BenchContext,
): Promise<PartResult & { readonly server: string; readonly variant?: string }> {
  const { seed, log } = context;
  // Until what was learned from the jobs taken on, of which the short ones are missing, has been outweighed.
  const warmSeconds = sizeOf(context, 'warm', 300, 30);
  const partitions = sizeOf(context, 'partitions', 1, 1);
  const seconds = sizeOf(context, 'seconds', 300, 30);
  const jobs = stream(seed, warmSeconds + seconds, JOBS_PER_SECOND);
  const sides = ['Read', 'Write'].map((side) => `matching.numTaskqueue${side}Partitions=${partitions}`);
  const server = await startBenchServer(
    log,
    sides.flatMap((side) => ['--dynamic-config-value', side]),
  );
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

    const beginMs = Date.now() + takeOnMs;
    const stock = jobs.filter(({ submittedMs }) => submittedMs < 0).length;
    log(`${stock} jobs are open at the start, ${jobs.length - stock} follow at ${JOBS_PER_SECOND} a second`);
    const startJob = async (job: Planned, index: number): Promise<void> => {
      const { taskId, submittedMs, durationMs, startMs } = job;
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
      // Every poll counts for the limit, those of the first minutes too.
      const polls = emulator.queries.map(({ atMs }) => atMs);
      const measuredPolls = polls.filter(within).length;
      const seen = emulator.ends.filter(({ servedAtMs }) => within(servedAtMs));
      const toPoll = seen.map(({ servedAtMs, visibleAtMs }) => (servedAtMs - visibleAtMs) / 1000);
      // Where the event is on its way still, the poll is all that is known.
      const toEvent = seen.map(
        ({ taskId, servedAtMs, visibleAtMs }) => ((recorders.outcomes.get(taskId) ?? servedAtMs) - visibleAtMs) / 1000,
      );
      const listed = await countPartitions(client, vendorTaskQueue(defaults.account));
      if (listed !== partitions) throw new Error(`the vendor queue has ${listed} partitions, not ${partitions}`);
      const simulated = (count: number) =>
        simulateBudget({
          ...{ jobs, seed, partitions: count, workers: WORKERS, queriesPerSecond: QUERIES_PER_SECOND },
          ...{ fromMs: 1000 * warmSeconds, untilMs: 1000 * (warmSeconds + seconds) },
        });
      const max5 = maxWithin(polls, 5_000);
      const max1 = maxWithin(polls, 1_000);
      return {
        server: server.version,
        ...(partitions === 1 ? {} : { variant: `${partitions}-partitions` }),
        targets: [
          ...(partitions === 1
            ? []
            : [
                atLeast(
                  'queries per second, of those of one partition in the simulation',
                  SHARE_OF_ONE_PARTITION,
                  measuredPolls / seconds / simulated(1).pollsPerSecond,
                ),
              ]),
          atMost('queries in any 5 s at the emulator', 110, max5),
          atMost("mean delay to the parent's event", 7.5, meanOf(toEvent), 's'),
        ],
        tables: [
          {
            title: `${WORKERS} worker processes, ${QUERIES_PER_SECOND} queries/s, ${JOBS_PER_SECOND} jobs/s of distribution A, ${seconds} s measured`,
            header: ['figure', 'found'],
            rows: [
              ['jobs seen to end', seen.length],
              ['queries per second', rounded(measuredPolls / seconds)],
              ['queries per job', rounded(measuredPolls / seen.length)],
              ['most queries in any 5 s', max5],
              ['most queries in any 1 s', max1],
              ["mean delay to the parent's event, s", rounded(meanOf(toEvent))],
              ['mean delay to the poll, s', rounded(meanOf(toPoll))],
              ["95 % of delays to the parent's event, s", rounded(quantileOf(toEvent, 0.95))],
              ['99 % of them, s', rounded(quantileOf(toEvent, 0.99))],
            ],
          },
          {
            title: 'The same jobs simulated, where nothing takes time but the queue',
            header: ['partitions of the queue', 'queries per second', 'mean delay s', 'mean lag in the queue s'],
            rows: [1, 4].map((count) => {
              const { pollsPerSecond, delaySeconds, lagSeconds } = simulated(count);
              return [count, rounded(pollsPerSecond), rounded(delaySeconds), rounded(lagSeconds)];
            }),
          },
        ],
        notes: [
          `Jobs start at random moments (Poisson). ${stock} jobs were open at the start, as a stream that had run for 30 min leaves them; measured after ${warmSeconds} s. The queries of the first ${warmSeconds} s count for the limit too.`,
          partitions === 1
            ? 'The vendor queue has one partition, as `npm run server` and docker-compose.yml set it.'
            : `The vendor queue has ${partitions} partitions; Temporal Cloud has four, unless its support sets one.`,
        ],
        data: { warmSeconds, seconds, stock, jobs: jobs.length, polls: measuredPolls, ends: seen.length, toEvent },
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
