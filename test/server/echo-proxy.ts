/** A proxy in front of the emulated vendor that answers now and then by repeating what it was sent, as error pages do. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';

/** A running proxy. */
export interface EchoProxy {
  readonly url: string;
  /** Every signature that went through. */
  readonly signatures: ReadonlySet<string>;
  /** How often something was repeated. */
  readonly echoes: number;
  /** Repeats the next calls, one in each way. */
  echo(): void;
  close(): Promise<void>;
}

interface Said {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const json = { 'content-type': 'application/json' };

/** Ways to repeat a request; `all`: its address, headers and body. */
const ways: readonly ((address: string, all: string) => Said)[] = [
  (address) => ({ status: 502, headers: { 'content-type': 'text/html' }, body: `<h1>Bad gateway</h1>GET ${address}` }),
  (_address, all) => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: all }),
  (address) => ({ status: 302, headers: { location: address }, body: '' }),
  (address) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({ code: 'SystemError', message: `at ${address}` }),
  }),
  (address) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({ code: new URL(address).searchParams.get('sign'), request_id: address.slice(-150) }),
  }),
  (address, all) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({
      code: '0',
      success: 'false',
      resCode: '900',
      resMessage: `${encodeURIComponent(address)} ${all}`,
    }),
  }),
  (address) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({
      code: '0',
      data: { taskStatus: `queued by ${address}`, taskResult: [{ taskStatus: address }] },
    }),
  }),
];

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of incoming.setEncoding('utf8')) text += part;
  return text;
}

/** @param target - the emulator's address */
export async function startEchoProxy(target: string): Promise<EchoProxy> {
  const signatures = new Set<string>();
  let [left, echoes] = [0, 0];
  const server = createServer(async (incoming, response) => {
    const body = await bodyOf(incoming);
    const address = `${target}${incoming.url}`;
    const sign = new URL(address).searchParams.get('sign');
    if (sign !== null) signatures.add(sign);
    if (left > 0) {
      const way = ways[ways.length - left] as (typeof ways)[number];
      left -= 1;
      echoes += 1;
      const said = way(address, `${address} ${JSON.stringify(incoming.headers)} ${body}`);
      response.writeHead(said.status, said.headers).end(said.body);
      return;
    }
    const headers = { 'content-type': incoming.headers['content-type'] ?? '' };
    const answer = await request(address, { method: 'POST', headers, body });
    response.writeHead(answer.statusCode, { 'content-type': String(answer.headers['content-type'] ?? '') });
    response.end(Buffer.from(await answer.body.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    signatures,
    get echoes() {
      return echoes;
    },
    echo() {
      left = ways.length;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
