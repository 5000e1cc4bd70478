/** The error codes of Node and undici, as a table. */
import type { TransportCode } from '../poll/reply.js';

/** The meaning of an error. */
export interface TransportError {
  readonly code: TransportCode;
  /** The code of Node or undici, for the message. */
  readonly cause: string;
  /** The request was certainly not sent: there was no connection. */
  readonly neverSent: boolean;
}

type Row = Omit<TransportError, 'cause'>;

const failed: Row = { code: 'ConnectionFailed', neverSent: false };
const unreachable: Row = { code: 'ConnectionFailed', neverSent: true };
const dns: Row = { code: 'DnsFailed', neverSent: true };
const untrusted: Row = { code: 'TlsFailed', neverSent: true };
const timeout: Row = { code: 'Timeout', neverSent: false };
const tooLarge: Row = { code: 'TooLarge', neverSent: false };
const badBody: Row = { code: 'BadBody', neverSent: false };
// Alerts may come after the request was sent.
const tlsAlert: Row = { code: 'TlsFailed', neverSent: false };

/** Rows by error code. */
export const errorCodes: Readonly<Record<string, Row>> = {
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENETDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
  UND_ERR_CONNECT_TIMEOUT: unreachable,
  UND_ERR_PRX_TLS: untrusted,
  ECONNRESET: failed,
  ECONNABORTED: failed,
  EPIPE: failed,
  ETIMEDOUT: failed,
  UND_ERR_SOCKET: failed,
  UND_ERR_CLOSED: failed,
  UND_ERR_DESTROYED: failed,
  UND_ERR_ABORTED: failed,
  ENOTFOUND: dns,
  ENODATA: dns,
  ESERVFAIL: dns,
  UND_ERR_HEADERS_TIMEOUT: timeout,
  UND_ERR_BODY_TIMEOUT: timeout,
  UND_ERR_HEADERS_OVERFLOW: tooLarge,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: tooLarge,
  HTTPParserError: badBody,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: badBody,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  HOSTNAME_MISMATCH: untrusted,
  INVALID_CA: untrusted,
  INVALID_PURPOSE: untrusted,
  PATH_LENGTH_EXCEEDED: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  EPROTO: tlsAlert,
};

/** Rows by the start of an error code, for codes that {@link errorCodes} does not have. */
export const errorPrefixes: Readonly<Record<string, Row>> = {
  // A proxy that opened no tunnel: `PROXY_CLOSED`, or `PROXY_HTTP_` with the status of its answer.
  PROXY_: unreachable,
  EAI_: dns,
  CERT_: untrusted,
  UNABLE_TO_: untrusted,
  ERR_TLS_: tlsAlert,
  ERR_SSL_: tlsAlert,
  // The HTTP parser: the response is not HTTP.
  HPE_: badBody,
};

/** The first `code` of an error, its causes, or the errors that it aggregates. */
const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  return codeOf(cause, depth + 1) ?? (Array.isArray(errors) ? codeOf(errors[0], depth + 1) : undefined);
};

/** Maps an error of undici or Node by its code. An unknown code is a failed connection. Never shows the error's own text. */
export const transportError = (error: unknown): TransportError => {
  const cause = (codeOf(error) ?? (error instanceof Error ? error.name : 'unknown error')).slice(0, 60);
  if (Object.hasOwn(errorCodes, cause)) return { ...failed, ...errorCodes[cause], cause };
  const prefix = Object.keys(errorPrefixes).find((start) => cause.startsWith(start));
  return { ...failed, ...(prefix && errorPrefixes[prefix]), cause };
};
