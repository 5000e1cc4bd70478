import { describe, expect, test } from 'vitest';
import { plotModel } from '../../src/cli/model-plot.js';
import type { JobRecord } from '../../src/learning/job-record.js';
import { modelReport } from '../../src/learning/report.js';
import { priorModel } from '../../src/schedule/distribution.js';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const job = (account: string, k: number): JobRecord => ({
  id: `${account}-${k}`,
  account,
  submittedAtMs: nowMs - 900_000 + k,
  lowSeconds: 8 + (k % 4),
  highSeconds: 10 + (k % 4),
});
const report = (records: JobRecord[]) => modelReport({ records, prior: priorModel, nowMs, queriesPerSecond: () => 20 });

describe('what finished waits teach', () => {
  test('is the prior where there are none', () => {
    const { records, groups } = report([]);
    expect(records).toBe(0);
    expect(groups).toMatchObject([{ account: 'default', jobs: 0, model: priorModel, pollCostSeconds: 0.5 }]);
    expect(groups[0]?.pollSeconds.length).toBeGreaterThan(5);
  });

  test('is reported by account', () => {
    const records = Array.from({ length: 120 }, (_, k) => job(k % 3 === 0 ? 'b' : 'a', k));
    const { groups } = report(records);
    expect(groups.map(({ account, jobs }) => [account, jobs])).toEqual([
      ['a', 80],
      ['b', 40],
    ]);
    expect(groups[0]?.model.source).toBe('learned');
    expect(groups[0]?.quantileSeconds.p50).toBeCloseTo(10.5, 0);
    expect(JSON.parse(JSON.stringify(groups))).toEqual(groups);
  });
});

describe('the plot', () => {
  const group = report(Array.from({ length: 60 }, (_, k) => job('default', k))).groups[0];
  const draw = (title: string) =>
    plotModel({ title, subtitle: 's', model: group?.model ?? priorModel, pollSeconds: group?.pollSeconds ?? [] });

  test('has a mark for each poll that is on it, and no number that is none', () => {
    const svg = draw('Durations');
    expect(svg).toMatch(/^<svg /);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    const polls = (group?.pollSeconds ?? []).filter((seconds) => seconds <= 1.1 * (group?.quantileSeconds.p95 ?? 0));
    expect(svg.match(/stroke="#c2410c"/g)?.length).toBeGreaterThanOrEqual(polls.length);
  });

  test('escapes its texts', () => {
    expect(draw('a<b & "c"')).toContain('a&lt;b &amp; "c"');
  });
});
