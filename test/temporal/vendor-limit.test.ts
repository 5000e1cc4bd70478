import { describe, expect, test } from 'vitest';
import { vendorQueueRate } from '../../src/schedule/poll-cost.js';
import {
  budgetUnder,
  givenReason,
  isLimitFor,
  limitReasons,
  mayWorkerSet,
  ownerOf,
} from '../../src/temporal/vendor-limit.js';

const limit = (reason: string, perSecond = vendorQueueRate(20)) => ({ perSecond, identity: 'someone', reason });
const byWorker = limit(limitReasons.worker(20));
const byOperator = limit(limitReasons.operator(5, 'the vendor throttles'), vendorQueueRate(5));
const released = limit(limitReasons.released, 0);
const byCli = limit('quiet hours', 3);

describe('a worker sets the limit of its vendor queue', () => {
  test.each([
    ['where there is none', undefined, true, true],
    ['over that of a worker, only when it starts', byWorker, true, false],
    ['never over that of an operator', byOperator, false, false],
    ["never over one that was set with Temporal's own tools", byCli, false, false],
    ['never over one without a reason', limit(''), false, false],
    ['over one that an operator gave back', released, true, true],
  ])('%s', (_name, given, atStart, running) => {
    expect([mayWorkerSet(given, 'start'), mayWorkerSet(given, 'running')]).toEqual([atStart, running]);
  });

  test('even if an operator writes a reason that begins like its own', () => {
    expect(ownerOf(limit(limitReasons.operator(5, 'temporal-tryon worker: 20 queries/s')))).toBe('operator');
  });
});

describe('the budget under a limit', () => {
  test.each([
    ['is what it was set for', byOperator, 5],
    [
      'is what it was set for on four partitions, where the rate is lower',
      limit(limitReasons.worker(1), vendorQueueRate(1, 4)),
      1,
    ],
    ['follows from the rate where nobody said', byCli, 3.273],
    [
      'follows from the rate where the reason says less than the rate allows',
      limit(limitReasons.operator(5), 100),
      109.1,
    ],
    ['is nothing on a queue that is stopped', limit(limitReasons.operator(0), 0), 0],
    ['is nothing on one that was stopped and given back', released, 0],
  ])('%s', (_name, given, budget) => {
    expect(budgetUnder(given)).toBe(budget);
  });

  test.each([
    ['an operator gave', byOperator, 'the vendor throttles'],
    ["was given with Temporal's own tools", byCli, 'quiet hours'],
    ['has line breaks', limit(limitReasons.operator(5, 'a\nb')), 'a\nb'],
    ['nobody gave', limit(limitReasons.operator(5)), undefined],
    ['a worker gave is not repeated', byWorker, undefined],
  ])('has the reason that %s', (_name, given, reason) => {
    expect(givenReason(given)).toBe(reason);
  });
});

test('a limit is compared as the 32-bit float that the server keeps', () => {
  for (const budget of [0.3, 1, 7, 20, 999.9]) {
    expect(isLimitFor({ perSecond: Math.fround(vendorQueueRate(budget, 4)) }, budget, 4), `${budget}`).toBe(true);
    expect(isLimitFor({ perSecond: 1.1 * vendorQueueRate(budget) }, budget, 1), `${budget}`).toBe(false);
  }
});
