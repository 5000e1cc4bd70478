import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { priorFrom, priorModel } from '../../src/schedule/distribution.js';
import { jitterOf } from '../../src/schedule/jitter.js';
import {
  firstPollMs,
  nextPoll,
  policyOf,
  pollTimes,
  previousPoll,
  type SchedulePolicy,
  scheduleCost,
} from '../../src/schedule/schedule.js';

// Distribution A: the prior itself. Least costs by an exact programme on a 0.25 s grid under the same floor and ceiling.
const known = [
  { pollCostSeconds: 0.5, first: [18.5, 25.5, 31.7, 37.6, 43.4], polls: 7.91, delaySeconds: 3.73 },
  { pollCostSeconds: 1, first: [21.8, 30.8, 39.1, 47.2, 55.2], polls: 5.78, delaySeconds: 5.23 },
  { pollCostSeconds: 2, first: [26, 38, 49.3, 60.6, 72.1], polls: 4.26, delaySeconds: 7.37 },
];

const models = [
  priorModel,
  priorFrom({ medianSeconds: 40, p95Seconds: 60, tailWeight: 0.01 }),
  priorFrom({ medianSeconds: 3, p95Seconds: 8 }),
  priorFrom({ medianSeconds: 400, p95Seconds: 900, horizonSeconds: 7200 }),
  {
    ...priorModel,
    binWeights: Array.from(
      { length: 67 },
      (_, bin) => Math.exp(-0.5 * ((bin - 28) / 3) ** 2) + 0.7 * Math.exp(-0.5 * ((bin - 43) / 2) ** 2) + 0.001,
    ),
  },
];
const policies = models.flatMap((model) => [
  policyOf({ model }),
  policyOf({ model, pollCostSeconds: 0.02, jitterShare: 0.1 }),
  policyOf({ model, pollCostSeconds: 60, jitterShare: 0 }),
  policyOf({ model, pollCostSeconds: 2, floorMs: 5000, ceilingMs: 20_000 }),
]);
const aPolicy = fc.constantFrom<SchedulePolicy>(...policies);
const anAge = fc.integer({ min: 0, max: 4_000_000 });
const aJitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the schedule of a known distribution', () => {
  test.each(known)('costs what the exact optimum costs at a poll cost of $pollCostSeconds s', (row) => {
    const policy = policyOf({ pollCostSeconds: row.pollCostSeconds });
    for (const [k, time] of row.first.entries()) expect(pollTimes(policy)[k]).toBeCloseTo(time, 0);
    const cost = scheduleCost(policy);
    expect(cost.polls).toBeCloseTo(row.polls, 1);
    expect(cost.delaySeconds).toBeCloseTo(row.delaySeconds, 1);
  });

  test('asks a job without memory at equal gaps', () => {
    // An exponential distribution has no lognormal form; far out, the evenly spread tail is nearly memoryless for one gap.
    const times = pollTimes(policyOf({ pollCostSeconds: 0.1 })).filter((time) => time > 600 && time < 700);
    const gaps = times.slice(1).map((time, k) => time - (times[k] as number));
    expect(Math.max(...gaps) / Math.min(...gaps)).toBeLessThan(1.1);
  });

  test('polls less often where a poll is dearer', () => {
    const polls = [0.02, 0.1, 0.5, 2, 10].map((pollCostSeconds) => scheduleCost(policyOf({ pollCostSeconds })).polls);
    expect(polls).toEqual([...polls].sort((a, b) => b - a));
  });

  test('keeps to the ceiling beyond the horizon', () => {
    expect(nextPoll({ ageMs: 2_000_000, policy: policyOf(), jitter: 0.5 })).toEqual({ delayMs: 60_000 });
  });
});

describe('one poll after another', () => {
  test('every gap lies between floor and ceiling', () => {
    fc.assert(
      fc.property(aPolicy, anAge, aJitter, (policy, ageMs, jitter) => {
        const { delayMs } = nextPoll({ ageMs, policy, jitter });
        expect(delayMs).toBeGreaterThanOrEqual(policy.floorMs);
        expect(delayMs).toBeLessThanOrEqual(policy.ceilingMs);
      }),
    );
  });

  test('a later poll is never followed by an earlier next one', () => {
    fc.assert(
      fc.property(aPolicy, anAge, fc.integer({ min: 0, max: 5000 }), aJitter, (policy, ageMs, laterMs, jitter) => {
        const next = ageMs + nextPoll({ ageMs, policy, jitter }).delayMs;
        const later = ageMs + laterMs + nextPoll({ ageMs: ageMs + laterMs, policy, jitter }).delayMs;
        expect(later).toBeGreaterThanOrEqual(next);
      }),
    );
  });

  test('the poll before is found again from the age of a poll', () => {
    fc.assert(
      fc.property(aPolicy, anAge, aJitter, (policy, ageMs, jitter) => {
        const before = previousPoll({ ageMs, policy, jitter });
        if (before === undefined) {
          expect(ageMs).toBeLessThanOrEqual(firstPollMs(policy, jitter) + 1);
          return;
        }
        const { delayMs } = nextPoll({ ageMs: before, policy, jitter });
        expect(Math.abs(before + delayMs - ageMs)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('jitter moves a gap by its share at most', () => {
    const policy = policyOf();
    const plain = nextPoll({ ageMs: 30_000, policy, jitter: 0.5 }).delayMs;
    expect(nextPoll({ ageMs: 30_000, policy, jitter: 0 }).delayMs).toBeCloseTo(plain * 0.97, -1);
    expect(nextPoll({ ageMs: 30_000, policy, jitter: 0.999 }).delayMs).toBeCloseTo(plain * 1.03, -1);
  });
});

describe('phases', () => {
  const queued = priorFrom({ medianSeconds: 10, p95Seconds: 60 });
  const running = priorFrom({ medianSeconds: 28, p95Seconds: 40, tailWeight: 0.01 });
  const model = { ...priorModel, phases: { queued, running } };
  const policy = policyOf({ model });
  const delay = (part: Partial<Parameters<typeof nextPoll>[0]>): number =>
    nextPoll({ ageMs: 200_000, policy, jitter: 0.5, ...part }).delayMs;

  test('a job that just began to run is left alone until its end is near', () => {
    expect(delay({ phase: 'running', phaseForMs: 0 })).toBeGreaterThan(15_000);
    expect(delay({ phase: 'running', phaseForMs: 28_000 })).toBeLessThan(5000);
  });

  test('the less is known of its beginning, the sooner it is polled', () => {
    const delays = [0, 10_000, 20_000, 40_000].map((phaseGapMs) =>
      delay({ phase: 'running', phaseForMs: phaseGapMs / 2, phaseGapMs }),
    );
    expect(delays).toEqual([...delays].sort((a, b) => b - a));
  });

  test.each([
    ['a phase that is not known', { phase: 'unknown' as const }],
    ['a beginning that is not known', { phase: 'running' as const }],
  ])('%s counts by the age alone', (_name, part) => {
    expect(delay(part)).toBe(nextPoll({ ageMs: 200_000, policy: policyOf(), jitter: 0.5 }).delayMs);
  });

  test('a model without phases does not care for them', () => {
    expect(delay({ policy: policyOf(), phase: 'running', phaseForMs: 5 })).toBe(delay({ policy: policyOf() }));
  });

  test('the poll before is found again in each phase', () => {
    const phase = fc.constantFrom('submitted' as const, 'running' as const);
    fc.assert(
      fc.property(phase, anAge, fc.integer({ min: 0, max: 200_000 }), aJitter, (of, age, phaseForMs, jitter) => {
        const ageMs = age + phaseForMs;
        const input = { ageMs, policy, jitter, phase: of, phaseForMs, phaseGapMs: 7000 };
        const before = previousPoll(input);
        if (before === undefined) return;
        const { delayMs } = nextPoll({ ...input, ageMs: before, phaseForMs: phaseForMs - (ageMs - before) });
        expect(Math.abs(before + delayMs - ageMs)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('jitter from a task', () => {
  test('is the same for the same task and attempt', () => {
    expect(jitterOf('task-1', 3)).toBe(jitterOf('task-1', 3));
  });

  test.each(['attempts of one task', 'first attempts of numbered tasks'])('spreads evenly over %s', (what) => {
    const counts = new Array<number>(10).fill(0);
    for (let k = 0; k < 10_000; k++) {
      const place = Math.floor(10 * (what.startsWith('attempts') ? jitterOf('task-1', k) : jitterOf(`task-${k}`, 1)));
      counts[place] = (counts[place] ?? Number.NaN) + 1;
    }
    // 1000 expected in each, standard deviation 30
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
