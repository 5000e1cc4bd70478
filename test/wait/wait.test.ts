import { describe, expect, test } from 'vitest';
import { limits, type Subscriber, type TryOnEvent, type TryOnImage } from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { type PollReport, type PollState, unpolled } from '../../src/poll/poll-state.js';
import { isPollFarOff, pollInput } from '../../src/wait/poll-input.js';
import {
  applyReport,
  beginWait,
  canContinueAsNew,
  endWait,
  mayCancelTask,
  setDeadline,
  subscribe,
  unsubscribe,
} from '../../src/wait/wait.js';
import { outcomeOf, snapshotsFor, statusOf } from '../../src/wait/wait-report.js';
import type { WaitState } from '../../src/wait/wait-state.js';
import { expectEventsHold, expectReceiverAgrees } from '../support/invariants.js';
import { anImage } from '../support/replies.js';
import { expectValid } from '../support/schemas.js';
import { startMs } from '../support/simulate.js';

const start = { waitId: 'run-1', nowMs: startMs, api: 'tryon' };
const begun = (input: Partial<Parameters<typeof beginWait>[0]> = {}, more: object = {}): WaitState =>
  beginWait({ taskId: 't-1', ...input }, { ...start, ...more });
const pollError = { layer: 'gateway', code: 'InvalidAppKey', message: 'unknown key' } as const;
const aReport = (report: Partial<PollReport> & { poll?: Partial<PollState> } = {}): PollReport => {
  const { poll, ...rest } = report;
  return { state: { ...unpolled, polls: 3, status: 'running', ...poll }, atMs: startMs + 40_000, images: [], ...rest };
};
const images = (...names: string[]): TryOnImage[] => names.map((name) => anImage(name));
const kinds = (events: readonly TryOnEvent[]) => events.map((event) => event.kind);

/** Folds reports in, one after another. */
function fold(wait: WaitState, ...reports: PollReport[]): { wait: WaitState; events: TryOnEvent[] } {
  const events: TryOnEvent[] = [];
  let state = wait;
  for (const report of reports) {
    const told = applyReport(state, report);
    state = told.wait;
    events.push(...told.events);
  }
  return { wait: state, events };
}

describe("a poll that is far off begins on the workflows' queue", () => {
  const isFar = (wait: WaitState, pollNow = false) => isPollFarOff(wait, { pollNow, nowMs: startMs });
  const planned = (poll: Partial<PollState>): WaitState => ({ ...begun(), poll: { ...unpolled, ...poll } });

  test('the first one at a task submitted just now, unless it is asked for', () => {
    expect(isFar(begun())).toBe(true);
    expect(isFar(begun(), true)).toBe(false);
  });
  test('not the one at a task that is older, or whose deadline is near', () => {
    expect(isFar(begun({ submittedAt: new Date(startMs - 9_000).toISOString() }))).toBe(false);
    expect(isFar(begun({ timeoutSeconds: 1 }))).toBe(false);
  });
  test('one that a report planned, or that the vendor put off', () => {
    expect(isFar(planned({ nextPollAtMs: startMs + 1_500 }))).toBe(false);
    expect(isFar(planned({ nextPollAtMs: startMs + 5_000 }))).toBe(true);
    expect(isFar(planned({ nextPollAtMs: startMs, pauseUntilMs: startMs + 60_000 }))).toBe(true);
  });
});

describe('a wait begins', () => {
  test('with the defaults of the contract', () => {
    const wait = begun();
    expect(wait).toMatchObject({ account: 'default', submittedAtMs: startMs, deadlineMs: startMs + 3_600_000 });
    const status = statusOf(wait);
    expectValid('TryOnStatus', status);
    expect(status).toMatchObject({
      state: 'waiting',
      polls: 0,
      sequence: 0,
      waitId: 'run-1',
      images: [],
      subscribers: [],
    });
    expect(status).not.toHaveProperty('error');
    expect(status).not.toHaveProperty('vendorStatus');
  });
  test('with a deadline in whole milliseconds, counted from its start and not from the submit', () => {
    const wait = begun({ timeoutSeconds: 1.0007, submittedAt: '2026-01-31T19:00:00.5+08:00' });
    expect(wait.deadlineMs).toBe(startMs + 1_001);
    expect(statusOf(wait).submittedAt).toBe('2026-01-31T11:00:00.500Z');
  });
  test('with its parent as a subscriber, known once', () => {
    const wait = begun(
      { notify: [{ workflowId: 'parent', signal: 'tryOnEvent' }, { workflowId: 'other' }] },
      { parentWorkflowId: 'parent' },
    );
    expect(wait.subscribers.map((one) => one.workflowId)).toEqual(['parent', 'other']);
  });
  test('as long as the longest of its subscribers wants', () => {
    expect(begun({ timeoutSeconds: 10, notify: [{ workflowId: 'w', timeoutSeconds: 60 }] }).deadlineMs).toBe(
      startMs + 60_000,
    );
  });
});

describe('subscribers', () => {
  test.each<[Subscriber, Subscriber, boolean]>([
    [{ workflowId: 'w' }, { workflowId: 'w' }, true],
    [{ workflowId: 'w' }, { workflowId: 'w', signal: 'tryOnEvent' }, true],
    [{ workflowId: 'w', runId: 'a' }, { workflowId: 'w', runId: 'b' }, true],
    [{ workflowId: 'w' }, { workflowId: 'w', signal: 'mine' }, false],
    [{ workflowId: 'w' }, { workflowId: 'v' }, false],
  ])('%j and %j: one subscription is %s', (one, other, same) => {
    const wait = subscribe(subscribe(begun(), one, startMs), other, startMs);
    expect(wait.subscribers).toHaveLength(same ? 1 : 2);
  });
  test('a new run id replaces the old one', () => {
    const wait = subscribe(
      subscribe(begun(), { workflowId: 'w', runId: 'a' }, startMs),
      { workflowId: 'w', runId: 'b' },
      startMs,
    );
    expect(wait.subscribers).toEqual([{ workflowId: 'w', runId: 'b' }]);
  });
  test('leave by workflow id and signal; one that is none changes nothing', () => {
    const wait = subscribe(begun(), { workflowId: 'w', signal: 'mine' }, startMs);
    expect(unsubscribe(wait, { workflowId: 'w' }).subscribers).toHaveLength(1);
    expect(unsubscribe(wait, { workflowId: 'w', signal: 'mine' }).subscribers).toEqual([]);
  });
  test.each([
    [30, 3_600_000],
    [7_200, 7_210_000],
    [undefined, 3_600_000],
  ])('a time-out of %s s only lengthens', (timeoutSeconds, leftMs) => {
    const subscriber = { workflowId: 'w', ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
    expect(subscribe(begun(), subscriber, startMs + 10_000).deadlineMs).toBe(startMs + leftMs);
  });
  test('of an ended wait are listed, and move no deadline', () => {
    const ended = endWait(begun(), { status: 'cancelled', atMs: startMs }).wait;
    const wait = subscribe(ended, { workflowId: 'w', timeoutSeconds: 90_000 }, startMs);
    expect(wait.deadlineMs).toBe(ended.deadlineMs);
    expect(statusOf(wait).subscribers).toHaveLength(1);
  });
});

test('setTimeout counts from now, and may shorten', () => {
  expect(setDeadline(begun(), 5.5, startMs + 60_000).deadlineMs).toBe(startMs + 65_500);
});

describe('reports become events', () => {
  test('a report without news has none, but its polls count', () => {
    const { wait, events } = fold(begun(), aReport());
    expect(events).toEqual([]);
    expect(statusOf(wait).polls).toBe(3);
  });
  test('images are told once, numbered on', () => {
    const { wait, events } = fold(begun(), aReport({ images: images('a') }), aReport({ images: images('a', 'b') }));
    expect(events).toEqual([
      { kind: 'images', taskId: 't-1', waitId: 'run-1', sequence: 1, images: images('a') },
      { kind: 'images', taskId: 't-1', waitId: 'run-1', sequence: 2, images: images('b') },
    ]);
    expect(statusOf(wait).images).toEqual(images('a', 'b'));
  });
  test('an image keeps its place and takes the newest address', () => {
    const first = aReport({ images: [anImage('a', 0, 'Expires=1'), anImage('b', 1, 'Expires=1')] });
    const { wait } = fold(begun(), first, aReport({ images: [anImage('a', 1, 'Expires=2'), anImage('c', 0)] }));
    expect(wait.images).toEqual([anImage('a', 0, 'Expires=2'), anImage('c', 0), anImage('b', 1, 'Expires=1')]);
  });
  test('blocked and unblocked are told once each; images go before blocked and after unblocked', () => {
    const blocked = aReport({ poll: { blocked: pollError }, images: images('a') });
    const { events, wait } = fold(begun(), blocked, blocked);
    expect(kinds(events)).toEqual(['images', 'blocked']);
    expect(events[1]).toMatchObject({ error: pollError });
    expect(statusOf(wait)).toMatchObject({ state: 'blocked', error: pollError });
    const on = fold(wait, aReport({ images: images('b') }), aReport());
    expect(kinds(on.events)).toEqual(['unblocked', 'images']);
    expect(statusOf(on.wait).state).toBe('waiting');
  });
  test('passing errors is seen in the status without an event', () => {
    const poll = { pollError: { class: 'transient', error: pollError, count: 2, sameCount: 2 } } as const;
    const { events, wait } = fold(begun(), aReport({ poll }));
    expect(events).toEqual([]);
    expect(statusOf(wait)).toMatchObject({ state: 'waiting', error: pollError });
  });
  test('many images are cut into events of at most 256 KiB', () => {
    const many = Array.from({ length: 5_000 }, (_none, index) => anImage(`${index}-${'x'.repeat(200)}`));
    const { events } = fold(begun(), aReport({ images: many }));
    expect(events.length).toBeGreaterThan(4);
    for (const event of events) expect(jsonBytes(event)).toBeLessThanOrEqual(limits.eventBytes);
    expect(events.flatMap((event) => (event.kind === 'images' ? event.images : []))).toEqual(many);
    expect(events.map((event) => event.sequence)).toEqual(events.map((_event, index) => index + 1));
  });
});

describe('the end', () => {
  test('is one outcome, valid by its schema, with all images', () => {
    const poll = { pendingUntilMs: startMs + 30_000, runningSeenAtMs: startMs + 20_000 };
    const end = aReport({ end: { status: 'finished' }, images: images('a', 'b'), poll });
    const { events, wait } = fold(begun({ account: 'eu-1', expectedImages: 2 }), aReport({ images: images('a') }), end);
    expectEventsHold(events, wait);
    expectReceiverAgrees(events, wait);
    const outcome = outcomeOf(wait);
    expectValid('TryOnOutcome', outcome);
    expect(outcome).toEqual({
      taskId: 't-1',
      status: 'finished',
      images: images('a', 'b'),
      subTasks: [],
      polls: 3,
      submittedAt: '2026-01-31T12:00:00.000Z',
      finishedAt: '2026-01-31T12:00:40.000Z',
      account: 'eu-1',
      api: 'tryon',
      timing: { pendingUntil: '2026-01-31T12:00:30.000Z', runningSeenAt: '2026-01-31T12:00:20.000Z' },
    });
  });
  test.each([
    [undefined, undefined],
    [1, undefined],
    [2, undefined],
    [5, 3],
  ])('expecting %s of 2 images falls short by %s', (expectedImages, shortfall) => {
    const input = expectedImages === undefined ? {} : { expectedImages };
    const { wait } = fold(begun(input), aReport({ end: { status: 'finished' }, images: images('a', 'b') }));
    expect(outcomeOf(wait).shortfall).toBe(shortfall);
  });
  test('by cancellation has an event', () => {
    const { wait, events } = endWait(begun(), { status: 'cancelled', atMs: startMs });
    expectEventsHold(events, wait);
    expectValid('TryOnEvent', events[0]);
    expect(statusOf(wait).state).toBe('cancelled');
  });
  test('comes once', () => {
    const { wait } = endWait(begun(), { status: 'cancelled', atMs: startMs });
    expect(endWait(wait, { status: 'timeout', atMs: startMs + 1 })).toEqual({ wait, events: [] });
  });
  test('cannot be told before it is there', () => {
    expect(() => outcomeOf(begun())).toThrow(TypeError);
  });
  test('a timeout reported against a deadline that was moved since is none; its images and polls count', () => {
    const late = aReport({ end: { status: 'timeout' }, atMs: startMs + 60_000, images: images('a') });
    const moved = fold(begun({ timeoutSeconds: 600 }), late);
    expect(moved.wait.end).toBeUndefined();
    expect(kinds(moved.events)).toEqual(['images']);
    expect(fold(begun({ timeoutSeconds: 60 }), late).wait.end?.status).toBe('timeout');
  });
  test('other than a timeout stands, whatever the deadline', () => {
    expect(fold(begun(), aReport({ end: { status: 'notFound', error: pollError } })).wait.end?.status).toBe('notFound');
  });
});

describe('results too large for one payload', () => {
  const many = (count: number, from = 0): TryOnImage[] =>
    Array.from({ length: count }, (_none, index) => anImage(`${from + index}-${'x'.repeat(200)}`));
  const manySubTasks = Array.from(
    { length: 9_000 },
    (_none, index) => ({ index, status: 'finished', imageCount: 1 }) as const,
  );

  test.each([
    ['by their images', many(3_000), many(3_000, 3_000), []],
    ['by images and sub-tasks together', many(2_000), many(2_300, 2_000), manySubTasks],
  ])('%s: the outcome keeps its size, and every image has been told', (_name, first, second, subTasks) => {
    const { events, wait } = fold(
      begun(),
      aReport({ images: first, poll: { subTasks } }),
      aReport({ images: second, poll: { subTasks }, end: { status: 'finished' } }),
    );
    expectEventsHold(events, wait);
    const status = statusOf(wait);
    expectValid('TryOnStatus', status);
    expect(jsonBytes(status)).toBeLessThanOrEqual(limits.resultBytes);
    expect(status.images.length + (status.imagesOmitted ?? 0)).toBe(wait.images.length);
    expect(outcomeOf(wait).imagesOmitted).toBeGreaterThan(0);
    const early = events.flatMap((event) => (event.kind === 'images' ? event.images : []));
    expect(early).toHaveLength(wait.images.length);
    expect(canContinueAsNew(wait)).toBe(false);
  });
  test('no images event is sent at the end where the outcome has them all', () => {
    const { events } = fold(begun(), aReport({ images: many(1_000), end: { status: 'finished' } }));
    expect(kinds(events)).toEqual(['outcome']);
  });
});

test('a snapshot is the status, and takes no number', () => {
  const { wait } = fold(begun(), aReport({ images: images('a') }));
  const [snapshot] = snapshotsFor(wait) as [TryOnEvent];
  expectValid('TryOnEvent', snapshot);
  expect(snapshot).toEqual({ kind: 'snapshot', taskId: 't-1', waitId: 'run-1', sequence: 1, status: statusOf(wait) });
  expect(fold(wait, aReport({ images: images('b') })).events[0]?.sequence).toBe(2);
});

describe('what the activity is asked with', () => {
  const poll = { nextPollAtMs: startMs + 50_000, pauseUntilMs: startMs + 45_000, asOfAttempt: 7 };
  const { wait } = fold(begun(), aReport({ images: images('a'), poll }));

  test('goes on from the report, as attempt 0', () => {
    expect(pollInput(wait, { pollNow: false, nowMs: startMs + 41_000 })).toMatchObject({
      taskId: 't-1',
      deadlineMs: wait.deadlineMs,
      known: anImage('a').id.slice(0, 12),
      from: { polls: 3, asOfAttempt: 0, nextPollAtMs: startMs + 50_000 },
    });
  });
  test('asks now where pollNow wants it, and keeps the pause', () => {
    const { from } = pollInput(wait, { pollNow: true, nowMs: startMs + 41_000 });
    expect(from).toMatchObject({ nextPollAtMs: startMs + 41_000, pauseUntilMs: startMs + 45_000 });
  });
});

describe('the task of a wait that ended is to be cancelled', () => {
  const poll = (more: Partial<PollState>): Partial<WaitState> => ({ poll: { ...unpolled, ...more } });
  const mayCancel = (input: object, more: Partial<WaitState> = {}, status: 'cancelled' | 'timeout' = 'cancelled') =>
    mayCancelTask(endWait({ ...begun(input), ...more }, { status, atMs: startMs }).wait);
  const asked = { cancelTask: true };

  test.each([
    ['if it was asked for and nothing is known of the task', true, asked, {}],
    ['if the task waits its turn', true, asked, poll({ status: 'submitted', polls: 3 })],
    ['not if it was not asked for', false, {}, {}],
    ['not if that was declined', false, { cancelTask: false }, {}],
    ['not if the task runs', false, asked, poll({ status: 'running' })],
    ['not if the task was seen to run before', false, asked, poll({ status: 'unknown', runningSeenAtMs: startMs })],
    ['not if there are images', false, asked, { images: images('a') }],
  ] as const)('%s', (_when, expected, input, more) => {
    expect(mayCancel(input, more)).toBe(expected);
  });

  test('not if it ended otherwise, or goes on', () => {
    expect(mayCancel(asked, {}, 'timeout')).toBe(false);
    expect(mayCancelTask(begun(asked))).toBe(false);
  });
});
