import { expect, test } from 'vitest';
import { timeSkippingEnvironment } from '../support/time-skipping.js';

test('an hour on the time-skipping server passes without an hour of waiting', async () => {
  const env = await timeSkippingEnvironment();
  try {
    const beforeMs = await env.currentTimeMs();
    await env.sleep(3_600_000);
    expect((await env.currentTimeMs()) - beforeMs).toBeGreaterThanOrEqual(3_600_000);
  } finally {
    await env.teardown();
  }
});
