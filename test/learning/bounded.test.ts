/** Learning ends, whatever was observed: work is counted by calls of `Math.exp` and `Math.log`, not by the clock. */
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { learnModel } from '../../src/learning/estimate.js';
import { priorFrom, quantile } from '../../src/schedule/distribution.js';
import { faultName } from '../support/fault-rows.js';

const maxCalls = 20_000_000;
const { exp, log } = Math;

afterEach(() => {
  Object.assign(Math, { exp, log });
});

function boundWork(): void {
  let calls = 0;
  const counted = (original: (x: number) => number) => (x: number) => {
    if (++calls > maxCalls) throw new Error('learning does not end');
    return original(x);
  };
  Object.assign(Math, { exp: counted(exp), log: counted(log) });
}

test(faultName(75), () => {
  const prior = priorFrom({ medianSeconds: 10, p95Seconds: 30 });
  const observations = Array.from({ length: 13 }, () => ({ lowSeconds: 1697, highSeconds: 1698 }));
  boundWork();
  const model = learnModel(observations, prior);
  expect(Number.isFinite(quantile(model, 0.5))).toBe(true);
  expect(JSON.stringify(model)).not.toContain('null');
});

const age = fc.oneof(
  fc.double({ min: 0, max: 3000, noNaN: true }),
  fc.constantFrom(0, 1e-9, 0.05, 1, 1698, 1799.999, 1800, 1e9, Number.POSITIVE_INFINITY, Number.NaN, -1),
);
const observation = fc.record(
  { lowSeconds: age, highSeconds: age, fromSeconds: age },
  { requiredKeys: ['lowSeconds'] },
);
const equalJobs = fc
  .record({ count: fc.nat(60), job: observation })
  .map(({ count, job }) => new Array<typeof job>(count).fill(job));

test('any observations under any prior give a finite model with bounded work', () => {
  const prior = fc
    .record({
      medianSeconds: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
      ratio: fc.double({ min: 1, max: 20, noNaN: true }),
    })
    .map(({ medianSeconds, ratio }) => priorFrom({ medianSeconds, p95Seconds: medianSeconds * ratio }));
  const observations = fc.oneof(
    fc.array(observation, { maxLength: 60 }),
    fc.tuple(equalJobs, equalJobs).map((two) => two.flat()),
  );
  fc.assert(
    fc.property(prior, observations, (parent, seen) => {
      boundWork();
      const model = learnModel(seen, parent);
      Object.assign(Math, { exp, log });
      for (const share of [0.05, 0.5, 0.95]) expect(Number.isFinite(quantile(model, share))).toBe(true);
      expect(JSON.stringify(model)).not.toContain('null');
    }),
    { numRuns: 60 },
  );
});
