/** `npm run cluster`: the servers of docker-compose.yml without Docker, in the topology of production, until Ctrl-C. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defined } from '../src/defined.js';
import { TemporalServerError } from '../src/dev-server/temporal-server.js';
import { refuseTaken, startCluster } from '../test/support/cluster.js';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7233' },
    'ui-port': { type: 'string', default: '8080' },
    folder: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const log = (line: string): void => void process.stderr.write(`${line}\n`);
if (values.help) {
  log('npm run cluster -- [--port 7233] [--ui-port 8080] [--folder <where data and logs are kept>]');
} else {
  try {
    const [port, uiPort] = [Number(values.port), Number(values['ui-port'])];
    await refuseTaken({ '--port': port, '--ui-port': uiPort });
    const folder = values.folder === undefined ? undefined : resolve(values.folder);
    const signalled = new Promise<NodeJS.Signals>((done) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => done(name));
    });
    // A signal in the middle of the start waits for its end: then everything that was started is known.
    const cluster = await startCluster({ port, uiPort, ui: true, ...defined({ folder }), log });
    log(
      `Temporal ${cluster.addresses.join(' and ')}, UI ${cluster.uiUrl}, logs ${cluster.folder}/logs; Ctrl-C ends it`,
    );
    const signal = await signalled;
    log('ending');
    await cluster.stop();
    process.exitCode = signal === 'SIGINT' ? 130 : 0;
  } catch (error) {
    if (!(error instanceof TemporalServerError)) throw error;
    log(error.message);
    process.exitCode = 1;
  }
}
