import { expect, test } from 'vitest';
import { killRun } from '../support/kill-run.js';

// The long run is `npm run test:kill`.
test('60 and 62: kill -9 of the worker or the server loses no image, tells none twice and misses no outcome', {
  timeout: 240_000,
}, async () => {
  const result = await killRun({ workerKills: 3, serverKills: 1, seed: 1, openWaits: 4 });
  expect(result.violations).toEqual([]);
  expect(result.waits).toBeGreaterThanOrEqual(4);
});
