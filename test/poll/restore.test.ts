import { describe, expect, test } from 'vitest';
import { deferByThrottle, deferToVendorQueue, deferUntilDue } from '../../src/poll/admit.js';
import { backoffMs, clampToDeadline } from '../../src/poll/backoff.js';
import { type PollState, unpolled } from '../../src/poll/poll-state.js';
import { restoreState } from '../../src/poll/restore.js';
import { pollRules } from '../../src/poll/rules.js';
import type { Attempt } from '../../src/poll/step.js';
import { jitterOf } from '../../src/schedule/jitter.js';
import { defaultPolicy, firstPollMs, nextPoll } from '../../src/schedule/schedule.js';
import { poll, pollInputOf, seen } from '../support/poll.js';
import { replies } from '../support/replies.js';
import { simulate, startMs } from '../support/simulate.js';

const policy = defaultPolicy;
const input = pollInputOf();
const old = pollInputOf({ submittedAtMs: startMs - 60_000 });
const at = (dueAtMs: number, scheduledAtMs = startMs) => ({ scheduledAtMs, dueAtMs });

describe('the state before an attempt', () => {
  test('is the input before the first one', () => {
    const from: PollState = { ...seen, polls: 5, asOfAttempt: 0, nextPollAtMs: startMs + 4_000 };
    expect(restoreState({ ...input, from }, undefined, policy, 1, at(startMs))).toEqual(from);
  });
  test('counts no poll for a first attempt that was silent', () => {
    expect(restoreState(input, undefined, policy, 2, at(startMs + 18_000)).polls).toBe(0);
    expect(restoreState(input, undefined, policy, 5, at(startMs + 40_000)).polls).toBe(3);
  });
  test('counts every attempt where the first poll was due at once', () => {
    expect(restoreState(old, undefined, policy, 5, at(startMs + 40_000)).polls).toBe(4);
  });
  test('counts from what was carried', () => {
    const carried: PollState = { ...seen, polls: 7, asOfAttempt: 4 };
    expect(restoreState(input, carried, policy, 5, at(startMs + 40_000))).toMatchObject({ polls: 7, asOfAttempt: 4 });
    expect(restoreState(input, carried, policy, 8, at(startMs + 90_000))).toMatchObject({ polls: 10, asOfAttempt: 7 });
  });
  test('tells when the poll before was, by the inverse of the schedule', () => {
    const nowMs = startMs + 40_000;
    const { delayMs } = nextPoll({ ageMs: 40_000, policy, jitter: jitterOf('t-1', 3) });
    const { pendingUntilMs } = restoreState(input, seen, policy, 4, at(nowMs + delayMs));
    expect(Math.abs((pendingUntilMs ?? 0) - nowMs)).toBeLessThanOrEqual(10);
  });
  describe('by phase, where the model knows the phases', () => {
    const distribution = (median: number) => ({ ...defaultPolicy.model, logMedian: Math.log(median), logSpread: 0.5 });
    const phased = {
      ...policy,
      model: { ...policy.model, phases: { queued: distribution(10), running: distribution(28) } },
    };
    const queued: PollState = { ...unpolled, asOfAttempt: 2, polls: 1, status: 'submitted' };
    const working: PollState = {
      ...queued,
      status: 'running',
      queuedUntilMs: startMs + 8_000,
      runningSeenAtMs: startMs + 12_000,
    };
    test.each([
      { name: 'waiting', carried: queued, ageMs: 15_000, phase: { phase: 'submitted' } as const },
      {
        name: 'work that began in the middle of two polls',
        carried: working,
        ageMs: 40_000,
        phase: { phase: 'running', phaseForMs: 30_000, phaseGapMs: 4_000 } as const,
      },
    ])('$name', ({ carried, ageMs, phase }) => {
      const { delayMs } = nextPoll({ ageMs, policy: phased, jitter: jitterOf('t-1', 3), ...phase });
      const { pendingUntilMs } = restoreState(input, carried, phased, 4, at(startMs + ageMs + delayMs));
      expect(Math.abs((pendingUntilMs ?? 0) - startMs - ageMs)).toBeLessThanOrEqual(10);
      const reply = carried.status === 'running' ? replies.running : replies.submitted;
      const step = poll(reply, {
        before: { ...carried, vendorStatus: carried.status ?? '' },
        attempt: 3,
        ageMs,
        input,
        policy: phased,
      });
      expect(step.decision).toMatchObject({ kind: 'retry', delayMs: delayMs, why: 'schedule', heartbeat: false });
    });
    test('work seen for the first time leaves the last poll that saw it wait', () => {
      const before: PollState = { ...queued, asOfAttempt: 3, pendingUntilMs: startMs + 9_000 };
      const step = poll(replies.running, { before, attempt: 4, ageMs: 14_000, input, policy: phased });
      expect(step.state).toMatchObject({ queuedUntilMs: startMs + 9_000, runningSeenAtMs: startMs + 14_000 });
      expect(step.decision).toMatchObject({ kind: 'retry', heartbeat: true });
    });
  });
  test('never tells an earlier time than was carried', () => {
    const carried: PollState = { ...seen, asOfAttempt: 2, pendingUntilMs: startMs + 50_000 };
    expect(restoreState(input, carried, policy, 4, at(startMs + 45_000)).pendingUntilMs).toBe(startMs + 50_000);
  });
  test('knows when the attempt is due, for the workflow that breaks it off', () => {
    expect(restoreState(input, undefined, policy, 2, at(startMs + 18_000)).nextPollAtMs).toBe(startMs + 18_000);
    expect(restoreState(input, seen, policy, 3, at(startMs + 33_000)).nextPollAtMs).toBe(startMs + 33_000);
  });
  test.each([1, 3])(
    'after a reset with kept details, attempt %d goes on from them, and the next poll is carried',
    (attempt) => {
      const carried: PollState = { ...seen, polls: 9, asOfAttempt: 8 };
      const before = restoreState(old, carried, policy, attempt, at(startMs + 200_000));
      expect(before).toMatchObject({ polls: 9, asOfAttempt: attempt - 1, status: 'running' });
      const step = poll(replies.running, { before, attempt, input: old, ageMs: 200_000 });
      expect(step.state).toMatchObject({ polls: 10, asOfAttempt: attempt });
      expect(step.state.isReset).toBeUndefined();
      expect(step.decision).toMatchObject({ kind: 'retry', heartbeat: true });
    },
  );
  test('after a reset without details it begins anew', () => {
    expect(restoreState(old, undefined, policy, 1, at(startMs + 200_000))).toEqual(unpolled);
  });
});

describe("an attempt on the workflows' queue asks nobody", () => {
  const first = { input, before: unpolled, policy, attempt: 1, scheduledAtMs: startMs, nowMs: startMs };
  const due = { ...first, input: old };

  test("and leaves the plan to the vendor's queue, to which it moved", () => {
    expect(deferToVendorQueue(first, true)).toEqual(deferUntilDue(first));
  });
  test('and is not counted as a poll where one is due', () => {
    const { state, decision } = deferToVendorQueue(due, true);
    expect(decision).toEqual({ kind: 'retry', delayMs: 1, why: 'first poll', heartbeat: true });
    expect(restoreState(input, state, policy, 2, at(startMs))).toMatchObject({ polls: 0 });
  });
  test('and tries to move again, later and later, where the server refused', () => {
    expect(deferToVendorQueue(first, false)).toEqual(deferUntilDue(first));
    expect(deferToVendorQueue({ ...due, attempt: 3 }, false).decision).toMatchObject({ kind: 'retry', delayMs: 4_000 });
  });
  test('but for no longer than the deadline', () => {
    const late = { ...due, input: { ...old, deadlineMs: startMs + 700 } };
    expect(deferToVendorQueue(late, false).decision).toMatchObject({ kind: 'retry', delayMs: 700 });
  });
});

describe('an attempt before its time stays silent', () => {
  const silent = (given: {
    nowMs?: number;
    attempt?: number;
    before?: PollState;
    shared?: number;
    input?: typeof input;
  }) =>
    defer(
      {
        input: given.input ?? input,
        before: given.before ?? unpolled,
        policy,
        attempt: given.attempt ?? 1,
        scheduledAtMs: startMs,
        nowMs: given.nowMs ?? startMs,
      },
      given.shared,
    );
  const defer = (attempt: Attempt, sharedUntilMs: number | undefined) =>
    deferUntilDue(attempt) ?? (sharedUntilMs === undefined ? undefined : deferByThrottle(attempt, sharedUntilMs));

  test('until the first poll, and carries nothing', () => {
    const firstMs = firstPollMs(policy, jitterOf('t-1', 0));
    expect(silent({})?.decision).toEqual({ kind: 'retry', delayMs: firstMs, why: 'first poll', heartbeat: false });
  });
  test('not where the task is old', () => {
    expect(silent({ input: old })).toBeUndefined();
  });
  test('not where the worker came late', () => {
    expect(silent({ nowMs: startMs + 30_000 })).toBeUndefined();
  });
  test('not where it is a quarter of a second early', () => {
    const planned = pollInputOf({ from: { ...seen, nextPollAtMs: startMs + pollRules.dueSlackMs } });
    expect(silent({ input: planned })).toBeUndefined();
  });
  test('until the poll that a report planned', () => {
    const planned = pollInputOf({ from: { ...seen, nextPollAtMs: startMs + 4_000 } });
    expect(silent({ input: planned })?.decision).toMatchObject({ delayMs: 4_000, heartbeat: false });
  });
  test('through a pause that the vendor ordered, whoever asks', () => {
    const from = { ...seen, nextPollAtMs: startMs, pauseUntilMs: startMs + 40_000 };
    const step = silent({ input: pollInputOf({ from }), before: from });
    expect(step?.decision).toMatchObject({ delayMs: 40_000, why: 'pause', heartbeat: false });
  });
  test('through a pause that an operator reset the activity in', () => {
    const before: PollState = { ...seen, asOfAttempt: 0, isReset: true, pauseUntilMs: startMs + 40_000 };
    expect(silent({ input: old, before })?.decision).toMatchObject({ delayMs: 40_000, why: 'pause', heartbeat: true });
  });
  test('through a pause of the whole account, and carries that it did not poll', () => {
    const step = silent({ attempt: 4, before: { ...seen, asOfAttempt: 3 }, shared: startMs + 9_000 });
    expect(step?.decision).toEqual({ kind: 'retry', delayMs: 9_000, why: 'pause', heartbeat: true });
    expect(step?.state).toMatchObject({ polls: seen.polls, asOfAttempt: 4 });
  });
  test('no longer than the deadline', () => {
    const soon = pollInputOf({ deadlineMs: startMs + 6_000 });
    expect(silent({ input: soon })?.decision).toMatchObject({ delayMs: 6_000, why: 'final poll' });
    expect(silent({ input: soon, shared: startMs + 90_000 })?.decision).toMatchObject({ delayMs: 6_000 });
  });
  test('till the deadline, where the first poll would come just before it', () => {
    const firstMs = firstPollMs(policy, jitterOf('t-1', 0));
    const soon = pollInputOf({ deadlineMs: startMs + firstMs + 500 });
    expect(silent({ input: soon })?.decision).toMatchObject({ delayMs: firstMs + 500, why: 'final poll' });
  });
  test('not at the deadline, whatever pause there is', () => {
    const paused: PollState = { ...seen, pauseUntilMs: startMs + 900_000 };
    expect(silent({ input: pollInputOf({ deadlineMs: startMs }), before: paused })).toBeUndefined();
  });
});

describe('a delay is brought to the deadline', () => {
  test.each([
    ['well before it: as it is', 5_000, 20_000, 5_000],
    ['past it: the last poll', 5_000, 3_000, 3_000],
    ['just before it: the last poll', 5_000, 5_999, 5_999],
    ['a floor before it: as it is', 5_000, 6_000, 5_000],
    ['no time left', 5_000, -1, 0],
    ['fractions: never past it', 5_000, 4_999.7, 4_999],
  ])('%s', (_name, inMs, leftMs, expected) => {
    expect(clampToDeadline(inMs, startMs, startMs + leftMs, 1_000)).toBe(expected);
  });
});

test.each([
  [1, 0, 1_000],
  [4, 0, 8_000],
  [99, 0, 60_000],
  [1, 0.5, 1_100],
  [5_000, 0, 60_000],
])('error backoff after %d polls, jitter %d: %d ms', (polls, jitter, expected) => {
  expect(backoffMs(pollRules.errorBackoffMs, polls, jitter)).toBe(expected);
});

test('a plain wait needs no silent attempt where the task is old, else one', () => {
  const vendor = () => replies.finished;
  expect(simulate({ vendor }).silentAttempts).toBe(1);
  const submittedAt = new Date(startMs - 60_000).toISOString();
  expect(simulate({ vendor, input: { submittedAt } }).silentAttempts).toBe(0);
});
