/** A dev server of the benchmark's own, on the loopback interface, with its counters. */
import { Client, Connection } from '@temporalio/client';
import { freePort, startDevServer } from '../../src/dev-server/temporal-server.js';
import { memoryOf } from './processes.js';

/** A server and a client of it. */
export interface BenchServer {
  readonly address: string;
  readonly version: string;
  readonly client: Client;
  /** Its memory, in MB of a million bytes. */
  memory(): { readonly nowMb: number };
  /** Calls that its frontend has served since it started, by name. */
  calls(): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

/** Starts one; the caller stops it. `extraArgs`: further arguments of the dev server. */
export async function startBenchServer(
  log: (line: string) => void,
  extraArgs: readonly string[] = [],
): Promise<BenchServer> {
  const metricsPort = await freePort();
  const server = await startDevServer({
    uiPort: false,
    extraArgs: ['--metrics-port', String(metricsPort), ...extraArgs],
    log,
  });
  const connection = await Connection.connect({ address: server.address });
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  return {
    address: server.address,
    version: serverVersion,
    client: new Client({ connection }),
    memory: () => memoryOf(server.pid as number),
    async calls() {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const calls = new Map<string, number>();
      for (const [, labels = '', value] of text.matchAll(/^service_requests(?:_total)?\{([^}]*)\} (\S+)$/gm)) {
        const operation = /operation="(\w+)"/.exec(labels)?.[1];
        if (operation === undefined || !labels.includes('service_name="frontend"')) continue;
        calls.set(operation, (calls.get(operation) ?? 0) + Number(value));
      }
      return calls;
    },
    async stop() {
      await connection.close();
      await server.stop();
    },
  };
}
