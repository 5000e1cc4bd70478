/** Starts the dev server of the Temporal CLI for the demo, `npm run server` and the tests, and ends it with its starter. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { searchAttributes } from '../contract.js';
import { registeredSearchAttributes } from '../temporal/search-attributes.js';
import { type FindCliOptions, findTemporalCli, TemporalServerError } from './find-cli.js';

export { type CliSource, cacheDir, findTemporalCli, TemporalServerError } from './find-cli.js';

const host = '127.0.0.1';
const readyWithinMs = 60_000;
const stopWithinMs = 10_000;

/** What a dev server may be given; every field has a default. */
export interface DevServerOptions extends FindCliOptions {
  /** gRPC port; default: a free one. */
  port?: number;
  /** Port of the Temporal UI; default: a free one; `false`: no UI. */
  uiPort?: number | false;
  /** Port of the HTTP API; default: a free one. */
  httpPort?: number;
  /** SQLite file that keeps state between runs; default: in memory. */
  dbFilename?: string;
  /** Namespaces to make; default `['default']`. The first one is waited for. */
  namespaces?: string[];
  /** Further arguments of `temporal server start-dev`. */
  extraArgs?: string[];
  /** The options by which a user sets the ports: named where one is taken. */
  portOptions?: { port: string; uiPort: string; httpPort?: string };
}

/** A Temporal server that can be talked to. */
export interface TemporalServer {
  /** `host:port` of gRPC. */
  address: string;
  /** Of the HTTP API; absent for a server that was already there. */
  httpUrl?: string;
  /** Of the Temporal UI, without a slash at the end; absent where there is none or it is not known. */
  uiUrl?: string;
  /** Absent for a server that was already there. */
  pid?: number;
  /** How it was come by: `TEMPORAL_ADDRESS`, or the way to the CLI. */
  how: string;
  /** Settles when a server started here has ended, for whatever reason; absent for one that was already there. */
  ended?: Promise<void>;
  /** Ends the server if it was started here; may be called again. */
  stop(): Promise<void>;
}

/**
 * The server that `TEMPORAL_ADDRESS` names, else a dev server started for the purpose. A named server is not connected to:
 * whoever connects knows its credentials and says what is wrong.
 * @throws TemporalServerError as {@link startDevServer} does
 */
export async function useOrStartServer(options: DevServerOptions = {}): Promise<TemporalServer> {
  const address = (options.env ?? process.env).TEMPORAL_ADDRESS;
  if (!address) return startDevServer(options);
  return { address, how: 'TEMPORAL_ADDRESS', stop: async () => {} };
}

/**
 * Starts `temporal server start-dev` with the contract's search attributes and waits until its namespace answers. The server
 * ends with {@link TemporalServer.stop} or with this process, however that ends.
 * @throws TemporalServerError when there is no CLI, a port is taken, or the server does not come up
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<TemporalServer> {
  const portOptions = options.portOptions ?? { port: 'port', uiPort: 'uiPort' };
  if (options.port) await refuseTakenPort(options.port, portOptions.port);
  if (options.uiPort) await refuseTakenPort(options.uiPort, portOptions.uiPort);
  if (options.httpPort) await refuseTakenPort(options.httpPort, portOptions.httpPort ?? 'httpPort');
  const { path, how } = await findTemporalCli(options);

  const port = options.port || (await freePort());
  const uiPort = options.uiPort === false ? undefined : options.uiPort || (await freePort());
  const httpPort = options.httpPort || (await freePort());
  const [namespace = 'default', ...others] = options.namespaces ?? ['default'];
  const args = ['server', 'start-dev', '--ip', host, '--port', String(port), '--log-level', 'warn', '--color', 'never'];
  args.push('--http-port', String(httpPort));
  args.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]));
  for (const name of [namespace, ...others]) args.push('--namespace', name);
  for (const { name, type } of Object.values(searchAttributes)) {
    args.push('--search-attribute', `${name}=${type === 'INT' ? 'Int' : 'Keyword'}`);
  }
  // A queue held to a rate shares it out among its partitions, and what waits in one does not use what another has left.
  for (const side of ['Read', 'Write']) args.push('--dynamic-config-value', `matching.numTaskqueue${side}Partitions=1`);
  if (options.dbFilename !== undefined) args.push('--db-filename', options.dbFilename);
  args.push(...(options.extraArgs ?? []));

  const child = spawn(path, args, {
    env: options.env ?? process.env,
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: Ctrl-C in a terminal must not end the server before the worker has drained.
    detached: true,
  });
  const complaints = lastLines(child);
  const failedToRun = once(child, 'error').then(([error]) => {
    throw new TemporalServerError(`the Temporal CLI ${path} cannot be run: ${(error as Error).message}`);
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
    throw new TemporalServerError(`the Temporal server did not come up: ${complaints() || String(error)}`);
  }
  return {
    address: `${host}:${port}`,
    httpUrl: `http://${host}:${httpPort}`,
    ...(uiPort === undefined ? {} : { uiUrl: `http://${host}:${uiPort}` }),
    pid: child.pid as number,
    how,
    ended,
    stop,
  };
}

/** A port that nothing listens on just now, on the loopback address. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** Whether nothing listens on a port of the loopback address just now. */
export const isFree = (port: number): Promise<boolean> =>
  refuseTakenPort(port, '').then(
    () => true,
    () => false,
  );

async function refuseTakenPort(port: number, option: string): Promise<void> {
  const probe = createServer().listen(port, host);
  try {
    await once(probe, 'listening');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken' : (error as Error).message;
    throw new TemporalServerError(`port ${port} ${why}; give another with ${option}`);
  }
  probe.close();
  await once(probe, 'close');
}

/** An open port is not enough: the namespace and its search attributes come later. */
async function untilReady(port: number, namespace: string, child: ChildProcess): Promise<void> {
  const giveUpAtMs = Date.now() + readyWithinMs;
  while (!(await isReady(port, namespace).catch(() => false))) {
    if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    if (Date.now() > giveUpAtMs) throw new Error(`not ready within ${readyWithinMs / 1000} s`);
    await sleep(50);
  }
}

async function isReady(port: number, namespace: string): Promise<boolean> {
  // gRPC waits a second before it tries a refused connection again: it is asked only once something listens.
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
 * Ends the server when this process is gone, be it by SIGKILL: a shell waits for the end of a pipe whose other end only this
 * process holds. Where there is no such shell, an ordinary exit still ends the server.
 * @returns takes the watch away
 */
function endWithThisProcess(child: ChildProcess): () => void {
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  if (process.platform === 'win32' || child.pid === undefined) return () => process.off('exit', onExit);
  const watch = spawn('/bin/sh', ['-c', 'cat >/dev/null; kill -TERM "$1"', 'sh', String(child.pid)], {
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

/** Keeps the end of what the server says on standard error, for when it does not come up. */
function lastLines(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-4_096);
  });
  return () => tail.trim().split('\n').at(-1) ?? '';
}
