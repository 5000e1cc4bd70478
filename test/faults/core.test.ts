/** Rows of the fault table that are pure meaning: the core in simulated time. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createServerClock } from '../../src/activities/server-clock.js';
import { limits, type TryOnEvent } from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { admitPoll, initialThrottle, observePoll, shareAt, throttleRules } from '../../src/poll/account-throttle.js';
import { backoffMs } from '../../src/poll/backoff.js';
import { classify } from '../../src/poll/classify.js';
import { decide } from '../../src/poll/decide.js';
import type { Answer, Reply } from '../../src/poll/reply.js';
import { pollRules } from '../../src/poll/rules.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { imageIds } from '../../src/providers/image-id.js';
import { jitterOf } from '../../src/schedule/jitter.js';
import { defaultPolicy } from '../../src/schedule/schedule.js';
import { emptyInbox, receive } from '../../src/wait/inbox.js';
import { outcomeOf, statusOf } from '../../src/wait/wait-report.js';
import { maxIn, runCrowd } from '../support/crowd.js';
import { faultName } from '../support/fault-rows.js';
import { decisionOf, poll, pollInputOf, seen } from '../support/poll.js';
import { aFault, aTask, gatewayError, replies, serviceError } from '../support/replies.js';
import { simulate, startMs } from '../support/simulate.js';

/** Answers in order, the last one for ever. */
const inOrder =
  (...course: readonly Reply[]) =>
  (index: number): Reply =>
    course[Math.min(index, course.length - 1)] ?? replies.finished;
const outcome = (...course: readonly Reply[]) => {
  const done = simulate({ vendor: inOrder(...course) });
  return { ...done, outcome: outcomeOf(done.wait) };
};
const gapsMs = (queries: readonly { readonly atMs: number }[]) =>
  queries.slice(1).map((query, index) => query.atMs - (queries[index]?.atMs ?? 0));
const kinds = (events: readonly TryOnEvent[]) => events.map((event) => event.kind);
const parsed = (body: unknown): Reply => {
  const answer = tryOnApi.parse(body, imageIds);
  return answer === undefined ? aFault('BadBody') : { httpStatus: 200, ...answer };
};
/** The page's spelling of a finished task with these addresses. */
const envelope = (imageUrls: readonly string[], more: object = {}, data: object = {}) => ({
  code: '0',
  success: 'true',
  resCode: '200',
  resMessage: 'success',
  data: {
    taskId: 't-1',
    taskStatus: 'finished',
    taskResult: [
      { taskStatus: 'finished', taskResult: { result: { imageList: imageUrls.map((imageUrl) => ({ imageUrl })) } } },
    ],
    ...data,
  },
  ...more,
});

describe('transport', () => {
  test(faultName(2), () => {
    for (const [polls, seconds] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      const delays = ['a', 'b', 'c'].map((task) =>
        backoffMs(pollRules.errorBackoffMs, polls + 1, jitterOf(task, polls)),
      );
      expect(new Set(delays).size).toBe(3);
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(1000 * seconds);
      expect(Math.max(...delays)).toBeLessThanOrEqual(1200 * seconds);
    }
    const done = simulate({ vendor: (index) => (index < 6 ? replies.unreachable : replies.finished) });
    expect(outcomeOf(done.wait)).toMatchObject({ status: 'finished', polls: 7 });
  });

  test(faultName(4), () => {
    const untrusted = aFault('TlsFailed');
    const done = simulate({ vendor: inOrder(untrusted, untrusted, untrusted, untrusted, replies.finished) });
    expect(kinds(done.events)).toEqual(['blocked', 'outcome']);
    expect(done.queries[2]?.decision.kind).toBe('report');
    expect(gapsMs(done.queries).slice(2)).toEqual([5_000, 10_000]);
    const blip = simulate({ vendor: inOrder(untrusted, untrusted, replies.unreachable, untrusted, replies.finished) });
    expect(kinds(blip.events)).toEqual(['outcome']);
  });
});

describe('hints', () => {
  test(faultName(21), () => {
    const hour = 3_600_000;
    const away = classify(replies.unavailable, tryOnApi, { taskId: 't-1' });
    const run = runCrowd({
      dueMs: Array.from({ length: 200 }, (_, index) => index * 200),
      queriesPerSecond: 20,
      vendor: (atMs) => (atMs < hour ? away : { kind: 'ended', status: 'finished' }),
    });
    expect(run.queries.filter(({ atMs }) => atMs < hour).length).toBeLessThanOrEqual(72);
    expect(run.endedMs.every((endedMs) => endedMs !== undefined)).toBe(true);
  });

  test.each([
    ['86400', 'the deadline'],
    ['-5', 'its own backoff'],
    ['soon', 'its own backoff'],
    ['', 'its own backoff'],
  ])(faultName(24, 'Retry-After "%s" leads to %s'), (retryAfter, until) => {
    const done = simulate({
      input: { timeoutSeconds: 600 },
      vendor: inOrder(aFault('Http429', { httpStatus: 429, retryAfter }), replies.running),
    });
    const [first, second] = done.queries;
    const isLast = until === 'the deadline';
    const gapMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    if (isLast) expect(second?.atMs).toBe(startMs + 600_000);
    else expect(gapMs).toBeLessThan(10_000);
    expect(gapMs).toBeGreaterThanOrEqual(defaultPolicy.floorMs);
    const { pollError } = poll(first?.reply ?? replies.running).state;
    expect(pollError?.error.message).toMatch(/retryAfter asks for/);
  });

  test(faultName(25), () => {
    const classification = classify(aFault('Http429', { httpStatus: 429 }), tryOnApi, { taskId: 't-1' });
    const slow = observePoll(initialThrottle, {
      taskId: 't-1',
      startedAtMs: 0,
      nowMs: 1_000,
      isProbe: false,
      classification,
    });
    expect(shareAt(slow, 1_000)).toBe(0.5);
    expect(shareAt(slow, 1_000 + throttleRules.recoveryMs / 4)).toBe(0.75);
    expect(shareAt(slow, 1_000 + throttleRules.recoveryMs)).toBe(1);
    // Another wait of the account.
    const first = admitPoll(slow, { taskId: 'other', nowMs: 2_000 }, 1);
    expect(first.deferUntilMs).toBeUndefined();
    expect(admitPoll(first.throttle, { taskId: 'third', nowMs: 3_001 }, 1).deferUntilMs).toBeGreaterThan(3_500);
  });

  test.each([
    ['Api access frequency exceeds the limit. this ban will last 7 seconds', 7_000],
    ['This ban will last for 12 more seconds', 12_000],
  ])(faultName(26, '%s'), (message, delayMs) => {
    const done = simulate({ vendor: inOrder(gatewayError('ApiCallLimit', message), replies.finished) });
    expect(gapsMs(done.queries)).toEqual([delayMs]);
  });

  test(faultName(29), () => {
    const done = simulate({
      vendor: (_index, nowMs) => (nowMs - startMs < 29_000 ? replies.notFound : replies.running),
    });
    expect(done.queries.length).toBeGreaterThan(3);
    expect(outcomeOf(done.wait).status).toBe('timeout');
    const never = outcome(replies.notFound);
    expect(never.outcome).toMatchObject({ status: 'notFound', error: { code: 'NotFound' } });
    const endedMs = Date.parse(never.outcome.finishedAt) - startMs;
    expect(endedMs).toBeGreaterThanOrEqual(30_000);
    expect(endedMs).toBeLessThan(60_000);
  });
});

describe('time', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each([3_600_000, -3_600_000])(faultName(34, 'by %d ms'), (stepMs) => {
    let elapsedMs = 50;
    const clock = createServerClock(() => elapsedMs);
    clock.observe(startMs);
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + stepMs);
    elapsedMs += 10_000;
    expect(clock.now()).toBe(startMs + 10_000);
  });
});

describe('meaning', () => {
  const pondering = aTask('unknown', [], { vendorStatus: 'PONDERING' });
  const noStatus = parsed(envelope([], {}, { taskStatus: undefined, taskResult: null }));
  const nullStatus = parsed(envelope([], {}, { taskStatus: null, taskResult: null }));

  test.each([
    [faultName(37), pondering],
    [faultName(38, 'missing'), noStatus],
    [faultName(38, 'null'), nullStatus],
  ])('%s', (_name, reply) => {
    const input = { timeoutSeconds: 3_000 };
    const odd = simulate({ input, vendor: () => reply });
    const plain = simulate({ input, vendor: () => replies.running });
    expect(gapsMs(odd.queries)).toEqual(gapsMs(plain.queries));
    expect(odd.events).toHaveLength(1);
    const status = statusOf(odd.wait);
    expect(status).toMatchObject({ state: 'timeout', polls: odd.queries.length });
    if (reply === pondering) expect(status.vendorStatus).toBe('PONDERING');
  });

  test.each([
    [{}, { taskStatus: 'FINISHED' }],
    [{ code: 0, success: true, resCode: 200 }, { taskStatus: 'Finished' }],
    [{ success: 'TRUE' }, { taskStatus: ' finished ' }],
  ])(faultName(39, '%j %j'), (more, data) => {
    const reply = parsed(envelope(['http://images.test/a.png'], more, data));
    expect(outcome(reply).outcome).toMatchObject({ status: 'finished', images: [{}], polls: 1 });
  });

  test(faultName(40), () => {
    const done = outcome(
      aTask('running', [['finished', 'a'], ['running']]),
      aTask('submitted', [['submitted'], ['submitted']]),
      aTask('running', [['running'], ['running']]),
      aTask('finished', [
        ['finished', 'a'],
        ['finished', 'b'],
      ]),
    );
    expect(done.outcome).toMatchObject({ status: 'finished', polls: 4 });
    expect(kinds(done.events)).toEqual(['images', 'outcome']);
    const tellings = done.states.map(({ poll }) => poll.subTasks[0]?.status);
    expect(tellings).toEqual([undefined, 'finished', 'finished']);
    const again = poll(aTask('submitted', [['submitted']]), {
      before: { ...seen, subTasks: [{ index: 0, status: 'finished', imageCount: 1 }] },
    });
    expect(again.state.subTasks).toEqual([{ index: 0, status: 'finished', imageCount: 1 }]);
  });

  test(faultName(42), () => {
    const done = outcome(replies.finished, replies.running);
    expect(done.outcome).toMatchObject({ status: 'finished', polls: 1 });
    const doubted = poll(replies.running, { before: { ...seen, recheck: { why: 'empty', polls: 1, atMs: startMs } } });
    expect(doubted.state.conflict).toBe('running after finished');
    expect(decisionOf(doubted)).toMatch(/^retry/);
  });

  test(faultName(43), () => {
    const saved = outcome(replies.failed, replies.finished);
    expect(saved.outcome).toMatchObject({ status: 'finished', polls: 2 });
    expect(saved.wait.poll.conflict).toBe('finished after failed');
    expect(gapsMs(saved.queries)).toEqual([pollRules.recheckMs]);
    const failed = outcome(replies.failed);
    expect(failed.outcome).toMatchObject({
      status: 'failed',
      polls: 2,
      error: { layer: 'task', message: 'no person in the picture' },
    });
  });

  test(faultName(44), () => {
    const empty = outcome(replies.empty);
    expect(empty.outcome).toMatchObject({ status: 'failed', polls: 3, error: { layer: 'task', code: 'EmptyResult' } });
    expect((empty.queries[2]?.atMs ?? 0) - (empty.queries[0]?.atMs ?? 0)).toBeLessThanOrEqual(15_000);
    expect(outcome(replies.empty, replies.finished).outcome).toMatchObject({ status: 'finished', polls: 2 });
  });

  test(faultName(45), () => {
    const some = outcome(aTask('finished', [['finished', 'a'], ['failed']])).outcome;
    expect(some).toMatchObject({
      status: 'partial',
      images: [{ subTask: 0 }],
      subTasks: [{ status: 'finished' }, { status: 'failed', imageCount: 0 }],
    });
    expect(outcome(aTask('failed', [['finished', 'a'], ['failed']])).outcome.status).toBe('partial');
  });

  test(faultName(47), () => {
    const done = outcome(
      aTask('running', [['running'], ['finished', 'c', 'd']]),
      aTask('finished', [
        ['finished', 'b', 'a', 'b'],
        ['finished', 'd', 'c', 'c'],
      ]),
    );
    const names = done.outcome.images.map(({ imageUrl }) => imageUrl.replace(/^.*\/(\w)\.png$/, '$1'));
    expect(names).toEqual(['b', 'a', 'c', 'd']);
  });

  test(faultName(48), () => {
    const twice = outcome(replies.wrongTask, replies.wrongTask, replies.finished);
    expect(kinds(twice.events)).toEqual(['outcome']);
    expect(twice.outcome).toMatchObject({ status: 'finished', polls: 3 });
    const always = outcome(replies.wrongTask, replies.wrongTask, replies.wrongTask, replies.finished);
    expect(always.events[0]).toMatchObject({ kind: 'blocked', error: { code: 'WrongTask' } });
    const foreign = aTask('finished', [['finished', 'x']], { taskId: 'another' });
    expect(outcome(foreign, replies.finished).outcome.images.map(({ imageUrl }) => imageUrl)).not.toContain(
      'http://images.test/x.png',
    );
  });

  test.each<[string, object]>([
    ['unknown fields', envelope(['http://images.test/a.png'], { extra: { deep: [1] } }, { more: 'x' })],
    ['data as text', { ...envelope([]), data: JSON.stringify(envelope(['http://images.test/a.png']).data) }],
    [
      'an inner result as text',
      envelope(
        [],
        {},
        {
          taskResult: [
            {
              taskStatus: 'finished',
              taskResult: JSON.stringify({ result: { imageList: [{ imageUrl: 'http://images.test/a.png' }] } }),
            },
          ],
        },
      ),
    ],
  ])(faultName(49, '%s'), (_name, body) => {
    expect(outcome(parsed(body)).outcome).toMatchObject({ status: 'finished', images: [{ subTask: 0 }] });
  });

  const running = aTask('running');
  const finished = aTask('finished', [['finished', 'a']]);

  test.each<[string, Answer, string]>([
    ['a failed gateway goes before all', { ...finished, gatewayCode: 'SystemError' }, 'retry backoff'],
    [
      'a failed service goes before a running task',
      { ...running, success: false, serviceCode: '500' },
      'retry backoff',
    ],
    [
      'a finished task with images goes before it',
      { ...finished, success: false, serviceCode: '500' },
      'report 1 finished',
    ],
    ['a refusal by the service stands', serviceError('700'), 'report 0 failed 700'],
    ['a status of HTTP counts where the body tells no code', { kind: 'answer', httpStatus: 503 }, 'retry backoff'],
    ['a good gateway and service leave it to the task', replies.failed, 'retry recheck'],
  ])(faultName(51, '%s'), (_name, reply, decision) => {
    expect(decisionOf(poll(reply))).toBe(decision);
  });
});

describe('results', () => {
  test(faultName(58), () => {
    const urls = [
      'http://oss.test/a.png?Expires=1&Signature=x%2f%2F%3',
      'http://oss.test/b.png?x-oss-process=image/resize,w_1%20e%cc&name=é%E8%AF%95+%',
      'https://OSS.test:443/c%20d.png?a=&&b',
    ];
    const { images } = outcome(parsed(envelope(urls))).outcome;
    expect(images.map(({ imageUrl }) => imageUrl)).toEqual(urls);
  });

  test(faultName(59), () => {
    const count = 6_000;
    const urls = Array.from({ length: count }, (_, k) => `http://oss.test/${k}.png?Signature=${'x'.repeat(400)}`);
    const done = outcome(parsed(envelope(urls)));
    const sent = done.events.flatMap((event) => (event.kind === 'images' ? event.images : []));
    expect(new Set(sent.map(({ id }) => id)).size).toBe(count);
    for (const event of done.events) {
      expect(jsonBytes(event)).toBeLessThanOrEqual(event.kind === 'images' ? limits.eventBytes : limits.resultBytes);
    }
    expect(done.outcome.images.length + (done.outcome.imagesOmitted ?? 0)).toBe(count);
    expect(done.outcome.imagesOmitted).toBeGreaterThan(0);
    expect(jsonBytes(statusOf(done.wait))).toBeLessThanOrEqual(limits.resultBytes);
  });
});

describe('durability', () => {
  test(faultName(63), () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(replies)),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 4_000_000 }),
        (reply, attempt, ageMs) => {
          const classification = classify(reply, tryOnApi, { taskId: 't-1', nowMs: startMs + ageMs });
          const at = { nowMs: startMs + ageMs, attempt, queries: 1, scheduledAtMs: startMs };
          const polled = { input: pollInputOf(), before: seen, policy: defaultPolicy, ...at };
          const once = () => decide(polled, reply, classification);
          expect(once()).toEqual(once());
        },
      ),
      { numRuns: 500, seed: Number(process.env.FC_SEED ?? 63) },
    );
  });

  test(faultName(66), () => {
    const { events } = outcome(
      aTask('running', [['finished', 'a'], ['running']]),
      aTask('finished', [
        ['finished', 'a'],
        ['finished', 'b'],
      ]),
    );
    const once = events.reduce((inbox, event) => receive(inbox, event).inbox, emptyInbox());
    const twice = events
      .flatMap((event, index) => [event, ...events.slice(0, index + 1)])
      .reduce((inbox, event) => receive(inbox, event).inbox, emptyInbox());
    expect(twice).toEqual(once);
    expect(once.tasks['t-1']?.images).toHaveLength(2);
  });

  test(faultName(70), () => {
    const run = runCrowd({
      dueMs: Array(10_000).fill(0),
      queriesPerSecond: 20,
      vendor: () => ({ kind: 'ended', status: 'finished' }),
    });
    expect(run.queries).toHaveLength(10_000);
    expect(maxIn(5_000, run.queries)).toBeLessThanOrEqual(110);
  });
});
