import { describe, expect, test } from 'vitest';
import { adviceOn, describeError } from '../../src/client/errors.js';
import { changesBetween } from '../../src/client/events.js';
import { visibilityQuery } from '../../src/client/list.js';
import { mergePending } from '../../src/client/pending-poll.js';
import type { TryOnWaitStatus } from '../../src/client/status.js';
import { searchAttributes, type TryOnImage, type TryOnStatus } from '../../src/contract.js';
import type { PendingDetails } from '../../src/poll/pending-details.js';
import { unpolled } from '../../src/poll/poll-state.js';
import { defaultPolicy } from '../../src/schedule/schedule.js';
import type { PendingActivity } from '../../src/temporal/pending-activity.js';

const anAnswer = (change: Partial<TryOnStatus> = {}): TryOnStatus => ({
  taskId: 't',
  state: 'waiting',
  images: [],
  subTasks: [],
  polls: 3,
  submittedAt: '2026-01-31T12:00:00.000Z',
  deadline: '2026-01-31T13:00:00.000Z',
  subscribers: [],
  waitId: 'w',
  sequence: 0,
  ...change,
});

const aPending = (state: Partial<PendingDetails['state']>, change: Partial<PendingActivity> = {}): PendingActivity => ({
  type: 'tryOnPoll',
  id: '1',
  attempt: 6,
  isRunning: false,
  isPaused: false,
  lastFailure: {
    message: 'running; next poll in 2.0 s (schedule)',
    type: 'TryOnPending',
    details: {
      why: 'schedule',
      delayMs: 2_000,
      nextPollAt: '2026-01-31T12:00:05.000Z',
      pollCostSeconds: 0.5,
      model: defaultPolicy.model,
      state: { ...unpolled, polls: 7, asOfAttempt: 5, ...state },
    } satisfies PendingDetails,
  },
  ...change,
});

const pollError = { layer: 'gateway', code: 'InvalidAppKey', message: 'unknown key' } as const;

describe('a status merged with the pending poll', () => {
  test('takes polls, the vendor and sub-tasks from the poll that failed last', () => {
    const subTasks = [{ index: 0, status: 'running', imageCount: 0 }] as const;
    const merged = mergePending(anAnswer(), aPending({ vendorStatus: 'running', subTasks }));
    expect(merged).toEqual({ polls: 7, vendorStatus: 'running', subTasks: [...subTasks], isBlocked: false });
  });

  test.each([
    ['the same attempt', { attempt: 6 }, 7],
    ['attempts without a report', { attempt: 8 }, 9],
    ['an attempt that an operator reset', { attempt: 1 }, 7],
  ])('counts %s', (_what, change, polls) => {
    expect(mergePending(anAnswer(), aPending({}, change)).polls).toBe(polls);
  });

  test('never counts fewer polls than the workflow does', () => {
    expect(mergePending(anAnswer({ polls: 12 }), aPending({})).polls).toBe(12);
  });

  test('prefers a heartbeat that is later than the failure', () => {
    const heartbeat = { ...unpolled, polls: 9, asOfAttempt: 6, vendorStatus: 'running' };
    expect(mergePending(undefined, aPending({}, { attempt: 7, heartbeat }))).toMatchObject({ polls: 9 });
  });

  test('is blocked exactly as long as the poll says so', () => {
    expect(mergePending(anAnswer(), aPending({ blocked: pollError }))).toMatchObject({
      isBlocked: true,
      error: pollError,
    });
    expect(mergePending(anAnswer({ state: 'blocked', error: pollError }), aPending({}))).not.toHaveProperty('error');
  });

  test('is the answer alone if nothing is pending, and empty without an answer', () => {
    expect(mergePending(anAnswer({ vendorStatus: 'running' }), undefined)).toMatchObject({
      polls: 3,
      vendorStatus: 'running',
    });
    expect(mergePending(undefined, undefined)).toEqual({ polls: 0, subTasks: [], isBlocked: false });
  });
});

const anImage = (id: string): TryOnImage => ({ id, imageUrl: `https://img.example/${id}`, subTask: 0 });
const aStatus = (change: Partial<TryOnWaitStatus> = {}): TryOnWaitStatus => ({
  ...anAnswer(),
  workflowId: 'tryon-results-t',
  runId: 'r',
  startedAt: '2026-01-31T12:00:00.000Z',
  isAnswered: true,
  notes: [],
  ...change,
});

describe('changes between two statuses', () => {
  const kinds = (before: TryOnWaitStatus | undefined, status: TryOnWaitStatus, emitted: string[] = []): string[] =>
    changesBetween(before, status, new Set(emitted)).map(({ kind }) => kind);

  test.each<[string, TryOnWaitStatus | undefined, TryOnWaitStatus, string[], string[]]>([
    ['no change', aStatus(), aStatus(), [], []],
    ['the first reading', undefined, aStatus({ images: [anImage('a')] }), [], ['status', 'images']],
    ['an image emitted before', aStatus(), aStatus({ images: [anImage('a')] }), ['a'], []],
    ['a poll', aStatus(), aStatus({ polls: 4 }), [], ['polled']],
    ['an error that blocks', aStatus(), aStatus({ state: 'blocked', error: pollError }), [], ['blocked', 'polled']],
    ['the end of it', aStatus({ state: 'blocked', error: pollError }), aStatus(), [], ['unblocked', 'polled']],
    ['a missing worker', aStatus(), aStatus({ notes: ['no worker'] }), [], ['note']],
    ['its return', aStatus({ notes: ['no worker'] }), aStatus(), [], ['note']],
  ])('%s', (_what, before, status, emitted, expected) => {
    expect(kinds(before, status, emitted)).toEqual(expected);
  });

  test('each carry the status that was read', () => {
    const status = aStatus({ polls: 4, images: [anImage('a')], notes: ['no worker'] });
    const changes = changesBetween(aStatus(), status, new Set());
    expect(changes.map(({ kind }) => kind)).toEqual(['images', 'polled', 'note']);
    for (const change of changes) expect(change.status).toBe(status);
  });
});

describe('the visibility query', () => {
  const all = Object.values(searchAttributes).map(({ name }) => name);
  test.each([
    ['all', {}, "WorkflowType = 'tryOnResults' AND ExecutionStatus != 'ContinuedAsNew'"],
    [
      'those that wait',
      { state: 'waiting' },
      "WorkflowType = 'tryOnResults' AND ExecutionStatus = 'Running' AND (TryOnStatus = 'waiting' OR TryOnStatus IS NULL)",
    ],
    [
      'finished ones of before',
      { state: 'finished', olderThanSeconds: 60 },
      "WorkflowType = 'tryOnResults' AND ExecutionStatus = 'Completed' AND TryOnStatus = 'finished' AND StartTime <= '1970-01-01T00:00:00.000Z'",
    ],
  ] as const)('for %s', (_what, options, query) => {
    expect(visibilityQuery(options, all, 60_000)).toBe(query);
  });

  test('names no search attribute that the namespace lacks', () => {
    expect(visibilityQuery({ state: 'blocked' }, [], 0)).toBe(
      "WorkflowType = 'tryOnResults' AND ExecutionStatus = 'Running'",
    );
  });
});

test.each([
  [pollError, 'gateway InvalidAppKey: unknown key; check AIDGE_APP_KEY and AIDGE_ENDPOINT'],
  [{ layer: 'transport', code: 'NoWorker', message: 'm' } as const, /start a worker that has the key/],
  [{ layer: 'gateway', code: 'Nobody knows', message: 'm' } as const, 'gateway Nobody knows: m'],
  [{ layer: 'gateway', code: 'constructor', message: 'm' } as const, 'gateway constructor: m'],
])('an error is described with the remedy of its table: %j', (error, text) => {
  if (typeof text === 'string') expect(describeError(error)).toBe(text);
  else expect(describeError(error)).toMatch(text);
});

test('advice on a task that the vendor does not know says: not yet, or no more', () => {
  const error = { layer: 'task', code: 'NotFound', message: '700: no such task' } as const;
  const at = (seconds: number) =>
    adviceOn(error, false, '2026-01-31T12:00:00Z', Date.parse('2026-01-31T12:00:00Z') + 1000 * seconds);
  expect(at(10)).toBe(
    'the vendor does not know the task yet (700: no such task); polled again until 2026-01-31T12:00:30.000Z',
  );
  expect(at(40)).toBe('the vendor does not know the task any more (700: no such task); polled again to confirm');
  expect(adviceOn(error, false)).toMatch(/ yet .* until 30 s after its submission$/);
  expect(describeError(error)).toBe(
    'the vendor does not know the task (700: no such task); check the task id and the account',
  );
});

test('an error is described by the tables of its own API', () => {
  const error = { layer: 'gateway', code: 'InvalidApiKey', message: 'm' } as const;
  expect(describeError(error, 'dashscope')).toMatch(/^gateway InvalidApiKey: m; check DASHSCOPE_API_KEY/);
  expect(describeError(error)).toBe('gateway InvalidApiKey: m');
  const reason = { layer: 'task', code: 'InvalidPerson', message: 'm' } as const;
  expect(describeError(reason, 'dashscope')).toBe('task InvalidPerson: m; submit again with other images');
  expect(adviceOn(error, true, undefined, 0, 'dashscope')).toContain('check DASHSCOPE_API_KEY');
});
