import { describe, expect, test } from 'vitest';
import type { TryOnImage } from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { type PollState, packKnown, unpolled } from '../../src/poll/poll-state.js';
import type { Reply } from '../../src/poll/reply.js';
import { pollRules } from '../../src/poll/rules.js';
import { defaultPolicy, nextPoll } from '../../src/schedule/schedule.js';
import { faultName } from '../support/fault-rows.js';
import { decisionOf, type PollAt, poll, seen } from '../support/poll.js';
import { aFault, anAnswer, anImage, aTask, gatewayError, replies, serviceError } from '../support/replies.js';
import { simulate, startMs } from '../support/simulate.js';

const delayOf = ({ decision }: ReturnType<typeof poll>): number =>
  decision.kind === 'retry' ? decision.delayMs : Number.NaN;
const scheduledMs = (ageMs: number) => nextPoll({ ageMs, policy: defaultPolicy, jitter: 0.5 }).delayMs;
const imagesOf = ({ decision }: ReturnType<typeof poll>): readonly TryOnImage[] =>
  decision.kind === 'report' ? decision.images : [];

describe('what each reply leads to', () => {
  test.each<[name: string, reply: Reply, what: string, at?: PollAt]>([
    ['submitted waits its turn', replies.submitted, 'retry schedule'],
    ['running waits its turn', replies.running, 'retry schedule'],
    ['a status never seen before waits its turn', replies.unknownStatus, 'retry schedule'],
    ['finished with images ends', replies.finished, 'report 2 finished'],
    ['finished without images is polled again', replies.empty, 'retry recheck'],
    ['failed is polled again', replies.failed, 'retry recheck'],
    ['failed with images is partial', aTask('failed', [['finished', 'a'], ['failed']]), 'report 1 partial failed'],
    ['some sub-tasks failed', aTask('finished', [['finished', 'a'], ['failed']]), 'report 1 partial'],
    ['a sub-task without images', aTask('finished', [['finished', 'a'], ['finished']]), 'report 1 partial'],
    ['all sub-tasks failed', aTask('finished', [['failed'], ['failed']]), 'report 0 failed failed'],
    ['finished while a sub-task runs', aTask('finished', [['finished', 'a'], ['running']]), 'report 1'],
    ['no connection', replies.unreachable, 'retry backoff'],
    ['a code never seen before', gatewayError('NeverSeen'), 'retry backoff'],
    ['throttled for a minute by its code', replies.throttled, 'retry hint'],
    ['throttled for seconds by its text', replies.banned, 'retry hint'],
    ['a wrong key', replies.badKey, 'report 0'],
    ['no quota', replies.noQuota, 'report 0'],
    ['a wrong signature', replies.badClock, 'report 0'],
    ['another task', replies.wrongTask, 'retry backoff'],
    ['a task unknown after the grace', replies.notFound, 'report 0 notFound NotFound'],
    ['refused', replies.refused, 'report 0 failed 703'],
    ['refused, to be asked once more', serviceError('701'), 'retry backoff'],
    ['the model failed', replies.modelFailed, 'report 0 failed 801'],
  ])('%s', (_name, reply, what, at) => {
    expect(decisionOf(poll(reply, at))).toBe(what);
  });
});

describe('a task that the vendor does not know', () => {
  test.each([0, 1_000, 29_999])('is no end at an age of %d ms', (ageMs) => {
    expect(decisionOf(poll(replies.notFound, { ageMs }))).toBe('retry schedule');
    expect(decisionOf(poll(replies.notFound, { ageMs, before: { ...seen, recheck: aRecheck('notFound', 1) } }))).toBe(
      'retry schedule',
    );
  });
  test('is the end from 30 s on', () => {
    expect(decisionOf(poll(replies.notFound, { ageMs: 30_000 }))).toBe('report 0 notFound NotFound');
  });
  test('is asked once more where it was known before', () => {
    const first = poll(replies.notFound, { before: seen });
    expect(decisionOf(first)).toBe('retry recheck');
    expect(delayOf(first)).toBe(5_000);
    expect(decisionOf(poll(replies.notFound, { before: first.state, ageMs: 45_000, attempt: 4 }))).toBe(
      'report 0 notFound NotFound',
    );
  });
  test('times out with the code NotFound before the grace is over', () => {
    const { wait } = simulate({ input: { timeoutSeconds: 20 }, vendor: () => replies.notFound });
    expect(wait.end).toMatchObject({ status: 'timeout', error: { code: 'NotFound', layer: 'task' } });
  });
  test.each([0, 10, 3_000])('submitted %d s ago: never ends before the grace', (ageSeconds) => {
    const submittedAtMs = startMs - ageSeconds * 1000;
    const { wait } = simulate({
      input: { submittedAt: new Date(submittedAtMs).toISOString() },
      vendor: (index) => (index < 2 ? replies.running : replies.notFound),
    });
    expect(wait.end?.status).toBe('notFound');
    expect(wait.end?.atMs).toBeGreaterThanOrEqual(submittedAtMs + 30_000);
  });
});

const aRecheck = (why: 'empty' | 'failed' | 'unsettled' | 'notFound', polls: number, ageMs = 35_000) => ({
  why,
  polls,
  atMs: startMs + ageMs,
});

describe('what the vendor calls over is believed only after a second poll', () => {
  test('an empty result: three polls within 15 s', () => {
    const { wait, queries } = simulate({ vendor: () => replies.empty });
    expect(wait.end).toMatchObject({ status: 'failed', error: { layer: 'task', code: 'EmptyResult' } });
    expect(queries).toHaveLength(3);
    const [first, second, third] = queries.map((query) => query.atMs) as [number, number, number];
    expect([second - first, third - second]).toEqual([5_000, 5_000]);
  });
  test('an empty result that fills in is taken', () => {
    const { wait } = simulate({ vendor: (index) => (index < 2 ? replies.empty : replies.finished) });
    expect(wait.end?.status).toBe('finished');
  });
  test('an empty result keeps its count over errors in between', () => {
    const vendor = (index: number) => (index % 2 === 0 ? replies.empty : replies.unreachable);
    const { queries, wait } = simulate({ vendor });
    expect(wait.end).toMatchObject({ status: 'failed', error: { code: 'EmptyResult' } });
    expect(queries).toHaveLength(5);
  });
  test('an empty result at the deadline is a timeout that says so', () => {
    const step = poll(replies.empty, { input: { deadlineMs: startMs + 40_000 } });
    expect(decisionOf(step)).toBe('report 0 timeout EmptyResult');
  });
  test('polls hastened by pollNow do not count', () => {
    const before: PollState = { ...seen, recheck: aRecheck('empty', 2, 39_000) };
    const step = poll(replies.empty, { before, ageMs: 40_000 });
    expect(decisionOf(step)).toBe('retry recheck');
    expect(delayOf(step)).toBe(4_000);
    expect(step.state.recheck).toEqual(before.recheck);
  });
  test('failed: two polls', () => {
    const { queries, wait } = simulate({ vendor: () => replies.failed });
    expect(wait.end).toMatchObject({ status: 'failed', error: { layer: 'task', message: 'no person in the picture' } });
    expect(queries).toHaveLength(2);
  });
  test('failed, then finished: finished, and the contradiction is kept', () => {
    const { wait } = simulate({ vendor: (index) => (index === 0 ? replies.failed : replies.finished) });
    expect(wait.end?.status).toBe('finished');
    expect(wait.poll.conflict).toBe('finished after failed');
  });
  test('finished, then running: goes on, and the contradiction is kept', () => {
    const { wait } = simulate({
      vendor: (index) => [replies.empty, replies.running, replies.finished][index] as Reply,
    });
    expect(wait.end?.status).toBe('finished');
    expect(wait.poll.conflict).toBe('running after finished');
  });
  test('failed at the deadline is decisionOf as it is', () => {
    expect(decisionOf(poll(replies.failed, { input: { deadlineMs: startMs + 40_000 } }))).toBe(
      'report 0 failed failed',
    );
  });
  test('finished while a sub-task runs: what comes is decisionOf at once, after three polls it is partial', () => {
    const half = aTask('finished', [['finished', 'a'], ['running']]);
    const { events, wait, queries } = simulate({ vendor: () => half });
    expect(events.map((event) => event.kind)).toEqual(['images', 'outcome']);
    expect(wait.end?.status).toBe('partial');
    expect(queries).toHaveLength(3);
  });
  test('a sub-task of which images were decisionOf is no failure because a later reply leaves them out', () => {
    const { wait } = simulate({
      vendor: (index) => (index === 0 ? aTask('running', [['finished', 'a'], ['running']]) : aTask('failed')),
    });
    expect(wait.end?.status).toBe('partial');
    expect(wait.images).toHaveLength(1);
  });
});

describe('errors has a backoff of its own', () => {
  test('that doubles, and is never faster than the schedule', () => {
    const { queries } = simulate({ input: { timeoutSeconds: 1_500 }, vendor: () => replies.unreachable });
    const gaps = queries.slice(1, -1).map((query, index) => query.atMs - (queries[index]?.atMs ?? 0));
    for (const [index, gap] of gaps.entries()) {
      const ageMs = (queries[index]?.atMs ?? 0) - startMs;
      expect(gap).toBeGreaterThanOrEqual(Math.min(scheduledMs(ageMs) * 0.97 - 1, 60_000));
      expect(gap).toBeLessThanOrEqual(72_000);
    }
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(60_000);
  });
  test('that a good reply ends: the schedule goes on from the age alone', () => {
    const pollError = { class: 'transient', error: anError('ConnectionFailed'), count: 9, sameCount: 9 } as const;
    const withError = poll(replies.running, { before: { ...seen, pollError } });
    const without = poll(replies.running, { before: seen });
    expect(withError.state.pollError).toBeUndefined();
    expect(delayOf(withError)).toBe(delayOf(without));
  });
  test('a timeout carries the last errors', () => {
    const { wait } = simulate({ input: { timeoutSeconds: 90 }, vendor: () => replies.unavailable });
    expect(wait.end).toMatchObject({ status: 'timeout', error: { layer: 'transport', code: 'Http503' } });
  });
  test('a timeout after a good reply has no error', () => {
    const vendor = (index: number) => (index < 2 ? replies.unavailable : replies.running);
    const { wait } = simulate({ input: { timeoutSeconds: 90 }, vendor });
    expect(wait.end).toEqual({ status: 'timeout', atMs: wait.deadlineMs });
  });
  test('a refusal with retries is believed when the same code came once more than that', () => {
    const { queries, wait } = simulate({ vendor: () => serviceError('1001') });
    expect(queries).toHaveLength(6);
    expect(wait.end).toMatchObject({ status: 'failed', error: { layer: 'service', code: '1001' } });
  });
  test('another code in between starts that count anew', () => {
    const vendor = (index: number) => (index === 1 ? replies.unreachable : serviceError('701'));
    expect(simulate({ vendor }).queries).toHaveLength(4);
  });
});

const anError = (code: string) => ({ layer: 'transport', code, message: 'no' }) as const;

describe('a success without a task', () => {
  const empty = anAnswer({ gatewayCode: '0', success: true, serviceCode: '200' });

  test('keeps what is known of the task, and counts', () => {
    const before: PollState = { ...seen, status: 'submitted', recheck: aRecheck('empty', 1), pendingUntilMs: startMs };
    const step = poll(empty, { before });
    expect(decisionOf(step)).toBe('retry schedule');
    expect(step.state).toMatchObject({
      status: 'submitted',
      vendorStatus: 'running',
      recheck: before.recheck,
      polls: before.polls + 1,
      pendingUntilMs: before.pendingUntilMs,
    });
    // The next attempt would take it for a poll that saw the task unfinished.
    expect(step.decision).toMatchObject({ heartbeat: true });
    expect(step.state).not.toHaveProperty('queuedUntilMs');
    expect(step.state).not.toHaveProperty('conflict');
  });
  test('is no sign that the vendor knows the task', () => {
    const { state } = poll(empty);
    expect(state.status).toBeUndefined();
    expect(decisionOf(poll(replies.notFound, { before: state, ageMs: 45_000, attempt: 4 }))).toBe(
      'report 0 notFound NotFound',
    );
  });
});

describe('a status that nobody knows', () => {
  const odd = (status: 'unknown' | 'running') => aTask('unknown', [[status, 'a', 'b'], ['running']]);

  test(`${faultName(87)}: reported as they come`, () => {
    expect(decisionOf(poll(odd('unknown'), { before: seen }))).toBe('report 2');
    expect(decisionOf(poll(odd('running'), { before: seen }))).toBe('retry schedule');
  });
  test.each(['unknown', 'running'] as const)(`${faultName(87)}: all in the outcome at the deadline: %s`, (status) => {
    const step = poll(odd(status), { before: seen, input: { deadlineMs: startMs + 40_000 } });
    expect(decisionOf(step)).toBe('report 2 timeout');
  });
});

test(faultName(90), () => {
  const step = poll(aTask('running', [['running']], { answer: { retryAfter: '10' } }), { before: seen });
  // A retry adds no event to the history.
  expect(decisionOf(step)).toBe('retry hint');
  expect(delayOf(step)).toBe(10_000);
});

describe('the vendor may order a pause', () => {
  const hinted = (retryAfter: string, at: PollAt = {}) =>
    poll(aFault('Http429', { httpStatus: 429, retryAfter }), { before: seen, ...at });

  test('that goes before our own backoff', () => {
    expect(delayOf(hinted('3'))).toBe(3_000);
    expect(decisionOf(hinted('3'))).toBe('retry hint');
  });
  test('of no time is the floor', () => {
    expect(delayOf(hinted('0'))).toBe(1_000);
  });
  test.each(['-5', 'soon', ''])('of %j makes no sense: the usual backoff, and the error says so', (retryAfter) => {
    const step = hinted(retryAfter);
    expect(decisionOf(step)).toBe('retry backoff');
    expect(step.state.pollError?.error.message).toMatch(/retryAfter asks for/);
    expect(step.state.pauseUntilMs).toBeUndefined();
  });
  test('of a day is cut to the time left, and the error says so', () => {
    const step = hinted('86400');
    expect(decisionOf(step)).toBe('retry hint');
    expect(step.state.pauseUntilMs).toBe(startMs + 3_600_000);
    expect(step.state.nextPollAtMs).toBe(startMs + 3_600_000);
    expect(step.state.pollError?.error.message).toMatch(/retryAfter asks for 86400 s/);
  });
  test('of any length is heartbeated, so that it outlives the attempt, and adds no event to the history', () => {
    const step = hinted('600');
    expect(step.decision).toMatchObject({ kind: 'retry', why: 'hint', delayMs: 600_000, heartbeat: true });
    expect(step.state).toMatchObject({ pauseUntilMs: startMs + 640_000, nextPollAtMs: startMs + 640_000 });
  });
  test('in a reply that is otherwise good', () => {
    const step = poll(aTask('running', [], { answer: { retryAfter: '7' } }), { before: seen });
    expect([decisionOf(step), delayOf(step)]).toEqual(['retry hint', 7_000]);
  });
  test('beside errors with the key: the longer of the two', () => {
    const step = poll(aFault('Http403', { httpStatus: 403, retryAfter: '60' }), { before: seen });
    expect(step.state.nextPollAtMs).toBe(startMs + 100_000);
  });
  test('does not hasten a blocked wait', () => {
    const pollError = { class: 'auth', error: anError('InvalidAppKey'), count: 4, sameCount: 4 } as const;
    const step = hinted('1', { before: { ...seen, blocked: anError('InvalidAppKey'), pollError } });
    expect([decisionOf(step), delayOf(step)]).toEqual(['retry blocked', 80_000]);
  });
});

describe('a person must act', () => {
  test.each([
    ['a wrong key', replies.badKey],
    ['no quota', replies.noQuota],
    ['a wrong signature', replies.badClock],
  ])('%s: blocked, from 5 s doubling to 5 min, until the deadline', (_name, reply) => {
    const { events, queries, wait } = simulate({ vendor: () => reply });
    const gaps = queries.slice(1, -1).map((query, index) => (query.atMs - (queries[index]?.atMs ?? 0)) / 1000);
    expect(gaps.slice(0, 8)).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
    expect(events.map((event) => event.kind)).toEqual(['blocked', 'outcome']);
    expect(wait.end?.status).toBe('timeout');
    expect(wait.end?.error).toBeDefined();
  });
  test('goes on when the key is mended', () => {
    const vendor = (index: number) => [replies.badKey, replies.badKey, replies.running][index] ?? replies.finished;
    expect(simulate({ vendor }).events.map((event) => event.kind)).toEqual(['blocked', 'unblocked', 'outcome']);
  });
  test('errors on the way says nothing of the key', () => {
    const vendor = (index: number) => [replies.badKey, replies.unavailable][index] ?? replies.finished;
    expect(simulate({ vendor }).events.map((event) => event.kind)).toEqual(['blocked', 'outcome']);
  });
  test('three replies in a row about another task block, two do not', () => {
    const course = (...given: Reply[]) =>
      simulate({ vendor: (index) => given[index] ?? replies.finished }).events.map((event) => event.kind);
    const { wrongTask, running, unreachable } = replies;
    expect(course(wrongTask, wrongTask, running, wrongTask, wrongTask)).toEqual(['outcome']);
    expect(course(wrongTask, wrongTask, unreachable, wrongTask)).toEqual(['outcome']);
    expect(course(wrongTask, wrongTask, wrongTask, running)).toEqual(['blocked', 'unblocked', 'outcome']);
  });
});

describe('images', () => {
  const running = (...sketches: Parameters<typeof aTask>[1] & object) => aTask('running', sketches);

  test('of finished sub-tasks are decisionOf while others run', () => {
    const step = poll(running(['finished', 'a'], ['running', 'b']));
    expect(imagesOf(step)).toEqual([anImage('a', 0)]);
  });
  test('that are known are not decisionOf again', () => {
    const known = packKnown([anImage('a').id]);
    expect(decisionOf(poll(running(['finished', 'a'], ['running']), { input: { known } }))).toBe('retry schedule');
    expect(imagesOf(poll(running(['finished', 'a', 'c'], ['running']), { input: { known } }))).toEqual([anImage('c')]);
  });
  test('keep the vendor order, each once, the first of two counting', () => {
    const step = poll(
      aTask('finished', [
        ['finished', 'b', 'a'],
        ['finished', 'a', 'c'],
      ]),
    );
    expect(imagesOf(step)).toEqual([anImage('b', 0), anImage('a', 0), anImage('c', 1)]);
  });
  test.each([
    ['finished', (version: string) => aTask('finished', [['finished', 'a', 'b']], { version }), 3_600],
    ['settled', (version: string) => aTask('finished', [['finished', 'a', 'b'], ['running']], { version }), 3_600],
    ['out of time', (version: string) => aTask('running', [['finished', 'a', 'b'], ['running']], { version }), 60],
  ])('have the newest address when the wait is %s', (_name, reply, timeoutSeconds) => {
    const first = aTask('running', [['finished', 'a', 'b'], ['running']], { version: 'Expires=1' });
    const { wait } = simulate({
      input: { timeoutSeconds },
      vendor: (index) => (index === 0 ? first : reply(`Expires=${index + 1}`)),
    });
    const last = wait.poll.polls;
    expect(wait.images).toEqual([anImage('a', 0, `Expires=${last}`), anImage('b', 0, `Expires=${last}`)]);
  });

  const many = (count: number, prefix = ''): string[] =>
    Array.from({ length: count }, (_none, index) => `${prefix}${index}-${'x'.repeat(400)}`);

  test.each(['finished', 'running'] as const)(
    'of more than 1 MiB in a %s task are decisionOf in several reports',
    (status) => {
      const { events, reports, wait, queries } = simulate({
        input: { timeoutSeconds: 120 },
        vendor: () =>
          aTask(status, [['finished', ...many(5_500)], ...(status === 'running' ? [['running'] as const] : [])]),
      });
      expect(reports.length).toBeGreaterThan(2);
      for (const report of reports) expect(jsonBytes(report.images)).toBeLessThanOrEqual(pollRules.reportBytes);
      expect(wait.images).toHaveLength(5_500);
      expect(wait.end?.status).toBe(status === 'finished' ? 'finished' : 'timeout');
      const decisionOfEarly = events.flatMap((event) => (event.kind === 'images' ? event.images : []));
      expect(new Set(decisionOfEarly.map((image) => image.id)).size).toBe(5_500);
      const gaps = queries.slice(1).map((query, index) => query.atMs - (queries[index]?.atMs ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    },
  );
  test('of more than 1 MiB that come with the last poll are not lost', () => {
    const vendor = () => aTask('running', [['finished', ...many(5_500)], ['running']]);
    const { wait } = simulate({ input: { timeoutSeconds: 5 }, vendor });
    expect(wait.end?.status).toBe('timeout');
    expect(wait.images).toHaveLength(5_500);
  });
  test('that fit into no event are taken as none', () => {
    const { queries, wait } = simulate({ vendor: () => aTask('finished', [['finished', 'y'.repeat(1_500_000)]]) });
    expect(wait.end).toMatchObject({ status: 'failed', error: { code: 'EmptyResult' } });
    expect(queries).toHaveLength(3);
  });
  test('beyond 50,000 are left out, so that the ids of the known still fit', () => {
    const known = 'f'.repeat(12 * (pollRules.images - 1));
    expect(imagesOf(poll(running(['finished', 'a', 'b'], ['running']), { input: { known } }))).toHaveLength(1);
  });
});

describe('sub-tasks', () => {
  const subTasksAfter = (first: Reply, second: Reply) => poll(second, { before: poll(first).state }).state.subTasks;

  test.each([
    ['running is not queued again', ['running'], ['submitted'], 'running'],
    ['finished does not run again', ['finished', 'a'], ['running'], 'finished'],
    ['failed does not run again', ['failed'], ['running'], 'failed'],
    ['failed may still finish', ['failed'], ['finished', 'a'], 'finished'],
    ['running does not become unknown', ['running'], ['unknown'], 'running'],
    ['submitted runs', ['submitted'], ['running'], 'running'],
  ] as const)('%s', (_name, first, second, status) => {
    expect(subTasksAfter(aTask('running', [first]), aTask('running', [second]))).toMatchObject([{ index: 0, status }]);
  });
  test('do not vanish, nor do their images', () => {
    const first = aTask('running', [['finished', 'a', 'b'], ['running']]);
    expect(subTasksAfter(first, aTask('running', [['finished', 'a']]))).toEqual([
      { index: 0, status: 'finished', imageCount: 2 },
      { index: 1, status: 'running', imageCount: 0 },
    ]);
    expect(subTasksAfter(first, aTask('running'))).toHaveLength(2);
  });
  test('by the thousand keep the state within its bounds, and the end is decisionOf by all of them', () => {
    const sketches = Array.from({ length: 20_000 }, () => ['finished'] as const);
    const step = poll(aTask('finished', [...sketches, ['running'], ['finished', 'a']]));
    expect(jsonBytes(step.state)).toBeLessThanOrEqual(pollRules.subTaskBytes + 2_000);
    expect(decisionOf(step)).toBe('report 1');
    expect(step.state.recheck?.why).toBe('unsettled');
  });
});

describe('a heartbeat is sent only for what attempt number and times do not tell', () => {
  const carries = (step: ReturnType<typeof poll>) => step.decision.kind === 'retry' && step.decision.heartbeat;
  const running = poll(replies.running).state;

  test('the first sight of a task is carried, the same again is not', () => {
    expect(carries(poll(replies.running))).toBe(true);
    expect(carries(poll(replies.running, { before: running, attempt: 4 }))).toBe(false);
  });
  test('whatever order the carried state has its fields in', () => {
    const turned = Object.fromEntries(Object.entries(running).reverse()) as unknown as PollState;
    expect(carries(poll(replies.running, { before: turned, attempt: 4 }))).toBe(false);
  });
  test.each<[string, PollAt, Reply]>([
    ['two queries in one attempt', { queries: 2 }, replies.running],
    ['a new status', {}, replies.submitted],
    ['error', {}, replies.unreachable],
    ['a pause', {}, replies.banned],
    ['a poll again', {}, replies.empty],
    ['a last poll that is not by the schedule', { input: { deadlineMs: startMs + 42_000 } }, replies.running],
  ])('%s is carried', (_name, at, reply) => {
    expect(carries(poll(reply, { before: running, attempt: 4, ...at }))).toBe(true);
  });
  test('progress of a sub-task alone is not', () => {
    expect(carries(poll(aTask('running', [['running']]), { before: running, attempt: 4 }))).toBe(false);
  });
  test('a stuck task of half an hour costs one, and one for its last poll', () => {
    const { heartbeats, queries } = simulate({ input: { timeoutSeconds: 1_800 }, vendor: () => replies.running });
    expect(heartbeats).toBe(2);
    expect(queries.length).toBeGreaterThan(36);
  });
});

test('a timeout against a deadline that was moved in the meantime goes on by the schedule', () => {
  const done = simulate({
    input: { timeoutSeconds: 60 },
    vendor: (index) => (index < 9 ? replies.running : replies.finished),
    // The last of these meets the last poll.
    setTimeoutAt: { 0: 600, 1: 600, 2: 600, 3: 600, 4: 600, 5: 600, 6: 600, 7: 600 },
  });
  expect(done.reports.map((report) => report.end?.status)).toEqual(['timeout', 'finished']);
  expect(done.wait.end?.status).toBe('finished');
  const gaps = done.queries.slice(1).map((query, index) => query.atMs - (done.queries[index]?.atMs ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
});

test('a wait that has not polled knows nothing', () => {
  expect(unpolled).toEqual({ polls: 0, asOfAttempt: 0, subTasks: [] });
});
