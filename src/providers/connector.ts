/** How a connection is made, and what its socket has done since a request began. */
import type { Socket } from 'node:net';
import { buildConnector, Client, ProxyAgent } from 'undici';
import type { HttpProxy } from './proxy.js';

/** The socket of one request. `none`: no connection was made; `new`, `reused`; `unknown`: the dispatcher is not ours. */
export interface SocketUse {
  readonly socket: 'none' | 'new' | 'reused' | 'unknown';
  /** A byte of a response has come. */
  readonly hasAnswered: boolean;
}

type Connector = ReturnType<typeof buildConnector>;

/** Most bytes of interim responses before one response, as many as undici allows for headers. */
const maxInterimBytes = 16 * 1024;
/** `HTTP/1.1 100`: enough to tell an interim response. Code 101 is final: nobody asked for another protocol. */
const statusLength = 12;
const interimStatus = /^HTTP\/1\.\d 1(?!01)\d\d/;

/**
 * Watches the sockets of one connection. Also drops interim responses (1xx), which a server may send unasked (RFC 9110, 15.2): undici
 * ends the connection at a `100 Continue`.
 */
export class SocketWatch {
  #socket: Socket | undefined;
  #connects = 0;
  #hasAnswered = false;
  /** A request has begun, and no final response to it yet. */
  #isAwaiting = false;

  /** Wraps a connector: `connectMs` is the limit for all that it does. */
  watch(connect: Connector, connectMs: number): Connector {
    return (options, callback) => {
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        callback(Object.assign(new Error('the connection took too long'), { code: 'UND_ERR_CONNECT_TIMEOUT' }), null);
      }, connectMs);
      connect(options, (error, socket) => {
        clearTimeout(timer);
        if (isOver) socket?.on('error', () => {}).destroy();
        else if (error !== null && error !== undefined) callback(error, null);
        else if (socket) {
          this.#connects += 1;
          this.#socket = socket;
          this.#dropInterim(socket);
          callback(null, socket);
        }
      });
    };
  }

  /** Call it before a request; the function that it returns gives the {@link SocketUse} since then. */
  begin(): () => SocketUse {
    const connectsBefore = this.#connects;
    const isConnected = this.#socket !== undefined && !this.#socket.destroyed;
    this.#hasAnswered = false;
    this.#isAwaiting = true;
    return () => {
      const unchanged = isConnected ? 'reused' : 'none';
      return { socket: this.#connects > connectsBefore ? 'new' : unchanged, hasAnswered: this.#hasAnswered };
    };
  }

  #dropInterim(socket: Socket): void {
    const read = socket.read.bind(socket);
    let held: Buffer = Buffer.alloc(0);
    let interimBytes = 0;
    /** What the parser gets of the bytes that are held, or nothing yet. */
    const release = (): Buffer | undefined => {
      while (held.length >= statusLength) {
        if (!interimStatus.test(held.toString('latin1', 0, statusLength))) {
          const response = held;
          held = Buffer.alloc(0);
          interimBytes = 0;
          this.#isAwaiting = false;
          return response;
        }
        const end = held.indexOf('\r\n\r\n');
        if (interimBytes + (end < 0 ? held.length : end) > maxInterimBytes) {
          socket.destroy(Object.assign(new Error('too many headers'), { code: 'UND_ERR_HEADERS_OVERFLOW' }));
          return undefined;
        }
        if (end < 0) return undefined;
        interimBytes += end + 4;
        held = held.subarray(end + 4);
      }
      return undefined;
    };
    socket.read = (size?: number) => {
      for (;;) {
        const chunk: Buffer | null = read(size);
        if (chunk === null || !this.#isAwaiting) return chunk;
        this.#hasAnswered = true;
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        const response = release();
        if (response) return response;
      }
    };
  }
}

/**
 * Gives the failures of a proxy codes of their own. undici has the status of a refusal in the text only, and after a `UND_ERR_SOCKET` it
 * connects again and again without a pause.
 */
const throughProxy =
  (connect: Connector): Connector =>
  (options, callback) =>
    connect(options, (...result) => {
      const [error] = result;
      if (error === null) return callback(...result);
      const status = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
      const isClosed = 'code' in error && (error.code === 'UND_ERR_SOCKET' || error.code === 'UND_ERR_INFO');
      if (status === undefined && !isClosed) return callback(...result);
      const code = status === undefined ? 'PROXY_CLOSED' : `PROXY_HTTP_${status}`;
      callback(Object.assign(new Error('the proxy opened no tunnel'), { code }), null);
    });

/** Settings of each connection. */
export interface ConnectionOptions {
  readonly origin: string;
  /** Limit for DNS, TCP, the proxy and TLS together. */
  readonly connectMs: number;
  readonly proxy?: HttpProxy | undefined;
}

/** Explicit, since NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise turn the check off. */
const rejectUnauthorized = true;
/** Node tries the addresses of a name one after the other. In its own 250 ms a far server is given up before it can answer. */
const autoSelectFamilyAttemptTimeout = 1_000;

/** Opens one connection, through the proxy if there is one. It connects with the first request. */
export const openConnection = (options: ConnectionOptions, watch: SocketWatch): Client | ProxyAgent => {
  const { origin, connectMs, proxy } = options;
  const settings = {
    timeout: connectMs,
    rejectUnauthorized,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout,
  };
  const open = (connect: Connector) =>
    new Client(origin, {
      connect: watch.watch(connect, connectMs),
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: 10_000,
      keepAliveMaxTimeout: 60_000,
      // `exchange.ts` has all limits of an exchange.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  if (proxy === undefined) return open(buildConnector(settings));
  return new ProxyAgent({
    uri: proxy.origin,
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
    proxyTls: settings,
    requestTls: settings,
    // For the CONNECT request.
    clientFactory: (url, clientOptions) => new Client(url, { ...clientOptions, headersTimeout: connectMs }),
    factory: (_origin, tunnel) => open(throughProxy((tunnel as { connect: Connector }).connect)),
  });
};
