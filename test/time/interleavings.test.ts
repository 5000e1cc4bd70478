/** Waits of minutes and hours under random replies, faults and subscribers. With pollNow, setTimeout and cancellations: `test/server/interleavings.test.ts`. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runInterleavings } from '../support/interleave.js';
import { patient } from '../support/interleave-scenario.js';
import { skippingWorld } from '../support/interleave-stack.js';
import { quiet } from '../support/stack.js';
import { timeSkippingEnvironment } from '../support/time-skipping.js';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  quiet();
  environment = await timeSkippingEnvironment();
});
afterAll(async () => await environment?.teardown());

// More: INTERLEAVE_RUNS=200 INTERLEAVE_SEED=5 npx vitest run test/time/interleavings.test.ts
const runs = Number(process.env.INTERLEAVE_RUNS ?? 8);
const seed = Number(process.env.INTERLEAVE_SEED ?? 20260131);

test('whoever listens, joins and leaves while hours pass: all invariants hold', async () => {
  const result = await runInterleavings(skippingWorld(environment), { scenario: patient, runs, seed, lanes: 4 });
  expect(result.failures).toEqual([]);
});
