import { expect, test } from 'vitest';
import { killArchive } from '../support/kill-archive.js';

// The long run is `npm run test:archive`.
test('kill -9 of worker and S3 server loses no image and leaves none half', { timeout: 400_000 }, async () => {
  const { violations, killsWhileArchiving } = await killArchive({ workerKills: 8, storeKills: 2, seed: 5 });
  expect(violations).toEqual([]);
  expect(killsWhileArchiving).toBeGreaterThan(0);
});
