/**
 * A deploy in mid-wait, without versioned workers: two builds of the package that differ share waits. The newer one adds a field to the input,
 * the state and the report of a poll, and no longer gives an optional one.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { messages, resultsWorkflowId, type TryOnOutcome, workflowTypes } from '../../src/contract.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { made } from '../support/built.js';
import { builtWorker } from '../support/bundles.js';
import { type Programs, programs } from '../support/programs.js';
import { workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What differs in the newer build: a file, its text, the text in its place. */
const changes = [
  [
    'wait/poll-input.js',
    'known: packKnown(wait.images),',
    'known: packKnown(wait.images), generation: { of: "input" },',
  ],
  ['poll/step.js', 'polls: before.polls + queries,', 'polls: before.polls + queries, generation: 2,'],
  [
    'activities/poll.js',
    'return { ...rest, state, atMs: nowMs, searchAttributes: searchAttributes() };',
    'return { ...rest, state, atMs: nowMs, generation: [2] };',
  ],
] as const;

type Build = 'old' | 'new';
let mains: Readonly<Record<Build, string>>;
let emulator: Emulator;
let connection: Connection;
let client: Client;
let running: Programs;

async function newerBuild(old: string): Promise<string> {
  const program = dirname(dirname(dirname(old)));
  const next = await made('program-next', async (target) => {
    await cp(program, target, { recursive: true });
    for (const [file, from, to] of changes) {
      const path = join(target, 'dist', file);
      const text = await readFile(path, 'utf8');
      expect(text.split(from), `${file} has the place to change once`).toHaveLength(2);
      await writeFile(path, text.replace(from, to));
    }
    const bundle = pathToFileURL(join(target, 'dist/worker/bundle.js')).href;
    const { bundleWorkflows }: typeof import('../../src/worker/bundle.js') = await import(bundle);
    await writeFile(join(target, 'dist/workflow-bundle.js'), await bundleWorkflows());
  });
  return join(next, 'dist/cli/main.js');
}

beforeAll(async () => {
  const old = await builtWorker('cli/main.ts');
  mains = { old, new: await newerBuild(old) };
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
  connection = await Connection.connect({ address: inject('temporal').address });
  client = new Client({ connection });
  running = programs();
});
afterAll(async () => {
  await running?.stop();
  await connection?.close();
  await emulator?.close();
});

/** Starts a worker process of a build. Its identity begins with its process id. */
async function startWorker(build: Build, taskQueue: string): Promise<{ pid: number; stop(): Promise<void> }> {
  const env = {
    ...workerEnv(emulator, taskQueue),
    TEMPORAL_ADDRESS: inject('temporal').address,
    // Each workflow task replays the history, on whichever build takes it.
    TRYON_MAX_CACHED_WORKFLOWS: '0',
  };
  const program = running.start(process.execPath, [mains[build], 'worker'], { cwd: root, env });
  await program.says('running on');
  return {
    pid: program.pid,
    async stop() {
      process.kill(program.pid, 'SIGTERM');
      await program.ended;
    },
  };
}

const start = async (taskQueue: string, taskId: string) =>
  await client.workflow.start(workflowTypes.results, {
    taskQueue,
    workflowId: resultsWorkflowId(taskId),
    args: [{ taskId, submittedAt: new Date(Date.now() - 5_000).toISOString() }],
  });
const queriesOf = (taskId: string): number => emulator.queries.filter((query) => query.taskId === taskId).length;

test('a wait goes from an old build to a new one and back, and knows all of its polls and images', async () => {
  const taskQueue = `builds-${randomUUID()}`;
  const taskId = emulator.addTask({ subTasks: 3, imagesPerSubTask: 1, script: [{ task: { state: 'running' } }] });
  const handle = await start(taskQueue, taskId);
  const pollOnce = async (finishedSubTasks: number): Promise<void> => {
    emulator.script(taskId, [{ task: { state: 'running', finishedSubTasks } }]);
    const before = queriesOf(taskId);
    await handle.executeUpdate(messages.pollNow);
    await until(() => queriesOf(taskId) > before);
    await until(async () => (await handle.query<{ images: [] }>(messages.status)).images.length === finishedSubTasks);
  };
  for (const [build, finished] of [
    ['old', 0],
    ['new', 1],
    ['old', 2],
    ['new', 2],
  ] as const) {
    const worker = await startWorker(build, taskQueue);
    await until(() => queriesOf(taskId) > 0);
    await pollOnce(finished);
    await worker.stop();
  }
  const last = await startWorker('old', taskQueue);
  emulator.script(taskId, [{ task: { state: 'finished' } }]);
  await handle.executeUpdate(messages.pollNow);
  const outcome: TryOnOutcome = await handle.result();
  expect(outcome).toMatchObject({ status: 'finished', polls: queriesOf(taskId) });
  expect(outcome.images.map(({ subTask }) => subTask).sort()).toEqual([0, 1, 2]);
  await last.stop();
});

describe('while both builds run', () => {
  const WAITS = 30;

  test('waits end right, whichever build schedules, polls and takes the report', async () => {
    const taskQueue = `builds-${randomUUID()}`;
    const workers = await Promise.all([startWorker('old', taskQueue), startWorker('new', taskQueue)]);
    const buildOf = (identity: string | null | undefined): Build | undefined => {
      const index = workers.findIndex(({ pid }) => identity?.startsWith(`${pid}@`));
      return (['old', 'new'] as const)[index];
    };
    const taskIds = Array.from({ length: WAITS }, () => emulator.addTask({ script: 'batches', subTasks: 4 }));
    const handles = await Promise.all(taskIds.map((taskId) => start(taskQueue, taskId)));
    const outcomes: TryOnOutcome[] = await Promise.all(handles.map((handle) => handle.result()));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'finished', polls: queriesOf(outcome.taskId) });
      expect(new Set(outcome.images.map(({ subTask }) => subTask)).size).toBe(4);
    }
    // Which build scheduled an activity, ran its last attempt, and took its report.
    const met = new Set<string>();
    for (const handle of handles) {
      const { events = [] } = await handle.fetchHistory();
      const byId = (id: unknown) => events?.find(({ eventId }) => String(eventId) === String(id));
      const taskBuild = (completedId: unknown): Build | undefined =>
        buildOf(byId(completedId)?.workflowTaskCompletedEventAttributes?.identity);
      for (const [index, event] of (events ?? []).entries()) {
        const completed = event.activityTaskCompletedEventAttributes;
        const scheduled = byId(completed?.scheduledEventId)?.activityTaskScheduledEventAttributes;
        if (scheduled?.activityType?.name !== 'tryOnPoll') continue;
        const taken = events?.slice(index).find((later) => later.workflowTaskCompletedEventAttributes);
        const asked = taskBuild(scheduled.workflowTaskCompletedEventId);
        met.add([asked, buildOf(completed?.identity), taskBuild(taken?.eventId)].join(' '));
      }
    }
    const both = ['old', 'new'];
    const all = both.flatMap((asks) => both.flatMap((polls) => both.map((takes) => `${asks} ${polls} ${takes}`)));
    expect([...met].sort()).toEqual(all.sort());
    for (const worker of workers) await worker.stop();
  });
});
