import { expect, test } from 'vitest';
import { soakRun } from '../support/soak-run.js';

// The long run is `npm run test:soak`.
test('a steady load through restarts of workers and outages of the vendor loses nothing and holds the budget', {
  timeout: 600_000,
}, async () => {
  const result = await soakRun({ minutes: 3, waits: 300, workers: 2, queriesPerSecond: 20, seed: 1 });
  expect(result.violations).toEqual([]);
  expect(result).toMatchObject({ restarts: 10, outages: 3 });
});
