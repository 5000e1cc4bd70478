import { describe, expect, test } from 'vitest';
import { beginJob } from '../../src/job/job.js';
import type { JobState } from '../../src/job/job-state.js';
import { nextAction } from '../../src/job/next-action.js';
import { drawToken } from '../../src/job/submission.js';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const job = beginJob({ requestId: 'r-1', request: {} }, { waitId: 'w-1', nowMs });
const scheduled: JobState = { ...job, submission: drawToken(job.submission) };
const claimed: JobState = {
  ...scheduled,
  submission: { ...scheduled.submission, phase: 'claimed', claim: { token: 1, atMs: nowMs } } as JobState['submission'],
};
const accepted: JobState = { ...job, submission: { ...job.submission, phase: 'accepted', taskId: 't-1' } };

describe('a job that no workflow wants any more', () => {
  test.each<[string, JobState, string]>([
    ['is cancelled before its first attempt', job, 'cancelSelf'],
    ['is cancelled while an attempt waits for a worker', scheduled, 'cancelSelf'],
    ['goes on once an attempt may have sent the request', claimed, 'rest'],
    ['goes on with a task that is paid for', accepted, 'join'],
  ])('%s', (_name, state, kind) => {
    expect(nextAction({ ...state, isAbandoned: true }, { nowMs, isCancelled: false }).kind).toBe(kind);
  });

  test('submits nothing after the cancellation', () => {
    for (const state of [job, scheduled]) {
      expect(nextAction({ ...state, isAbandoned: true }, { nowMs, isCancelled: true }).kind).toBe('withdraw');
    }
  });

  test('submits where somebody wants it', () => {
    expect(nextAction(job, { nowMs, isCancelled: false }).kind).toBe('submit');
  });
});
