/** A small HTTP or TLS server on a free loopback port, for the client's tests. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Account } from '../../src/providers/accounts.js';
import type { Credentials } from '../../src/providers/auth.js';
import { createVendorClient, type VendorClientOptions } from '../../src/providers/client.js';

/** One request. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly socket: Socket;
}

/** Answers one request; `index` counts from 0. */
export type Answerer = (response: ServerResponse, requests: ReceivedRequest, index: number) => void | Promise<void>;

const listen = async (server: Server, scheme: string): Promise<string> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Starts an HTTP server, with TLS if `tls` is given. It ends with the test. */
export const serve = async (answer: Answerer, tls?: { key: string; cert: string }) => {
  const requests: ReceivedRequest[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const one: ReceivedRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
      socket: request.socket,
    };
    requests.push(one);
    await answer(response, one, requests.length - 1);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const endpoint = await listen(server, tls ? 'https' : 'http');
  return { endpoint, requests };
};

/** Starts a TCP server. It ends with the test. */
export const serveTcp = (onSocket: (socket: Socket) => void, scheme = 'http'): Promise<string> =>
  listen(createTcpServer(onSocket), scheme);

/** A key and a secret. No text may show them. */
export const testKey = { appKey: '5123457', appSecret: 'top+secret/value==' } as const;

/** Credentials of Aidge's gateway. */
export const appKeyPair = (
  { appKey, appSecret }: { readonly appKey: string; readonly appSecret: string },
  scheme: 'v1' | 'v2' = 'v2',
): Credentials => ({ kind: 'app', scheme, appKey, appSecret });

/** An account. Override the fields that the test is about. */
export const anAccount = (account: Partial<Account> & { endpoint: string }): Account => ({
  name: 'default',
  vendor: 'aidge',
  trial: false,
  queriesPerSecond: 20,
  acceptOtherTaskId: false,
  credentials: async () => appKeyPair(testKey),
  ...account,
});

/** A client with one account for `endpoint`. It closes with the test. */
export const aClient = (
  endpoint: string,
  options: Partial<VendorClientOptions> = {},
  account: Partial<Account> = {},
) => {
  const client = createVendorClient({ accounts: [anAccount({ ...account, endpoint })], ...options });
  onTestFinished(() => client.close());
  return client;
};

/** A finished task with one image, in the query page's spelling. */
export const finishedBody = (taskId = 'task-1'): Record<string, unknown> => ({
  code: '0',
  data: {
    taskId,
    taskStatus: 'finished',
    taskResult: [
      {
        taskStatus: 'finished',
        taskResult: { result: { imageList: [{ imageUrl: 'http://oss.example/a.png?Signature=x%3' }] } },
      },
    ],
  },
  requestId: '212cd83017085872506144758e3fca',
  success: 'true',
  resCode: '200',
  resMessage: 'success',
});

/** Sends JSON. */
export const sendJson = (
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};
