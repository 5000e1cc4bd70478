/** Servers whose parts are killed and come back: a dev server, and a cluster as in production. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startDevServer } from '../../src/dev-server/temporal-server.js';
import { startCluster } from './cluster.js';

/** A server under test. */
export interface KillTopology {
  /** `host:port` of each frontend. */
  readonly addresses: readonly string[];
  /** What can be killed. */
  readonly parts: readonly string[];
  /** Kills a part with SIGKILL, keeps it away for so long, and resolves once it serves again. */
  kill(part: string, awaySeconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** One dev server that keeps its state in a file. */
export async function devServerTopology(): Promise<KillTopology> {
  const folder = await mkdtemp(join(tmpdir(), 'tryon-kill-server-'));
  const port = await freePort();
  const start = () => startDevServer({ port, uiPort: false, dbFilename: join(folder, 'temporal.db') });
  let server = await start();
  return {
    addresses: [server.address],
    parts: ['server'],
    async kill(_part, awaySeconds) {
      if (server.pid === undefined) throw new TypeError('the server has no process of its own');
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
      await sleep(1_000 * awaySeconds);
      server = await start();
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The topology of production. A part that is killed comes back by itself, at once or some seconds later by turns.
 * @param options - `parts`: what is killed; default: every process
 */
export async function clusterTopology(
  options: { readonly log?: (line: string) => void; readonly parts?: readonly string[] } = {},
): Promise<KillTopology> {
  const { addresses, processes, stop } = await startCluster(options);
  let kills = 0;
  return {
    addresses,
    parts: options.parts ?? [...processes.keys()],
    async kill(part, awaySeconds) {
      const one = processes.get(part);
      if (one === undefined) throw new RangeError(`no ${part}; there are ${[...processes.keys()]}`);
      await one.kill(1_000 * awaySeconds || [200, 2_000, 5_000][kills++ % 3]);
      await one.up();
    },
    stop,
  };
}
