/**
 * What a wait costs beside the polls: waits whose tasks are already done, per second, interleaved with trivial workflows and with the
 * leanest hand-written wait on the same server; its events and its calls of the server.
 */
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { startEmulator } from '../../src/testing.js';
import type { LeanInput } from '../lib/lean-workflows.js';
import { atLeast, atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startBenchWorker, startWorker, workerEnv } from '../lib/processes.js';
import { startRecorders } from '../lib/recorders.js';
import { startBenchServer } from '../lib/server.js';
import { medianOf } from '../lib/stats.js';
import { eventsByPolls } from './events.js';

/** Workflows under way at a time. */
const LANES = 40;

const arms = ['trivial', 'leanest wait', 'wait', 'wait, no subscriber'] as const;
type Arm = (typeof arms)[number];

/** Calls that are part of any worker's or client's life, not of a wait's. */
const notCounted = new Set(['GetSystemInfo', 'DescribeNamespace', 'ListSearchAttributes', 'GetClusterInfo', 'Check']);

/** Runs it. */
export async function run(context: BenchContext): Promise<PartResult & { readonly server: string }> {
  const { seed, log } = context;
  const perRound = sizeOf(context, 'jobs', 400, 80);
  const rounds = sizeOf(context, 'rounds', 7, 2);
  const server = await startBenchServer(log);
  const emulator = await startEmulator({ seed, strict: false, subTasks: 1, logEntries: 1_000 });
  const processes: BenchProcess[] = [];
  try {
    const { address, client } = server;
    const env = workerEnv(emulator, address);
    const bench = { address, workflows: 'lean-workflows', emulatorUrl: emulator.url } as const;
    processes.push(await startWorker(env));
    processes.push(await startBenchWorker({ ...bench, taskQueue: 'lean' }));
    const parents = await startBenchWorker({ ...bench, taskQueue: 'parents' });
    processes.push(parents);
    const recorders = await startRecorders(client, parents, { taskQueue: 'parents', count: 8, name: 'parent' });
    let made = 0;

    const one = async (arm: Arm): Promise<void> => {
      made += 1;
      const taskId = `${arm.replaceAll(/\W+/g, '-')}-${made}`;
      const parent = recorders.parentOf(made);
      if (arm === 'trivial') {
        await client.workflow.execute('trivial', { taskQueue: 'lean', workflowId: taskId });
        return;
      }
      const submittedAtMs = Date.now() - 120_000;
      emulator.addTask({ taskId, durationSeconds: 60, submittedAtMs });
      if (arm === 'leanest wait') {
        const input: LeanInput = { taskId, parent, everySeconds: 5 };
        await client.workflow.execute('leanWait', { taskQueue: 'lean', workflowId: taskId, args: [input] });
        return;
      }
      const submittedAt = new Date(submittedAtMs).toISOString();
      const notify = arm === 'wait' ? { notify: [{ workflowId: parent }] } : {};
      await client.workflow.execute(workflowTypes.results, {
        taskQueue: 'tryon',
        workflowId: resultsWorkflowId(taskId),
        args: [{ taskId, submittedAt, ...notify }],
      });
    };
    const many = async (arm: Arm, count: number): Promise<number> => {
      let left = count;
      const startedMs = performance.now();
      const lane = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await one(arm);
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      return (1000 * count) / (performance.now() - startedMs);
    };

    log('warming up');
    for (const arm of arms) await many(arm, 2 * LANES);
    const rates: Record<Arm, number[]> = { trivial: [], 'leanest wait': [], wait: [], 'wait, no subscriber': [] };
    const calls: Partial<Record<Arm, Record<string, number>>> = {};
    for (let round = 0; round < rounds; round++) {
      // Another order each round: what drifts over the run must not favour one.
      for (const arm of arms.map((_, index) => arms[(index + round) % arms.length] as Arm)) {
        const before = await server.calls();
        rates[arm].push(await many(arm, perRound));
        if (round > 0) continue;
        const after = await server.calls();
        calls[arm] = Object.fromEntries(
          [...after]
            .map(([call, count]): [string, number] => [call, rounded((count - (before.get(call) ?? 0)) / perRound)])
            .filter(([call, each]) => each > 0.05 && !notCounted.has(call)),
        );
      }
      log(`round ${round + 1}: ${arms.map((arm) => `${arm} ${rates[arm].at(-1)?.toFixed(0)}/s`).join(', ')}`);
    }
    const ratio = (over: Arm, under: Arm): number =>
      medianOf(rates[over].map((rate, round) => rate / (rates[under][round] as number)));

    log('events by number of polls');
    const events = await eventsByPolls(client, emulator, {
      address,
      env,
      parent: recorders.parentOf(0),
      polls: context.quick ? [1, 20] : [1, 20, 140],
    });
    await recorders.stop();
    const ofKind = (hasSubscriber: boolean): number[] =>
      events.filter((wait) => wait.hasSubscriber === hasSubscriber).map((wait) => wait.events);
    const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);
    const total = (arm: Arm): number => Object.values(calls[arm] ?? {}).reduce((sum, each) => sum + each, 0);
    const names = [...new Set(arms.flatMap((arm) => Object.keys(calls[arm] ?? {})))].sort();
    return {
      server: server.version,
      targets: [
        atLeast('waits per second over trivial workflows per second', 0.35, ratio('wait', 'trivial')),
        atLeast('waits per second over the leanest wait', 0.8, ratio('wait', 'leanest wait')),
        atMost('events of a wait with no subscriber', 13, Math.max(...ofKind(false))),
        atMost('events of a wait with one subscriber', 18, Math.max(...ofKind(true))),
        atMost(
          'difference in events between 1 and most polls',
          0,
          Math.max(spread(ofKind(false)), spread(ofKind(true))),
        ),
      ],
      tables: [
        {
          title: `Waits whose tasks are done, ${rounds} rounds of ${perRound} of each, ${LANES} at a time`,
          header: ['workflow', 'per second, median', 'over trivial', 'over the leanest wait'],
          rows: arms.map((arm) => [
            arm,
            rounded(medianOf(rates[arm])),
            rounded(ratio(arm, 'trivial')),
            rounded(ratio(arm, 'leanest wait')),
          ]),
        },
        {
          title: 'Calls of the server per workflow, its parent and the starting client included',
          header: ['call', ...arms],
          rows: [
            ...names.map((name) => [name, ...arms.map((arm) => calls[arm]?.[name] ?? 0)]),
            ['in all', ...arms.map((arm) => rounded(total(arm)))],
          ],
        },
        {
          title: 'Events of an undisturbed wait by its number of polls',
          header: ['polls', 'subscriber', 'events'],
          rows: events.map((wait) => [wait.polls, wait.hasSubscriber ? 'one' : 'none', wait.events]),
        },
      ],
      notes: [
        'Each round runs the kinds one after the other in another order; ratios are the median of the rounds. The leanest wait sends no signature, reads no error, keeps no state and has one queue for all.',
        'Calls are counted by the server. A long poll that ends without a task is counted too, so figures hold for a busy queue.',
      ],
      data: { rates, calls, events },
    };
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await emulator.close();
    await server.stop();
  }
}
