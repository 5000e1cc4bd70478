import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JobRecord } from '../../src/learning/learner.js';
import { type Learning, learningLimits, startLearning } from '../../src/learning/learning.js';
import type { WaitReader } from '../../src/learning/wait-reader.js';
import type { AttemptSeen } from '../../src/poll/attempt.js';
import { unpolled } from '../../src/poll/poll-state.js';
import { meanSeconds, priorModel, quantile } from '../../src/schedule/distribution.js';
import { vendorQueueRate } from '../../src/schedule/poll-cost.js';
import { scheduleCost } from '../../src/schedule/schedule.js';

const startMs = Date.parse('2026-01-31T12:00:00Z');
const accounts = [{ name: 'default', queriesPerSecond: 20 }];
const { tickMs } = learningLimits;

/** Jobs that took 9 to 12 s, submitted before the start. */
const jobs = (count: number, part: Partial<JobRecord> = {}): JobRecord[] =>
  Array.from({ length: count }, (_, k) => ({
    id: `job-${part.account ?? ''}-${k}`,
    account: 'default',
    api: 'tryon',
    atMs: startMs - 600_000 + k,
    lowSeconds: 8 + (k % 4),
    highSeconds: 10 + (k % 4),
    ...part,
  }));
const reader = (part: Partial<WaitReader> = {}): WaitReader => ({
  ended: async () => [],
  open: async () => [],
  openCount: async () => 10,
  started: async (windows) => windows.map((windowSeconds) => ({ windowSeconds, jobs: 0 })),
  ...part,
});
const open = (count: number) => ({ openCount: async () => count });
/** A steady stream of jobs that take as long as the prior says. */
const stream = (perSecond: number): Pick<WaitReader, 'started' | 'openCount'> => ({
  started: async (windows) => windows.map((windowSeconds) => ({ windowSeconds, jobs: perSecond * windowSeconds })),
  ...open(Math.round(perSecond * meanSeconds(priorModel))),
});
const attempt = (part: Partial<AttemptSeen> = {}): AttemptSeen => ({
  taskId: 'own',
  account: 'default',
  api: 'tryon',
  submittedAtMs: startMs,
  isFirst: false,
  isOnVendorQueue: true,
  dueAtMs: Date.now(),
  startedAtMs: Date.now(),
  endedAtMs: Date.now(),
  state: unpolled,
  ...part,
});

let learning: Learning | undefined;
const begin = (of: WaitReader | undefined, more: Partial<Parameters<typeof startLearning>[0]> = {}): Learning => {
  learning = startLearning({ accounts, prior: priorModel, ...(of && { reader: of }), ...more });
  return learning;
};
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: startMs });
});
afterEach(async () => {
  await learning?.stop();
  vi.useRealTimers();
});
/** Lets a publication happen. */
const pass = async (ticks: number): Promise<void> => {
  for (let k = 0; k < ticks; k++) {
    await vi.advanceTimersByTimeAsync(1.1 * tickMs);
    for (let n = 0; n < 20; n++) await new Promise(setImmediate);
  }
};

describe('durations', () => {
  test('go by the prior at first, then by what finished waits left', async () => {
    const { policy, ready } = begin(reader({ ended: async () => jobs(60) }));
    expect(policy('default').model).toBe(priorModel);
    await ready;
    expect(policy('default').model).toMatchObject({ source: 'learned', jobs: 60 });
    expect(quantile(policy('default').model, 0.5)).toBeCloseTo(10.5, 0);
  });

  test('go by the prior alone where nothing is to be learned, and the poll cost follows the load all the same', async () => {
    const { policy, ready } = begin(reader({ ended: async () => jobs(60), ...stream(4) }), { learns: false });
    await ready;
    expect(policy('default').model).toBe(priorModel);
    expect(policy('default').pollCostSeconds).toBeGreaterThan(0.9);
  });

  test('are learned from own polls where the server does not list, which is told once', async () => {
    const told: string[] = [];
    const refuse = async () => {
      throw new Error('PERMISSION_DENIED: not for you\n  at somewhere');
    };
    const log = { debug: () => undefined, info: (line: string) => told.push(line) };
    const own = begin(reader({ ended: refuse, started: refuse, openCount: refuse }), { log });
    await own.ready;
    for (let k = 0; k < 40; k++) {
      const submittedAtMs = startMs - 300_000;
      const state = { ...unpolled, pendingUntilMs: submittedAtMs + 9_000 };
      const end = { status: 'finished' } as const;
      own.onAttempt(attempt({ taskId: `own-${k}`, submittedAtMs, endedAtMs: submittedAtMs + 12_000, state, end }));
    }
    await pass(5);
    expect(own.policy('default').model).toMatchObject({ source: 'learned', jobs: 40 });
    expect(told).toHaveLength(3);
    expect(told.join('\n')).toMatch(/cannot read finished waits \(PERMISSION_DENIED: not for you\);/);
  });

  test('of another account, and of a number of sub-tasks, are distributions of their own', async () => {
    const slow = { account: 'slow', lowSeconds: 90, highSeconds: 100 };
    const many = { account: 'default', lowSeconds: 40, highSeconds: 44, subTasks: 8 };
    const records = [...jobs(60), ...jobs(60, slow), ...jobs(60, many).map((job) => ({ ...job, id: `${job.id}-8` }))];
    const both = [...accounts, { name: 'slow', queriesPerSecond: 20 }];
    const { policy, ready } = begin(reader({ ended: async () => records }), { accounts: both });
    await ready;
    expect(quantile(policy('slow').model, 0.5)).toBeGreaterThan(80);
    expect(quantile(policy('default', 8).model, 0.5)).toBeGreaterThan(35);
    expect(quantile(policy('default').model, 0.5)).toBeLessThan(35);
    expect(policy('unheard-of').model).toBe(priorModel);
  });

  test('are published at most every other tick, as the same object where nothing is new', async () => {
    let left = jobs(60);
    const { policy, ready } = begin(reader({ ended: async () => left.splice(0) }));
    await ready;
    const first = policy('default');
    await pass(4);
    expect(policy('default')).toBe(first);
    left = jobs(60, { lowSeconds: 30, highSeconds: 34 }).map((job) => ({
      ...job,
      id: `${job.id}-later`,
      atMs: startMs,
    }));
    await pass(12);
    expect(policy('default')).not.toBe(first);
  });
});

describe('the poll cost of a poll', () => {
  test('is the wanted one where the budget leaves it free', async () => {
    const { policy, ready } = begin(reader({ ...stream(0.5) }));
    await ready;
    expect(policy('default').pollCostSeconds).toBeCloseTo(0.5, 1);
  });

  test.each([4, 8])('at %d jobs/s makes polls fit the budget', async (perSecond) => {
    const { policy, ready } = begin(reader({ ...stream(perSecond) }));
    await ready;
    const { polls } = scheduleCost(policy('default'));
    expect(polls * perSecond).toBeLessThan(1.05 * vendorQueueRate(20));
    expect(polls * perSecond).toBeGreaterThan(0.9 * vendorQueueRate(20));
  });

  test('is that of the open jobs in a burst of starts, and after it', async () => {
    const steady = begin(reader(stream(4)));
    await steady.ready;
    const pollCost = steady.policy('default').pollCostSeconds;
    for (const perSecond of [20, 0]) {
      const burst = begin(reader({ ...stream(perSecond), ...open(4 * 77) }));
      await burst.ready;
      const [low, high] = [burst.policy('default').pollCostSeconds, pollCost].sort((one, other) => one - other);
      expect((high ?? 0) / (low ?? 1)).toBeLessThan(4);
    }
  });

  test('is shared out by account', async () => {
    const both = ['a', 'b'].map((name) => ({ name, queriesPerSecond: 20 }));
    const ended = async () => [...jobs(90, { account: 'a' }), ...jobs(10, { account: 'b' })];
    const { policy, ready } = begin(reader({ ...stream(40), ended }), { accounts: both });
    await ready;
    expect(policy('a').pollCostSeconds).toBeGreaterThan(policy('b').pollCostSeconds);
  });

  test("rises where polls come late, but not for what was due before the worker was there, nor on the workflows' queue", async () => {
    const own = begin(undefined);
    await own.ready;
    const before = own.policy('default').pollCostSeconds;
    for (let k = 0; k < 200; k++) own.onAttempt(attempt({ dueAtMs: startMs - 60_000 }));
    await pass(3);
    expect(own.policy('default').pollCostSeconds).toBe(before);
    for (let k = 0; k < 200; k++) own.onAttempt(attempt({ isOnVendorQueue: false, dueAtMs: Date.now() - 4_000 }));
    await pass(3);
    expect(own.policy('default').pollCostSeconds).toBe(before);
    for (let k = 0; k < 400; k++) own.onAttempt(attempt({ dueAtMs: Date.now() - 4_000 }));
    await pass(3);
    expect(own.policy('default').pollCostSeconds).toBeGreaterThan(1.5 * before);
  });

  test('goes by what this worker sees begin where the server does not count', async () => {
    const own = begin(undefined);
    await own.ready;
    await pass(1);
    for (let k = 0; k < 2_400; k++)
      own.onAttempt(attempt({ isFirst: true, startedAtMs: Date.now() + 1.1 * tickMs - k * 125 }));
    await pass(1);
    expect(own.policy('default').pollCostSeconds).toBeGreaterThan(2);
  });
});

test('an attempt that makes no sense harms nobody', async () => {
  const own = begin(undefined);
  await own.ready;
  expect(() => own.onAttempt({ state: undefined } as unknown as AttemptSeen)).not.toThrow();
});
