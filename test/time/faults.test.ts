/**
 * Rows of the fault table that last longer than 20 s, or whose times must be exact, on a server that skips time. The full crowds:
 * OUTAGE_WAITS=50 HERD_WAITS=10000 npx vitest run test/time/faults.test.ts -t '21:|70:'
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { resultsWorkflowId, type TryOnEvent, type TryOnOutcome } from '../../src/contract.js';
import { throttleRules } from '../../src/poll/account-throttle.js';
import { pollRules } from '../../src/poll/rules.js';
import type { NewTask, QueryLogEntry, Script } from '../../src/testing.js';
import { maxIn } from '../support/crowd.js';
import { faultName } from '../support/fault-rows.js';
import { startTimeStack, type TimeStack } from '../support/time-stack.js';

const away = Number(process.env.OUTAGE_WAITS ?? 20);
const herd = Number(process.env.HERD_WAITS ?? 150);
const key = { appKey: 'key-of-the-time-tests', appSecret: 'secret-of-the-time-tests' };
const names = ['hour', 'seconds', 'header', 'date', 'day', 'halved', 'banned', 'banned7', 'herd'];
/** Accounts with the same key: what one of them meets is nothing to the others. */
const accounts = Object.fromEntries(
  names.flatMap((name) => [
    [`AIDGE_${name.toUpperCase()}_APP_KEY`, key.appKey],
    [`AIDGE_${name.toUpperCase()}_APP_SECRET`, key.appSecret],
  ]),
);

let stack: TimeStack;
beforeAll(async () => {
  stack = await startTimeStack({
    parents: true,
    env: { AIDGE_QUERIES_PER_SECOND: '20', ...accounts },
    // Signatures have the time of this machine, which the hours that are skipped leave behind.
    emulator: { accounts: [key], seed: 7_600, timeWindowSeconds: 1e9 },
  });
});
afterAll(async () => await stack?.stop());
afterEach(async () => {
  await stack.emulator.outage();
  stack.emulator.setClockSkewMs(0);
});

const now = () => stack.environment.currentTimeMs();
/** One after another: each wait for a result lets time go on once more, and the server counts that wrongly for several at a time. */
async function outcomesOf(...handles: readonly WorkflowHandle[]): Promise<TryOnOutcome[]> {
  const outcomes: TryOnOutcome[] = [];
  for (const handle of handles) outcomes.push(await handle.result());
  return outcomes;
}
const outcomeOf = async (handle: WorkflowHandle) => (await handle.result()) as TryOnOutcome;
const queriesOf = (taskId: string): readonly QueryLogEntry[] =>
  stack.emulator.queries.filter((query) => query.taskId === taskId);
const gapsMs = (queries: readonly QueryLogEntry[]) =>
  queries.slice(1).map((query, index) => query.atMs - (queries[index]?.atMs ?? 0));
/** For `maxIn`. */
const crowdOf = (queries: readonly QueryLogEntry[]) =>
  queries.map(({ atMs, taskId = '' }) => ({ atMs, taskId, isProbe: false, isFinal: false }));

interface Wait {
  readonly account?: string;
  readonly timeoutSeconds?: number;
  /** Submitted so long before the wait begins. */
  readonly ageSeconds?: number;
  readonly task?: NewTask;
  readonly notify?: readonly { readonly workflowId: string }[];
}

async function begin(script: Script, { ageSeconds = 0, task = {}, notify, ...input }: Wait = {}) {
  const submittedAtMs = (await now()) - ageSeconds * 1000;
  const taskId = stack.emulator.addTask({ submittedAtMs, script, ...task });
  const handle = await stack.start({
    taskId,
    ...input,
    ...(notify === undefined ? {} : { notify: [...notify] }),
    ...(ageSeconds === 0 ? {} : { submittedAt: new Date(submittedAtMs).toISOString() }),
  });
  return { taskId, handle };
}

test(faultName(20), async () => {
  const { taskId, handle } = await begin('http-503 20s, finished');
  expect(await outcomeOf(handle)).toMatchObject({ status: 'finished' });
  const queries = queriesOf(taskId);
  const backMs = (queries[0]?.atMs ?? 0) + 20_000;
  const gaps = gapsMs(queries);
  expect(queries.at(-1)?.atMs).toBeGreaterThanOrEqual(backMs);
  // Five doublings of a second, and a fifth for jitter.
  expect((queries.at(-1)?.atMs ?? 0) - backMs).toBeLessThanOrEqual(1.2 * 16_000 + 1_000);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1.2 * 16_000 + 1_000);
});

test(faultName(21), { timeout: 60_000 + away * 3_000 }, async () => {
  await stack.emulator.outage('http-503 3600s');
  const from = stack.emulator.stats.queries;
  const waits = await Promise.all(
    Array.from({ length: away }, () => begin('finished', { account: 'hour', timeoutSeconds: 7_200 })),
  );
  const outcomes = await outcomesOf(...waits.map(({ handle }) => handle));
  for (const outcome of outcomes) expect(outcome.status).toBe('finished');
  const queries = stack.emulator.queries.filter((query) => query.number > from);
  const failed = queries.filter(({ answered }) => answered === 'http:503');
  // Those that showed the outage, with what was on its way then; six while the gap grows to a minute; then one in each.
  expect(failed.length).toBeLessThanOrEqual(12 + 6 + 60);
  expect(failed.length).toBeGreaterThanOrEqual(50);
  const backMs = (queries[0]?.atMs ?? 0) + 3_600_000;
  const good = queries.filter(({ answered }) => answered !== 'http:503');
  expect(good).toHaveLength(away);
  expect((good[0]?.atMs ?? 0) - backMs).toBeLessThanOrEqual(1.2 * pollRules.errorBackoffMs.max + 5_000);
  expect((good.at(-1)?.atMs ?? 0) - (good[0]?.atMs ?? 0)).toBeLessThanOrEqual(
    1.2 * pollRules.errorBackoffMs.max + 5_000,
  );
  expect(maxIn(5_000, crowdOf(good))).toBeLessThanOrEqual(110);
});

for (const [number, account, use, seconds] of [
  [22, 'seconds', 'http-429-seconds', 300],
  [22, 'header', 'http-503-retry-after', 300],
  [23, 'date', 'http-429-date', 300],
  [26, 'banned', 'api-call-limit', 120],
  [26, 'banned7', 'code-7', 120],
] as const) {
  test(faultName(number, use), async () => {
    // The vendor's clock is ten minutes ahead of ours.
    if (number === 23) stack.emulator.setClockSkewMs(600_000);
    const told = await begin([{ use, polls: 1, seconds }, { task: { state: 'finished' } }], {
      account,
      ageSeconds: 60,
    });
    const other = await begin('finished', { account });
    const [one, two] = await outcomesOf(told.handle, other.handle);
    expect(one).toMatchObject({ status: 'finished', polls: 2 });
    expect(two).toMatchObject({ status: 'finished', polls: 1 });
    const [first, second] = queriesOf(told.taskId);
    const gapMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    // A date has whole seconds.
    const roundedMs = number === 23 ? 1_000 : 0;
    expect(gapMs).toBeGreaterThanOrEqual(1000 * seconds - roundedMs);
    expect(gapMs).toBeLessThanOrEqual(1010 * seconds + roundedMs);
    // The other one would have polled within the first minute.
    const otherMs = (queriesOf(other.taskId)[0]?.atMs ?? 0) - (first?.atMs ?? 0);
    expect(otherMs).toBeGreaterThanOrEqual(1000 * seconds - roundedMs - pollRules.dueSlackMs);
    expect(otherMs).toBeLessThanOrEqual(1010 * seconds + roundedMs + 1_000);
  });
}

test(faultName(24, 'a day'), async () => {
  const script = [{ use: 'http-429-absurd', polls: 1 }, { task: { state: 'running' } }] as const;
  const told = await begin(script, { account: 'day', ageSeconds: 60, timeoutSeconds: 120 });
  const other = await begin('stuck', { account: 'day', timeoutSeconds: 100 });
  const [one, two] = await outcomesOf(told.handle, other.handle);
  // Nothing but the last polls, which nobody forbids.
  expect(one).toMatchObject({ status: 'timeout', polls: 2 });
  expect(two).toMatchObject({ status: 'timeout', polls: 1 });
  const [first, second] = queriesOf(told.taskId);
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(115_000);
});

test(faultName(25), async () => {
  const from = stack.emulator.stats.queries;
  const wait = { account: 'halved', ageSeconds: 60 };
  const first = await begin([{ use: 'http-429', polls: 1 }, { task: { state: 'finished' } }], wait);
  await outcomeOf(first.handle);
  const slow = stack.emulator.stats.queries;
  const crowd = await Promise.all(Array.from({ length: 60 }, () => begin('finished', wait)));
  await outcomesOf(...crowd.map(({ handle }) => handle));
  expect(queriesOf(first.taskId)).toHaveLength(2);
  expect(slow - from).toBe(2);
  const after = stack.emulator.queries.filter((query) => query.number > slow);
  expect(after).toHaveLength(60);
  const throttledMs = queriesOf(first.taskId)[0]?.atMs ?? 0;
  after.forEach((query, index) => {
    const share = Math.min(1, 0.5 + (query.atMs - throttledMs) / throttleRules.recoveryMs);
    const inWindow = after.slice(0, index + 1).filter(({ atMs }) => atMs > query.atMs - 2_000).length;
    // Two seconds and what may be spent ahead, of 20 each second; one more by rounding.
    expect(inWindow).toBeLessThanOrEqual(2.45 * 20 * share + 2);
  });
});

test(faultName(29), async () => {
  const late = await begin('not-found-at-first');
  const never = await stack.start({ taskId: randomUUID() });
  const [one, two] = await outcomesOf(late.handle, never);
  expect(one).toMatchObject({ status: 'finished' });
  expect(
    queriesOf(late.taskId)
      .slice(0, 2)
      .map(({ answered }) => answered),
  ).toEqual(['not-found', 'not-found']);
  expect(two).toMatchObject({ status: 'notFound', error: { layer: 'task', code: 'NotFound' } });
  expect(two && Date.parse(two.finishedAt) - Date.parse(two.submittedAt)).toBeGreaterThanOrEqual(30_000);
});

test(faultName(33), async () => {
  const { taskId, handle } = await begin('no-resource always', { timeoutSeconds: 3_600 });
  expect(await outcomeOf(handle)).toMatchObject({ status: 'timeout', error: { code: 'NoResource' } });
  const gaps = gapsMs(queriesOf(taskId)).slice(0, -1);
  [5, 10, 20, 40, 80, 160, 300, 300].forEach((seconds, index) => {
    expect(gaps[index]).toBeGreaterThanOrEqual(1000 * seconds);
    expect(gaps[index]).toBeLessThanOrEqual(1000 * seconds + 5_000);
  });
});

test(faultName(41), async () => {
  const recorder = await stack.parent('recorder', `recorder-${randomUUID()}`);
  const { handle } = await begin([{ polls: 100, task: { state: 'running' } }, { task: { state: 'finished' } }], {
    timeoutSeconds: 20_000,
    notify: [{ workflowId: recorder.workflowId }],
  });
  expect(await outcomeOf(handle)).toMatchObject({ status: 'finished', polls: 101 });
  await recorder.signal('stop');
  const events: TryOnEvent[] = await recorder.result();
  expect(events.map(({ kind }) => kind)).toEqual(['outcome']);
  expect((await stack.history(handle.workflowId)).length).toBeLessThanOrEqual(18);
});

test(faultName(70), { timeout: 120_000 + herd * 200 }, async () => {
  await stack.emulator.outage('http-503 120s');
  const from = stack.emulator.stats.queries;
  const handles: WorkflowHandle[] = [];
  while (handles.length < herd) {
    const size = Math.min(100, herd - handles.length);
    const some = Array.from({ length: size }, () =>
      begin('finished', { account: 'herd', ageSeconds: 60, timeoutSeconds: 86_400 }),
    );
    handles.push(...(await Promise.all(some)).map(({ handle }) => handle));
  }
  const outcomes = await outcomesOf(...handles);
  for (const outcome of outcomes) expect(outcome.status).toBe('finished');
  const queries = stack.emulator.queries.filter((query) => query.number > from);
  expect(maxIn(5_000, crowdOf(queries))).toBeLessThanOrEqual(110);
  // One poll each, and the few of the outage.
  expect(queries.length).toBeLessThanOrEqual(herd + 30);
});

test(faultName(72), async () => {
  const { taskId, handle } = await begin([{}], {
    timeoutSeconds: 7_200,
    task: { durationSeconds: 1_800, subTasks: 1 },
  });
  const outcome = await outcomeOf(handle);
  expect(outcome.status).toBe('finished');
  expect(queriesOf(taskId)).toHaveLength(outcome.polls);
  expect(outcome.polls).toBeGreaterThanOrEqual(36);
  expect(outcome.polls).toBeLessThanOrEqual(140);
  expect(await stack.history(resultsWorkflowId(taskId))).toHaveLength(12);
});
