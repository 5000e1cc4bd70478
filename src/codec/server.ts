/**
 * A codec server: with it the Temporal UI and CLI show decrypted payloads, and encrypt what is typed into them. Every caller can read the
 * encrypted data. So it answers only pages of the allowed origins, and asks for a token.
 * @see https://docs.temporal.io/production-deployment/data-encryption
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import * as v from 'valibot';
import { check } from '../check.js';
import { PayloadCodecError } from './payload-codec.js';

const wire = proto.temporal.api.common.v1.Payload;

/** Limits of one call. Each counts before the body is parsed. */
export const codecServerLimits = {
  /** A page of history may have 4 MB of payloads, which are a third longer in Base64. */
  bodyBytes: 8 * 1024 * 1024,
  /** A page of history has at most 1,000 events. */
  payloads: 2_000,
  /** Values of the whole body: a payload has about ten, a small body of many millions takes minutes to check. */
  values: 32_000,
  /** How long a request may take to arrive. */
  requestMs: 30_000,
  connections: 100,
} as const;

/** How often the server checks for requests that take too long. */
const checkMs = 1_000;
/** How long calls in flight may take when the server closes. */
const drainMs = 5_000;
const preflightSeconds = 600;

/** Headers that callers send. The UI sends its namespace and, if configured, the user's access token and ID token. */
const allowedHeaders = 'content-type, x-namespace, authorization, authorization-extras';

const base64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/_-]*={0,2}$/));
const PayloadsSchema = v.looseObject({
  payloads: v.optional(
    v.array(v.looseObject({ metadata: v.nullish(v.record(v.string(), base64)), data: v.nullish(base64) })),
  ),
});

/** Options of {@link startCodecServer}. */
export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  /** Origins whose pages may call it, such as `http://localhost:8233`; see {@link originProblem}. */
  readonly allowedOrigins: readonly string[];
  /** Read for each call: a rotated token takes effect at once. If it returns `undefined` no token is needed, as on the loopback interface. */
  readonly token: () => string | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** The largest body of a call; default 8 MiB. */
  readonly bodyBytes?: number;
  /** How long a request may take to arrive; default 30,000. */
  readonly requestMs?: number;
}

/** A codec server that listens. */
export interface CodecServer {
  /** For the UI's settings, or the CLI's `--codec-endpoint`. */
  readonly url: string;
  /** Stops listening. Calls in flight have 5 s to end. */
  close(): Promise<void>;
}

/** What is wrong with an origin, or `undefined`. `*` is not allowed: any page in the browser could read the data. */
export function originProblem(origin: string): string | undefined {
  const isOrigin = URL.canParse(origin) && /^https?:/.test(origin) && new URL(origin).origin === origin;
  return isOrigin
    ? undefined
    : `"${origin}" is not an origin; give only scheme, host and port, such as https://temporal.example.com`;
}

/** An answer other than payloads. */
class Refusal extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
    readonly headers: OutgoingHttpHeaders = {},
  ) {
    super(message);
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares in constant time. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

function requireToken(request: IncomingMessage, token: string | undefined): void {
  if (token === undefined) return;
  const given = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (isSame(given, token)) return;
  const why = given === '' ? 'give a token, as `Authorization: Bearer ...`' : 'this is not the token of this server';
  throw new Refusal(401, why, { 'www-authenticate': 'Bearer' });
}

/** How many bytes of a body begin a value of JSON or part two. Base64 has none of them, so strings need no care. */
function valueMarks(part: Buffer): number {
  let marks = 0;
  for (const byte of part) if (byte === 0x7b || byte === 0x5b || byte === 0x2c) marks += 1;
  return marks;
}

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = (limit: string) => new Refusal(413, `the body has more than ${limit}`, { connection: 'close' });
  const bytes = `${maxBytes} bytes`;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(bytes);
  const parts: Buffer[] = [];
  let [size, values] = [0, 0];
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) throw tooLarge(bytes);
    values += valueMarks(part);
    if (values > codecServerLimits.values) throw tooLarge(`${codecServerLimits.values} values`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function payloadsIn(text: string): Payload[] {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
  const { payloads: list } = Object(given) as { readonly payloads?: unknown };
  if (Array.isArray(list) && list.length > codecServerLimits.payloads)
    throw new Refusal(413, `the body has more than ${codecServerLimits.payloads} payloads`);
  const checked = check(PayloadsSchema, given);
  if (!checked.ok) throw new Refusal(400, `the body is not { "payloads": [...] }: ${checked.problems.join('; ')}`);
  return (checked.value.payloads ?? []).map((payload) => wire.fromObject(payload) as Payload);
}

const textOf = (payloads: readonly Payload[]): string =>
  JSON.stringify({ payloads: payloads.map((payload) => wire.toObject(wire.fromObject(payload), { bytes: String })) });

/** Starts a codec server. It answers `POST /encode` and `POST /decode`. */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const { codec, token, allowedOrigins, host = '127.0.0.1', port = 0 } = options;
  const { bodyBytes = codecServerLimits.bodyBytes, requestMs = codecServerLimits.requestMs } = options;
  const work = new Map([
    ['/encode', codec.encode],
    ['/decode', codec.decode],
  ]);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { origin } = request.headers;
    response.setHeader('vary', 'origin');
    response.setHeader('cache-control', 'no-store');
    if (origin !== undefined) {
      if (!allowedOrigins.includes(origin))
        throw new Refusal(403, 'pages of this origin are not allowed; see --allow-origin');
      response.setHeader('access-control-allow-origin', origin);
      // For a proxy in front of this server that identifies people by a cookie.
      response.setHeader('access-control-allow-credentials', 'true');
    }
    const transform = work.get((request.url ?? '').split('?', 1)[0] ?? '');
    if (transform === undefined) throw new Refusal(404, 'use POST /encode or POST /decode');
    if (request.method === 'OPTIONS' && origin !== undefined) {
      response.writeHead(204, {
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': allowedHeaders,
        'access-control-max-age': String(preflightSeconds),
      });
      response.end();
      return;
    }
    if (request.method !== 'POST') throw new Refusal(405, 'use POST', { allow: 'POST, OPTIONS' });
    requireToken(request, token());
    // A page could send any other type without a preflight request.
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
      throw new Refusal(415, 'send application/json');
    const text = textOf(await transform(payloadsIn(await bodyOf(request, bodyBytes))));
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  };

  const refuse = (response: ServerResponse, error: unknown): void => {
    if (response.headersSent || response.destroyed) return;
    const { statusCode, message, headers } =
      error instanceof Refusal
        ? error
        : error instanceof PayloadCodecError
          ? new Refusal(400, error.message)
          : new Refusal(500, 'this call could not be answered');
    response.writeHead(statusCode, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify({ message }));
  };

  const times = { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: checkMs };
  const server = createServer(times, (request, response) => {
    answer(request, response).catch((error: unknown) => refuse(response, error));
  });
  server.maxConnections = codecServerLimits.connections;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${shownHost}:${address.port}`, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(late);
}
