import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messages, resultsWorkflowId, type TryOnOutcome, type TryOnStatus } from '../../src/contract.js';
import type { NewTask } from '../../src/testing.js';
import { startTimeStack, type TimeStack } from '../support/time-stack.js';

let stack: TimeStack;
beforeAll(async () => {
  stack = await startTimeStack({ parents: true });
});
afterAll(async () => await stack?.stop());

const addTask = async (task: NewTask) =>
  stack.emulator.addTask({ submittedAtMs: await stack.environment.currentTimeMs(), ...task });
const queriesOf = (taskId: string) => stack.emulator.queries.filter((query) => query.taskId === taskId);
const seconds = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

describe('while hours pass', () => {
  test('a task stuck for half an hour costs a bounded number of polls, and events that do not grow with them', async () => {
    const taskId = await addTask({ durationSeconds: 1800, subTasks: 1 });
    const outcome = await stack.run({ taskId, timeoutSeconds: 7200 });
    expect(outcome.status).toBe('finished');
    expect(outcome.polls).toBe(queriesOf(taskId).length);
    expect(outcome.polls).toBeGreaterThan(36);
    expect(outcome.polls).toBeLessThan(140);
    expect(await stack.history(resultsWorkflowId(taskId))).toHaveLength(12); // no search attributes there
    // The vendor's own word: the workflow starts some milliseconds after the task.
    expect(Date.parse(outcome.finishedAt)).toBeGreaterThanOrEqual(stack.emulator.task(taskId)?.finishedAtMs ?? 0);
    expect(seconds(outcome.submittedAt, outcome.timing.pendingUntil ?? '')).toBeLessThan(1800);
  });

  test('the deadline ends the wait with one last poll, and the polls before it follow the schedule', async () => {
    const taskId = await addTask({ script: [{ task: { state: 'running' } }] });
    const outcome = await stack.run({ taskId, timeoutSeconds: 100 });
    expect(outcome.status).toBe('timeout');
    expect(outcome.polls).toBe(queriesOf(taskId).length);
    expect(seconds(outcome.submittedAt, outcome.finishedAt)).toBeGreaterThanOrEqual(99.5);
    expect(seconds(outcome.submittedAt, outcome.finishedAt)).toBeLessThan(110);
    const ages = queriesOf(taskId).map((query) => (query.atMs - Date.parse(outcome.submittedAt)) / 1000);
    expect(ages[0]).toBeGreaterThan(10);
    for (let index = 2; index < ages.length - 1; index++) {
      expect((ages[index] ?? 0) - (ages[index - 1] ?? 0)).toBeGreaterThan(1);
    }
  });

  test('an unknown task is given 30 s from its submission, never less', async () => {
    const outcome = await stack.run({ taskId: randomUUID() });
    expect(outcome).toMatchObject({ status: 'notFound', error: { code: 'NotFound' } });
    expect(seconds(outcome.submittedAt, outcome.finishedAt)).toBeGreaterThanOrEqual(30);
  });

  test('an unknown task whose time is up before that is a timeout', async () => {
    const outcome = await stack.run({ taskId: randomUUID(), timeoutSeconds: 25 });
    expect(outcome).toMatchObject({ status: 'timeout', error: { code: 'NotFound' } });
  });

  test('a blocked wait asks slowly until its deadline', async () => {
    const taskId = await addTask({ script: 'no-resource always' });
    const outcome = await stack.run({ taskId, timeoutSeconds: 3600 });
    expect(outcome).toMatchObject({ status: 'timeout', error: { layer: 'gateway', code: 'NoResource' } });
    expect(outcome.polls).toBe(queriesOf(taskId).length);
    expect(outcome.polls).toBeLessThan(25);
  });

  test('a long pause that the vendor orders outlives pollNow', async () => {
    const taskId = await addTask({
      script: [{ use: 'http-503-retry-after', polls: 1, seconds: 300 }, { task: { state: 'finished' } }],
    });
    const handle = await stack.start({ taskId });
    const result = handle.result();
    await stack.emulator.waitForQuery(taskId, 1);
    await handle.executeUpdate<TryOnStatus, []>(messages.pollNow, { args: [] });
    const outcome = (await result) as TryOnOutcome;
    expect(outcome).toMatchObject({ status: 'finished', polls: 2 });
    const [first, second] = queriesOf(taskId);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(300_000);
  });
});
