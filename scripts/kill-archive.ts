/** `npm run test:archive`: many kills of a worker that archives into an S3 server, with progress; ends with 1 where an image is not as it must be. */
import { parseArgs } from 'node:util';
import { killArchive } from '../test/support/kill-archive.js';
import { keepRun } from './long-run.js';

const { values } = parseArgs({
  options: {
    'worker-kills': { type: 'string', default: '200' },
    'store-kills': { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write('npm run test:archive -- [--worker-kills 200] [--store-kills 10] [--seed 1] [--keep]\n');
} else {
  const result = await killArchive({
    workerKills: Number(values['worker-kills']),
    storeKills: Number(values['store-kills']),
    seed: Number(values.seed),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  if (values.keep) {
    const { seed, workerKills, storeKills, killsWhileArchiving, images, jobs, downloads, violations } = result;
    keepRun({
      name: 'kill-archive',
      script: 'test:archive',
      seed,
      found: [
        `${workerKills} kills of the worker, ${killsWhileArchiving} of them while images were archived, and ${storeKills} of the S3 server; ${jobs} jobs with ${images} images`,
        `${violations.length} violations: images missing, half, twice or with other bytes, uploads of parts left open`,
        `${downloads} downloads`,
      ],
    });
  }
  process.exitCode = result.violations.length === 0 ? 0 : 1;
}
