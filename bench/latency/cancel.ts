/** From a cancellation's request to the wait's end, in each phase of a poll, on a server with nothing else to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { type Script, startEmulator } from '../../src/testing.js';
import { atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startWorker, workerEnv } from '../lib/processes.js';
import { seeded } from '../lib/random.js';
import { startBenchServer } from '../lib/server.js';
import { quantileOf } from '../lib/stats.js';
import { inLanes } from './lanes.js';

const LANES = 2;

interface Phase {
  readonly name: string;
  readonly script: Script;
  /** Before its time no poll is taken; else the first one is taken at once. */
  readonly isNew: boolean;
  /** The query after whose arrival it is cancelled. */
  readonly afterQuery: boolean;
}

const running: Script = { task: { state: 'running' } };

const phases: readonly Phase[] = [
  { name: 'before the first poll', script: running, isNew: true, afterQuery: false },
  { name: 'between two polls', script: running, isNew: false, afterQuery: true },
  { name: 'in flight', script: { ...(running as object), wire: 'hang' } as Script, isNew: false, afterQuery: true },
];

/** Runs it. */
export async function run(context: BenchContext): Promise<PartResult & { readonly server: string }> {
  const { seed, log } = context;
  const count = sizeOf(context, 'jobs', 100, 8);
  const draw = seeded(seed);
  const server = await startBenchServer(log);
  const emulator = await startEmulator({ seed, subTasks: 1 });
  const processes: BenchProcess[] = [];
  try {
    const { address, client } = server;
    // Waits that are cancelled teach that jobs are long, so that first polls would come ever later.
    processes.push(await startWorker(workerEnv(emulator, address, { TRYON_LEARN: 'false' })));
    const sample = async ({ script, isNew, afterQuery }: Phase): Promise<number> => {
      const submittedAtMs = Date.now() - (isNew ? 0 : 25_000);
      const taskId = emulator.addTask({ script, submittedAtMs });
      const handle = await client.workflow.start(workflowTypes.results, {
        taskQueue: 'tryon',
        workflowId: resultsWorkflowId(taskId),
        args: [{ taskId, submittedAt: new Date(submittedAtMs).toISOString() }],
      });
      if (afterQuery) await emulator.waitForQuery(taskId);
      await sleep(300 + 700 * draw());
      const ended = handle.result().then(
        () => false,
        (error: Error) => error.name === 'WorkflowFailedError',
      );
      const askedMs = performance.now();
      await handle.cancel();
      if (!(await ended)) throw new Error(`${taskId} did not end as cancelled`);
      return performance.now() - askedMs;
    };
    const found: { readonly name: string; readonly delays: readonly number[] }[] = [];
    for (const phase of phases) {
      log(`${count} waits cancelled ${phase.name}`);
      await inLanes(LANES, LANES, () => sample(phase));
      found.push({ name: phase.name, delays: await inLanes(count, LANES, () => sample(phase)) });
    }
    return {
      server: server.version,
      targets: found.map(({ name, delays }) =>
        atMost(`cancellation ${name}, to settled, p99`, 1, quantileOf(delays, 0.99) / 1000, 's'),
      ),
      tables: [
        {
          title: `Cancellation to settled, ${count} waits in each phase`,
          header: ['cancelled', 'p50 ms', 'p90 ms', 'p99 ms', 'most ms'],
          rows: found.map(({ name, delays }) => [
            name,
            ...[0.5, 0.9, 0.99, 1].map((share) => rounded(quantileOf(delays, share))),
          ]),
        },
      ],
      notes: ["From the client's call to the client's knowledge that the workflow has ended."],
      data: { found },
    };
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await emulator.close();
    await server.stop();
  }
}
