import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { priorFrom, priorModel } from '../../src/schedule/distribution.js';
import { jitterOf } from '../../src/schedule/jitter.js';
import {
  firstLookMs,
  looksBetween,
  lookTimes,
  nextLook,
  policyOf,
  previousLook,
  type SchedulePolicy,
  scheduleCost,
} from '../../src/schedule/schedule.js';

// Law A: the prior itself. Least costs by an exact programme on a 0.25 s grid under the same floor and ceiling.
const known = [
  { priceSeconds: 0.5, first: [18.5, 25.5, 31.7, 37.6, 43.4], looks: 7.91, delaySeconds: 3.73 },
  { priceSeconds: 1, first: [21.8, 30.8, 39.1, 47.2, 55.2], looks: 5.78, delaySeconds: 5.23 },
  { priceSeconds: 2, first: [26, 38, 49.3, 60.6, 72.1], looks: 4.26, delaySeconds: 7.37 },
];

const models = [
  priorModel,
  priorFrom({ medianSeconds: 40, p95Seconds: 60, stuckShare: 0.01 }),
  priorFrom({ medianSeconds: 3, p95Seconds: 8 }),
  priorFrom({ medianSeconds: 400, p95Seconds: 900, horizonSeconds: 7200 }),
  {
    ...priorModel,
    modes: [
      { share: 0.6, logMedian: Math.log(15), logSpread: 0.3 },
      { share: 0.4, logMedian: Math.log(90), logSpread: 0.25 },
    ],
  },
];
const policies = models.flatMap((model) => [
  policyOf({ model }),
  policyOf({ model, priceSeconds: 0.02, jitterShare: 0.1 }),
  policyOf({ model, priceSeconds: 60, jitterShare: 0 }),
  policyOf({ model, priceSeconds: 2, floorMs: 5000, ceilingMs: 20_000 }),
]);
const aPolicy = fc.constantFrom<SchedulePolicy>(...policies);
const anAge = fc.integer({ min: 0, max: 4_000_000 });
const aJitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the schedule of a known law', () => {
  test.each(known)('costs what the exact optimum costs at a price of $priceSeconds s', (row) => {
    const policy = policyOf({ priceSeconds: row.priceSeconds });
    for (const [k, time] of row.first.entries()) expect(lookTimes(policy)[k]).toBeCloseTo(time, 0);
    const cost = scheduleCost(policy);
    expect(cost.looks).toBeCloseTo(row.looks, 1);
    expect(cost.delaySeconds).toBeCloseTo(row.delaySeconds, 1);
  });

  test('asks a job without memory at equal gaps', () => {
    // An exponential law has no lognormal form; far out, the evenly spread stuck jobs are nearly memoryless for one gap.
    const times = lookTimes(policyOf({ priceSeconds: 0.1 })).filter((time) => time > 600 && time < 700);
    const gaps = times.slice(1).map((time, k) => time - (times[k] as number));
    expect(Math.max(...gaps) / Math.min(...gaps)).toBeLessThan(1.1);
  });

  test('looks less often where a look is dearer', () => {
    const looks = [0.02, 0.1, 0.5, 2, 10].map((priceSeconds) => scheduleCost(policyOf({ priceSeconds })).looks);
    expect(looks).toEqual([...looks].sort((a, b) => b - a));
  });

  test('keeps to the ceiling beyond the horizon', () => {
    expect(nextLook({ ageMs: 2_000_000, policy: policyOf(), jitter: 0.5 })).toEqual({ delayMs: 60_000 });
  });
});

describe('one look after another', () => {
  test('every gap lies between floor and ceiling', () => {
    fc.assert(
      fc.property(aPolicy, anAge, aJitter, (policy, ageMs, jitter) => {
        const { delayMs } = nextLook({ ageMs, policy, jitter });
        expect(delayMs).toBeGreaterThanOrEqual(policy.floorMs);
        expect(delayMs).toBeLessThanOrEqual(policy.ceilingMs);
      }),
    );
  });

  test('a later look is never followed by an earlier next one', () => {
    fc.assert(
      fc.property(aPolicy, anAge, fc.integer({ min: 0, max: 5000 }), aJitter, (policy, ageMs, laterMs, jitter) => {
        const next = ageMs + nextLook({ ageMs, policy, jitter }).delayMs;
        const later = ageMs + laterMs + nextLook({ ageMs: ageMs + laterMs, policy, jitter }).delayMs;
        expect(later).toBeGreaterThanOrEqual(next);
      }),
    );
  });

  test('the look before is found again from the age of a look', () => {
    fc.assert(
      fc.property(aPolicy, anAge, aJitter, (policy, ageMs, jitter) => {
        const before = previousLook({ ageMs, policy, jitter });
        if (before === undefined) {
          expect(ageMs).toBeLessThanOrEqual(firstLookMs(policy, jitter) + 1);
          return;
        }
        const { delayMs } = nextLook({ ageMs: before, policy, jitter });
        expect(Math.abs(before + delayMs - ageMs)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('jitter moves a gap by its share at most', () => {
    const policy = policyOf();
    const plain = nextLook({ ageMs: 30_000, policy, jitter: 0.5 }).delayMs;
    expect(nextLook({ ageMs: 30_000, policy, jitter: 0 }).delayMs).toBeCloseTo(plain * 0.97, -1);
    expect(nextLook({ ageMs: 30_000, policy, jitter: 0.999 }).delayMs).toBeCloseTo(plain * 1.03, -1);
  });

  test('the looks between two ages are counted', () => {
    const policy = policyOf({ jitterShare: 0 });
    const times = lookTimes(policy);
    expect(looksBetween({ fromMs: 0, toMs: (times[4] as number) * 1000 + 1, policy })).toBe(5);
  });
});

describe('phases', () => {
  const queued = priorFrom({ medianSeconds: 10, p95Seconds: 60 });
  const running = priorFrom({ medianSeconds: 28, p95Seconds: 40, stuckShare: 0.01 });
  const finishing = priorFrom({ medianSeconds: 4, p95Seconds: 8, stuckShare: 0.01 });
  const model = { ...priorModel, phases: { queued, running, finishing } };
  const policy = policyOf({ model });
  const delay = (part: Partial<Parameters<typeof nextLook>[0]>): number =>
    nextLook({ ageMs: 200_000, policy, jitter: 0.5, ...part }).delayMs;

  test('a job that just began to run is left alone until its end is near', () => {
    expect(delay({ phase: 'running', phaseForMs: 0 })).toBeGreaterThan(15_000);
    expect(delay({ phase: 'running', phaseForMs: 28_000 })).toBeLessThan(5000);
  });

  test('the less is known of its beginning, the sooner it is looked at', () => {
    const delays = [0, 10_000, 20_000, 40_000].map((phaseGapMs) =>
      delay({ phase: 'running', phaseForMs: phaseGapMs / 2, phaseGapMs }),
    );
    expect(delays).toEqual([...delays].sort((a, b) => b - a));
  });

  test('a job whose first images are there is looked at soon', () => {
    expect(delay({ phase: 'finishing', phaseForMs: 0 })).toBeLessThan(5000);
  });

  test.each([
    ['a phase that is not known', { phase: 'unknown' as const }],
    ['a beginning that is not known', { phase: 'running' as const }],
  ])('%s counts by the age alone', (_name, part) => {
    expect(delay(part)).toBe(nextLook({ ageMs: 200_000, policy: policyOf(), jitter: 0.5 }).delayMs);
  });

  test('a model without phases does not care for them', () => {
    expect(delay({ policy: policyOf(), phase: 'running', phaseForMs: 5 })).toBe(delay({ policy: policyOf() }));
  });

  test('the look before is found again in each phase', () => {
    const phase = fc.constantFrom('submitted' as const, 'running' as const, 'finishing' as const);
    fc.assert(
      fc.property(phase, anAge, fc.integer({ min: 0, max: 200_000 }), aJitter, (of, age, phaseForMs, jitter) => {
        const ageMs = age + phaseForMs;
        const input = { ageMs, policy, jitter, phase: of, phaseForMs, phaseGapMs: 7000 };
        const before = previousLook(input);
        if (before === undefined) return;
        const { delayMs } = nextLook({ ...input, ageMs: before, phaseForMs: phaseForMs - (ageMs - before) });
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
