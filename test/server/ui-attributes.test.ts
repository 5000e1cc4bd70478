/** A namespace that lacks the search attributes: all works, and `doctor` prints the command that adds them. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTryOnClient, type TryOnClient } from '../../src/client/client.js';
import { listingWorkflowId, resultsWorkflowId, searchAttributes } from '../../src/contract.js';
import { findTemporalCli } from '../../src/dev-server/find-cli.js';
import { runCli } from '../cli/run-cli.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';

const { address } = inject('temporal');
const namespace = `bare-${randomUUID()}`;
const names: string[] = Object.values(searchAttributes).map(({ name }) => name);

let stack: Stack;
let client: TryOnClient;
let connection: Connection;
let env: Record<string, string>;
beforeAll(async () => {
  connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  // The server's parts learn of a new namespace one after another.
  const known = new Client({ connection, namespace });
  await until(async () => (await known.workflow.count().catch(() => undefined)) !== undefined);
  stack = await startStack({ address, namespace });
  const temporal = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  env = { ...workerEnv(stack.emulator, stack.taskQueue), ...temporal };
  client = await createTryOnClient({ env: { ...process.env, ...temporal }, taskQueue: stack.taskQueue });
});
afterAll(async () => {
  await client?.close();
  await stack?.stop();
  await connection?.close();
});

interface Check {
  readonly name: string;
  readonly result: string;
  readonly detail: string;
  readonly remedy?: string;
}

async function attributesCheck(): Promise<Check | undefined> {
  const { out } = await runCli(['doctor', '--json'], env);
  return (JSON.parse(out) as { checks: Check[] }).checks.find(({ name }) => name === 'search attributes');
}

test('waits and listings run, are listed by state, and write no attribute', async () => {
  const listingId = `bare-${randomUUID()}`;
  const [first, second] = [
    stack.emulator.addTask({ script: 'finished' }),
    stack.emulator.addTask({ script: 'batches' }),
  ];
  const open = stack.emulator.addTask({ script: 'stuck' });
  await client.start({ taskId: open });
  await client.listings.start({ listingId, tasks: [{ taskId: first }, { taskId: second }] });
  expect((await client.listings.result(listingId)).status).toBe('complete');

  const listed = async (state: 'finished' | 'waiting'): Promise<string[]> => {
    const found: string[] = [];
    for await (const wait of client.list({ state })) found.push(wait.taskId);
    return found.toSorted();
  };
  await until(async () => (await listed('finished')).length === 2);
  expect(await listed('finished')).toEqual([first, second].toSorted());
  expect(await listed('waiting')).toEqual([open]);
  for (const id of [listingWorkflowId(listingId), resultsWorkflowId(first)]) {
    expect(await stack.history(id)).not.toContain('upsertWorkflowSearchAttributesEvent');
    const { searchAttributes: written } = await stack.client.workflow.getHandle(id).describe();
    expect(Object.keys(written).filter((name) => names.includes(name))).toEqual([]);
  }
  await client.cancel(open);
});

test('the command that doctor prints adds them, and doctor is content then', async () => {
  const before = await attributesCheck();
  expect(before?.result).toBe('warn');
  expect(before?.detail).toBe(`missing: ${names.join(', ')}`);
  const [program, ...args] = before?.remedy?.split(' ') ?? [];
  expect(program).toBe('temporal');
  const { path } = await findTemporalCli();
  await promisify(execFile)(path, [...args, '--address', address]);
  await until(async () => (await attributesCheck())?.result === 'ok');
});
