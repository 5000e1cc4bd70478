import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AccountThrottle,
  admitPoll,
  type EndedPoll,
  initialThrottle,
  observePoll,
  shareAt,
  throttleChange,
  throttleRules,
} from '../../src/poll/account-throttle.js';
import type { Classification } from '../../src/poll/classify.js';
import type { ErrorClass } from '../../src/poll/reply.js';
import type { RetryHint } from '../../src/poll/retry-hint.js';
import { maxIn, runCrowd } from '../support/crowd.js';
import { faultName } from '../support/fault-rows.js';

const minute = 60_000;
const hour = 60 * minute;
const running: Classification = { kind: 'pending', status: 'running' };
const finished: Classification = { kind: 'ended', status: 'finished' };
const pollError = (kind: ErrorClass | 'wrongTask', code = 'Http503', hint?: RetryHint): Classification => ({
  kind: 'error',
  class: kind,
  retries: 0,
  error: { layer: 'transport', code, message: 'no' },
  ...(hint === undefined ? {} : { hint }),
});
const away = pollError('transient');
const throttled = pollError('throttled', 'Http429');
const hinted = (delayMs: number, outOfRange?: string): RetryHint => ({
  delayMs,
  source: 'retryAfter',
  ...(outOfRange === undefined ? {} : { outOfRange }),
});
const polled = (classification: Classification, poll: Partial<EndedPoll> = {}): EndedPoll => ({
  taskId: 't-1',
  startedAtMs: poll.nowMs ?? 1_000,
  nowMs: 1_000,
  isProbe: false,
  classification,
  ...poll,
});
/** The throttle after each classification came from a task of its own, all at once. */
const throttleAfter = (classifications: readonly Classification[], nowMs = 1_000): AccountThrottle =>
  classifications.reduce(
    (throttle, classification, index) => observePoll(throttle, polled(classification, { taskId: `t-${index}`, nowMs })),
    initialThrottle,
  );
const outage = throttleAfter(Array(5).fill(away));
const rate = 20;
const ask = (
  throttle: AccountThrottle,
  nowMs: number,
  more: { taskId?: string; placeMs?: number; isFinal?: boolean } = {},
) => admitPoll(throttle, { taskId: 'newcomer', nowMs, ...more }, rate);

describe('a hint is shared by all waits of the account', () => {
  test.each<[string, Classification]>([
    ['Retry-After with a 503', pollError('transient', 'Http503', hinted(30_000))],
    ['Retry-After with a 429', pollError('throttled', 'Http429', hinted(30_000))],
    ['a ban told in words', pollError('throttled', 'ApiCallLimit', { delayMs: 30_000, source: 'message' })],
    ['a pause of the code itself', pollError('throttled', 'AppCallLimit', { delayMs: 30_000, source: 'code' })],
  ])('%s', (_name, classification) => {
    const throttle = throttleAfter([classification]);
    expect(ask(throttle, 2_000).deferUntilMs).toBe(31_000);
    expect(ask(throttle, 30_990).deferUntilMs).toBe(31_241);
    expect(ask(throttle, 31_000).deferUntilMs).toBeUndefined();
  });

  test('the longest of several holds', () => {
    const throttle = throttleAfter([30_000, 5_000].map((ms) => pollError('throttled', 'Http429', hinted(ms))));
    expect(throttle.pausedUntilMs).toBe(31_000);
  });

  test.each([0, -5_000])('a wish of %d ms is no pause', (delayMs) => {
    expect(throttleAfter([pollError('throttled', 'Http429', hinted(delayMs, 'odd'))]).pausedUntilMs).toBe(0);
  });

  test('a wish for a day silences the others for an hour', () => {
    const throttle = throttleAfter([
      pollError('throttled', 'Http429', hinted(24 * hour, 'retryAfter asks for 86400 s')),
    ]);
    expect(throttle.pausedUntilMs).toBe(1_000 + hour);
  });

  test('one that comes with a good answer concerns that task alone', () => {
    expect(throttleAfter([{ ...running, hint: hinted(30_000) }]).pausedUntilMs).toBe(0);
  });

  test('the last poll before a deadline is taken all the same; a good answer to it ends the pause, an older one does not', () => {
    const throttle = throttleAfter([pollError('transient', 'Http503', hinted(30_000))]);
    const last = ask(throttle, 5_000, { isFinal: true });
    expect(last.deferUntilMs).toBeUndefined();
    expect(observePoll(last.throttle, polled(running, { nowMs: 5_100, startedAtMs: 900 })).pausedUntilMs).toBe(31_000);
    expect(observePoll(last.throttle, polled(running, { nowMs: 5_100, startedAtMs: 5_000 })).pausedUntilMs).toBe(0);
  });
});

describe('a throttle without a hint halves the pace of the account', () => {
  const slow = throttleAfter([throttled]);

  test('and what was on its way already does not halve it again', () => {
    expect(shareAt(slow, 1_000)).toBe(0.5);
    const same = observePoll(slow, polled(throttled, { startedAtMs: 990, nowMs: 1_050 }));
    expect(shareAt(same, 1_000)).toBe(0.5);
    const again = observePoll(slow, polled(throttled, { startedAtMs: 1_001, nowMs: 1_050 }));
    expect(shareAt(again, 1_050)).toBeCloseTo(0.25, 2);
  });

  test('and no throttle brings it below its least', () => {
    let throttle = initialThrottle;
    for (let k = 1; k <= 20; k++) throttle = observePoll(throttle, polled(throttled, { nowMs: k }));
    expect(shareAt(throttle, 20)).toBe(throttleRules.minShare);
  });

  test('and it recovers slowly, whatever good answers come', () => {
    const good = observePoll(slow, polled(running, { nowMs: 1_100 }));
    expect(shareAt(good, 31_000)).toBe(0.75);
    expect(shareAt(good, 61_000)).toBe(1);
  });

  test('so that a crowd leaves at half the rate', () => {
    const starts: number[] = [];
    let throttle: AccountThrottle = { ...slow, slowdown: { share: 0.5, sinceMs: 1e12 } };
    for (let nowMs = 2_000; nowMs < 12_000; nowMs += 10) {
      const asked = ask(throttle, nowMs);
      ({ throttle } = asked);
      if (asked.deferUntilMs === undefined) starts.push(nowMs);
    }
    expect(starts.length).toBeGreaterThanOrEqual(100);
    expect(starts.length).toBeLessThanOrEqual(104);
  });
});

describe('an outage', () => {
  test('begins with errors of five tasks in a row', () => {
    expect(throttleAfter(Array(4).fill(away)).outage).toBeUndefined();
    expect(outage.outage).toMatchObject({ failures: 1, isProbing: false });
    expect(throttleAfter([away, away, away, running, away, away]).outage).toBeUndefined();
  });

  test.each<[string, Classification]>([
    ['a refusal', pollError('refused', '700')],
    ['an unknown task', pollError('notFound', 'NotFound')],
    ['a throttle', throttled],
    ['a wrong key', pollError('auth', 'InvalidAppKey')],
    ['a reply about another task', pollError('wrongTask', 'WrongTask')],
    ['an answer too large', pollError('transient', 'TooLarge')],
  ])('is no outage where the vendor does answer: %s', (_name, classification) => {
    expect(throttleAfter(Array(9).fill(classification)).outage).toBeUndefined();
  });

  test('is not what one task meets alone, however often', () => {
    let throttle = initialThrottle;
    for (let k = 0; k < 50; k++) throttle = observePoll(throttle, polled(away, { nowMs: k * 1000 }));
    expect(throttle.outage).toBeUndefined();
  });

  test('a key that cannot be read says nothing of the vendor', () => {
    expect(observePoll(outage, polled(pollError('auth', 'NoKey')))).toEqual(outage);
  });

  test('lets one poll through in each gap, and the others come after it by the pace of the budget', () => {
    const probeAtMs = outage.outage?.probeAtMs ?? 0;
    const first = ask(outage, 1_100);
    const second = ask(first.throttle, 1_100);
    expect(first.deferUntilMs).toBe(Math.ceil(probeAtMs));
    expect(second.deferUntilMs).toBe(Math.ceil(probeAtMs) + 50);
    const probe = ask(second.throttle, first.deferUntilMs ?? 0, { placeMs: first.deferUntilMs ?? 0 });
    expect(probe).toMatchObject({ isProbe: true });
    const meanwhile = ask(probe.throttle, second.deferUntilMs ?? 0, { placeMs: second.deferUntilMs ?? 0 });
    expect(meanwhile.deferUntilMs).toBeGreaterThanOrEqual((second.deferUntilMs ?? 0) + throttleRules.probeUnderwayMs);
  });

  test('doubles the gap with each probe that fails, up to a minute and its jitter', () => {
    let throttle = outage;
    const gaps: number[] = [];
    for (let nowMs = 10_000; gaps.length < 9; nowMs += 100_000) {
      const probe = ask(throttle, nowMs);
      expect(probe.isProbe).toBe(true);
      throttle = observePoll(probe.throttle, polled(away, { nowMs, isProbe: true }));
      gaps.push((throttle.outage?.probeAtMs ?? 0) - nowMs);
    }
    [2, 4, 8, 16, 32, 60, 60, 60, 60].forEach((seconds, index) => {
      expect(gaps[index]).toBeGreaterThanOrEqual(1000 * seconds);
      expect(gaps[index]).toBeLessThanOrEqual(1200 * seconds);
    });
  });

  test('is over with any answer; polls that were on their way, and last polls, change no gap', () => {
    expect(observePoll(outage, polled(away, { nowMs: 1_500 }))).toEqual(outage);
    for (const classification of [running, finished, throttled, pollError('notFound', 'NotFound')]) {
      expect(observePoll(outage, polled(classification)).outage).toBeUndefined();
    }
  });

  test('has a new probe at once where one was broken off, and soon where one died', () => {
    const { throttle } = ask(outage, 10_000);
    expect(ask(throttle, 10_100).deferUntilMs).toBe(10_100 + throttleRules.probeUnderwayMs);
    const { classification: _none, ...brokenOff } = polled(away, { nowMs: 10_200, isProbe: true });
    expect(ask(observePoll(throttle, brokenOff), 10_300)).toMatchObject({ isProbe: true });
    expect(ask(throttle, 10_000 + throttleRules.probeLeaseMs)).toMatchObject({ isProbe: true });
  });

  test(faultName(76, 'a newcomer probes soon, however often they have probed'), () => {
    let throttle = outage;
    let nowMs = 1_000;
    for (let probe = 0; probe < 12; probe++) {
      const { deferUntilMs = nowMs } = ask(throttle, nowMs, { taskId: 't-0' });
      nowMs = deferUntilMs;
      const admitted = ask(throttle, nowMs, { taskId: 't-0', placeMs: nowMs });
      expect(admitted.isProbe).toBe(true);
      throttle = observePoll(admitted.throttle, polled(away, { taskId: 't-0', nowMs, isProbe: true }));
    }
    expect(nowMs).toBeGreaterThan(5 * minute);
    expect((ask(throttle, nowMs, { taskId: 't-0' }).deferUntilMs ?? 0) - nowMs).toBeGreaterThan(30_000);
    expect((throttle.outage?.newcomerAtMs ?? 0) - nowMs).toBeLessThan(2_000);
  });
  test('tasks that failed while others were answered are no evidence for the next one, until they are answered', () => {
    const recovered = observePoll(outage, polled(running, { taskId: 'healthy' }));
    const again = (taskIds: readonly string[]) =>
      taskIds.reduce((throttle, taskId) => observePoll(throttle, polled(away, { taskId })), recovered);
    const same = ['t-0', 't-1', 't-2', 't-3', 't-4'];
    expect(again([...same, ...same]).outage).toBeUndefined();
    expect(again(['a', 'b', 'c', 'd', 'e']).outage).toBeDefined();
    const answered = same.reduce((throttle, taskId) => observePoll(throttle, polled(running, { taskId })), recovered);
    expect(answered.suspects).toEqual([]);
  });

  test('is told when it begins and when it ends', () => {
    expect(throttleChange(initialThrottle, outage)).toMatch(/unavailable/);
    expect(throttleChange(outage, observePoll(outage, polled(running)))).toMatch(/available again/);
    expect(throttleChange(initialThrottle, throttleAfter([throttled]))).toMatch(/throttles/);
    expect(throttleChange(outage, outage)).toBeUndefined();
  });
});

describe('a crowd', () => {
  const within = (throttle: ReturnType<typeof runCrowd>, budget: number) =>
    expect(maxIn(5_000, throttle.queries)).toBeLessThanOrEqual(Math.ceil(5.5 * budget));

  test('of 10,000 that comes at once is served by the pace of the budget, one poll each', () => {
    const run = runCrowd({ dueMs: Array(10_000).fill(0), queriesPerSecond: rate, vendor: () => finished });
    expect(run.queries).toHaveLength(10_000);
    within(run, rate);
    expect(Math.max(...run.endedMs.map(Number))).toBeLessThan(10_000 * 50 + 2_000);
    // A place in the line is nearly always good: few are told to come a third time.
    expect(run.held).toBeLessThan(11_000);
  });

  test('of 50 costs one poll for each gap of an outage of an hour, and is back within a gap and its own line', () => {
    const dueMs = Array.from({ length: 50 }, (_, index) => index * 700);
    const vendor = (atMs: number) => (atMs < hour ? away : finished);
    const run = runCrowd({ dueMs, queriesPerSecond: rate, vendor });
    const during = run.queries.filter((query) => query.atMs < hour);
    // Five to see it, some while the gaps grow to a minute, then one in each.
    expect(during.length).toBeLessThanOrEqual(5 + 6 + 60);
    const probes = during.filter((query) => query.isProbe);
    probes.slice(12).forEach((probe, index) => {
      expect(probe.atMs - (probes[index + 11]?.atMs ?? 0)).toBeGreaterThanOrEqual(60_000);
    });
    const back = run.queries.find((query) => query.atMs >= hour);
    expect(back?.isProbe).toBe(true);
    expect((back?.atMs ?? 0) - hour).toBeLessThanOrEqual(72_100);
    expect(run.endedMs.every((ended) => ended !== undefined)).toBe(true);
    expect(Math.max(...run.endedMs.map(Number))).toBeLessThanOrEqual((back?.atMs ?? 0) + 72_100);
    within(run, rate);
  });

  test('of 10,000 comes back from an outage by the pace of the budget', () => {
    const dueMs = Array.from({ length: 10_000 }, (_, index) => index % 1_000);
    const vendor = (atMs: number) => (atMs < 10 * minute ? away : finished);
    const run = runCrowd({ dueMs, queriesPerSecond: rate, vendor });
    within(run, rate);
    // Those of the first burst and on their way when the fifth errors came, six while the gap grows, then one in each.
    expect(run.queries.filter((query) => query.atMs < 10 * minute).length).toBeLessThanOrEqual(7 + 6 + 10);
    const backMs = run.queries.find((query) => query.atMs >= 10 * minute)?.atMs ?? 0;
    expect(backMs - 10 * minute).toBeLessThanOrEqual(72_100);
    expect(Math.max(...run.endedMs.map(Number)) - backMs).toBeLessThan(10_000 * 50 + 2 * minute);
  });

  test('is halved by a throttle as a whole', () => {
    let bans = 0;
    const vendor = (atMs: number): Classification => {
      if (atMs < 10_000 || bans > 0) return running;
      bans += 1;
      return throttled;
    };
    const dueMs = Array.from({ length: 100 }, (_, index) => index * 37);
    const until = 40_000;
    const run = runCrowd({ dueMs, queriesPerSecond: rate, vendor, deadlineMs: until, everyMs: 1_000 });
    const count = (from: number, to: number) =>
      run.queries.filter(({ atMs, isFinal }) => atMs >= from && atMs < to && !isFinal).length;
    expect(count(5_000, 10_000)).toBeGreaterThan(95);
    expect(count(10_500, 15_500)).toBeLessThan(65);
  });
});

describe('whatever comes', () => {
  const classifications: fc.Arbitrary<Classification> = fc.oneof(
    { weight: 4, arbitrary: fc.constant(running) },
    { weight: 2, arbitrary: fc.constant(finished) },
    { weight: 4, arbitrary: fc.constant(away) },
    fc.constantFrom(throttled, pollError('notFound', 'NotFound'), pollError('transient', 'TooLarge')),
    fc
      .tuple(fc.constantFrom('transient', 'throttled'), fc.integer({ min: -5, max: 90 }))
      .map(([kind, seconds]) => pollError(kind as ErrorClass, 'Http503', hinted(1000 * seconds))),
  );
  const crowds = fc.record({
    dueMs: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 }),
    queriesPerSecond: fc.constantFrom(1, 2, 5, 20, 1_000),
    course: fc.array(fc.tuple(classifications, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 12 }),
    latencyMs: fc.constantFrom(1, 50, 900, 15_000),
    deadlineMs: fc.constantFrom(30_000, 300_000),
  });
  const runs = 300 * Number(process.env.FC_RUNS ?? 1);

  test('the budget holds, orders are obeyed, an outage has one probe at a time, and nobody is forgotten', () => {
    fc.assert(
      fc.property(crowds, ({ course, ...crowd }) => {
        const answers = course.flatMap(([classification, times]) => Array<Classification>(times).fill(classification));
        const run = runCrowd({ ...crowd, vendor: (_at, query) => answers[query] ?? finished });
        const free = run.queries.filter((query) => !query.isFinal);
        // Waits whose time is up at the same moment take their last poll, whatever the budget says.
        expect(maxIn(5_000, free)).toBeLessThanOrEqual(Math.floor(5.25 * crowd.queriesPerSecond) + 1);
        const answerTo = (index: number): Classification => answers[index] ?? finished;
        const isGood = (classification: Classification) =>
          classification.kind !== 'error' || !['transient', 'throttled'].includes(classification.class);
        run.queries.forEach((ordered, index) => {
          const answer = answerTo(index);
          const delayMs = answer.kind === 'error' ? (answer.hint?.delayMs ?? 0) : 0;
          const fromMs = ordered.atMs + crowd.latencyMs;
          const inside = free.filter(
            ({ atMs }) => atMs > fromMs && atMs < Math.min(fromMs + delayMs - throttleRules.slackMs, crowd.deadlineMs),
          );
          for (const early of inside) {
            const lifted = run.queries.some(
              ({ atMs }, other) => atMs > fromMs && atMs + crowd.latencyMs <= early.atMs && isGood(answerTo(other)),
            );
            expect(lifted).toBe(true);
          }
        });
        run.queries.forEach((query, index) => {
          const later = run.queries[index + 1];
          if (query.isProbe && later?.isProbe) {
            expect(later.atMs - query.atMs).toBeGreaterThanOrEqual(Math.min(crowd.latencyMs, 1_000));
          }
        });
        expect(run.endedMs.filter((ended) => ended === undefined)).toEqual([]);
      }),
      { numRuns: runs, seed: Number(process.env.FC_SEED ?? 11) },
    );
  });

  test('a hold is always ahead, and JSON keeps the throttle', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), classifications, fc.boolean()), { maxLength: 60 }),
        (events) => {
          let throttle = initialThrottle;
          let nowMs = 1_000;
          events.forEach(([stepMs, classification, isFinal], index) => {
            nowMs += stepMs;
            const asked = admitPoll(throttle, { taskId: `t-${index}`, nowMs, isFinal }, rate);
            expect(JSON.parse(JSON.stringify(asked.throttle))).toEqual(asked.throttle);
            ({ throttle } = asked);
            if (asked.deferUntilMs !== undefined) {
              expect(isFinal).toBe(false);
              expect(asked.deferUntilMs - nowMs).toBeGreaterThan(throttleRules.slackMs);
              return;
            }
            const { isProbe } = asked;
            throttle = observePoll(throttle, {
              taskId: `t-${index}`,
              startedAtMs: nowMs,
              nowMs: nowMs + 10,
              isProbe,
              classification,
            });
          });
        },
      ),
      { numRuns: runs, seed: Number(process.env.FC_SEED ?? 12) },
    );
  });
});
