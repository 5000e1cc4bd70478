/** One HTTP request and what came of it, within limits. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Fault, HttpFacts, TransportCode } from '../poll/reply.js';
import type { SignedCall } from './aidge/sign.js';
import { readBody } from './body.js';
import type { Slot } from './pool.js';
import { transportError } from './transport-errors.js';

/** What an exchange came to. */
export type Exchanged =
  | { readonly kind: 'body'; readonly facts: HttpFacts & { readonly httpStatus: number }; readonly text: string }
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      /** The request surely did not reach the vendor. */
      readonly neverSent: boolean;
      /** A connection from earlier turned out dead under this request. */
      readonly staleSocket: boolean;
    };

/** One request to the vendor, as far as it may be told: no query, key or signature. */
export interface ExchangeAbout {
  readonly account: string;
  readonly origin: string;
  /** Path without its query. */
  readonly path: string;
}

/** Runs `send`, once, and gives what it gives; for timing and tracing. */
export type AroundExchange = (about: ExchangeAbout, send: () => Promise<Exchanged>) => Promise<Exchanged>;

/** What to send, and how long to wait. */
export interface ExchangeOptions {
  readonly slot: Slot;
  readonly origin: string;
  /** Goes before the path of the call. */
  readonly pathPrefix: string;
  readonly call: SignedCall;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the exchange, from outside or by the limit on its whole length. */
  readonly signal: AbortSignal;
  readonly headersMs: number;
  readonly bodyBytes: number;
}

/** Why an exchange was ended by us. */
export class LimitError extends Error {}

const redirects = [301, 302, 303, 307, 308];

const headerOf = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
};

const factsOf = (httpStatus: number, headers: IncomingHttpHeaders) => {
  const retryAfter = headerOf(headers, 'retry-after').slice(0, 100);
  const vendorDateMs = Date.parse(headerOf(headers, 'date'));
  return {
    httpStatus,
    ...(retryAfter === '' ? {} : { retryAfter }),
    ...(Number.isNaN(vendorDateMs) ? {} : { vendorDateMs }),
  };
};

/** The host that a redirect names; the rest of the address could hold a signature. */
const hostOf = (location: string, origin: string): string =>
  URL.canParse(location, origin) ? new URL(location, origin).host.slice(0, 100) : 'an unreadable address';

/**
 * Sends a call and reads the answer. Never follows a redirect.
 * @throws only what `signal` gives as reason, where that is no {@link LimitError}
 */
export const exchange = async (options: ExchangeOptions): Promise<Exchanged> => {
  const { slot, origin, call, signal } = options;
  const own = new AbortController();
  const forward = () => own.abort(signal.reason);
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward, { once: true });
  const timer = setTimeout(() => {
    own.abort(new LimitError(`no answer within ${options.headersMs / 1000} s`));
  }, options.headersMs);
  const seen = slot.watch();
  let facts: ReturnType<typeof factsOf> | undefined;
  const fault = (code: TransportCode, message: string, more: { neverSent?: boolean; staleSocket?: boolean } = {}) =>
    ({
      kind: 'fault',
      fault: { kind: 'fault', code, message, ...facts },
      neverSent: more.neverSent ?? false,
      staleSocket: more.staleSocket ?? false,
    }) as const;
  const failure = (error: unknown): Exchanged => {
    if (own.signal.aborted) {
      const { reason } = own.signal;
      if (!(reason instanceof LimitError)) throw reason;
      return fault('Timeout', reason.message, { neverSent: seen.neverConnected() });
    }
    const { code, word, neverSent } = transportError(error);
    const when = facts === undefined ? 'before an answer' : 'in the middle of the answer';
    // Anything that ends a reused connection before the first byte of an answer: the peer had closed it.
    const staleSocket = code === 'ConnectionFailed' && facts === undefined && seen.stayed();
    return fault(code, `${failures[code] ?? 'the exchange failed'} ${when} (${word})`, {
      neverSent: neverSent || seen.neverConnected(),
      staleSocket,
    });
  };
  try {
    let response: Dispatcher.ResponseData;
    try {
      response = await slot.dispatcher.request({
        origin,
        path: options.pathPrefix + call.path,
        method: 'POST',
        headers: { ...options.headers, 'content-type': call.contentType },
        body: call.body,
        signal: own.signal,
      });
    } catch (error) {
      return failure(error);
    }
    clearTimeout(timer);
    const { statusCode, headers, body } = response;
    facts = factsOf(statusCode, headers);
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
    // Of a failed status the body is only of interest for its words.
    const cancelled = own.signal.aborted && !(own.signal.reason instanceof LimitError);
    if (statusCode >= 400 && !cancelled) return { kind: 'body', facts, text: '' };
    if (read.kind === 'tooLarge') return fault('TooLarge', `the answer is larger than ${options.bodyBytes} bytes`);
    if (read.kind === 'undecodable') return fault('BadBody', `the answer cannot be decoded: ${read.why}`);
    return failure(read.error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', forward);
  }
};

const failures: Partial<Record<TransportCode, string>> = {
  ConnectionFailed: 'the connection failed',
  DnsFailed: "the vendor's host name could not be resolved,",
  TlsFailed: 'TLS failed',
  Timeout: 'the time was up',
  TooLarge: 'the headers were too large,',
  BadBody: 'what came was not HTTP,',
};
