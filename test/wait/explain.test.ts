import { describe, expect, test } from 'vitest';
import { type PollState, unpolled } from '../../src/poll/poll-state.js';
import { priorModel, quantile } from '../../src/schedule/distribution.js';
import { explainPoll, type KnownPoll, modelText } from '../../src/wait/explain.js';

const t0 = Date.parse('2026-01-31T12:00:00Z');
const at = (seconds: number): string => new Date(t0 + 1000 * seconds).toISOString();
const state: PollState = {
  ...unpolled,
  polls: 3,
  status: 'running',
  vendorStatus: 'running',
  pendingUntilMs: t0 + 50_000,
};
const error = { layer: 'gateway', code: 'ApiCallLimit', message: 'too many' } as const;
const pollError = { class: 'throttled', error, count: 2, sameCount: 2 } as const;
const known = (part: Partial<KnownPoll> = {}): KnownPoll => ({
  nowMs: t0 + 55_000,
  submittedAtMs: t0,
  dueAtMs: t0 + 60_000,
  why: 'schedule',
  pollCostSeconds: 0.5,
  model: { ...priorModel, source: 'learned', jobs: 120 },
  state,
  ...part,
});

describe('why the next poll is when it is', () => {
  test.each<{ name: string; part: Partial<KnownPoll>; says: RegExp }>([
    { name: 'schedule', part: {}, says: /durations: .*learned from 120 tasks.*one poll is worth 0\.5 s/ },
    { name: 'first poll', part: { why: 'first poll' }, says: /hardly any task is done sooner/ },
    { name: 'final poll', part: { why: 'final poll' }, says: /deadline/ },
    {
      name: 'hint',
      part: { why: 'hint', state: { ...state, pauseUntilMs: t0 + 90_000 } },
      says: /vendor asked to wait until 2026-01-31T12:01:30/,
    },
    { name: 'pause', part: { why: 'pause' }, says: /pause/ },
    {
      name: 'backoff',
      part: { why: 'backoff', state: { ...state, pollError } },
      says: /gateway ApiCallLimit, 2 in a row/,
    },
    { name: 'blocked', part: { why: 'blocked', state: { ...state, blocked: error } }, says: /until that is fixed/ },
    {
      name: 'recheck',
      part: { why: 'recheck', state: { ...state, recheck: { why: 'empty', polls: 1, atMs: t0 } } },
      says: /without an image/,
    },
    { name: 'running', part: { isRunning: true }, says: /under way/ },
    { name: 'paused by an operator', part: { isPaused: true }, says: /operator/ },
  ])('$name', ({ part, says }) => {
    expect(explainPoll(known(part)).why).toMatch(says);
  });

  test('nobody has polled yet', () => {
    expect(explainPoll({ nowMs: t0 })).toEqual({ why: 'no worker has taken the first poll yet' });
  });
});

describe('when a task may be over', () => {
  test('counts from when it was last seen open', () => {
    const told = explainPoll(known());
    expect(told).toMatchObject({ lastReply: 'running', seenOpenAt: at(50), nextPollAt: at(60) });
    expect(Date.parse(told.medianFinishAt ?? '')).toBe(Math.round(t0 + 1000 * quantile(priorModel, 0.5, 50)));
    expect(Date.parse(told.p95FinishAt ?? '')).toBeGreaterThan(Date.parse(told.medianFinishAt ?? ''));
    expect(told.shareDone).toBeGreaterThan(0.5);
    expect(told.shareDone).toBeLessThan(1);
  });

  test('is not told of one older than the model knows, nor without its submission', () => {
    const old = explainPoll(known({ nowMs: t0 + 3_600_000, state: { ...state, pendingUntilMs: t0 + 3_500_000 } }));
    expect(old.shareDone).toBe(1);
    expect(old.medianFinishAt).toBeUndefined();
    const { submittedAtMs: _submittedAtMs, ...unanswered } = known();
    expect(explainPoll(unanswered).shareDone).toBeUndefined();
  });

  test('the errors is told in place of the status', () => {
    expect(explainPoll(known({ state: { ...state, pollError } })).lastReply).toBe('gateway ApiCallLimit');
  });
});

test('a distribution in words', () => {
  expect(modelText(priorModel)).toMatch(/^half of the tasks take up to 4\d s, 95% up to 1\d\d s \(prior\)$/);
});
