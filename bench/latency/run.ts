/** From the query that sees the end to the parent that has the event in hand, on a server with nothing else to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmulator } from '../../src/testing.js';
import type { Received } from '../lib/lean-workflows.js';
import { atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startBenchWorker, startWorker, workerEnv } from '../lib/processes.js';
import { startBenchServer } from '../lib/server.js';
import { meanOf, quantileOf } from '../lib/stats.js';
import { inLanes } from './lanes.js';

/** Waits under way at a time. */
const LANES = 2;

/** Runs it. */
export async function run(context: BenchContext): Promise<PartResult & { readonly server: string }> {
  const { seed, log } = context;
  const count = sizeOf(context, 'jobs', 200, 20);
  const server = await startBenchServer(log);
  const emulator = await startEmulator({ seed, subTasks: 1 });
  const processes: BenchProcess[] = [];
  try {
    const { address, client } = server;
    // Jobs of which the first poll, one second after the submit, sees the end.
    const env = workerEnv(emulator, address, {
      TRYON_PRIOR_MEDIAN_SECONDS: '0.2',
      TRYON_PRIOR_P95_SECONDS: '0.4',
    });
    processes.push(await startWorker(env));
    const parents = await startBenchWorker({
      address,
      workflows: 'parent-workflows',
      emulatorUrl: emulator.url,
      taskQueue: 'parents',
    });
    processes.push(parents);
    const received = new Map<string, number>();
    parents.onMessage((message) => {
      const { taskId, kind, atMs } = message as Received;
      if (kind === 'outcome') received.set(taskId, atMs);
    });
    const sample = async (index: number): Promise<number> => {
      const taskId = emulator.addTask({ durationSeconds: 0.1 });
      await client.workflow.execute('parentOfOne', {
        taskQueue: 'parents',
        workflowId: `parent-${index}`,
        args: [{ taskId }, 'tryon'],
      });
      const { servedAtMs } = await emulator.waitForEnd(taskId);
      // The message is sent before the workflow's task is answered, but comes by another way.
      while (!received.has(taskId)) await sleep(2);
      return (received.get(taskId) as number) - servedAtMs;
    };
    log('warming up');
    await inLanes(6, LANES, (index) => sample(-1 - index));
    log(`${count} waits, ${LANES} at a time`);
    const delays = await inLanes(count, LANES, sample);
    const [p50, p99] = [quantileOf(delays, 0.5), quantileOf(delays, 0.99)];
    return {
      server: server.version,
      targets: [
        atMost("end noticed to parent's event in hand, p50", 60, p50, 'ms'),
        atMost("end noticed to parent's event in hand, p99", 250, p99, 'ms'),
      ],
      tables: [
        {
          title: `End noticed to the parent's event in hand, ${count} waits`,
          header: ['mean ms', 'p50 ms', 'p90 ms', 'p99 ms', 'most ms'],
          rows: [[meanOf(delays), p50, quantileOf(delays, 0.9), p99, quantileOf(delays, 1)].map(rounded)],
        },
      ],
      notes: [
        `From the moment the emulator decides the answer that tells the end, to the parent workflow's signal handler. Each wait is the child of a parent of its own; ${LANES} at a time.`,
      ],
      data: { delays },
    };
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await emulator.close();
    await server.stop();
  }
}
