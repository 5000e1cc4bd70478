/** One real Temporal server for the whole run of `test/server`: tests take it by `inject('temporal')`. */
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../../src/dev-server/temporal-server.js';

/** The dev server of this run. Both namespaces have the contract's search attributes. */
export interface ProvidedTemporal {
  address: string;
  namespace: string;
  /** A second namespace on the same server, for tests that must see no other test's workflows. */
  otherNamespace: string;
  /** Of the server's own HTTP API. */
  httpUrl: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    temporal: ProvidedTemporal;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [namespace, otherNamespace] = ['default', 'other'];
  const server = await startDevServer({
    uiPort: false,
    namespaces: [namespace, otherNamespace],
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const { address, httpUrl = '' } = server;
  project.provide('temporal', { address, namespace, otherNamespace, httpUrl });
  return server.stop;
}
