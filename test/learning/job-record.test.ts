import { describe, expect, test } from 'vitest';
import { jobRecord, type KnownJob } from '../../src/learning/job-record.js';

const t0 = Date.parse('2026-01-31T12:00:00Z');
const at = (seconds: number): number => t0 + seconds * 1000;
const job = (part: Partial<KnownJob>): KnownJob => ({
  taskId: '1',
  account: 'default',
  submittedAtMs: t0,
  ...part,
});
const task = { layer: 'task', code: 'failed', message: 'it failed' } as const;
const service = { layer: 'service', code: '700', message: 'invalid' } as const;

describe('what a wait teaches of durations', () => {
  test.each<{ name: string; part: Partial<KnownJob>; low: number; high: number | undefined }>([
    {
      name: 'finished: between the last poll that saw it open and the one that saw its end',
      part: { pendingUntilMs: at(20), end: { atMs: at(26), status: 'finished' } },
      low: 20,
      high: 26,
    },
    { name: 'over at the first poll', part: { end: { atMs: at(16), status: 'partial' } }, low: 0, high: 16 },
    {
      name: 'failed in its work: an end as well',
      part: { pendingUntilMs: at(3), end: { atMs: at(5), status: 'failed', error: task } },
      low: 3,
      high: 5,
    },
    {
      name: 'refused by the service: no end of work',
      part: { pendingUntilMs: at(3), end: { atMs: at(5), status: 'failed', error: service } },
      low: 3,
      high: undefined,
    },
    {
      name: 'timed out: open when last seen',
      part: { pendingUntilMs: at(60), end: { atMs: at(61), status: 'timeout' } },
      low: 60,
      high: undefined,
    },
    { name: 'still open', part: { pendingUntilMs: at(12) }, low: 12, high: undefined },
    {
      name: 'a clock that was behind at submission',
      part: { pendingUntilMs: at(-5), end: { atMs: at(-1), status: 'finished' } },
      low: 0,
      high: 0,
    },
  ])('$name', ({ part, low, high }) => {
    const record = jobRecord(job(part));
    expect(record).toMatchObject({ id: '1', account: 'default', lowSeconds: low });
    expect(record?.highSeconds).toBe(high);
  });

  test.each<{ name: string; part: Partial<KnownJob> }>([
    { name: 'never seen', part: {} },
    { name: 'unknown to the vendor', part: { end: { atMs: at(31), status: 'notFound' } } },
    { name: 'refused at once', part: { end: { atMs: at(1), status: 'failed', error: service } } },
    {
      name: 'found over by a wait that began late',
      part: { joinedAtMs: at(500), end: { atMs: at(501), status: 'finished' } },
    },
    { name: 'timed out unseen', part: { end: { atMs: at(60), status: 'timeout' } } },
  ])('nothing: $name', ({ part }) => {
    expect(jobRecord(job(part))).toBeUndefined();
  });

  test('of a wait that began late only the ages after it count', () => {
    const end = { atMs: at(560), status: 'finished' } as const;
    const record = jobRecord(job({ joinedAtMs: at(500), pendingUntilMs: at(530), end }));
    expect(record).toMatchObject({ fromSeconds: 500, lowSeconds: 530, highSeconds: 560 });
    expect(jobRecord(job({ joinedAtMs: at(0.4), pendingUntilMs: at(530), end }))?.fromSeconds).toBeUndefined();
  });

  test('of an open job it is known until when that holds: the next poll', () => {
    expect(jobRecord(job({ pendingUntilMs: at(10), nextPollAtMs: at(15) }))?.validUntilMs).toBe(at(20));
  });

  test('shows the phases: work began between two polls and is counted from their middle', () => {
    const record = jobRecord(
      job({
        queuedUntilMs: at(8),
        runningSeenAtMs: at(12),
        pendingUntilMs: at(30),
        end: { atMs: at(34), status: 'finished' },
      }),
    );
    expect(record).toMatchObject({
      queued: { lowSeconds: 8, highSeconds: 12 },
      running: { lowSeconds: 20, highSeconds: 24 },
    });
  });

  test('work that fell between two polls is within them', () => {
    const record = jobRecord(
      job({ queuedUntilMs: at(10), pendingUntilMs: at(10), end: { atMs: at(20), status: 'finished' } }),
    );
    expect(record).toMatchObject({
      queued: { lowSeconds: 10, highSeconds: 20 },
      running: { lowSeconds: 0, highSeconds: 5 },
    });
  });

  test('without words for the phases there are none', () => {
    const record = jobRecord(job({ pendingUntilMs: at(10), end: { atMs: at(20), status: 'finished' } }));
    expect(record?.queued).toBeUndefined();
    expect(record?.running).toBeUndefined();
  });
});
