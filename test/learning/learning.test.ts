import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FinishedWaits } from '../../src/learning/finished-waits.js';
import type { JobRecord } from '../../src/learning/job-record.js';
import { type Learning, type LearningOptions, learningSettings, startLearning } from '../../src/learning/learning.js';
import type { AttemptSeen } from '../../src/poll/attempt.js';
import { unpolled } from '../../src/poll/poll-state.js';
import { priorModel, quantile } from '../../src/schedule/distribution.js';

const startMs = Date.parse('2026-01-31T12:00:00Z');
const accounts = [{ name: 'default', queriesPerSecond: 20 }];
const { tickMs } = learningSettings;

/** Jobs that took 9 to 12 s, submitted before the start. */
const jobs = (count: number, part: Partial<JobRecord> = {}): JobRecord[] =>
  Array.from({ length: count }, (_, k) => ({
    id: `job-${part.account ?? ''}-${k}`,
    account: 'default',
    submittedAtMs: startMs - 600_000 + k,
    lowSeconds: 8 + (k % 4),
    highSeconds: 10 + (k % 4),
    ...part,
  }));
const finished = (records: readonly JobRecord[]) => async (): Promise<FinishedWaits> => ({ records, unread: 0 });
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
const begin = (more: Partial<LearningOptions> = {}): Learning => {
  learning = startLearning({ accounts, prior: priorModel, ...more });
  return learning;
};
/** Ends of 40 own jobs that took 9 to 12 s. */
const ownJobs = (own: Learning, part: Partial<AttemptSeen> = {}): void => {
  for (let k = 0; k < 40; k++) {
    const submittedAtMs = startMs - 300_000 + k;
    const state = { ...unpolled, pendingUntilMs: submittedAtMs + 9_000 };
    const end = { status: 'finished' } as const;
    own.onAttempt(
      attempt({ taskId: `own-${k}`, submittedAtMs, endedAtMs: submittedAtMs + 12_000, state, end, ...part }),
    );
  }
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

/** Ticks in which so many polls come so late. */
async function underLoad(
  own: Learning,
  ticks: number,
  { lagMs, polls = 200, ...part }: { lagMs: number; polls?: number } & Partial<AttemptSeen>,
): Promise<void> {
  const poll = { queries: 1 } as NonNullable<AttemptSeen['poll']>;
  for (let tick = 0; tick < ticks; tick++) {
    for (let k = 0; k < polls; k++)
      own.onAttempt(attempt({ startedAtMs: Date.now(), dueAtMs: Date.now() - lagMs, poll, ...part }));
    await pass(1);
  }
}

describe('durations', () => {
  test('go by the prior at first, then by finished waits, which are read once', async () => {
    const finishedWaits = vi.fn(finished(jobs(60)));
    const { policy, ready } = begin({ finishedWaits });
    expect(policy('default').model).toBe(priorModel);
    await ready;
    expect(policy('default').model).toMatchObject({ source: 'learned', jobs: 60 });
    expect(quantile(policy('default').model, 0.5)).toBeCloseTo(10.5, 0);
    await pass(10);
    expect(finishedWaits).toHaveBeenCalledTimes(1);
  });

  test('go by the prior alone if nothing is to be learned, and the poll cost follows the load all the same', async () => {
    const learns = begin({ finishedWaits: finished(jobs(60)), learns: false });
    await learns.ready;
    await pass(1);
    await underLoad(learns, 4, { lagMs: 4_000 });
    expect(learns.policy('default').model).toBe(priorModel);
    expect(learns.policy('default').pollCostSeconds).toBeGreaterThan(0.5);
  });

  test('are learned from own attempts if the server does not list, which is logged once', async () => {
    const lines: string[] = [];
    const refuse = async () => {
      throw new Error('PERMISSION_DENIED: not for you\n  at somewhere');
    };
    const log = { debug: () => undefined, info: (line: string) => lines.push(line) };
    const own = begin({ finishedWaits: refuse, pollsPerSecond: refuse, log });
    await own.ready;
    ownJobs(own);
    await pass(5);
    expect(own.policy('default').model).toMatchObject({ source: 'learned', jobs: 40 });
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/cannot read finished waits \(PERMISSION_DENIED: not for you\);/);
  });

  test('are learned from what could be read, and what could not is logged', async () => {
    const lines: string[] = [];
    const log = { debug: () => undefined, info: (line: string) => lines.push(line) };
    const finishedWaits = async () => ({ records: jobs(50), unread: 7, reason: 'DEADLINE_EXCEEDED' });
    const { policy, ready } = begin({ finishedWaits, log });
    await ready;
    expect(policy('default').model).toMatchObject({ jobs: 50 });
    expect(lines.join('\n')).toMatch(/cannot read 7 of the finished waits \(DEADLINE_EXCEEDED\)/);
  });

  test('ignore a wait that began long after its job was submitted and found it over', async () => {
    const own = begin();
    await own.ready;
    ownJobs(own, { isFirst: true, startedAtMs: startMs, endedAtMs: startMs + 200, state: unpolled });
    await pass(5);
    expect(own.policy('default').model).toBe(priorModel);
  });

  test('ignore waits that were cancelled: nobody polls their jobs again', async () => {
    const own = begin({ finishedWaits: finished(jobs(60)) });
    await own.ready;
    for (let k = 0; k < 60; k++) {
      const state = { ...unpolled, pendingUntilMs: startMs + 1_000, nextPollAtMs: startMs + 6_000 };
      own.onAttempt(attempt({ taskId: `cancelled-${k}`, submittedAtMs: startMs - 599_999, state }));
    }
    const { model } = own.policy('default');
    await pass(6);
    expect(own.policy('default').model).toEqual(model);
  });

  test('of another account are a distribution of their own', async () => {
    const slow = { account: 'slow', lowSeconds: 90, highSeconds: 100 };
    const both = [...accounts, { name: 'slow', queriesPerSecond: 20 }];
    const { policy, ready } = begin({ finishedWaits: finished([...jobs(60), ...jobs(60, slow)]), accounts: both });
    await ready;
    expect(quantile(policy('slow').model, 0.5)).toBeGreaterThan(80);
    expect(quantile(policy('default').model, 0.5)).toBeLessThan(35);
    expect(policy('unheard-of').model).toBe(priorModel);
  });

  test('are published at most every other tick, as the same object while nothing is new', async () => {
    const own = begin({ finishedWaits: finished(jobs(60)) });
    await own.ready;
    const first = own.policy('default');
    await pass(4);
    expect(own.policy('default')).toBe(first);
    ownJobs(own);
    await pass(2);
    expect(own.policy('default')).not.toBe(first);
  });
});

describe('the poll cost', () => {
  const costOf = (own: Learning): number => own.policy('default').pollCostSeconds;

  test('is 0.5 s while the budget is no limit', async () => {
    const own = begin({ pollsPerSecond: async () => 3 });
    await own.ready;
    await underLoad(own, 4, { lagMs: 10, polls: 20 });
    expect(costOf(own)).toBe(0.5);
  });

  test("rises if polls come late, but not for what was due before the worker was there, nor on the workflows' queue", async () => {
    const own = begin();
    await own.ready;
    await underLoad(own, 3, { lagMs: 0, dueAtMs: startMs - 60_000 });
    await underLoad(own, 3, { lagMs: 4_000, isOnVendorQueue: false });
    expect(costOf(own)).toBe(0.5);
    await underLoad(own, 6, { lagMs: 4_000 });
    expect(costOf(own)).toBeGreaterThan(0.75);
  });

  test('stays up while all workers together use the queue, and falls when they do not', async () => {
    let pollsPerSecond: number | undefined = 18.3;
    const own = begin({ pollsPerSecond: async () => pollsPerSecond });
    await own.ready;
    await pass(1);
    await underLoad(own, 6, { lagMs: 4_000 });
    await underLoad(own, 3, { lagMs: 50 });
    const high = costOf(own);
    expect(high).toBeGreaterThan(0.75);
    await underLoad(own, 6, { lagMs: 50 });
    expect(costOf(own)).toBe(high);
    pollsPerSecond = 2;
    await underLoad(own, 6, { lagMs: 50 });
    expect(costOf(own)).toBeLessThan(high);
  });

  test('goes by the budget that is in force on the queue, not by the settings', async () => {
    // Of a budget of 20 this is little, of one of 5 it is all.
    let inForce: number | undefined = 5;
    const own = begin({ pollsPerSecond: async () => 4.5, queriesPerSecond: () => inForce });
    await own.ready;
    await pass(1);
    await underLoad(own, 6, { lagMs: 4_000 });
    await underLoad(own, 3, { lagMs: 50 });
    const high = costOf(own);
    await underLoad(own, 6, { lagMs: 50 });
    expect(costOf(own)).toBe(high);
    inForce = undefined;
    await underLoad(own, 6, { lagMs: 50 });
    expect(costOf(own)).toBeLessThan(high);
  });

  test('goes by own polls if the server has no figures', async () => {
    const own = begin({ pollsPerSecond: async () => undefined });
    await own.ready;
    await pass(1);
    await underLoad(own, 6, { lagMs: 4_000 });
    await underLoad(own, 3, { lagMs: 50, polls: 350 });
    const high = costOf(own);
    await underLoad(own, 4, { lagMs: 50, polls: 350 });
    expect(costOf(own)).toBe(high);
    await underLoad(own, 4, { lagMs: 50, polls: 20 });
    expect(costOf(own)).toBeLessThan(high);
  });

  test('falls again without polls: the last lag does not count for ever', async () => {
    const own = begin();
    await own.ready;
    await pass(1);
    await underLoad(own, 4, { lagMs: 4_000 });
    expect(costOf(own)).toBeGreaterThan(0.5);
    await pass(30);
    expect(costOf(own)).toBe(0.5);
  });
});

test('an attempt that makes no sense does no harm', async () => {
  const own = begin(undefined);
  await own.ready;
  expect(() => own.onAttempt({ state: undefined } as unknown as AttemptSeen)).not.toThrow();
});
