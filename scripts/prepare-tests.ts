/** Gets ahead of time what the tests would get by themselves, so that a slow first build is seen as such. */
import { findTemporalCli } from '../src/dev-server/find-cli.js';
import { languages } from '../test/support/languages.js';
import { temporalPython, webhookPython } from '../test/support/python.js';
import { lazopPython, npmSdks } from '../test/support/sdks.js';
import { timeSkippingExecutable } from '../test/support/time-skipping-server.js';

const log = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const cli = await findTemporalCli({ log });
  log(`Temporal CLI: ${cli.path} (${cli.how})`);
  const testServer = await timeSkippingExecutable({ log });
  log(`time-skipping server: ${testServer.type}`);
  log(`Python with temporalio: ${await temporalPython()}`);
  log(`Python with standardwebhooks: ${await webhookPython()}`);
  log(`SDKs of the vendor's platform: ${await lazopPython()}, ${await npmSdks()}`);
  for (const language of languages) {
    const built = await language.build();
    await built.remove?.();
    log(`example in ${language.name}: built`);
  }
} catch (error) {
  log((error as Error).message);
  process.exitCode = 1;
}
