import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobWorkflowId, messages, resultsWorkflowId, type TryOnJobResult, workflowTypes } from '../../src/contract.js';
import { defined } from '../../src/defined.js';
import { freePort, startDevServer, type TemporalServer } from '../../src/dev-server/temporal-server.js';
import type { Script } from '../../src/testing.js';
import { aRequest } from '../support/jobs.js';
import { jobFolder } from '../support/languages.js';
import { type Stack, startStack } from '../support/stack.js';

// What Temporal Cloud bills, as the server itself counts it: on a server of its own, so that nothing else is counted.
const page = readFileSync(fileURLToPath(new URL('../../docs/temporal-cloud.md', import.meta.url)), 'utf8');
const jobsPage = readFileSync(fileURLToPath(new URL('../../docs/whole-job.md', import.meta.url)), 'utf8');
/** The table of the page: Actions by the server's name of their kind. */
const stated = new Map(
  [...page.matchAll(/^\| [^|]+ \| `(\w+)` \| (\d+) \|$/gm)].map(([, kind = '', count]) => [kind, Number(count)]),
);
/** What the second table says of something that adds to it. */
const statedMore = (what: RegExp): number => {
  const row = page.split('\n').find((line) => line.startsWith('| ') && what.test(line));
  return Number(row?.split('|').at(-2));
};
const running = (polls: number) => ({ polls, task: { state: 'running' } }) as const;
const finished = { task: { state: 'finished' } } as const;
const firstBatch = { polls: 1, task: { state: 'running', finishedSubTasks: 1 } } as const;

let server: TemporalServer;
let stack: Stack;
let metricsUrl: string;
let jobs: Awaited<ReturnType<typeof jobFolder>>;
beforeAll(async () => {
  const port = await freePort();
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  server = await startDevServer({ uiPort: false, extraArgs: ['--metrics-port', String(port)] });
  // The first poll is due after some seconds, so that the first attempt comes before it.
  const env = { TRYON_LEARN: 'false', TRYON_PRIOR_MEDIAN_SECONDS: '6', TRYON_PRIOR_P95_SECONDS: '12' };
  jobs = await jobFolder();
  // The script is that of submitted tasks; all others have one of their own.
  const emulator = { script: [running(1), firstBatch, finished] };
  stack = await startStack({ address: server.address, parents: true, env: { ...env, ...jobs.env }, emulator });
});
afterAll(async () => {
  await stack?.stop();
  await jobs?.remove();
  await server?.stop();
});

/** Actions in our namespace so far, by kind. */
async function actions(): Promise<Record<string, number>> {
  const text = await (await fetch(metricsUrl)).text();
  const lines = text.matchAll(/^action(?:_total)?\{([^}]*namespace="default"[^}]*)\} (\d+)$/gm);
  const counts = [...lines].map(([, labels = '', count]) => [/action_type="(\w+)"/.exec(labels)?.[1], Number(count)]);
  return Object.fromEntries(counts.filter(([kind, count]) => kind !== undefined && count !== 0));
}

/** Waits until the server, which counts with some delay, has counted these since `before`; of all kinds, or of those named. */
async function expectActions(
  before: Record<string, number>,
  expected: Record<string, number>,
  kinds?: readonly string[],
): Promise<void> {
  const since = async () =>
    Object.fromEntries(
      Object.entries(await actions())
        .map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
        .filter(([kind, count]) => count !== 0 && (kinds?.includes(kind) ?? true)),
    );
  await expect.poll(since, { timeout: 20_000, interval: 250 }).toEqual(expected);
}

/** Starts a wait with one subscriber; what it costs is counted from after the subscriber's own start. */
async function startWithSubscriber(script: Script, submittedAt?: string) {
  const taskId = stack.emulator.addTask({ script });
  const started = await actions();
  const subscriber = await stack.parent('recorder', `recorder-${taskId}`);
  await expectActions(started, { grpc_StartWorkflowExecution: 1 });
  const before = await actions();
  const notify = [{ workflowId: subscriber.workflowId }];
  const handle = await stack.start({ taskId, notify, ...defined({ submittedAt }) });
  return { before, handle, taskId };
}
/** A poll is due at once, and the next one far off. */
const longAgo = () => new Date(Date.now() - 1_000_000).toISOString();
const statedRetries = stated.get('activity_retry') ?? 0;

test('a wait of 8 polls with one subscriber costs what the page says', async () => {
  expect(stated.size).toBe(7);
  const { before, handle } = await startWithSubscriber([running(7), finished]);
  expect(await handle.result()).toMatchObject({ polls: 8 });
  await expectActions(before, Object.fromEntries(stated));
  const sum = [...stated.values()].reduce((all, count) => all + count, 0);
  expect(page).toContain(`| **all** | | **${sum}** |`);
  expect(page).toContain(`takes ${sum + statedMore(/a parent starts the wait as a child/)} Actions`);
});

test('a poll that is due at the start saves an attempt, and each poll costs one', async () => {
  const { before, handle } = await startWithSubscriber([finished], longAgo());
  expect(await handle.result()).toMatchObject({ polls: 1 });
  const retries =
    statedRetries - 7 * statedMore(/^\| another poll \|/) + statedMore(/^\| a poll is due when the wait starts/);
  expect(retries).toBe(0);
  const { activity_retry, grpc_RecordActivityTaskHeartbeat, ...rest } = Object.fromEntries(stated);
  await expectActions(before, rest);
});

test('a batch of images before the last costs what the page says', async () => {
  const { before, handle } = await startWithSubscriber([running(1), firstBatch, finished]);
  await handle.result();
  const kinds = [
    'command_ScheduleActivityTask',
    'command_SignalExternalWorkflowExecution',
    'command_UpsertWorkflowSearchAttributes',
  ];
  const expected = Object.fromEntries(kinds.map((kind) => [kind, (stated.get(kind) ?? 0) + 1]));
  await expectActions(before, expected, kinds);
  expect(statedMore(/^\| each batch of images before the last/)).toBe(kinds.length);
});

test('pollNow costs what the page says', async () => {
  const { before, handle, taskId } = await startWithSubscriber([{ task: { state: 'running' } }], longAgo());
  await stack.emulator.waitForQuery(taskId);
  await expectActions(before, { command_ScheduleActivityTask: 1, grpc_RecordActivityTaskHeartbeat: 1 }, [
    'command_ScheduleActivityTask',
    'grpc_RecordActivityTaskHeartbeat',
  ]);
  const waiting = await actions();
  await handle.executeUpdate(messages.pollNow);
  await stack.emulator.waitForQuery(taskId, 2);
  await expectActions(waiting, {
    activity_retry: 1,
    command_ScheduleActivityTask: 1,
    message_UpdateWorkflowExecution_Acceptance: 1,
  });
  expect(statedMore(/^\| `pollNow`/)).toBe(3);
  await handle.terminate();
});

test('a job that archives two batches costs what the page of jobs says, besides its wait', async () => {
  const before = await actions();
  const { taskQueue } = stack;
  const workflowId = jobWorkflowId('counted');
  const args = [{ requestId: 'counted', request: [aRequest, aRequest] }];
  const handle = await stack.client.workflow.start(workflowTypes.job, { taskQueue, workflowId, args });
  const { taskId = '' } = (await handle.result()) as TryOnJobResult;
  expect((await stack.history(resultsWorkflowId(taskId))).at(-1)).toMatch(/^workflowExecutionCompleted/);
  // Of the wait: its timer, two polling activities, two changes of search attributes, and the signals of a batch and of the outcome.
  const ofWait = { command_StartTimer: 1, command_ScheduleActivityTask: 2, command_UpsertWorkflowSearchAttributes: 2 };
  const ofJob = {
    grpc_StartWorkflowExecution: 1,
    command_StartTimer: 1,
    command_ScheduleActivityTask: 3,
    message_UpdateWorkflowExecution_Acceptance: 1,
    command_BatchMarkers: 1,
    command_StartChildWorkflowExecution: 1,
    command_StartChildWorkflowExecution_Extra: 1,
    command_UpsertWorkflowSearchAttributes: 2,
  };
  const both = Object.entries(ofJob).map(([kind, count]) => [
    kind,
    count + (Object.entries(ofWait).find(([of]) => of === kind)?.[1] ?? 0),
  ]);
  await expectActions(before, { ...Object.fromEntries(both), command_SignalExternalWorkflowExecution: 2 }, [
    ...Object.keys(ofJob),
    'command_SignalExternalWorkflowExecution',
  ]);
  // Besides, each batch has a heartbeat or more.
  const sum = Object.values(ofJob).reduce((all, count) => all + count, 2);
  expect(jobsPage).toContain(`That is ${sum} for a job with two archived batches`);
});
