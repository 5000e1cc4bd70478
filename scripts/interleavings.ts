/**
 * Many random interleavings of waits, with progress; ends with 1 where an invariant was broken. On the real server all that may be done
 * to a wait; with `--server skipping` those of hours, on the time-skipping server.
 */
import { parseArgs } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { startDevServer } from '../src/dev-server/temporal-server.js';
import { runInterleavings } from '../test/support/interleave.js';
import { anything, patient } from '../test/support/interleave-scenario.js';
import { realWorld, skippingWorld, type World } from '../test/support/interleave-stack.js';
import { quiet } from '../test/support/stack.js';
import { timeSkippingExecutable } from '../test/support/time-skipping-server.js';
import { keepRun } from './long-run.js';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'real' },
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string' },
    batch: { type: 'string', default: '250' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const usage =
  'node --import tsx scripts/interleavings.ts [--server real|skipping] [--runs 2000] [--seed 1] [--lanes 40] [--batch 250] [--keep]';

const log = (line: string) => process.stderr.write(`${line}\n`);

/** A server of its own for a batch, and how to end it. */
async function startWorld(isReal: boolean): Promise<readonly [World, () => Promise<void>]> {
  if (isReal) {
    const server = await startDevServer({ uiPort: false, log: () => undefined });
    const world = await realWorld(server.address);
    return [
      world,
      async () => {
        await world.close();
        await server.stop();
      },
    ];
  }
  const executable = await timeSkippingExecutable({ log });
  const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  return [skippingWorld(environment), () => environment.teardown()];
}

if (values.help || !['real', 'skipping'].includes(values.server)) {
  process.stdout.write(`${usage}\n`);
  process.exitCode = values.help ? 0 : 2;
} else {
  quiet();
  const isReal = values.server === 'real';
  // Time is skipped while every wait of the server rests, so few at a time are faster there.
  const lanes = Number(values.lanes ?? (isReal ? 40 : 4));
  const [runs, batch, seed] = [Number(values.runs), Number(values.batch), Number(values.seed)];
  const met: Record<string, number> = {};
  const failures: string[] = [];
  for (let done = 0, index = 0; done < runs; done += batch, index += 1) {
    const [world, stop] = await startWorld(isReal);
    try {
      const result = await runInterleavings(world, {
        scenario: isReal ? anything : patient,
        runs: Math.min(batch, runs - done),
        seed: seed + index,
        lanes,
        // Each fourth batch keeps no workflow in memory.
        maxCachedWorkflows: index % 4 === 3 ? 0 : 1_000,
        log,
      });
      failures.push(...result.failures);
      for (const [what, count] of Object.entries(result.met)) met[what] = (met[what] ?? 0) + count;
    } finally {
      await stop();
    }
    log(`${Math.min(runs, done + batch)} of ${runs} done; the next seed is ${seed + index + 1}`);
  }
  process.stdout.write(`${JSON.stringify({ server: values.server, seed, runs, met, failures }, undefined, 2)}\n`);
  if (values.keep) {
    keepRun({
      name: isReal ? 'interleavings' : 'interleavings-skipping',
      script: 'test:interleavings',
      seed,
      found: [`${runs} runs, ${failures.length} broken invariants`, `met on the way: ${JSON.stringify(met)}`],
    });
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
}
