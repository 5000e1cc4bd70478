/** `npm run test:cluster`: kills of workers and of every part of a cluster as in production; ends with 1 where anything was lost or came twice. */
import { parseArgs } from 'node:util';
import { defined } from '../src/defined.js';
import { killRun } from '../test/support/kill-run.js';
import { clusterTopology } from '../test/support/kill-topology.js';
import { keepRun } from './long-run.js';

const { values } = parseArgs({
  options: {
    'worker-kills': { type: 'string', default: '8' },
    'server-kills': { type: 'string', default: '32' },
    'queries-per-second': { type: 'string', default: '5' },
    parts: { type: 'string' },
    waits: { type: 'string', default: '60' },
    listings: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const log = (line: string): void => void process.stderr.write(`${line}\n`);
if (values.help) {
  log(
    'npm run test:cluster -- [--worker-kills 8] [--server-kills 32] [--queries-per-second 5] [--parts matching-1,matching-2] [--waits 60] [--listings 10] [--seed 1] [--keep]',
  );
} else {
  const queriesPerSecond = Number(values['queries-per-second']);
  const result = await killRun({
    workerKills: Number(values['worker-kills']),
    serverKills: Number(values['server-kills']),
    seed: Number(values.seed),
    openWaits: Number(values.waits),
    openListings: Number(values.listings),
    workers: 2,
    queriesPerSecond,
    topology: () => clusterTopology({ log, ...defined({ parts: values.parts?.split(',') }) }),
    log,
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  if (values.keep) {
    const { seed, workerKills, serverKills, waits, listings, images, violations, mostIn5Seconds } = result;
    keepRun({
      name: 'cluster',
      script: 'test:cluster',
      seed,
      found: [
        `${workerKills} kills of the workers and ${serverKills} of ${values.parts ?? 'PostgreSQL and each process of the server (2 frontends, 2 history, 2 matching, worker role)'}, ${waits} waits and ${listings} listings with ${images} images`,
        `${violations.length} violations: images lost or delivered twice, outcomes or numbers missing, budget exceeded`,
        `at most ${mostIn5Seconds} queries in any 5 s of ${5.5 * queriesPerSecond} allowed at ${queriesPerSecond} a second`,
        `${result.extraQueries} queries more than undisturbed, ${result.repeatedSignals} signals repeated and dropped by their number`,
      ],
    });
  }
  process.exitCode = result.violations.length === 0 ? 0 : 1;
}
