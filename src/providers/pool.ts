/** A bounded set of connections to one origin, each of which knows whether it was used before. */
import { buildConnector, Client, type Dispatcher } from 'undici';

/** One connection, lent to one user at a time. */
export interface Slot {
  readonly dispatcher: Dispatcher;
  /**
   * Starts to watch. The answers, at any time after: `neverConnected`, no connection was there since; `stayed`, that which was there
   * at the start is the only one so far, so what happened to a request happened on a reused socket.
   */
  readonly watch: () => { readonly neverConnected: () => boolean; readonly stayed: () => boolean };
}

/** See {@link createPool}. */
export interface Pool {
  /** Waits for a free slot, first come first served, and lends it. Rejects with the signal's reason while it waits. */
  readonly use: <T>(signal: AbortSignal | undefined, work: (slot: Slot) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

const watchable = (client: Client): Slot => {
  let isConnected = false;
  let connections = 0;
  client.on('connect', () => {
    isConnected = true;
    connections += 1;
  });
  client.on('disconnect', () => {
    isConnected = false;
  });
  return {
    dispatcher: client,
    watch: () => {
      const was = { isConnected, connections };
      return {
        neverConnected: () => !was.isConnected && connections === was.connections,
        stayed: () => was.isConnected && connections === was.connections,
      };
    },
  };
};

/** A dispatcher of somebody else tells nothing of its connections. */
const opaque = (dispatcher: Dispatcher): Slot => ({
  dispatcher,
  watch: () => ({ neverConnected: () => false, stayed: () => false }),
});

/**
 * @param options - `connections`: how many at most; `connectMs`: limit for DNS, TCP and TLS together; `dispatcher`: sends instead of
 *   connections of our own, and is not closed
 */
export const createPool = (options: {
  readonly origin: string;
  readonly connections: number;
  readonly connectMs: number;
  readonly dispatcher?: Dispatcher;
}): Pool => {
  // Explicit, since NODE_TLS_REJECT_UNAUTHORIZED=0 would switch the check off otherwise.
  const connect = buildConnector({ timeout: options.connectMs, rejectUnauthorized: true });
  const clients: Client[] = [];
  const idle: Slot[] = [];
  const waiting: (() => void)[] = [];
  let lent = 0;

  const open = (): Slot => {
    if (options.dispatcher) return opaque(options.dispatcher);
    const client = new Client(options.origin, {
      connect,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: 10_000,
      keepAliveMaxTimeout: 60_000,
      // The limits of an exchange are kept in one place, `exchange.ts`.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    clients.push(client);
    return watchable(client);
  };

  const turn = (signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    if (lent < options.connections) {
      lent += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal?.reason);
      };
      waiting.push(go);
      signal?.addEventListener('abort', leave, { once: true });
    });
  };

  return {
    use: async (signal, work) => {
      await turn(signal);
      // The one used last: its connection is the most likely to be alive.
      const slot = idle.pop() ?? open();
      try {
        return await work(slot);
      } finally {
        idle.push(slot);
        const next = waiting.shift();
        if (next) next();
        else lent -= 1;
      }
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.destroy()));
    },
  };
};
