/** Health and readiness over HTTP, for orchestrators. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from './settings.js';

/** Whether a worker can do its work now, with the result of each check by name. */
export interface Readiness {
  readonly isReady: boolean;
  readonly checks: Readonly<Record<string, boolean | string>>;
}

/** A server that listens. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts a server for health checks. `GET /healthz` answers 200 as long as the process runs; `GET /readyz` answers 200 or 503, with the
 * result of `ready` as JSON.
 * @throws if the address cannot be listened on
 */
export async function startHealthServer(
  { host, port }: ListenAddress,
  ready: () => Promise<Readiness>,
): Promise<HealthServer> {
  const server = createServer({ requestTimeout: 5_000 }, async (request, response) => {
    request.resume();
    const [path] = (request.url ?? '').split('?', 1);
    const answer = (status: number, body: object) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, { status: 'use GET or HEAD' });
    if (path === '/healthz') return answer(200, { status: 'alive' });
    if (path !== '/readyz') return answer(404, { status: 'use /healthz or /readyz' });
    const { isReady, checks } = await ready().catch(() => ({ isReady: false, checks: {} }));
    return answer(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', checks });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
