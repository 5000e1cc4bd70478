/** One HTTP request to the vendor and its response, within limits. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { defined } from '../defined.js';
import type { Fault, HttpFacts, TransportCode } from '../poll/reply.js';
import type { SignedCall } from './auth.js';
import { readBody } from './body.js';
import type { Connection } from './pool.js';
import { transportError } from './transport-errors.js';

/** The result of an exchange: a body of any status, or a fault. */
export type ExchangeResult =
  | { readonly kind: 'body'; readonly facts: HttpFacts & { readonly httpStatus: number }; readonly text: string }
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      /** The request certainly did not reach the vendor. */
      readonly neverSent: boolean;
      /** The request went out on a reused socket that the peer had closed: it failed before any byte of a response. */
      readonly staleSocket: boolean;
    };

/** What hooks may know of a request: no query string, key or signature. */
export interface ExchangeInfo {
  readonly account: string;
  readonly origin: string;
  /** Path without its query. */
  readonly path: string;
}

/** Runs `send` once and returns its result; for metrics and traces. */
export type AroundExchange = (info: ExchangeInfo, send: () => Promise<ExchangeResult>) => Promise<ExchangeResult>;

/** A request and its limits. */
export interface ExchangeOptions {
  readonly connection: Connection;
  readonly origin: string;
  /** Goes before the path of the call. */
  readonly pathPrefix: string;
  readonly call: SignedCall;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Ends the exchange: aborted by the caller, with a {@link LimitError} as reason if a limit is the cause, or by the exchange itself
   * when the headers are late.
   */
  readonly abort: AbortController;
  /** From the start of the request to the response headers. */
  readonly headersMs: number;
  /** Largest body after decompression. */
  readonly bodyBytes: number;
  /** See `ApiDescriptor.retryAfterMsHeader`. */
  readonly retryAfterMsHeader?: string;
}

/** The abort reason of a time limit. */
export class LimitError extends Error {}

const redirects = [301, 302, 303, 307, 308];

const headerOf = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
};

const factsOf = (httpStatus: number, headers: IncomingHttpHeaders, msHeader: string | undefined) => {
  const ms = msHeader === undefined ? '' : headerOf(headers, msHeader);
  const inSeconds = /^\d{1,12}$/.test(ms) && Number(ms) > 0 ? String(Number(ms) / 1000) : undefined;
  const retryAfter = headerOf(headers, 'retry-after').slice(0, 100) || inSeconds;
  const dateMs = Date.parse(headerOf(headers, 'date'));
  return defined({ httpStatus, retryAfter, vendorDateMs: Number.isNaN(dateMs) ? undefined : dateMs });
};

/** The host of a redirect's target. The rest of the URL could have a signature. */
const hostOf = (location: string, origin: string): string =>
  URL.canParse(location, origin) ? new URL(location, origin).host.slice(0, 100) : 'an unreadable address';

const failures: Partial<Record<TransportCode, string>> = {
  ConnectionFailed: 'the connection failed',
  DnsFailed: "the vendor's host name could not be resolved,",
  TlsFailed: 'TLS failed',
  Timeout: 'the time limit was reached',
  TooLarge: 'the headers were too large,',
  BadBody: 'the response was not HTTP,',
};

/**
 * Sends a call and reads the response. Never follows a redirect.
 * @throws only the abort reason, unless it is a {@link LimitError}
 */
export const exchange = async (options: ExchangeOptions): Promise<ExchangeResult> => {
  const { connection, origin, call, abort } = options;
  const { signal } = abort;
  const headersTimer = setTimeout(() => {
    abort.abort(new LimitError(`no answer within ${options.headersMs / 1000} s`));
  }, options.headersMs);
  const socketUse = connection.watchSocket();
  let facts: ReturnType<typeof factsOf> | undefined;
  const fault = (code: TransportCode, message: string, neverSent = false, staleSocket = false): ExchangeResult => ({
    kind: 'fault',
    fault: { kind: 'fault', code, message, ...facts },
    neverSent,
    staleSocket,
  });
  const failure = (error: unknown): ExchangeResult => {
    const { socket, hasAnswered } = socketUse();
    const neverConnected = socket === 'none';
    if (signal.aborted) {
      if (!(signal.reason instanceof LimitError)) throw signal.reason;
      return fault('Timeout', signal.reason.message, neverConnected);
    }
    const { code, cause, neverSent } = transportError(error);
    const phase = facts === undefined ? 'before an answer' : 'in the middle of the answer';
    const message = `${failures[code] ?? 'the exchange failed'} ${phase} (${cause})`;
    const staleSocket = code === 'ConnectionFailed' && facts === undefined && socket === 'reused' && !hasAnswered;
    return fault(code, message, neverSent || neverConnected, staleSocket);
  };
  let response: Dispatcher.ResponseData;
  try {
    response = await connection.dispatcher.request({
      origin,
      path: options.pathPrefix + call.path,
      method: call.method,
      headers: { ...options.headers, ...call.headers },
      ...defined({ body: call.body }),
      signal,
    });
  } catch (error) {
    return failure(error);
  } finally {
    clearTimeout(headersTimer);
  }
  const { statusCode, headers, body } = response;
  facts = factsOf(statusCode, headers, options.retryAfterMsHeader);
  if (redirects.includes(statusCode)) {
    body.on('error', () => {});
    body.destroy();
    const host = hostOf(headerOf(headers, 'location'), origin);
    return fault('Redirected', `HTTP ${statusCode} to ${host}, which is not followed`);
  }
  const read = await readBody(
    body,
    {
      contentEncoding: headerOf(headers, 'content-encoding'),
      contentType: headerOf(headers, 'content-type'),
      contentLength: headerOf(headers, 'content-length'),
    },
    options.bodyBytes,
  );
  if (read.kind === 'text') return { kind: 'body', facts, text: read.text };
  // With an error status the status is enough; a fault in its body does not matter.
  const isCancelled = signal.aborted && !(signal.reason instanceof LimitError);
  if (statusCode >= 400 && !isCancelled) return { kind: 'body', facts, text: '' };
  if (read.kind === 'tooLarge') return fault('TooLarge', `the answer is larger than ${options.bodyBytes} bytes`);
  if (read.kind === 'undecodable') return fault('BadBody', `the answer cannot be decoded: ${read.reason}`);
  return failure(read.error);
};
