/**
 * The tables that all vendors share: HTTP statuses, and our own codes for faults without a readable answer. Remedies name the variables of the
 * vendor's accounts. Safe in the workflow sandbox.
 */
import type { CodeRow, VendorApi } from '../poll/reply.js';

/** What a user of the vendor sets. */
export interface VendorVariables {
  /** `AIDGE_`. */
  readonly prefix: string;
  /** The variables whose files may be unreadable: `AIDGE_APP_KEY_FILE and AIDGE_APP_SECRET_FILE`. */
  readonly keyFiles: string;
  /** What to check where signature, time or key are refused. */
  readonly clock: string;
}

interface Names extends VendorVariables {
  readonly limit: string;
}

/** HTTP statuses, for replies whose body has no code. `5xx` covers the other statuses of its hundred. */
const httpStatuses = ({ prefix, clock, limit }: Names): Readonly<Record<string, CodeRow>> => ({
  '2xx': { class: 'ok', description: 'ok' },
  '3xx': { class: 'transient', description: 'an unexpected answer from a server before the gateway' },
  '400': { class: 'refused', description: 'the request is refused', remedy: 'check the request' },
  '401': { class: 'clock', description: 'the signature is refused', remedy: clock },
  '402': { class: 'quota', description: 'payment is required', remedy: 'top up' },
  '403': { class: 'clock', description: 'access is refused', remedy: clock },
  '404': { class: 'notFound', description: 'not found' },
  '407': { class: 'auth', description: 'a proxy asks for a login', remedy: 'check the network' },
  '408': { class: 'transient', description: 'the request took too long to arrive' },
  '409': { class: 'transient', description: 'a temporary conflict' },
  '410': { class: 'notFound', description: 'no longer available' },
  '423': { class: 'transient', description: 'locked temporarily' },
  '425': { class: 'transient', description: 'too early' },
  '429': { class: 'throttled', description: 'too many requests', remedy: limit },
  '4xx': {
    class: 'refused',
    retries: 2,
    description: 'the request is refused',
    remedy: `check the request and ${prefix}ENDPOINT`,
  },
  '5xx': { class: 'transient', description: 'the platform is down' },
});

/** Our own codes for faults without a readable answer. */
const transportCodes = ({ prefix, keyFiles }: Names): Readonly<Record<string, CodeRow>> => ({
  Timeout: { class: 'transient', description: 'no complete answer within the time limit' },
  ConnectionFailed: {
    class: 'transient',
    description: 'the connection could not be made, or broke',
    remedy: 'check the network',
  },
  DnsFailed: {
    class: 'transient',
    description: "the vendor's host name cannot be resolved",
    remedy: `check ${prefix}ENDPOINT and DNS`,
  },
  TlsFailed: {
    class: 'transient',
    description: 'the certificate is not trusted',
    remedy: 'check the clock of this machine, its CA list and proxies',
  },
  TooLarge: { class: 'transient', description: 'the answer is larger than 4 MiB' },
  BadBody: { class: 'transient', description: 'the answer is not the expected JSON' },
  Redirected: {
    class: 'transient',
    description: 'the answer is a redirect; redirects are not followed',
    remedy: `check ${prefix}ENDPOINT`,
  },
  NoKey: {
    class: 'auth',
    description: 'key or secret cannot be read',
    remedy: `check ${keyFiles}`,
  },
});

/** The remedy where an account is throttled. */
export const limitRemedy = (prefix: string): string =>
  `lower ${prefix}QUERIES_PER_SECOND, or use the key in fewer programs`;

/** The shared tables of a descriptor. */
export function commonTables(variables: VendorVariables): Pick<VendorApi, 'httpStatuses' | 'transportCodes'> {
  const names: Names = { ...variables, limit: limitRemedy(variables.prefix) };
  return { httpStatuses: httpStatuses(names), transportCodes: transportCodes(names) };
}

/** How often a poll is repeated that gets an HTTP 4xx without a known code: about a quarter of an hour. The task is paid for. */
const unclearRetries = 20;

/**
 * The shared tables of a vendor with API keys, whose HTTP statuses mean what they say: 401 and 403 are about the key, and a code without a row is
 * what its status says. A 4xx that is not understood rejects a submit, but ends a wait only when it stays for long.
 * @param variables - `clock` is not used: an API key signs no time
 */
export function apiKeyTables(
  variables: Omit<VendorVariables, 'clock'>,
): Pick<VendorApi, 'httpStatuses' | 'transportCodes' | 'hasErrorStatuses'> {
  const remedy = `check ${variables.prefix}API_KEY and ${variables.prefix}ENDPOINT`;
  const tables = commonTables({ ...variables, clock: remedy });
  const { '400': badRequest, '4xx': others } = tables.httpStatuses;
  return {
    ...tables,
    hasErrorStatuses: true,
    httpStatuses: {
      ...tables.httpStatuses,
      '401': { class: 'auth', description: 'the API key is refused', remedy },
      '403': { class: 'auth', description: 'access is refused', remedy },
      ...(badRequest && { '400': { ...badRequest, retries: unclearRetries } }),
      ...(others && { '4xx': { ...others, retries: unclearRetries } }),
    },
  };
}
