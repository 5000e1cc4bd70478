/** `npm run server`: runs a Temporal dev server with its UI until Ctrl-C. */
import { Command, InvalidArgumentError } from 'commander';
import { defined } from '../defined.js';
import { cleanText } from '../error-text.js';
import { isFree, startDevServer, TemporalServerError } from './temporal-server.js';

const asPort = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('Give 1 to 65535.');
  return port;
};

const program = new Command('npm run server --')
  .description("Starts a Temporal dev server with its UI and this package's search attributes, until Ctrl-C.")
  .option('--port <port>', 'gRPC port', asPort, 7233)
  .option('--ui-port <port>', 'port of the Temporal UI', asPort, 8233)
  .option('--http-port <port>', 'port of the HTTP API (default: 7243, or a free one)', asPort)
  .option('--namespace <name>', 'namespace to create besides default', 'default')
  .option('--db-filename <file>', 'SQLite file that persists state between runs')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const { port, uiPort, httpPort, namespace, dbFilename } = program.opts<{
  port: number;
  uiPort: number;
  httpPort?: number;
  namespace: string;
  dbFilename?: string;
}>();
const usualHttpPort = 7243;
const log = (line: string): void => void process.stderr.write(`${cleanText(line)}\n`);

try {
  // The HTTP API was not asked for. If another server has its usual port, this one takes a free port.
  const ownHttpPort = httpPort ?? ((await isFree(usualHttpPort)) ? usualHttpPort : undefined);
  const server = await startDevServer({
    port,
    uiPort,
    ...defined({ httpPort: ownHttpPort, dbFilename }),
    namespaces: [namespace],
    portOptions: { port: '--port', uiPort: '--ui-port', httpPort: '--http-port' },
    log,
  });
  log(`Temporal ${server.address}, UI ${server.uiUrl}, HTTP API ${server.httpUrl}; Ctrl-C ends it`);
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stopping = true;
      process.exitCode = signal === 'SIGINT' ? 130 : 0;
      void server.stop();
    });
  }
  await server.ended;
  if (!stopping) {
    log('the Temporal server ended by itself');
    process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof TemporalServerError)) throw error;
  log(error.message);
  process.exitCode = 1;
}
