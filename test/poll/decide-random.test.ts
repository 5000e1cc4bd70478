/** The pure core under random replies, in simulated time. A failure prints its seed and shrinks to few replies. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reply } from '../../src/poll/reply.js';
import { pollRules } from '../../src/poll/rules.js';
import { defaultPolicy, policyOf } from '../../src/schedule/schedule.js';
import {
  expectEventsHold,
  expectProgressHolds,
  expectQueriesHold,
  expectReceiverAgrees,
} from '../support/invariants.js';
import {
  aFault,
  anAnswer,
  aTask,
  gatewayError,
  replies,
  type SubTaskSketch,
  serviceError,
} from '../support/replies.js';
import { type Simulated, type Simulation, simulate, startMs } from '../support/simulate.js';

// More runs with another seed: FC_RUNS=10 FC_SEED=1 npx vitest run test/poll
const times = Number(process.env.FC_RUNS ?? 1);
const seedOf = (usual: number): number => Number(process.env.FC_SEED ?? usual);

const subTask: fc.Arbitrary<SubTaskSketch> = fc
  .tuple(
    fc.constantFrom('submitted', 'running', 'finished', 'failed', 'unknown'),
    fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 4 }),
  )
  .map(([status, names]) => [status, ...new Set(names)] as const);

const taskReply: fc.Arbitrary<Reply> = fc
  .record({
    status: fc.constantFrom('submitted', 'running', 'running', 'unknown', 'finished', 'failed'),
    sketches: fc.array(subTask, { maxLength: 4 }),
    version: fc.constantFrom('', 'Expires=1', 'Expires=2'),
    taskId: fc.constantFrom('t-1', 't-1', 't-1', 't-1', 'another'),
    retryAfter: fc.option(fc.constantFrom('3', '0', '-5', 'soon', '40', '86400'), { nil: undefined, freq: 8 }),
  })
  .map(({ status, sketches, version, taskId, retryAfter }) =>
    aTask(status, sketches, { version, taskId, answer: retryAfter === undefined ? {} : { retryAfter } }),
  );

const pollError: fc.Arbitrary<Reply> = fc.oneof(
  fc.constantFrom<Reply>(...Object.values(replies)),
  fc
    .tuple(fc.constantFrom(400, 401, 403, 404, 408, 429, 500, 503), fc.option(fc.constantFrom('2', '15', '-1', 'x')))
    .map(([httpStatus, retryAfter]) =>
      aFault(`Http${httpStatus}`, { httpStatus, ...(retryAfter === null ? {} : { retryAfter }) }),
    ),
  fc.constantFrom('NoResource', 'ApiCallLimit', 'NeverSeen', 'constructor').map((code) => gatewayError(code)),
  fc.constantFrom('500', '501', '701', '1001', '__proto__').map((code) => serviceError(code)),
  fc.constant(anAnswer()),
);

// Runs of one reply, since many rules count replies in a row.
const course: fc.Arbitrary<Reply[]> = fc
  .array(fc.tuple(fc.oneof({ weight: 3, arbitrary: taskReply }, { weight: 2, arbitrary: pollError }), fc.nat(5)), {
    minLength: 1,
    maxLength: 12,
  })
  .map((runs) => runs.flatMap(([reply, times]) => Array.from({ length: times + 1 }, () => reply)));

const policies = [
  defaultPolicy,
  policyOf({ pollCostSeconds: 0.02 }),
  policyOf({ pollCostSeconds: 4, jitterShare: 0.1 }),
  policyOf({ floorMs: 3_000, ceilingMs: 20_000 }),
];

const simulation: fc.Arbitrary<Simulation> = fc
  .record({
    course,
    timeoutSeconds: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 90, max: 4_000 }), fc.constant(61.5)),
    ageSeconds: fc.oneof(fc.constant(0), fc.integer({ min: -200, max: 3_000 })),
    policy: fc.constantFrom(...policies),
    latencies: fc.array(fc.constantFrom(0, 5, 80, 400, 2_000), { minLength: 1, maxLength: 5 }),
    lags: fc.array(fc.constantFrom(0, 0, 3, 50), { minLength: 1, maxLength: 5 }),
    twice: fc.constantFrom(0, 0, 3, 7),
  })
  .map(({ course: replies, timeoutSeconds, ageSeconds, policy, latencies, lags, twice }) => ({
    input: {
      timeoutSeconds,
      submittedAt: new Date(startMs - ageSeconds * 1000).toISOString(),
      expectedImages: 4,
    },
    policy,
    vendor: (index) => replies[Math.min(index, replies.length - 1)] as Reply,
    latencyMs: (index) => latencies[index % latencies.length] as number,
    lagMs: (index) => lags[index % lags.length] as number,
    requests: (index) => (twice > 0 && index % twice === 0 ? 2 : 1),
  }));

const slack = 251;

function expectAllHolds(done: Simulated, { policy }: Simulation): void {
  expectEventsHold(done.events, done.wait);
  expectReceiverAgrees(done.events, done.wait);
  expectQueriesHold(done, policy, slack);
  expectProgressHolds(done.states);
}

test('whatever the vendor answers, each image is told once, each query is counted and in its time, and there is one outcome', () => {
  fc.assert(
    fc.property(simulation, (given) => expectAllHolds(simulate(given), given)),
    { numRuns: 1_500 * times, seed: seedOf(20260131) },
  );
});

test('the random courses lead to every kind of end and event', () => {
  const seen = new Set<string>();
  for (const given of fc.sample(simulation, { numRuns: 400, seed: 20260131 })) {
    const done = simulate(given);
    seen.add(done.wait.end?.status ?? 'none');
    for (const { kind } of done.events) seen.add(kind);
    for (const { decision } of done.queries) if (decision.kind === 'retry') seen.add(decision.why);
  }
  expect([...seen].sort()).toEqual(
    [
      ...['finished', 'partial', 'failed', 'timeout', 'notFound'],
      ...['images', 'blocked', 'unblocked', 'outcome'],
      ...['schedule', 'backoff', 'hint', 'blocked', 'recheck', 'final poll'],
    ]
      .filter((one, index, all) => all.indexOf(one) === index)
      .sort(),
  );
});

test('the time that a task was last seen unfinished is rebuilt from attempt number and times', () => {
  const plain = fc.record({
    policy: fc.constantFrom(...policies),
    polls: fc.integer({ min: 1, max: 60 }),
    latency: fc.constantFrom(0, 100, 900),
    timeoutSeconds: fc.integer({ min: 20, max: 4_000 }),
  });
  fc.assert(
    fc.property(plain, ({ policy, polls, latency, timeoutSeconds }) => {
      const done = simulate({
        input: { timeoutSeconds },
        policy,
        vendor: (index) => (index < polls ? replies.running : replies.finished),
        latencyMs: () => latency,
      });
      const seen = done.queries
        .filter((query) => query.classification.kind === 'pending')
        .map((query) => query.atMs + latency);
      const { pendingUntilMs } = done.wait.poll;
      expect(Math.abs((pendingUntilMs ?? 0) - (seen.at(-1) ?? 0))).toBeLessThanOrEqual(60);
      expect(done.wait.poll.runningSeenAtMs).toBe(seen[0]);
      // One heartbeat when the task is first seen, one when the last poll is brought to the deadline.
      expect(done.heartbeats).toBeLessThanOrEqual(2);
    }),
    { numRuns: 300 * times, seed: seedOf(7) },
  );
});

test('the last poll is at the deadline, and none falls within the floor before it', () => {
  const unending = fc.record({
    reply: fc.constantFrom(
      replies.running,
      replies.submitted,
      replies.unreachable,
      replies.badKey,
      replies.banned,
      replies.throttled,
      replies.wrongTask,
      replies.empty,
    ),
    policy: fc.constantFrom(...policies),
    timeoutMs: fc.integer({ min: 1_000, max: 900_000 }),
    ageMs: fc.integer({ min: -290_000, max: 900_000 }),
  });
  fc.assert(
    fc.property(unending, ({ reply, policy, timeoutMs, ageMs }) => {
      const { queries, wait } = simulate({
        input: {
          timeoutSeconds: timeoutMs / 1000,
          submittedAt: new Date(startMs - ageMs).toISOString(),
        },
        policy,
        vendor: () => reply,
      });
      if (wait.end?.status !== 'timeout') return;
      const { deadlineMs } = wait;
      expect(queries.at(-1)?.atMs).toBeGreaterThanOrEqual(deadlineMs - pollRules.dueSlackMs);
      expect(queries.at(-1)?.atMs).toBeLessThanOrEqual(deadlineMs);
      // A task that is old is polled as the wait starts, however short the wait.
      const isPlanned = (query: { atMs: number }) => query.atMs > startMs;
      const near = queries.slice(0, -1).filter((query) => isPlanned(query) && query.atMs > deadlineMs - policy.floorMs);
      expect(near.map((query) => deadlineMs - query.atMs)).toEqual([]);
    }),
    { numRuns: 400 * times, seed: seedOf(11) },
  );
});
