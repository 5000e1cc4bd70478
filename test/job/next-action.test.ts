import { describe, expect, test } from 'vitest';
import { beginJob, withoutSubscriber, withSubscriber } from '../../src/job/job.js';
import type { JobState } from '../../src/job/job-state.js';
import { nextAction } from '../../src/job/next-action.js';
import { drawToken } from '../../src/job/submission.js';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const job = beginJob({ requestId: 'r-1', request: {} }, { waitId: 'w-1', nowMs });
const scheduled: JobState = { ...job, submission: drawToken(job.submission) };
const claim = { id: 'attempt', atMs: nowMs };
const claimed: JobState = { ...scheduled, submission: { ...scheduled.submission, phase: 'claimed', claim } };
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

describe('who wants a job', () => {
  const webhook = { webhook: 'shop' };
  const [listing, other] = [{ workflowId: 'listing' }, { workflowId: 'other' }];
  const of = (...subscribers: JobState['subscribers']): JobState => ({ ...job, subscribers });
  test.each<[string, JobState, object, boolean, boolean]>([
    ['the last workflow leaves', of(listing), listing, true, true],
    ['a webhook alone remains', of(listing, webhook), listing, true, true],
    ['another workflow remains', of(listing, other), listing, true, false],
    ['somebody leaves who was no subscriber', of(webhook), listing, true, false],
    ['a webhook leaves', of(listing, webhook), webhook, true, false],
    ['a client started it', of(listing), listing, false, false],
  ])('%s', (_name, state, leaving, isChild, isAbandoned) => {
    expect(withoutSubscriber(state, leaving as typeof listing, isChild).isAbandoned ?? false).toBe(isAbandoned);
  });
  test('one that comes later wants it again', () => {
    const left = withoutSubscriber(of(listing), listing, true);
    expect(withSubscriber(left, other, nowMs)).not.toHaveProperty('isAbandoned');
  });
});
