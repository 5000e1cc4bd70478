/** A bounded set of connections to one origin. Each knows what its socket has done. */
import type { Dispatcher } from 'undici';
import { type ConnectionOptions, openConnection, type SocketUse, SocketWatch } from './connector.js';

/** One connection, lent to one caller at a time. */
export interface Connection {
  readonly dispatcher: Dispatcher;
  /** See {@link SocketWatch.begin}. */
  readonly watchSocket: () => () => SocketUse;
}

/** The pool was closed before the request could start. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}

/** See {@link createPool}. */
export interface Pool {
  /**
   * Waits for a free connection, first come first served, and lends it to `work`. While it waits it rejects with the signal's reason
   * on an abort, and with {@link ClosedError} on a close.
   */
  readonly use: <T>(signal: AbortSignal | undefined, work: (connection: Connection) => Promise<T>) => Promise<T>;
  /** Refuses new work, waits at most `graceMs` for the work in progress, then ends the connections. */
  readonly close: (graceMs: number) => Promise<void>;
}

/**
 * Makes a pool.
 * @param options - `connections`: the maximum; `dispatcher`: replaces the pool's own connections; the pool does not close it
 */
export const createPool = (
  options: ConnectionOptions & { readonly connections: number; readonly dispatcher?: Dispatcher | undefined },
): Pool => {
  const { dispatcher } = options;
  const own: Dispatcher[] = [];
  const idle: Connection[] = [];
  /** Called with a free connection, or with none when the pool closes. */
  const waiters: ((connection?: Connection) => void)[] = [];
  const running = new Set<Promise<unknown>>();
  let connections = 0;
  let isClosed = false;

  const open = (): Connection => {
    connections += 1;
    if (dispatcher) return { dispatcher, watchSocket: () => () => ({ socket: 'unknown', hasAnswered: false }) };
    const watch = new SocketWatch();
    const connection = openConnection(options, watch);
    own.push(connection);
    return { dispatcher: connection, watchSocket: () => watch.begin() };
  };

  const closedError = () => new ClosedError('the client is closed');

  const acquire = async (signal: AbortSignal | undefined): Promise<Connection> => {
    signal?.throwIfAborted();
    if (isClosed) throw closedError();
    // The connection used last: its socket is the most likely to be alive.
    const free = idle.pop() ?? (connections < options.connections ? open() : undefined);
    if (free) return free;
    return new Promise((resolve, reject) => {
      const onTurn = (connection?: Connection) => {
        signal?.removeEventListener('abort', onAbort);
        if (connection) resolve(connection);
        else reject(closedError());
      };
      const onAbort = () => {
        waiters.splice(waiters.indexOf(onTurn), 1);
        reject(signal?.reason);
      };
      waiters.push(onTurn);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  };

  const release = (connection: Connection): void => {
    const next = waiters.shift();
    if (next) next(connection);
    else idle.push(connection);
  };

  return {
    use: (signal, work) => {
      const run = (async () => {
        const connection = await acquire(signal);
        try {
          return await work(connection);
        } finally {
          release(connection);
        }
      })();
      running.add(run);
      return run.finally(() => running.delete(run));
    },
    close: async (graceMs) => {
      isClosed = true;
      for (const onTurn of waiters.splice(0)) onTurn();
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([Promise.allSettled(running), grace]);
      clearTimeout(timer);
      await Promise.all(own.map((connection) => connection.destroy()));
    },
  };
};
