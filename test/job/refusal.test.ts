import { expect, test } from 'vitest';
import type { TryOnEvent } from '../../src/contract.js';
import { beginJob, closeJob, takeWaitEvent } from '../../src/job/job.js';
import type { JobState } from '../../src/job/job-state.js';
import { nextAction } from '../../src/job/next-action.js';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const job: JobState = {
  ...beginJob({ requestId: 'r-1', taskId: 't-1', account: 'shop', api: 'fashn' }, { waitId: 'run-1', nowMs }),
  isWaitJoined: true,
};
const message = 'api is "fashn", which is of fashn, but account "shop" is of aidge';
const outcome = (code?: string): TryOnEvent => ({
  ...{ kind: 'outcome', taskId: 't-1', waitId: 'w-1', sequence: 1 },
  outcome: {
    ...{
      taskId: 't-1',
      status: 'cancelled',
      images: [],
      subTasks: [],
      polls: 0,
      account: 'shop',
      api: 'fashn',
      timing: {},
    },
    submittedAt: new Date(nowMs).toISOString(),
    finishedAt: new Date(nowMs).toISOString(),
    ...(code === undefined ? {} : { error: { layer: 'task', code, message } }),
  },
});
const facts = { nowMs, isCancelled: false };

test('a job whose wait was refused ends at once with the reason, and is not taken for a cancelled one', () => {
  const { job: refused } = takeWaitEvent(job, outcome('InvalidTryOnInput'), nowMs);
  expect(refused.refusal).toBe(message);
  const error = { layer: 'task', code: 'InvalidTryOnInput', message };
  expect(nextAction(refused, facts)).toEqual({ kind: 'end', status: 'cancelled', error, leave: false });
});

test('a job whose wait somebody cancelled is cancelled', () => {
  const { job: cancelled } = takeWaitEvent(job, outcome(), nowMs);
  expect(cancelled.refusal).toBeUndefined();
  expect(nextAction(cancelled, facts)).toEqual({ kind: 'cancelSelf' });
});

test('a job that was refused tells its subscribers why, and names its api', () => {
  const subscribed = { ...job, refusal: message, subscribers: [{ workflowId: 'p' }] };
  const error = { layer: 'task', code: 'InvalidTryOnInput', message } as const;
  expect(closeJob(subscribed, { status: 'cancelled', error, atMs: nowMs }).events).toMatchObject([
    { kind: 'outcome', outcome: { status: 'cancelled', error, account: 'shop', api: 'fashn' } },
  ]);
});
