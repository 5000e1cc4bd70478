import { describe, expect, test } from 'vitest';
import { drawSeconds } from '../../src/emulator/durations.js';
import { seededRandom } from '../../src/emulator/random.js';
import { learnModel } from '../../src/learning/estimate.js';
import type { JobRecord } from '../../src/learning/job-record.js';
import { createJobStore } from '../../src/learning/job-store.js';

import { priorModel, quantile } from '../../src/schedule/distribution.js';

const job = (id: string, atSeconds: number, part: Partial<JobRecord> = {}): JobRecord => ({
  id,
  account: 'default',
  submittedAtMs: 1000 * atSeconds,
  lowSeconds: 10,
  highSeconds: 15,
  ...part,
});
const open = { highSeconds: undefined } as unknown as Partial<JobRecord>;

describe('which jobs are learned from', () => {
  test('the end of a job takes the place of polls at it, and later polls or ends do not', () => {
    const store = createJobStore();
    store.add([job('1', 0, { ...open, lowSeconds: 4 })]);
    store.add([job('1', 0, { ...open, lowSeconds: 3 })]);
    expect(store.settled('default', 0, 0)).toMatchObject([{ lowSeconds: 4 }]);
    store.add([job('1', 0)]);
    store.add([job('1', 0, { lowSeconds: 0, highSeconds: 900 }), job('1', 0, { ...open, lowSeconds: 50 })]);
    expect(store.settled('default', 0, 0)).toMatchObject([{ lowSeconds: 10, highSeconds: 15 }]);
  });

  test('a second wait for the same submission keeps what the first one saw', () => {
    const store = createJobStore();
    store.add([job('1', 0, { ...open, lowSeconds: 60 }), job('1', 0, { lowSeconds: 0, highSeconds: 90 })]);
    expect(store.settled('default', 0, 0)).toMatchObject([{ lowSeconds: 60, highSeconds: 90 }]);
  });

  test('the latest 4,000 heard of are held', () => {
    const store = createJobStore();
    store.add(Array.from({ length: 4_000 }, (_, k) => job(`${k}`, 0, open)));
    store.add([job('0', 0), job('new', 0)]);
    const ids = store.settled('default', 0, 0).map(({ id }) => id);
    expect(ids).toHaveLength(4_000);
    expect(ids).toContain('0');
    expect(ids).not.toContain('1');
  });

  test('an open job that another worker polls, or that was cancelled, is left out after its next poll was due', () => {
    const store = createJobStore();
    store.add([job('1', 0, { ...open, validUntilMs: 60_000 }), job('2', 0)]);
    expect(store.settled('default', 0, 60_000)).toHaveLength(2);
    expect(store.settled('default', 0, 60_001).map(({ id }) => id)).toEqual(['2']);
  });

  test('those of the account', () => {
    const store = createJobStore();
    store.add([job('1', 0), job('2', 0, { account: 'shop' })]);
    expect(store.settled('shop', 0, 0).map(({ id }) => id)).toEqual(['2']);
  });

  test('those submitted long enough ago, by submission, with the open ones of their time', () => {
    const store = createJobStore();
    const old = Array.from({ length: 40 }, (_, k) => job(`old-${k}`, 100 + k));
    store.add([...old, job('slow', 110, open), job('new', 500), job('ancient', 1, open)].reverse());
    const settled = store.settled('default', 400_000, 0).map(({ id }) => id);
    expect(settled).toContain('slow');
    expect(settled).not.toContain('new');
    expect(settled).not.toContain('ancient');
    expect(settled[0]).toBe('old-0');
  });

  test('all, where hardly any have ended', () => {
    const store = createJobStore();
    store.add([job('1', 0), job('2', 300, open)]);
    expect(store.settled('default', 100_000, 0)).toHaveLength(2);
  });
});

describe('a batch of 200 jobs on top of 200 earlier ones, all by the same distribution', () => {
  const distribution = { medianSeconds: 40, p95Seconds: 120, tailWeight: 0 };
  const random = seededRandom(7, 'durations');
  const seen = (seconds: number, untilAge: number): Partial<JobRecord> => {
    const lowSeconds = 6 * Math.floor(Math.min(seconds, untilAge) / 6);
    return lowSeconds + 6 <= untilAge && seconds <= untilAge
      ? { lowSeconds, highSeconds: lowSeconds + 6 }
      : { ...open, lowSeconds };
  };
  const earlier = Array.from({ length: 200 }, (_, k) =>
    job(`e-${k}`, 5 * k, seen(drawSeconds(distribution, random), 10_000)),
  );
  const drawn = Array.from({ length: 200 }, () => drawSeconds(distribution, random));

  test.each([10, 30, 60, 120, 240])('%d s on, the median stays', (age) => {
    const store = createJobStore();
    const nowSeconds = 2_000 + age;
    store.add(earlier);
    // As their ends are heard of: the quickest first.
    const batch = drawn.map((seconds, k) => ({ seconds, record: job(`b-${k}`, 2_000, seen(seconds, age)) }));
    store.add(batch.sort((a, b) => a.seconds - b.seconds).map(({ record }) => record));
    const model = learnModel(store.settled('default', 1000 * (nowSeconds - 100), 0), priorModel);
    expect(quantile(model, 0.5)).toBeGreaterThan(0.85 * 40);
    expect(quantile(model, 0.5)).toBeLessThan(1.18 * 40);
  });
});
