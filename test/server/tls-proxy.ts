/** TLS in front of a plain gRPC server, as a gateway would: it asks for a client certificate, for an API key, or for both. */
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type Authority, anAuthority } from './certificates.js';

/** A running proxy. */
export interface TlsProxy {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly authority: Authority;
  /** Calls that were let through. */
  readonly calls: number;
  /** Common names of the client certificates that were shown. */
  readonly clients: ReadonlySet<string>;
  close(): Promise<void>;
}

const unauthenticated = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' };

/**
 * Starts one.
 * @param options - `target`: `host:port` of the plain server; `apiKey`: what a bearer token must be, where one is asked for;
 *   `clientCertificate`: whether one is asked for
 */
export async function startTlsProxy(options: {
  readonly target: string;
  readonly apiKey?: string | (() => string);
  readonly clientCertificate?: boolean;
}): Promise<TlsProxy> {
  const { apiKey, clientCertificate = false } = options;
  const authority = anAuthority();
  const sessions = new Set<ServerHttp2Session | ClientHttp2Session>();
  const clients = new Set<string>();
  let calls = 0;
  const server = createSecureServer({
    ...authority.issue('server'),
    ca: authority.cert,
    requestCert: clientCertificate,
    rejectUnauthorized: clientCertificate,
  });
  server.on('session', (session) => {
    const upstream = connect(`http://${options.target}`);
    const certificate = (
      session.socket as unknown as { getPeerCertificate?(): { subject?: { CN?: string } } }
    ).getPeerCertificate?.();
    if (certificate?.subject?.CN !== undefined) clients.add(certificate.subject.CN);
    for (const one of [session, upstream]) {
      sessions.add(one);
      one.on('error', () => undefined);
      one.on('close', () => sessions.delete(one));
    }
    session.on('close', () => upstream.destroy());
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => undefined);
      if (
        apiKey !== undefined &&
        headers.authorization !== `Bearer ${typeof apiKey === 'string' ? apiKey : apiKey()}`
      ) {
        stream.respond(unauthenticated, { endStream: true });
        return;
      }
      calls += 1;
      forward(stream, headers, upstream);
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authority,
    get calls() {
      return calls;
    },
    clients,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

/** One call: headers, messages and trailers, both ways. */
function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, upstream: ClientHttp2Session): void {
  const call = upstream.request({
    ...headers,
    ':authority': upstream.originSet?.[0] ?? 'localhost',
    ':scheme': 'http',
  });
  let trailers: IncomingHttpHeaders = {};
  call.on('error', () => stream.destroy());
  call.on('response', (head, flags) => {
    // END_STREAM: a call that has nothing but trailers.
    if (flags & 1) {
      stream.respond(head, { endStream: true });
      return;
    }
    stream.respond(head, { waitForTrailers: true });
    call.pipe(stream);
  });
  call.on('trailers', (all) => {
    trailers = all;
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.on('close', () => call.close());
  stream.pipe(call);
}
