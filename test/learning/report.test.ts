import { describe, expect, test } from 'vitest';
import { plotModel } from '../../src/cli/model-plot.js';
import type { JobRecord } from '../../src/learning/learner.js';
import { modelReport, tellingGroups } from '../../src/learning/report.js';
import { priorModel } from '../../src/schedule/distribution.js';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const job = (account: string, k: number, subTasks: number): JobRecord => ({
  id: `${account}-${k}`,
  account,
  api: 'tryon',
  subTasks,
  atMs: nowMs - 900_000 + k,
  lowSeconds: 8 + (k % 4),
  highSeconds: 10 + (k % 4),
});
const report = (records: JobRecord[], jobsPerSecond = 0) =>
  modelReport({
    records,
    prior: priorModel,
    // As many as a steady stream of such jobs leaves open.
    openCount: 13 * jobsPerSecond,
    nowMs,
    counts: [{ windowSeconds: 600, jobs: 600 * jobsPerSecond }],
    queriesPerSecond: () => 20,
  });

describe('what finished waits teach', () => {
  test('is the prior where there are none', () => {
    const { records, groups } = report([]);
    expect(records).toBe(0);
    expect(groups).toMatchObject([{ account: 'default', jobs: 0, model: priorModel, jobsPerSecond: 0 }]);
    expect(groups[0]?.pollSeconds.length).toBeGreaterThan(5);
  });

  test('is told by account, then by number of sub-tasks', () => {
    const records = Array.from({ length: 120 }, (_, k) => job(k % 3 === 0 ? 'b' : 'a', k, k % 2 === 0 ? 2 : 4));
    const { groups } = report(records, 6);
    expect(groups.map(({ account, subTasks }) => [account, subTasks])).toEqual([
      ['a', undefined],
      ['a', 2],
      ['a', 4],
      ['b', undefined],
      ['b', 2],
      ['b', 4],
    ]);
    const [a, a2, , b] = groups;
    expect(a).toMatchObject({ jobs: 80, jobsPerSecond: 4, model: { source: 'learned' } });
    expect(a?.quantileSeconds.p50).toBeCloseTo(10.5, 0);
    expect(a2?.pollCostSeconds).toBe(a?.pollCostSeconds);
    expect(b?.jobsPerSecond).toBe(2);
    expect(JSON.parse(JSON.stringify(groups))).toEqual(groups);
  });
});

test('the block of a number of sub-tasks is left out while nothing was learned of it', () => {
  const { groups } = report(Array.from({ length: 120 }, (_, k) => job('a', k, k % 2 === 0 ? 2 : 4)));
  expect(tellingGroups(groups)).toEqual(groups);
  const [whole] = groups;
  const alike = whole === undefined ? [] : [whole, { ...whole, subTasks: 1, jobs: 1 }];
  expect(tellingGroups(alike)).toEqual([whole]);
});

describe('the plot', () => {
  const group = report(Array.from({ length: 60 }, (_, k) => job('default', k, 2))).groups[0];
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
