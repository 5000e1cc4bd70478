/** Starts a dev server, of the Temporal CLI or our own, for the demo, `npm run server` and the tests. It ends with the process that started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { searchAttributes } from '../contract.js';
import { defined } from '../defined.js';
import { registeredSearchAttributes } from '../temporal/search-attributes.js';
import { childEnv } from './child-env.js';
import { type FindCliOptions, findDevServer, TemporalServerError } from './find-cli.js';

export { type CliSource, cacheDir, findTemporalCli, TemporalServerError } from './find-cli.js';

const host = '127.0.0.1';
const readyWithinMs = 60_000;
const stopWithinMs = 10_000;

/** Options of {@link startDevServer}; every field has a default. */
export interface DevServerOptions extends FindCliOptions {
  /** gRPC port; default: a free one. */
  port?: number;
  /** Port of the Temporal UI; default: a free one; `false`: no UI. */
  uiPort?: number | false;
  /** Port of the HTTP API; default: a free one. */
  httpPort?: number;
  /** SQLite file that persists state between runs; default: in memory. */
  dbFilename?: string;
  /** Namespaces to create; default `['default']`. The start waits for the first one. */
  namespaces?: string[];
  /** Further arguments that `temporal server start-dev` and `./go` take. */
  extraArgs?: string[];
  /** The names of the options by which a user sets the ports, for the message about a taken port. */
  portOptions?: { port: string; uiPort: string; httpPort?: string };
}

/** A Temporal server that runs. */
export interface TemporalServer {
  /** `host:port` of gRPC. */
  address: string;
  /** URL of the HTTP API; absent for a server that ran before. */
  httpUrl?: string;
  /** URL of the Temporal UI, without a slash at the end; absent if there is none or it is not known. */
  uiUrl?: string;
  /** Absent for a server that ran before. */
  pid?: number;
  /** Where it came from: `TEMPORAL_ADDRESS`, or the source of the program. */
  how: string;
  /** Resolves when a server that was started here has ended, for any reason; absent for one that ran before. */
  ended?: Promise<void>;
  /** Ends the server if it was started here. May be called again. */
  stop(): Promise<void>;
}

/**
 * Returns the server that `TEMPORAL_ADDRESS` names, or else starts a dev server. This does not connect to a named server: the client that
 * does has its credentials, and reports what is wrong.
 * @throws {TemporalServerError} as {@link startDevServer}
 */
export async function useOrStartServer(options: DevServerOptions = {}): Promise<TemporalServer> {
  const address = (options.env ?? process.env).TEMPORAL_ADDRESS;
  if (!address) return startDevServer(options);
  return { address, how: 'TEMPORAL_ADDRESS', stop: async () => {} };
}

/**
 * Starts a dev server with the contract's search attributes, and waits until its namespace answers. The server ends with
 * {@link TemporalServer.stop}, or with this process, even if that is killed.
 * @throws {TemporalServerError} if there is no server to start, a port is taken, or the server does not start
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<TemporalServer> {
  const portOptions = options.portOptions ?? { port: 'port', uiPort: 'uiPort' };
  if (options.port) await refuseTakenPort(options.port, portOptions.port);
  if (options.uiPort) await refuseTakenPort(options.uiPort, portOptions.uiPort);
  if (options.httpPort) await refuseTakenPort(options.httpPort, portOptions.httpPort ?? 'httpPort');
  const { path, how, args: startArgs } = await findDevServer(options);

  const port = options.port || (await freePort());
  const uiPort = options.uiPort === false ? undefined : options.uiPort || (await freePort());
  const httpPort = options.httpPort || (await freePort());
  const [namespace = 'default', ...others] = options.namespaces ?? ['default'];
  const args = [...startArgs, '--ip', host, '--port', String(port), '--log-level', 'warn', '--color', 'never'];
  args.push('--http-port', String(httpPort));
  args.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]));
  for (const name of [namespace, ...others]) args.push('--namespace', name);
  for (const { name, type } of Object.values(searchAttributes)) {
    args.push('--search-attribute', `${name}=${type === 'INT' ? 'Int' : 'Keyword'}`);
  }
  // A rate limit is divided among a queue's partitions, and tasks of one cannot use what another leaves unused.
  for (const side of ['Read', 'Write']) args.push('--dynamic-config-value', `matching.numTaskqueue${side}Partitions=1`);
  if (options.dbFilename !== undefined) args.push('--db-filename', options.dbFilename);
  args.push(...(options.extraArgs ?? []));

  const child = spawn(path, args, {
    env: childEnv(options.env ?? process.env, 'program'),
    stdio: ['ignore', 'ignore', 'pipe'],
    // In its own process group: Ctrl-C in a terminal must not end the server before the worker has drained.
    detached: true,
  });
  const lastError = lastErrorLine(child);
  const failedToRun = once(child, 'error').then(([error]) => {
    throw new TemporalServerError(`the Temporal server ${path} cannot be run: ${(error as Error).message}`);
  });
  failedToRun.catch(() => {});
  const stop = () => endProcess(child);
  const unwatch = endWithThisProcess(child);
  child.once('exit', unwatch);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await Promise.race([failedToRun, untilReady(port, namespace, child)]);
  } catch (error) {
    await stop();
    if (error instanceof TemporalServerError) throw error;
    throw new TemporalServerError(`the Temporal server did not start: ${lastError() || String(error)}`);
  }
  return {
    address: `${host}:${port}`,
    httpUrl: `http://${host}:${httpPort}`,
    ...defined({ uiUrl: uiPort === undefined ? undefined : `http://${host}:${uiPort}` }),
    pid: child.pid as number,
    how,
    ended,
    stop,
  };
}

/**
 * Finds a free port on the loopback address, which the system gives to nobody else for a minute: after a connection it keeps the port of the
 * side that closed first, and lets it be listened on. Without this, a connection of any process could take it before the caller listens.
 */
export async function freePort(): Promise<number> {
  const server = createServer((socket) => socket.end()).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, host).resume();
  await once(client, 'close');
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether a port of the loopback address is free. */
export const isFree = (port: number): Promise<boolean> =>
  refuseTakenPort(port, '').then(
    () => true,
    () => false,
  );

async function refuseTakenPort(port: number, option: string): Promise<void> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken' : (error as Error).message;
    throw new TemporalServerError(`port ${port} ${why}; give another with ${option}`);
  }
  server.close();
  await once(server, 'close');
}

/** Waits for the namespace and its search attributes, which come later than the open port. */
async function untilReady(port: number, namespace: string, child: ChildProcess): Promise<void> {
  const giveUpAtMs = Date.now() + readyWithinMs;
  while (!(await isReady(port, namespace).catch(() => false))) {
    if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    if (Date.now() > giveUpAtMs) throw new Error(`not ready within ${readyWithinMs / 1000} s`);
    await sleep(50);
  }
}

async function isReady(port: number, namespace: string): Promise<boolean> {
  // gRPC waits a second before it retries a refused connection. So it is used only once something listens.
  const socket = connect(port, host);
  await once(socket, 'connect').finally(() => socket.destroy());
  const connection = await Connection.connect({ address: `${host}:${port}`, connectTimeout: 5_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    const registered = await registeredSearchAttributes(connection, namespace);
    return registered.length === Object.keys(searchAttributes).length;
  } finally {
    await connection.close();
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await ended;
  clearTimeout(timer);
}

/**
 * Ends the server when this process ends, even by SIGKILL: a shell waits for the end of a pipe whose other end only this process has.
 * Without such a shell, an ordinary exit still ends the server.
 * @param signal - what the shell sends
 * @returns a function that stops watching
 */
export function endWithThisProcess(child: ChildProcess, signal: 'TERM' | 'KILL' = 'TERM'): () => void {
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  if (process.platform === 'win32' || child.pid === undefined) return () => process.off('exit', onExit);
  const watch = spawn('/bin/sh', ['-c', 'cat >/dev/null; kill -"$2" "$1"', 'sh', String(child.pid), signal], {
    env: childEnv(process.env, 'program'),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watch.on('error', () => {});
  watch.unref();
  if (watch.stdin instanceof Socket) watch.stdin.unref();
  return () => {
    process.off('exit', onExit);
    watch.kill('SIGKILL');
  };
}

/** Remembers the end of the server's standard error, in case it does not start. Returns a function that reads the last line. */
function lastErrorLine(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-4_096);
  });
  return () => tail.trim().split('\n').at(-1) ?? '';
}
