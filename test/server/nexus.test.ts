import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnJoin, type JoinInput } from '../../src/activities/join.js';
import { failureTypes, messages, resultsWorkflowId, type TryOnOutcome, type TryOnStatus } from '../../src/contract.js';
import { cacheDir, lookUp } from '../../src/dev-server/find-cli.js';
import { faultName } from '../support/fault-rows.js';
import { programs } from '../support/programs.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const temporal = inject('temporal');
const callers = `nexus-callers-${randomUUID()}`;
const endpoint = `try-on-${randomUUID()}`;
const never = { task: { state: 'running' } } as const;
const firstThenDone = (polls: number) =>
  [{ polls, task: { state: 'running' } }, { task: { state: 'finished' } }] as const;
let stack: Stack;
let stopCallers: () => Promise<void>;
let theirs: Client;

beforeAll(async () => {
  // By the seed task ids differ from those of other tests on the same server.
  const key = { appKey: 'key-of-nexus', appSecret: 'secret-of-nexus' };
  stack = await startStack({
    address: temporal.address,
    emulator: { seed: 7_600, accounts: [key] },
    env: {
      ...{ AIDGE_SHOP_APP_KEY: key.appKey, AIDGE_SHOP_APP_SECRET: key.appSecret },
      ...{ AIDGE_VAULT_APP_KEY: key.appKey, AIDGE_VAULT_APP_SECRET: key.appSecret },
      TRYON_NEXUS_ACCOUNTS: 'default, shop',
    },
  });
  const connection = await Connection.connect({ address: temporal.address });
  await connection.operatorService.createNexusEndpoint({
    spec: {
      name: endpoint,
      target: { worker: { namespace: stack.namespace, taskQueue: stack.taskQueue } },
    },
  });
  theirs = new Client({ connection, namespace: temporal.otherNamespace });
  const native = await NativeConnection.connect({ address: temporal.address });
  const worker = await Worker.create({
    connection: native,
    namespace: temporal.otherNamespace,
    taskQueue: callers,
    workflowsPath: fileURLToPath(new URL('../support/nexus-callers.ts', import.meta.url)),
  });
  const run = worker.run();
  stopCallers = async () => {
    worker.shutdown();
    await run;
    await native.close();
    await connection.close();
  };
});

afterAll(async () => {
  await stopCallers?.();
  await stack?.stop();
});

const call = (type: 'awaiter' | 'asker' | 'changer', ...args: unknown[]): Promise<WorkflowHandle> =>
  theirs.workflow.start(type, { taskQueue: callers, workflowId: `${type}-${randomUUID()}`, args: [endpoint, ...args] });

const subscribers = async (taskId: string): Promise<number> => {
  try {
    return (await stack.status(taskId)).subscribers.length;
  } catch {
    return 0;
  }
};

const finish = async (taskId: string): Promise<void> => {
  stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
  await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).executeUpdate(messages.pollNow);
};

const isRunning = async (taskId: string): Promise<boolean> =>
  (await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).describe()).status.name === 'RUNNING';

describe('awaitResults from another namespace', () => {
  test('starts the wait and answers its outcome', async () => {
    const taskId = stack.emulator.addTask({ script: [...firstThenDone(1)] });
    const outcome: TryOnOutcome = await (await call('awaiter', { taskId, expectedImages: 1 })).result();
    expect(outcome).toMatchObject({ taskId, status: 'finished' });
    expect(outcome.images.length).toBeGreaterThan(0);
    const wait = stack.client.workflow.getHandle(resultsWorkflowId(taskId));
    expect(outcome).toEqual(await wait.result());
  });

  test('joins the wait that runs: the vendor is asked by one alone', async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const { workflowId } = await stack.start({ taskId });
    const both = [await call('awaiter', { taskId }), await call('awaiter', { taskId })];
    await until(async () => (await subscribers(taskId)) === 2);
    await finish(taskId);
    const [ours, one, other] = await Promise.all(
      [stack.client.workflow.getHandle(workflowId), ...both].map((handle) => handle.result() as Promise<TryOnOutcome>),
    );
    expect(one).toEqual(ours);
    expect(other).toEqual(ours);
  });

  test('answers the stored outcome of a wait that has ended', async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'finished' } }] });
    const ours = await stack.run({ taskId });
    const theirOutcome: TryOnOutcome = await (await call('awaiter', { taskId })).result();
    expect(theirOutcome).toEqual(ours);
  });

  test('a wait cancelled by its owner cancels the operation', async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const caller = await call('awaiter', { taskId });
    await until(async () => (await subscribers(taskId)) === 1);
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
    await expect(caller.result()).rejects.toMatchObject({ cause: { cause: { name: 'CancelledFailure' } } });
  });

  test.each([
    { what: 'a misspelt field', input: { taskId: 't-1', timeoutSecond: 5 }, names: /timeoutSecond/ },
    { what: 'a time far ahead', input: { taskId: 't-1', submittedAt: '2999-01-01T00:00:00Z' }, names: /submittedAt/ },
  ])('$what is refused at once', async ({ input, names }) => {
    const error = await (await call('awaiter', input)).result().catch((thrown: unknown) => thrown);
    const chain = causes(error);
    expect(chain.some(({ message }) => names.test(message))).toBe(true);
    expect(chain).toContainEqual(expect.objectContaining({ type: failureTypes.invalidInput }));
  });
});

describe('cancelling the operation only unsubscribes', () => {
  test.each(['WAIT_CANCELLATION_REQUESTED', 'WAIT_CANCELLATION_COMPLETED'])(
    'with %s its caller is free at once and the wait goes on',
    async (cancellationType) => {
      const taskId = stack.emulator.addTask({ script: [never] });
      const staying = await call('awaiter', { taskId });
      await until(async () => (await subscribers(taskId)) === 1);
      const leaving = await call('changer', { taskId }, cancellationType);
      expect(await leaving.result()).toBe('cancelled');
      await until(async () => (await subscribers(taskId)) === 1);
      await finish(taskId);
      expect(await staying.result()).toMatchObject({ status: 'finished' });
    },
  );

  test('a wait without any other subscriber goes on too', async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const caller = await call('awaiter', { taskId });
    await until(async () => (await subscribers(taskId)) === 1);
    await caller.cancel();
    await expect(caller.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    await until(async () => (await subscribers(taskId)) === 0);
    expect(await isRunning(taskId)).toBe(true);
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
  });
});

describe('from Go', () => {
  let program: string;
  // Cold, its SDK is fetched and compiled first.
  beforeAll(async () => {
    const go = await lookUp('go');
    if (go === undefined) throw new Error('no go on PATH: install Go 1.24 or later (https://go.dev/dl)');
    const bin = join(cacheDir(), 'examples-go');
    await mkdir(bin, { recursive: true });
    const cwd = fileURLToPath(new URL('../../examples/go', import.meta.url));
    const built = await programs().start(go, ['build', '-buildvcs=false', '-o', bin, './nexus'], { cwd }).ended;
    expect(built, built.stderr).toMatchObject({ code: 0 });
    program = join(bin, 'nexus');
  }, 900_000);

  test('a workflow awaits an outcome and asks for the status', async () => {
    const taskId = stack.emulator.addTask({ script: [...firstThenDone(1)] });
    const started = programs({ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.otherNamespace });
    const caller = started.start(program, [endpoint, taskId], { cwd: tmpdir() });
    const { status, outcome } = await caller.json<{ status: TryOnStatus; outcome: TryOnOutcome }>();
    expect(outcome).toMatchObject({ taskId, status: 'finished' });
    expect(outcome.images.length).toBeGreaterThan(0);
    expect(status).toMatchObject({ taskId, state: 'finished', waitId: (await stack.status(taskId)).waitId });
    await started.stop();
  });
});

describe('status from another namespace', () => {
  test('answers what the query answers', async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'finished' } }] });
    await stack.run({ taskId });
    const theirStatus: TryOnStatus = await (await call('asker', taskId)).result();
    expect(theirStatus).toEqual(await stack.status(taskId));
  });

  test('a task that nobody waits for is not found', async () => {
    const error = await (await call('asker', `none-${randomUUID()}`)).result().catch((thrown: unknown) => thrown);
    expect(causes(error)).toContainEqual(expect.objectContaining({ type: 'NOT_FOUND' }));
  });
});

/** Cancels an operation over the server's HTTP API, where a caller writes the token itself. */
async function cancelByToken(wid: string): Promise<number> {
  const { endpoints } = await theirs.connection.operatorService.listNexusEndpoints({ name: endpoint });
  const token = Buffer.from(JSON.stringify({ t: 1, ns: stack.namespace, wid })).toString('base64url');
  const operation = `nexus/endpoints/${endpoints?.[0]?.id}/services/tryOn/awaitResults`;
  const response = await fetch(`${temporal.httpUrl}/${operation}/cancel`, {
    method: 'POST',
    headers: { 'nexus-operation-token': token },
  });
  return response.status;
}

/** What a caller learns of a failure. */
const told = async (
  handle: WorkflowHandle,
): Promise<{ readonly type: string | undefined; readonly message: string }[]> =>
  causes(await handle.result().catch((thrown: unknown) => thrown)).map(({ type, message }) => ({ type, message }));

describe('callers of another namespace are not trusted', () => {
  test.each([
    {
      what: 'notify, which would signal any workflow of our namespace',
      more: { notify: [{ workflowId: 'payments', signal: 'approve' }] },
      names: /^notify is not taken over Nexus/,
    },
    { what: 'an account that is not open to them', more: { account: 'vault' }, names: /^account is "vault"; give one/ },
  ])(faultName(81, '$what, is refused'), async ({ more, names }) => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const chain = await told(await call('awaiter', { taskId, ...more }));
    expect(chain).toContainEqual(expect.objectContaining({ type: 'BAD_REQUEST' }));
    expect(chain).toContainEqual({ type: failureTypes.invalidInput, message: expect.stringMatching(names) });
    await expect(stack.status(taskId)).rejects.toThrow(/not found/);
  });

  test(faultName(81, 'an account that is open to them can be named, joined and asked about'), async () => {
    const taskId = stack.emulator.addTask({ script: [{ task: { state: 'finished' } }] });
    const outcome: TryOnOutcome = await (await call('awaiter', { taskId, account: 'shop' })).result();
    expect(outcome).toMatchObject({ status: 'finished', account: 'shop' });
    expect(await (await call('awaiter', { taskId })).result()).toEqual(outcome);
    expect(await (await call('asker', taskId)).result()).toMatchObject({ taskId, account: 'shop' });
  });

  test(faultName(81, 'a forged token of an operation cancels no other workflow'), async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    const caller = await call('awaiter', { taskId });
    await until(async () => (await subscribers(taskId)) === 1);
    expect(await cancelByToken(resultsWorkflowId(taskId))).toBe(404);
    expect(await isRunning(taskId)).toBe(true);
    const [subscriber] = (await stack.status(taskId)).subscribers;
    expect(await cancelByToken(subscriber?.workflowId ?? '')).toBe(202);
    await expect(caller.result()).rejects.toMatchObject({ cause: { cause: { name: 'CancelledFailure' } } });
    await until(async () => (await subscribers(taskId)) === 0);
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
  });

  test(faultName(81, 'a running wait of another account is neither joined nor lengthened'), async () => {
    const taskId = stack.emulator.addTask({ script: [never] });
    await stack.start({ taskId, account: 'vault' });
    const before = await stack.status(taskId);
    const chain = await told(await call('awaiter', { taskId, timeoutSeconds: 2_000_000 }));
    expect(chain).toContainEqual(expect.objectContaining({ type: failureTypes.invalidInput }));
    expect(JSON.stringify(chain)).not.toContain('vault');
    const { deadline, subscribers } = await stack.status(taskId);
    expect({ deadline, subscribers }).toEqual({ deadline: before.deadline, subscribers: [] });
    await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
  });

  test(
    faultName(81, 'nor is the outcome of another account told, and its status is as if there was none'),
    async () => {
      const taskId = stack.emulator.addTask({ script: [{ task: { state: 'finished' } }] });
      const { images } = await stack.run({ taskId, account: 'vault' });
      const refused = await told(await call('awaiter', { taskId }));
      expect(refused).toContainEqual(expect.objectContaining({ type: failureTypes.invalidInput }));
      expect(JSON.stringify(refused)).not.toContain(images[0]?.id);
      const unknown = 'a'.repeat(taskId.length);
      const [ofVault, ofNone] = await Promise.all([taskId, unknown].map(async (id) => told(await call('asker', id))));
      expect(ofVault).toContainEqual({ type: 'NOT_FOUND', message: `there is no wait for task ${taskId}` });
      const plain = (chain: unknown, id: string) =>
        JSON.stringify(chain)
          .replaceAll(id, '')
          .replace(/asker-[\w-]+/g, '');
      expect(plain(ofVault, taskId)).toBe(plain(ofNone, unknown));
    },
  );
});

/** An error and its causes, the outermost first. */
function causes(error: unknown): (Error & { readonly type?: string })[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}

test('a listing takes the stored outcome of any account, a Nexus caller does not', async () => {
  const taskId = stack.emulator.addTask({ script: 'finished' });
  const wait = await stack.start({ taskId, account: 'vault' });
  await wait.result();
  const join = createTryOnJoin(['default']);
  const asked: JoinInput = {
    input: { taskId, account: 'vault' },
    subscriber: { workflowId: 'listing' },
    mayStart: false,
  };
  const environment = () => new MockActivityEnvironment({ taskQueue: stack.taskQueue }, { client: stack.client });
  expect(await environment().run(join, { ...asked, isListing: true as const })).toMatchObject({
    outcome: { status: 'finished', account: 'vault' },
  });
  await expect(environment().run(join, asked)).rejects.toThrow(/TRYON_NEXUS_ACCOUNTS/);
});
