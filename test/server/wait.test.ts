import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  messages,
  resultsWorkflowId,
  type TryOnEvent,
  type TryOnOutcome,
  type TryOnStatus,
  workflowTypes,
} from '../../src/contract.js';
import { faultName } from '../support/fault-rows.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const kinds = (events: readonly TryOnEvent[]) => events.map((event) => event.kind);
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const never = { script: [{ task: { state: 'running' } }] } as const;

// Replayed from its first event at each step, a workflow must do the same as from the cache.
describe.concurrent.each([
  ['cached', '200'],
  ['replayed at each step', '0'],
])('a wait, %s', (_name, cachedWorkflows) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      address: inject('temporal').address,
      parents: true,
      env: { TRYON_MAX_CACHED_WORKFLOWS: cachedWorkflows },
    });
  });
  afterAll(async () => await stack?.stop());

  describe('history', () => {
    test('of an undisturbed wait has 13 events, one of them for search attributes', async () => {
      const taskId = stack.emulator.addTask({ durationSeconds: 1 });
      const outcome = await stack.run({ taskId });
      expect(outcome).toMatchObject({ taskId, status: 'finished', account: 'default', api: 'tryon' });
      expect(outcome.images).toHaveLength(8);
      const history = await stack.history(resultsWorkflowId(taskId));
      expect(history).toHaveLength(13);
    });

    test('does not grow with polls, and the polls are counted', async () => {
      const taskId = stack.emulator.addTask({
        script: [{ polls: 4, task: { state: 'running' } }, { task: { state: 'finished' } }],
      });
      const outcome = await stack.run({ taskId });
      expect(outcome.polls).toBe(5);
      expect(stack.emulator.queries.filter((query) => query.taskId === taskId)).toHaveLength(5);
      expect(outcome.timing.runningSeenAt).toBeDefined();
      expect(outcome.timing.pendingUntil).toBeDefined();
      const history = await stack.history(resultsWorkflowId(taskId));
      expect(history).toHaveLength(13);
    });

    test('has 18 events with one subscriber', async () => {
      const taskId = stack.emulator.addTask({ durationSeconds: 0.5 });
      const parent = await stack.parent('recorder', `recorder-${taskId}`);
      await stack.run({ taskId, notify: [{ workflowId: parent.workflowId }] });
      const history = await stack.history(resultsWorkflowId(taskId));
      expect(history).toHaveLength(18);
      await parent.signal('stop');
      expect(kinds(await parent.result())).toEqual(['outcome']);
    });
  });

  describe('subscribers', () => {
    test('two get every event once, in order, with one numbering; a late one carries on', async () => {
      const taskId = stack.emulator.addTask({
        subTasks: 3,
        script: [
          { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
          { polls: 2, task: { state: 'running', finishedSubTasks: 2 } },
          { task: { state: 'finished' } },
        ],
      });
      const [one, two, late] = await Promise.all(
        ['one', 'two', 'late'].map((name) => stack.parent('recorder', `${name}-${taskId}`)),
      );
      const handle = await stack.start({
        taskId,
        notify: [{ workflowId: one?.workflowId ?? '' }, { workflowId: two?.workflowId ?? '' }],
      });
      await stack.emulator.waitForQuery(taskId, 2);
      const joined = await handle.executeUpdate<TryOnStatus, [object]>(messages.subscribe, {
        args: [{ workflowId: late?.workflowId }],
      });
      const outcome = (await handle.result()) as TryOnOutcome;
      for (const parent of [one, two, late]) await parent?.signal('stop');
      const [first, second, third] = await Promise.all(
        [one, two, late].map((parent) => parent?.result() as Promise<TryOnEvent[]>),
      );
      expect(first).toEqual(second);
      expect(kinds(first ?? [])).toEqual(['images', 'images', 'outcome']);
      expect(first?.map((event) => event.sequence)).toEqual([1, 2, 3]);
      expect(third?.map((event) => event.sequence)).toEqual([1, 2, 3].filter((sequence) => sequence > joined.sequence));
      expect(outcome.images).toHaveLength(12);
      const told = (first ?? []).flatMap((event) => (event.kind === 'images' ? event.images : []));
      expect(new Set(told.map((image) => image.id)).size).toBe(told.length);
    });

    test('a receiver that is gone is no error', async () => {
      const taskId = stack.emulator.addTask({ durationSeconds: 0.3 });
      const outcome = await stack.run({ taskId, notify: [{ workflowId: 'nobody' }] });
      expect(outcome.status).toBe('finished');
    });

    test('subscribe works with update-with-start, any number of times', async () => {
      const taskId = stack.emulator.addTask({ durationSeconds: 1 });
      const subscribe = async (workflowId: string) => {
        const operation = new WithStartWorkflowOperation(workflowTypes.results, {
          workflowId: resultsWorkflowId(taskId),
          taskQueue: stack.taskQueue,
          args: [{ taskId }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return (await stack.client.workflow.executeUpdateWithStart(messages.subscribe, {
          startWorkflowOperation: operation,
          args: [{ workflowId }],
        })) as TryOnStatus;
      };
      expect((await subscribe('one')).subscribers).toEqual([{ workflowId: 'one' }]);
      expect((await subscribe('two')).subscribers).toHaveLength(2);
      expect((await subscribe('two')).subscribers).toHaveLength(2);
      await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).result();
    });

    test('update-with-start with bad workflow input is refused with InvalidTryOnInput', async () => {
      const operation = new WithStartWorkflowOperation(workflowTypes.results, {
        workflowId: `bad-${randomUUID()}`,
        taskQueue: stack.taskQueue,
        args: [{ taskId: 'x', timeoutSeconds: -5 }],
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      const refused = stack.client.workflow.executeUpdateWithStart(messages.subscribe, {
        startWorkflowOperation: operation,
        args: [{ workflowId: 'one' }],
      });
      await expect(refused).rejects.toMatchObject({
        cause: { type: 'InvalidTryOnInput', message: 'timeoutSeconds is -5; give 1 to 2592000' },
      });
    });

    test('wrong input fails the workflow, naming each field', async () => {
      const wrong = stack.run({ taskId: '', timeoutSeconds: '9', colour: 'red' } as never);
      await expect(wrong).rejects.toMatchObject({
        cause: { type: 'InvalidTryOnInput', message: /taskId .*timeoutSeconds .*colour/ },
      });
    });

    test('a child whose last subscriber leaves cancels itself; one that a client started does not', async () => {
      const owned = stack.emulator.addTask(never);
      const parent = await stack.parent('parent', `parent-${owned}`, [{ taskId: owned }, stack.taskQueue]);
      await stack.emulator.waitForQuery(owned, 1);
      await parent.signal('leave', owned);
      await expect(stack.client.workflow.getHandle(resultsWorkflowId(owned)).result()).rejects.toMatchObject({
        cause: { name: 'CancelledFailure' },
      });
      await parent.terminate();

      const free = stack.emulator.addTask(never);
      const handle = await stack.start({ taskId: free, notify: [{ workflowId: 'one' }] });
      const left = await handle.executeUpdate<TryOnStatus, [object]>(messages.unsubscribe, {
        args: [{ workflowId: 'one' }],
      });
      expect(left).toMatchObject({ state: 'waiting', subscribers: [] });
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
    });

    test('a second parent joins, gets a snapshot and the outcome', async () => {
      const taskId = stack.emulator.addTask({
        script: [{ polls: 3, task: { state: 'running', finishedSubTasks: 1 } }, { task: { state: 'finished' } }],
      });
      const first = await stack.parent('parent', `first-${taskId}`, [{ taskId }, stack.taskQueue]);
      await stack.emulator.waitForQuery(taskId, 1);
      const second = await stack.parent('parent', `second-${taskId}`, [{ taskId }, stack.taskQueue]);
      const [one, two] = await Promise.all([first.result(), second.result()]);
      expect(one.how).toBe('started');
      expect(two.how).toBe('joined');
      expect(kinds(two.events)[0]).toBe('snapshot');
      expect(kinds(two.events).at(-1)).toBe('outcome');
      expect(one.outcome).toEqual(two.outcome);
    });
  });

  describe('control', () => {
    test('pollNow polls at once, and the count of polls is kept', async () => {
      const taskId = stack.emulator.addTask(never);
      const handle = await stack.start({ taskId, submittedAt: ago(1000) });
      await stack.emulator.waitForQuery(taskId, 1);
      await until(async () => (await pendingAttempt(handle)) === 2);
      await handle.executeUpdate(messages.pollNow);
      await stack.emulator.waitForQuery(taskId, 2);
      stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
      await until(async () => (await pendingAttempt(handle)) === 3);
      const { events: before } = await handle.fetchHistory();
      await handle.executeUpdate(messages.pollNow);
      const outcome = (await handle.result()) as TryOnOutcome;
      expect(outcome).toMatchObject({ status: 'finished', polls: 3 });
      const { events: after } = await handle.fetchHistory();
      const added = after?.slice(before?.length).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
      expect(added?.map((one) => one.activityType?.name)).toEqual(['tryOnPollNow']);
    });

    test(faultName(93), async () => {
      const taskId = stack.emulator.addTask(never);
      const handle = await stack.start({ taskId, submittedAt: ago(1000), timeoutSeconds: 3 });
      await stack.emulator.waitForQuery(taskId, 1);
      const { workflowId } = handle;
      const { namespace } = stack.client.options;
      const { workflowService } = stack.client;
      await workflowService.pauseActivity({ namespace, execution: { workflowId }, type: 'tryOnPoll', identity: 'me' });
      await handle.executeUpdate(messages.pollNow);
      expect(await handle.result()).toMatchObject({ status: 'timeout', error: { code: 'Paused' } });
    });

    test('setTimeout ends the wait with one last poll', async () => {
      const taskId = stack.emulator.addTask(never);
      const handle = await stack.start({ taskId, submittedAt: ago(1000) });
      await stack.emulator.waitForQuery(taskId, 1);
      await handle.executeUpdate(messages.setTimeout, { args: [{ timeoutSeconds: 2 }] });
      const outcome = (await handle.result()) as TryOnOutcome;
      expect(outcome.status).toBe('timeout');
      expect(outcome.error).toBeUndefined();
      expect(stack.emulator.queries.filter((query) => query.taskId === taskId)).toHaveLength(outcome.polls);
      expect(outcome.polls).toBeGreaterThanOrEqual(2);
    });

    test('cancellation is told to subscribers and ends the wait as cancelled', async () => {
      const taskId = stack.emulator.addTask(never);
      const recorder = await stack.parent('recorder', `recorder-${taskId}`);
      const handle = await stack.start({
        taskId,
        submittedAt: ago(1000),
        notify: [{ workflowId: recorder.workflowId }],
      });
      await stack.emulator.waitForQuery(taskId, 1);
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
      await recorder.signal('stop');
      const events: TryOnEvent[] = await recorder.result();
      expect(events).toMatchObject([{ kind: 'outcome', sequence: 1, outcome: { status: 'cancelled', polls: 1 } }]);
      expect(await stack.status(taskId)).toMatchObject({ state: 'cancelled' });
    });

    test('an answer in flight wins over a cancellation', async () => {
      const taskId = stack.emulator.addTask({ script: [{ task: { state: 'finished' }, wire: 'slow', seconds: 0.4 }] });
      const handle = await stack.start({ taskId, submittedAt: ago(1000) });
      await stack.emulator.waitForQuery(taskId, 1);
      await handle.cancel();
      expect(await handle.result()).toMatchObject({ status: 'finished' });
    });

    test('a cancellation while the vendor hangs settles all the same', async () => {
      const taskId = stack.emulator.addTask({ script: 'hang' });
      const handle = await stack.start({ taskId, submittedAt: ago(1000) });
      await stack.emulator.waitForQuery(taskId, 1);
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    });

    test('no worker for the account: timeout with NoWorker', async () => {
      const taskId = stack.emulator.addTask(never);
      const outcome = await stack.run({ taskId, account: 'nobody', timeoutSeconds: 1 });
      expect(outcome).toMatchObject({ status: 'timeout', polls: 0, error: { layer: 'transport', code: 'NoWorker' } });
    });
  });

  describe('error', () => {
    test('a wrong key blocks the wait, a mended one unblocks it', async () => {
      const taskId = stack.emulator.addTask({
        script: [
          { polls: 1, gateway: { code: 'InvalidAppKey', message: 'The app key is not known' } },
          { task: { state: 'finished' } },
        ],
      });
      const recorder = await stack.parent('recorder', `recorder-${taskId}`);
      const handle = await stack.start({
        taskId,
        submittedAt: ago(1000),
        notify: [{ workflowId: recorder.workflowId }],
      });
      await until(async () => (await stack.status(taskId)).state === 'blocked');
      expect(await stack.status(taskId)).toMatchObject({ error: { layer: 'gateway', code: 'InvalidAppKey' } });
      await handle.executeUpdate(messages.pollNow);
      expect(await handle.result()).toMatchObject({ status: 'finished', polls: 2 });
      await recorder.signal('stop');
      expect(kinds(await recorder.result())).toEqual(['blocked', 'outcome']);
    });

    test('an unknown task ends as notFound', async () => {
      const outcome = await stack.run({ taskId: randomUUID(), submittedAt: ago(60) });
      expect(outcome).toMatchObject({ status: 'notFound', error: { code: 'NotFound' } });
    });
  });
});

async function pendingAttempt(handle: WorkflowHandle): Promise<number | undefined> {
  const { raw } = await handle.describe();
  return raw.pendingActivities?.[0]?.attempt ?? undefined;
}
