/** What the error codes of Node and undici mean for an exchange, as a table. */
import type { TransportCode } from '../poll/reply.js';

/** What an error came to. `word`: the code of Node or undici, for the message. */
export interface TransportError {
  readonly code: TransportCode;
  readonly word: string;
  /** The request surely did not leave: there was no connection to send it on. */
  readonly neverSent: boolean;
}

const beforeSending = { neverSent: true } as const;
const failed = { code: 'ConnectionFailed', neverSent: false } as const;
const unreachable = { code: 'ConnectionFailed', ...beforeSending } as const;
const dns = { code: 'DnsFailed', ...beforeSending } as const;
const untrusted = { code: 'TlsFailed', ...beforeSending } as const;

type Row = Omit<TransportError, 'word'>;

/** By code. */
export const errorCodes: Readonly<Record<string, Row>> = {
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENETDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
  UND_ERR_CONNECT_TIMEOUT: unreachable,
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
  UND_ERR_HEADERS_TIMEOUT: { code: 'Timeout', neverSent: false },
  UND_ERR_BODY_TIMEOUT: { code: 'Timeout', neverSent: false },
  UND_ERR_HEADERS_OVERFLOW: { code: 'TooLarge', neverSent: false },
  UND_ERR_RES_EXCEEDED_MAX_SIZE: { code: 'TooLarge', neverSent: false },
  HTTPParserError: { code: 'BadBody', neverSent: false },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { code: 'BadBody', neverSent: false },
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  HOSTNAME_MISMATCH: untrusted,
  INVALID_CA: untrusted,
  INVALID_PURPOSE: untrusted,
  PATH_LENGTH_EXCEEDED: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  // Alerts may come after the request has left.
  EPROTO: { code: 'TlsFailed', neverSent: false },
};

/** By how the code begins, where it is no row of {@link errorCodes}. */
export const errorPrefixes: Readonly<Record<string, Row>> = {
  EAI_: dns,
  CERT_: untrusted,
  UNABLE_TO_: untrusted,
  ERR_TLS_: { code: 'TlsFailed', neverSent: false },
  ERR_SSL_: { code: 'TlsFailed', neverSent: false },
  // llhttp: what came is not HTTP.
  HPE_: { code: 'BadBody', neverSent: false },
};

/** The first `code` along the error, its causes and the attempts that it sums up. */
const wordOf = (error: unknown, depth = 0): string | undefined => {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  return wordOf(cause, depth + 1) ?? (Array.isArray(errors) ? wordOf(errors[0], depth + 1) : undefined);
};

/** Maps an error of `undici` or `node:net` by code; what is no row is a failed connection. Never shows the error's own text. */
export const transportError = (error: unknown): TransportError => {
  const word = (wordOf(error) ?? (error instanceof Error ? error.name : 'unknown error')).slice(0, 60);
  if (Object.hasOwn(errorCodes, word)) return { ...failed, ...errorCodes[word], word };
  const prefix = Object.keys(errorPrefixes).find((start) => word.startsWith(start));
  return { ...failed, ...(prefix === undefined ? {} : errorPrefixes[prefix]), word };
};
