/** Clients of a Temporal server that is away for a while. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import type { TryOnChange } from '../../src/client/events.js';
import { resultsWorkflowId, type TryOnListingResult, type TryOnOutcome } from '../../src/contract.js';
import { startCli } from '../cli/run-cli.js';
import { faultName } from '../support/fault-rows.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { type CutProxy, startCutProxy } from './cut-proxy.js';

const never = { task: { state: 'running' } } as const;
let stack: Stack;
let proxy: CutProxy;
let connection: Connection;
let client: TryOnClient;
beforeAll(async () => {
  const { address } = inject('temporal');
  stack = await startStack({ address });
  proxy = await startCutProxy(address);
  // Without the SDK's own retries, which ride out some 20 s, a short cut shows what is ours.
  connection = await Connection.connect({ address: proxy.address, interceptors: [] });
  client = await createTryOnClient({ client: new Client({ connection }), taskQueue: stack.taskQueue });
});
afterEach(async () => {
  proxy.restore();
  const answers = () => connection.workflowService.getSystemInfo({});
  await until(() => answers().then(Boolean, () => false));
});
afterAll(async () => {
  await connection?.close();
  await proxy?.close();
  await stack?.stop();
});

const finish = (taskId: string): void => stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);

/** Cuts the line, lets the task end meanwhile, and mends the line once the client has tried in vain. */
async function cutWhile(taskId: string): Promise<void> {
  proxy.cut();
  finish(taskId);
  await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).result();
  await until(() => proxy.refused >= 2);
  proxy.restore();
}

describe('calls that only read', () => {
  test(faultName(88, 'waitFor rides it out'), async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const waiting = client.waitFor({ taskId });
    await stack.emulator.waitForQuery(taskId, 1);
    await cutWhile(taskId);
    expect(await waiting).toMatchObject({ taskId, status: 'finished' });
  });

  test(faultName(88, 'events ride it out, say so, and leave nothing out'), async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    await client.start({ taskId });
    await stack.emulator.waitForQuery(taskId, 1);
    const changes: TryOnChange[] = [];
    let cutting: Promise<void> | undefined;
    for await (const change of client.events(taskId, { intervalMs: 100 })) {
      changes.push(change);
      cutting ??= cutWhile(taskId);
    }
    await cutting;
    const notes = changes.flatMap((change) => (change.kind === 'note' ? change.notes : []));
    expect(notes).toContain('the Temporal server does not answer; it is asked again until it is back');
    expect(changes.at(-1)).toMatchObject({ kind: 'outcome', outcome: { status: 'finished' } });
    const shown = changes.flatMap((change) => (change.kind === 'images' ? change.images : []));
    expect(shown).toHaveLength(8);
  });

  test(faultName(88, 'the result of a listing rides it out'), async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const listingId = `away-${randomUUID()}`;
    await client.listings.start({ listingId, tasks: [{ taskId }] });
    const waiting: Promise<TryOnListingResult> = client.listings.result(listingId);
    await stack.emulator.waitForQuery(taskId, 1);
    await cutWhile(taskId);
    expect(await waiting).toMatchObject({ listingId, status: 'complete' });
  });

  test(faultName(88, 'the command `wait` rides out more than the SDK does'), { timeout: 180_000 }, async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const env = { TEMPORAL_ADDRESS: proxy.address, TRYON_TASK_QUEUE: stack.taskQueue };
    const running = startCli(['wait', taskId, '--json'], env);
    await stack.emulator.waitForQuery(taskId, 1);
    proxy.cut();
    // The SDK has given up by then.
    await running.until('the Temporal server does not answer');
    finish(taskId);
    proxy.restore();
    const { code, out } = await running.ended;
    expect(JSON.parse(out) as TryOnOutcome).toMatchObject({ taskId, status: 'finished' });
    expect(code).toBe(0);
  });
});

describe('the caller sets the limit', () => {
  test(faultName(88, 'a signal ends it at once'), async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    await client.start({ taskId });
    const stop = new AbortController();
    const waiting = client.outcome(taskId, { signal: stop.signal });
    const watching = (async () => {
      for await (const _change of client.events(taskId, { signal: stop.signal })) {
        // until it ends
      }
    })();
    waiting.catch(() => undefined);
    watching.catch(() => undefined);
    await stack.emulator.waitForQuery(taskId, 1);
    proxy.cut();
    await until(() => proxy.refused >= 2);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(watching).rejects.toThrow('enough');
    proxy.restore();
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
  });

  test(faultName(88, 'a time-out ends it with a typed error, as it ends every other call'), async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    await client.start({ taskId });
    const waiting = client.outcome(taskId, { awayTimeoutMs: 500 });
    const watching = (async () => {
      for await (const _change of client.events(taskId, { awayTimeoutMs: 500, intervalMs: 50 })) {
        // until it ends
      }
    })();
    waiting.catch(() => undefined);
    watching.catch(() => undefined);
    await stack.emulator.waitForQuery(taskId, 1);
    proxy.cut();
    const away = { code: 'NoServer', message: expect.stringContaining(`the Temporal server at ${proxy.address}`) };
    await expect(waiting).rejects.toMatchObject(away);
    await expect(watching).rejects.toMatchObject(away);
    const listed = async () => {
      for await (const _wait of client.list()) {
        // until it ends
      }
    };
    const calls: (() => Promise<unknown>)[] = [
      () => client.start({ taskId }),
      () => client.startAndSubscribe({ taskId }, { workflowId: 'w' }),
      () => client.status(taskId),
      () => client.pollNow(taskId),
      () => client.cancel(taskId),
      listed,
      () => client.listings.start({ listingId: 'l', tasks: [{ taskId }] }),
      () => client.listings.status('l'),
      () => client.listings.addTask('l', { taskId }),
      () => client.listings.cancel('l'),
      () => client.listings.taskIds('l'),
    ];
    for (const call of calls) await expect(call(), String(call)).rejects.toMatchObject(away);
    proxy.restore();
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
  });
});

test('the outcome of a wait that is reset meanwhile is that of its new run', async () => {
  const taskId = stack.emulator.addTask({ script: [never] });
  const { workflowId } = await client.start({ taskId });
  await stack.emulator.waitForQuery(taskId, 1);
  const waiting = client.outcome(taskId);
  const watched: Promise<TryOnChange[]> = (async () => {
    const all: TryOnChange[] = [];
    for await (const change of client.events(taskId, { intervalMs: 100 })) all.push(change);
    return all;
  })();
  const { runId } = await stack.client.workflow.getHandle(workflowId).describe();
  await stack.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId },
    reason: 'a test',
    // The first workflow task: its completion is the fourth event.
    workflowTaskFinishEventId: 4 as never,
    requestId: randomUUID(),
  });
  finish(taskId);
  expect(await waiting).toMatchObject({ taskId, status: 'finished' });
  expect((await watched).at(-1)).toMatchObject({ kind: 'outcome', outcome: { status: 'finished' } });
});
