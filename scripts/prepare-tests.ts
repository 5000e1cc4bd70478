/**
 * Gets what the tests need, before `npm test` and in CI: programs by Debian's package manager (as root; else it prints the command), then
 * ahead of time what the tests would get by themselves, so that a slow first build is seen as such.
 */
import { spawnSync } from 'node:child_process';
import { findDevServer, findTemporalCli, lookUp } from '../src/dev-server/find-cli.js';
import { languages } from '../test/support/languages.js';
import { kubernetesPython, seaweedfs, temporalPython, webhookPython } from '../test/support/python.js';
import { lazopPython, npmSdks, vendorPython } from '../test/support/sdks.js';
import { timeSkippingExecutable } from '../test/support/time-skipping-server.js';
import { installation, missingPrograms } from './test-programs.js';

const log = (line: string): void => void process.stdout.write(`${line}\n`);

async function preparePrograms(): Promise<void> {
  const step = installation(await missingPrograms(), {
    isRoot: process.getuid?.() === 0,
    isCi: Boolean(process.env.CI),
    hasApt: (await lookUp('apt-get')) !== undefined,
  });
  if (step.kind === 'report') throw new Error(step.message);
  if (step.kind === 'none') return;
  for (const [program = '', ...args] of step.commands) {
    log([program, ...args].join(' '));
    const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status ?? error?.message}`);
  }
  const still = await missingPrograms();
  if (still.length > 0) throw new Error(`still missing: ${still.map(({ program }) => program).join(', ')}`);
}

try {
  await preparePrograms();
  const server = await findDevServer({ log });
  log(`Temporal dev server: ${server.path} (${server.how})`);
  // Two tests run commands of the CLI, and its server is the oldest that is tested.
  const cli = await findTemporalCli({ log });
  log(`Temporal CLI: ${cli.path} (${cli.how})`);
  const testServer = await timeSkippingExecutable({ log });
  log(`time-skipping server: ${testServer.type}`);
  log(`Python with temporalio: ${await temporalPython()}`);
  log(`S3 server: ${await seaweedfs()}`);
  log(`Python with standardwebhooks: ${await webhookPython()}`);
  log(`Python with kubernetes-validate: ${await kubernetesPython()}`);
  log(`SDKs of the vendor's platform: ${await lazopPython()}, ${await npmSdks()}`);
  log(`Python with clients of vendors: ${await vendorPython()}`);
  for (const language of languages) {
    const built = await language.build();
    await built.remove?.();
    log(`example in ${language.name}: built`);
  }
} catch (error) {
  log((error as Error).message);
  process.exitCode = 1;
}
