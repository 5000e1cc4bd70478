import fc from 'fast-check';
import { expect, test } from 'vitest';
import { patienceMs } from '../../src/wait/nexus-patience.js';
import { faultName } from '../support/fault-rows.js';

const now = Date.parse('2026-01-31T12:00:00Z');
const day = 86_400_000;

test(faultName(82, 'a Nexus operation waits until a minute after the deadline'), () => {
  expect(patienceMs(now + 5_000, now, 0)).toBe(65_000);
});

test.each([
  ['past, as after a reset', now - 40 * day, 60_000],
  ['unreadable', Number.NaN, 60_000],
  ['endless', Number.POSITIVE_INFINITY, 60_000],
  ['far beyond any timeout', now + 4_000 * day, 30 * day + 60_000],
])(faultName(82, 'a deadline that is %s is bounded'), (_what, deadlineMs, expected) => {
  expect(patienceMs(deadlineMs, now, 0)).toBe(expected);
});

test(faultName(82, 'an operation that never gets an outcome asks so seldom that its history stays short'), () => {
  let [round, elapsedMs] = [0, 0];
  for (; elapsedMs < 30 * day; round += 1) elapsedMs += patienceMs(now - day, now, round);
  // An activity, a timer and the workflow tasks between them: about 11 events each; the server ends a workflow at 51,200.
  expect(11 * round).toBeLessThan(10_000);
});

test(faultName(82, 'whatever the deadline, the pause is a timer that the server takes'), () => {
  fc.assert(
    fc.property(fc.double(), fc.nat(), (deadlineMs, round) => {
      const ms = patienceMs(deadlineMs, now, round);
      expect(ms).toBeGreaterThanOrEqual(60_000);
      expect(ms).toBeLessThanOrEqual(31 * day);
    }),
  );
});
