/**
 * The real stack beside a fixed interval, in one run: server, this package's worker, a worker with the leanest wait, emulator. Both
 * arms wait for jobs of the same durations, started at the same moments.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { priorFrom } from '../../src/schedule/distribution.js';
import { policyOf } from '../../src/schedule/schedule.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { distributionA } from '../lib/distributions.js';
import type { LeanInput } from '../lib/lean-workflows.js';
import { atLeast, atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startBenchWorker, startWorker, workerEnv } from '../lib/processes.js';
import { seeded } from '../lib/random.js';
import { type Recorders, startRecorders } from '../lib/recorders.js';
import { startBenchServer } from '../lib/server.js';
import { meanOf, quantileOf } from '../lib/stats.js';
import { fixedPolls, type Job, type Outcome, ourPolls, summed } from './simulated.js';

const FIXED_SECONDS = 5;
const PARENTS = 16;
/** Pairs of jobs that start in a second: more than 300 jobs are under way at the height, and the starts themselves are little load. */
const STARTS_PER_SECOND = 4;

interface Arm {
  readonly name: string;
  readonly jobs: readonly Job[];
  readonly simulated: readonly Outcome[];
}

/** Draws of distribution A, those beyond the longest drawn again. */
function drawn(count: number, seed: number, longestSeconds: number, scale: number): number[] {
  const distribution = distributionA();
  const draw = seeded(seed);
  const seconds: number[] = [];
  while (seconds.length < count) {
    const one = distribution.draw(draw);
    if (one <= longestSeconds) seconds.push(one);
  }
  return seconds.map((one) => Math.round(1000 * one * scale));
}

function measured(arm: Arm, emulator: Emulator, recorders: Recorders) {
  const toEvent: number[] = [];
  const toPoll: number[] = [];
  let requests = 0;
  for (const { taskId } of arm.jobs) {
    const task = emulator.task(taskId);
    const eventMs = recorders.outcomes.get(taskId);
    if (task?.endServedAtMs === undefined || eventMs === undefined) throw new Error(`${taskId} has not ended`);
    requests += task.polls;
    toPoll.push(task.endServedAtMs - task.finishedAtMs);
    toEvent.push(eventMs - task.finishedAtMs);
  }
  const perJob = requests / arm.jobs.length;
  const simulated = summed(arm.simulated);
  const delaySeconds = meanOf(toEvent) / 1000;
  return {
    name: arm.name,
    jobs: arm.jobs.length,
    requestsPerJob: perJob,
    delaySeconds,
    delayToPollSeconds: meanOf(toPoll) / 1000,
    p95Seconds: quantileOf(toEvent, 0.95) / 1000,
    p99Seconds: quantileOf(toEvent, 0.99) / 1000,
    product: perJob * delaySeconds,
    simulated,
    productOverSimulated: (perJob * delaySeconds) / simulated.product,
  };
}

/** Runs it. */
export async function run(context: BenchContext): Promise<PartResult & { readonly server: string }> {
  const { seed, log } = context;
  const count = sizeOf(context, 'jobs', 320, 40);
  const scale = sizeOf(context, 'scale', 1, 0.2);
  const longestSeconds = sizeOf(context, 'horizon', 300, 120);
  const durations = drawn(count, seed, longestSeconds, scale);
  const prior = { medianSeconds: 40 * scale, p95Seconds: 120 * scale, tailWeight: 0.03 };
  const policy = policyOf({ model: priorFrom(prior) });
  const jobsOf = (name: string): Job[] =>
    durations.map((durationMs, index) => ({ taskId: `${name}-${seed}-${index}`, durationMs }));
  const [ours, fixed] = [jobsOf('ours'), jobsOf('fixed')];
  const everyMs = FIXED_SECONDS * 1000 * scale;
  const arms: readonly Arm[] = [
    { name: 'this package', jobs: ours, simulated: ours.map((job) => ourPolls(job, policy)) },
    {
      name: `fixed ${FIXED_SECONDS * scale} s`,
      jobs: fixed,
      simulated: fixed.map((job) => fixedPolls(job, everyMs)),
    },
  ];

  const server = await startBenchServer(log);
  const emulator = await startEmulator({ seed, strict: false, subTasks: 1 });
  const processes: BenchProcess[] = [];
  const started = async (process: Promise<BenchProcess>): Promise<BenchProcess> => {
    processes.push(await process);
    return await process;
  };
  try {
    const { address, client } = server;
    const bench = { address, workflows: 'lean-workflows', emulatorUrl: emulator.url } as const;
    const env = workerEnv(emulator, address, {
      TRYON_PRIOR_MEDIAN_SECONDS: String(prior.medianSeconds),
      TRYON_PRIOR_P95_SECONDS: String(prior.p95Seconds),
      // The distribution is known: what learning costs is shown by `polling`.
      TRYON_LEARN: 'false',
    });
    await started(startWorker(env));
    await started(startBenchWorker({ ...bench, taskQueue: 'lean' }));
    const parents = await started(startBenchWorker({ ...bench, taskQueue: 'parents' }));
    const recorders = await startRecorders(client, parents, { taskQueue: 'parents', count: PARENTS, name: 'parent' });

    log(`${count} jobs in each arm, ${STARTS_PER_SECOND} pairs a second, durations x ${scale}`);
    const firstAtMs = Date.now() + 500;
    let open = 0;
    let maxOpen = 0;
    emulator.onEnd(() => {
      open -= 1;
    });
    const startPair = async (index: number): Promise<void> => {
      await sleep(Math.max(0, firstAtMs + (1000 * index) / STARTS_PER_SECOND - Date.now()));
      const submittedAtMs = Date.now();
      const submittedAt = new Date(submittedAtMs).toISOString();
      const parent = recorders.parentOf(index);
      const durationSeconds = (durations[index] as number) / 1000;
      for (const { jobs } of arms) {
        emulator.addTask({ taskId: jobs[index]?.taskId as string, durationSeconds, submittedAtMs });
        open += 1;
      }
      maxOpen = Math.max(maxOpen, open);
      const oursId = ours[index]?.taskId as string;
      const fixedId = fixed[index]?.taskId as string;
      await Promise.all([
        client.workflow.start(workflowTypes.results, {
          taskQueue: 'tryon',
          workflowId: resultsWorkflowId(oursId),
          args: [{ taskId: oursId, submittedAt, notify: [{ workflowId: parent }] }],
        }),
        client.workflow.start('leanWait', {
          taskQueue: 'lean',
          workflowId: `lean-${fixedId}`,
          args: [{ taskId: fixedId, parent, everySeconds: everyMs / 1000 } satisfies LeanInput],
        }),
      ]);
    };
    const ticking = setInterval(() => log(`${recorders.outcomes.size} of ${2 * count} are over`), 15_000);
    try {
      await Promise.all(durations.map((_, index) => startPair(index)));
      await recorders.until(2 * count);
    } finally {
      clearInterval(ticking);
    }
    await recorders.stop();
    const found = arms.map((arm) => measured(arm, emulator, recorders));
    const [us, them] = found as [(typeof found)[0], (typeof found)[0]];
    return {
      server: server.version,
      targets: [
        atMost('requests x mean delay over the simulated product, same draws', 1.07, us.productOverSimulated),
        atLeast('jobs under way at once, both arms', 300, maxOpen),
      ],
      tables: [
        {
          title: `Real stack: ${count} jobs of distribution A in each arm, durations x ${scale}, delay to the parent's event`,
          header: [
            'schedule',
            'requests/job',
            'mean delay s',
            'p95 s',
            'p99 s',
            'delay to the poll s',
            'requests x delay',
            'simulated',
            'over simulated',
          ],
          rows: found.map((arm) => [
            arm.name,
            rounded(arm.requestsPerJob),
            rounded(arm.delaySeconds),
            rounded(arm.p95Seconds),
            rounded(arm.p99Seconds),
            rounded(arm.delayToPollSeconds),
            rounded(arm.product),
            rounded(arm.simulated.product),
            rounded(arm.productOverSimulated),
          ]),
        },
      ],
      notes: [
        `Durations beyond ${longestSeconds} s were drawn again, so that the run ends; both arms and the simulation have the same draws.`,
        'Tasks have one sub-task, so that both arms have one event to send. The fixed arm is one activity with a fixed retry interval and one signal.',
        `Against the fixed interval: ${rounded(them.product / us.product)} times its requests x delay.`,
      ],
      data: { count, scale, longestSeconds, maxOpen, policy, arms: found },
    };
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await emulator.close();
    await server.stop();
  }
}
