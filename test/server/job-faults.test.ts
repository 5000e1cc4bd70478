import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, CompleteAsyncError, getClient } from '@temporalio/activity';
import type { WorkflowClientInterceptor, WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTryOnActivities } from '../../src/activities/index.js';
import {
  jobWorkflowId,
  messages,
  submitTaskQueue,
  type TryOnJobResult,
  type TryOnJobStatus,
  workflowTypes,
} from '../../src/contract.js';
import type { SubmitInput } from '../../src/job/protocol.js';
import { createVendorClient, type SubmitResult } from '../../src/providers/client.js';
import { startEmulator } from '../../src/testing.js';
import { faultName } from '../support/fault-rows.js';
import { aRequest } from '../support/jobs.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: Stack;
let connection: NativeConnection;
beforeAll(async () => {
  const { address } = inject('temporal');
  stack = await startStack({ address, parents: true });
  connection = await NativeConnection.connect({ address });
});
afterAll(async () => {
  await stack.stop();
  await connection.close();
});

type Submit = (call: { readonly maySend: () => boolean }, nth: number) => Promise<SubmitResult>;
type TryOnSubmit = (input: SubmitInput) => Promise<unknown>;

/** A vendor that counts what it takes, and accepts all of it. */
const accepts: Submit = async ({ maySend }) => {
  if (!maySend()) throw new TypeError('too late');
  return { kind: 'accepted', taskId: `counted-${randomUUID()}` };
};

interface Faults {
  readonly submit?: Submit;
  /** Around each claim. */
  readonly onClaim?: (send: () => Promise<never>, nth: number) => Promise<never>;
  /** Around each attempt. */
  readonly onAttempt?: (attempt: () => Promise<unknown>, input: SubmitInput) => Promise<unknown>;
}

/** One job of an account of its own, whose submit queue has a worker with faults. `sent` counts the calls of the vendor. */
async function startJob({ submit = accepts, onClaim, onAttempt = (attempt) => attempt() }: Faults) {
  const account = `a-${randomUUID().slice(0, 8)}`;
  let sent = 0;
  let claims = 0;
  const activities = createTryOnActivities({
    vendor: {
      results: async () => {
        throw new TypeError('no polls here');
      },
      submit: async (call) => {
        sent += 1;
        return await submit(call, sent);
      },
    },
  });
  const interceptor: WorkflowClientInterceptor = {
    startUpdate: async (input, next) => {
      if (onClaim === undefined || input.updateName !== 'claim') return await next(input);
      claims += 1;
      return await onClaim(() => next(input) as Promise<never>, claims);
    },
  };
  const worker = await Worker.create({
    connection,
    taskQueue: submitTaskQueue(account, stack.taskQueue),
    activities: {
      tryOnSubmit: ((input) => onAttempt(() => activities.tryOnSubmit(input), input)) satisfies TryOnSubmit,
    },
    interceptors: { client: { workflow: [interceptor] } },
  });
  const run = worker.run();
  const requestId = randomUUID();
  const startAgain = async () =>
    await stack.client.workflow.start(workflowTypes.job, {
      taskQueue: stack.taskQueue,
      workflowId: jobWorkflowId(requestId),
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{ requestId, account, request: aRequest, timeoutSeconds: 600 }],
    });
  const handle: WorkflowHandle = await startAgain();
  const status = () => handle.query<TryOnJobStatus>(messages.jobStatus);
  const reaches = async (state: TryOnJobStatus['submission']['state']) => {
    await until(async () => (await status()).submission.state === state);
    return await status();
  };
  return {
    handle,
    startAgain,
    status,
    reaches,
    sent: () => sent,
    claims: () => claims,
    resolve: (resolution: object) => handle.executeUpdate(messages.resolveSubmission, { args: [resolution] }),
    stop: async () => {
      await handle.terminate().catch(() => undefined);
      worker.shutdown();
      await run;
    },
  };
}

const unavailable = () => Object.assign(new Error('14 UNAVAILABLE: the server is away'), { code: 14 });

/** Leaves an attempt as a killed worker does: no report, no heartbeat. */
const killed = (): never => {
  throw new CompleteAsyncError();
};

/** Claims as the activity does, for attempts that die afterwards. */
const claim = async ({ token }: SubmitInput): Promise<void> => {
  const { workflowId = '', runId } = activityInfo().workflowExecution ?? {};
  const args: [object] = [{ token, id: randomUUID() }];
  await getClient().workflow.getHandle(workflowId, runId).executeUpdate('claim', { args });
};

describe.concurrent('a request is sent once, and a task that was bought is known, if', () => {
  test('the server is away at the claim', async () => {
    const job = await startJob({
      onClaim: async (send, nth) => {
        if (nth <= 2) throw unavailable();
        return await send();
      },
    });
    expect(await job.reaches('accepted')).toMatchObject({ submission: { attempts: 1 } });
    expect(job.sent()).toBe(1);
    await job.stop();
  });

  test('the claim is accepted but its answer is lost for good: the attempt sends nothing, the next one does', async () => {
    let attempts = 0;
    const job = await startJob({
      onClaim: async (send) => {
        const answer = await send();
        if (attempts < 2) throw unavailable();
        return answer;
      },
      onAttempt: async (attempt) => {
        attempts += 1;
        return await attempt();
      },
    });
    const status = await job.reaches('accepted');
    expect(status.submission.attempts).toBe(2);
    expect(job.sent()).toBe(1);
    await job.stop();
  });

  test('the same job is started twice', async () => {
    const job = await startJob({});
    const again = await job.startAgain();
    expect(again.workflowId).toBe(job.handle.workflowId);
    await job.reaches('accepted');
    await job.startAgain();
    expect(job.sent()).toBe(1);
    await job.stop();
  });

  test('it is cancelled before the claim: nothing is sent', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const job = await startJob({
      onAttempt: async (attempt) => {
        await released;
        return await attempt();
      },
    });
    await job.handle.cancel();
    await expect(job.handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    release();
    await job.stop();
    expect(job.sent()).toBe(0);
  });

  test('it is cancelled after the claim: it waits for the task id, tells it, and starts no wait', async () => {
    const recorder = await stack.parent('recorder', `recorder-${randomUUID()}`);
    let accept = (): void => undefined;
    const accepted = new Promise<void>((resolve) => {
      accept = resolve;
    });
    const job = await startJob({
      submit: async (call, nth) => {
        const result = await accepts(call, nth);
        await accepted;
        return result;
      },
    });
    await job.reaches('sent');
    await job.handle.executeUpdate(messages.subscribe, { args: [{ workflowId: recorder.workflowId }] });
    await job.handle.cancel();
    const history = () => stack.history(job.handle.workflowId);
    await until(async () => (await history()).includes('workflowExecutionCancelRequested'));
    accept();
    await expect(job.handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    await recorder.signal('stop');
    expect(await recorder.result()).toMatchObject([
      { kind: 'submitted', taskId: expect.stringMatching(/^counted-/) },
      { kind: 'outcome', outcome: { status: 'cancelled', taskId: expect.stringMatching(/^counted-/) } },
    ]);
    expect(job.sent()).toBe(1);
    await job.stop();
  });

  test('the worker dies before the claim: the next attempt sends', async () => {
    const job = await startJob({
      onAttempt: async (attempt, { token }) => (token === 1 ? killed() : await attempt()),
    });
    expect(await job.reaches('accepted')).toMatchObject({ submission: { attempts: 2 } });
    expect(job.sent()).toBe(1);
    await job.stop();
  });

  test('the attempt was given up before its claim, and goes on later: its claim is refused', async () => {
    const ends: unknown[] = [];
    const job = await startJob({
      onAttempt: async (attempt, { token }) => {
        if (token > 1) return await attempt();
        // No heartbeat for as long as the server waits for one.
        await sleep(13_000);
        try {
          return await attempt();
        } catch (error) {
          ends.push(error);
          throw error;
        }
      },
    });
    expect(await job.reaches('accepted')).toMatchObject({ submission: { attempts: 2 } });
    await until(() => ends.length === 1);
    expect(job.sent()).toBe(1);
    expect((await job.status()).submission).not.toHaveProperty('otherTaskIds');
    await job.stop();
  });

  test('the attempt was given up after the send: its task id arrives as a signal', async () => {
    const job = await startJob({
      submit: async (call, nth) => {
        const result = await accepts(call, nth);
        // As if the process had been frozen: the server has given the attempt up when it reports.
        const { taskToken } = activityInfo();
        await getClient().activity.fail(taskToken, new Error('given up'));
        return result;
      },
    });
    expect(await job.reaches('accepted')).toMatchObject({ submission: { attempts: 1 } });
    expect(await stack.history(job.handle.workflowId)).toContain('workflowExecutionSignaled');
    expect(job.sent()).toBe(1);
    await job.stop();
  });

  test('the claim is older than 2 s when a connection is free: nothing is sent, and the next attempt sends', async () => {
    let taken = 0;
    const job = await startJob({
      submit: async ({ maySend }, nth) => {
        if (nth === 1) await sleep(2_100);
        if (!maySend()) {
          const error = {
            layer: 'transport',
            code: 'Timeout',
            message: 'the request could not be sent in time',
          } as const;
          return { kind: 'rejected', error, retrySafe: true };
        }
        taken += 1;
        return { kind: 'accepted', taskId: 't-late' };
      },
    });
    expect(await job.reaches('accepted')).toMatchObject({ submission: { attempts: 2 } });
    expect(taken).toBe(1);
    await job.stop();
  });
});

describe.concurrent('a job is parked as maybeSubmitted, and nothing is sent again by itself, if', () => {
  test('the worker dies between claim and send', async () => {
    const job = await startJob({
      onAttempt: async (_attempt, input) => {
        await claim(input);
        return killed();
      },
    });
    const { submission, state } = await job.reaches('maybeSubmitted');
    expect({ submission, state }).toMatchObject({
      state: 'maybeSubmitted',
      submission: { attempts: 1, error: { layer: 'transport', code: 'WorkerLost' } },
    });
    await job.stop();
  });

  test('the worker dies between the acceptance and the reply; a person gives the task id', async () => {
    const job = await startJob({
      submit: async (call, nth) => {
        await accepts(call, nth);
        return killed();
      },
    });
    await job.reaches('maybeSubmitted');
    expect(job.sent()).toBe(1);
    await expect(job.resolve({ resubmit: true })).rejects.toMatchObject({
      cause: { type: 'TryOnRefused', message: expect.stringContaining('resubmit in') },
    });
    await expect(job.resolve({ resubmit: true, giveUp: true })).rejects.toMatchObject({
      cause: { type: 'InvalidTryOnInput' },
    });
    await job.resolve({ taskId: 't-found' });
    expect(await job.status()).toMatchObject({
      taskId: 't-found',
      state: 'waiting',
      submission: { state: 'accepted' },
    });
    await expect(job.resolve({ giveUp: true })).rejects.toMatchObject({ cause: { type: 'TryOnRefused' } });
    expect(job.sent()).toBe(1);
    await job.stop();
  });

  test.each([
    ['503', 'http-503', 'Http503'],
    ['a redirect, which is not followed', 'redirect-other-host', 'Redirected'],
    ['HTTP 200 without an id', 'json-empty', 'BadBody'],
    ['a lost reply', 'submit-reply-lost', 'ConnectionFailed'],
    ['an acceptance without an id', 'submit-no-id', 'BadBody'],
  ])(faultName(65, 'the vendor answers with %s; a person gives up'), async (_what, script, code) => {
    const emulator = await startEmulator({ seed: 1 });
    const { appKey, appSecret } = emulator;
    emulator.scriptSubmits([{ use: script as 'http-503', polls: 1 }]);
    const vendor = createVendorClient({
      accounts: [
        {
          name: 'default',
          endpoint: emulator.url,
          vendor: 'aidge',
          trial: false,
          queriesPerSecond: 1,
          acceptOtherTaskId: false,
          credentials: async () => ({ kind: 'app' as const, scheme: 'v2' as const, appKey, appSecret }),
        },
      ],
    });
    const job = await startJob({
      submit: async ({ maySend }) => await vendor.submit({ request: aRequest, maySend }),
    });
    expect(await job.reaches('maybeSubmitted')).toMatchObject({ submission: { error: { code } } });
    await job.resolve({ giveUp: true });
    const result = (await job.handle.result()) as TryOnJobResult;
    expect(result).toMatchObject({ status: 'unresolved', error: { code } });
    expect(emulator.stats.submits).toBe(1);
    expect(emulator.stats.trapped).toBe(0);
    await job.stop();
    await vendor.close();
    await emulator.close();
  });
});

test.each([
  ['501', { service: { success: false, resCode: '501', resMessage: 'limit' } }],
  ['ApiCallLimit', { gateway: { code: 'ApiCallLimit', type: 'ISP', message: 'this ban will last {seconds} seconds' } }],
] as const)('a request that is refused with %s is sent again with the next token', async (_code, step) => {
  const emulator = await startEmulator({ seed: 1 });
  const { appKey, appSecret } = emulator;
  emulator.scriptSubmits([{ polls: 1, seconds: 1, ...step } as never]);
  const account = {
    name: 'default',
    endpoint: emulator.url,
    vendor: 'aidge',
    trial: false,
    queriesPerSecond: 1,
    acceptOtherTaskId: false,
    credentials: async () => ({ kind: 'app' as const, scheme: 'v2' as const, appKey, appSecret }),
  } as const;
  const vendor = createVendorClient({ accounts: [account] });
  const job = await startJob({ submit: async ({ maySend }) => await vendor.submit({ request: aRequest, maySend }) });
  expect(await job.reaches('accepted')).toMatchObject({ submission: { attempts: 2 } });
  expect(emulator.submits.filter(({ taskId }) => taskId !== undefined)).toHaveLength(1);
  await job.stop();
  await vendor.close();
  await emulator.close();
});
