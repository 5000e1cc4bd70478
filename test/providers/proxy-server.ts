/** A forward proxy on loopback, for tests. */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the proxy got. */
export interface ProxyCall {
  /** Host and port that the client asked for. */
  readonly target: string;
  readonly authorization: string | undefined;
}

/**
 * Starts a proxy that leads every tunnel to one server on loopback. It ends with the test.
 * @param options - `endpoint`: where tunnels lead; `answer`: answers CONNECT in place of a tunnel
 */
export const serveProxy = async (options: { endpoint?: string; answer?: (socket: Socket) => void }) => {
  const calls: ProxyCall[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.on('connect', (request, socket: Socket) => {
    calls.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    if (options.answer) return options.answer(socket);
    const upstream = connect(Number(new URL(options.endpoint ?? '').port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    sockets.add(upstream);
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
};
