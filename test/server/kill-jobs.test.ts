import { expect, test } from 'vitest';
import { killJobs } from '../support/kill-jobs.js';

// The long run is `npm run test:kill -- --submit`.
test('kill -9 of the worker pays no request twice, and every job ends', { timeout: 400_000 }, async () => {
  const { violations, paidTwice, jobs } = await killJobs({ workerKills: 10, seed: 3, openJobs: 4 });
  expect({ violations, paidTwice }).toEqual({ violations: [], paidTwice: 0 });
  expect(jobs).toBeGreaterThanOrEqual(4);
});
