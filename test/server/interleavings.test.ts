/** The workflow under random replies, faults, subscribers, updates, signals and cancellations. The long run: `scripts/interleavings.ts`. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runInterleavings } from '../support/interleave.js';
import { anything } from '../support/interleave-scenario.js';
import { realWorld } from '../support/interleave-stack.js';
import { quiet } from '../support/stack.js';

let world: Awaited<ReturnType<typeof realWorld>>;
beforeAll(async () => {
  quiet();
  world = await realWorld(inject('temporal').address);
});
afterAll(async () => await world?.close());

// More: INTERLEAVE_RUNS=200 INTERLEAVE_SEED=5 npx vitest run test/server/interleavings.test.ts
const runs = Number(process.env.INTERLEAVE_RUNS ?? 24);
const seed = Number(process.env.INTERLEAVE_SEED ?? 20260131);

test.concurrent.each([
  ['kept in memory', runs, seed, 1_000],
  ['replayed at each step', Math.ceil(runs / 3), seed + 1, 0],
])(
  'whoever listens, asks, leaves or cancels, and whenever: all invariants hold; workflows %s',
  {
    timeout: 240_000,
  },
  async (_name, count, from, maxCachedWorkflows) => {
    const result = await runInterleavings(world, { scenario: anything, runs: count, seed: from, maxCachedWorkflows });
    expect(result.failures).toEqual([]);
  },
);
