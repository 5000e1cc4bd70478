/** Gets the time-skipping test server once for the whole run of `test/time`. */
import type { TestProject } from 'vitest/node';
import { type ProvidedTestServer, timeSkippingExecutable } from './time-skipping-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    testServer: ProvidedTestServer;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const executable = await timeSkippingExecutable({ log: (line) => process.stderr.write(`${line}\n`) });
  project.provide('testServer', executable);
}
