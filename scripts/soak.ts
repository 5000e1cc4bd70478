/** `npm run test:soak`: a steady load with restarts and outages, with progress; ends with 1 where something was lost, sent twice or grew. */
import { parseArgs } from 'node:util';
import { soakRun } from '../test/support/soak-run.js';
import { keepRun } from './long-run.js';

/** Memory in the last third of the time may be this much above that of the second third. */
const MAX_GROWTH = 1.1;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    waits: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write('npm run test:soak -- [--minutes 30] [--waits 10000] [--workers 4] [--seed 1] [--keep]\n');
} else {
  const result = await soakRun({
    minutes: Number(values.minutes),
    waits: Number(values.waits),
    workers: Number(values.workers),
    seed: Number(values.seed),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  const { minutes, waits, workers, seed, images, restarts, outages, violations, memoryMb } = result;
  const growth = memoryMb.last / memoryMb.middle;
  if (values.keep) {
    keepRun({
      name: 'soak',
      script: 'test:soak',
      seed,
      found: [
        `${waits} waits with ${images} images in ${minutes} minutes, ${workers} workers, ${restarts} restarts, ${outages} outages of the vendor`,
        `${violations.length} violations: images lost or sent twice, outcomes or numbers missing, budget exceeded`,
        `at most ${result.maxIn5Seconds} queries in 5 s (${result.allowedIn5Seconds} allowed)`,
        `memory of all workers ${memoryMb.middle.toFixed(0)} MB in the second third, ${memoryMb.last.toFixed(0)} MB in the last: ${growth.toFixed(2)} times (${MAX_GROWTH} allowed)`,
      ],
    });
  }
  process.exitCode = violations.length === 0 && growth <= MAX_GROWTH ? 0 : 1;
}
