/** A line to a server that can be cut, as when the server is restarted or a network breaks. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A running proxy. */
export interface CutProxy {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Connections that were refused since the last cut. */
  readonly refused: number;
  /** Ends all connections, and each new one at once, until `restore`. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** @param target - `host:port` of the server */
export async function startCutProxy(target: string): Promise<CutProxy> {
  const [host = '', port] = target.split(':');
  const sockets = new Set<Socket>();
  let [isCut, refused] = [false, 0];
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    keep(socket);
    if (isCut) {
      refused += 1;
      socket.destroy();
      return;
    }
    const upstream = connect(Number(port), host);
    keep(upstream);
    socket.pipe(upstream).pipe(socket);
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get refused() {
      return refused;
    },
    cut() {
      [isCut, refused] = [true, 0];
      endAll();
    },
    restore() {
      isCut = false;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      endAll();
      await closed;
    },
  };
}
