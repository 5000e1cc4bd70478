/**
 * `npm run test:kill`: many kills, with progress; ends with 1 where something was lost or told twice. With `--submit`: of workers that submit jobs;
 * ends with 1 where a request was paid twice.
 */
import { parseArgs } from 'node:util';
import { killJobs } from '../test/support/kill-jobs.js';
import { killRun } from '../test/support/kill-run.js';
import { keepRun } from './long-run.js';

const { values } = parseArgs({
  options: {
    'worker-kills': { type: 'string', default: '200' },
    'server-kills': { type: 'string', default: '20' },
    'server-away-seconds': { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    submit: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    [
      'npm run test:kill -- [--worker-kills 200] [--server-kills 20] [--server-away-seconds 60] [--seed 1] [--keep]\n',
      'npm run test:kill -- --submit [--worker-kills 200] [--seed 1]\n',
    ].join(''),
  );
} else if (values.submit) {
  const result = await killJobs({
    workerKills: Number(values['worker-kills']),
    seed: Number(values.seed),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  process.exitCode = result.violations.length === 0 ? 0 : 1;
} else {
  const result = await killRun({
    workerKills: Number(values['worker-kills']),
    serverKills: Number(values['server-kills']),
    serverAwaySeconds: Number(values['server-away-seconds']),
    seed: Number(values.seed),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  if (values.keep) {
    const { seed, workerKills, serverKills, waits, images, extraQueries, repeatedSignals, violations } = result;
    keepRun({
      name: 'kill',
      script: 'test:kill',
      seed,
      found: [
        `${workerKills} kills of the worker and ${serverKills} of the server, ${waits} waits with ${images} images`,
        `${violations.length} violations: images lost or delivered twice, outcomes or numbers missing`,
        `${extraQueries} queries more than undisturbed, ${repeatedSignals} signals repeated and dropped by their number`,
      ],
    });
  }
  process.exitCode = result.violations.length === 0 ? 0 : 1;
}
