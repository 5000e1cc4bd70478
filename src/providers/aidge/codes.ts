/**
 * The codes, HTTP statuses and throttle texts of the gateway in front of every Aidge API, as tables. No Aidge page lists the codes.
 * Lazada, Daraz and AliExpress use the same gateway software; most rows come from the pages and users of those platforms. Safe in the
 * workflow sandbox.
 */
import type { CodeRow } from '../../poll/reply.js';

const tokenRemedy = 'check that the key is an Aidge key; Aidge calls need no access token';
const limitRemedy = 'lower AIDGE_QUERIES_PER_SECOND, or use the key in fewer programs';
const clockRemedy = 'check the app secret and the clock of this machine';

/** Codes of the gateway layer, field `code`. */
export const gatewayCodes: Readonly<Record<string, CodeRow>> = {
  '0': { class: 'ok', description: 'ok' },
  // Quota. The vendor's text begins "Sorry, your calling resources have been exhausted".
  NoResource: { class: 'quota', description: 'no bought quota is left', remedy: 'top up, or set AIDGE_TRIAL=true' },
  // Signature or timestamp. The client signs again once, with the vendor's time.
  IncompleteSignature: { class: 'clock', description: 'the signature is wrong', remedy: clockRemedy },
  IllegalTimestamp: {
    class: 'clock',
    description: "the timestamp is too far from the vendor's clock",
    remedy: clockRemedy,
  },
  InvalidTimestamp: {
    class: 'clock',
    description: "the timestamp is too far from the vendor's clock",
    remedy: clockRemedy,
  },
  // Key and account: somebody must act.
  InvalidAppKey: {
    class: 'auth',
    description: 'the app key is unknown',
    remedy: 'check AIDGE_APP_KEY and AIDGE_ENDPOINT',
  },
  AppWhiteIpLimit: {
    class: 'auth',
    description: "this machine's IP address is not on the allow list",
    remedy: 'add it to the allow list at the vendor',
  },
  AppNotSubscribed: {
    class: 'auth',
    description: 'the app has no subscription',
    remedy: 'subscribe the app at the vendor',
  },
  IllegalAccessToken: { class: 'auth', description: 'the access token is wrong', remedy: tokenRemedy },
  InvalidAccessToken: { class: 'auth', description: 'the access token is wrong', remedy: tokenRemedy },
  MissingAccessToken: { class: 'auth', description: 'the access token is missing', remedy: tokenRemedy },
  IllegalRefreshToken: { class: 'auth', description: 'the refresh token is wrong', remedy: tokenRemedy },
  AppAuthExpired: { class: 'auth', description: "the app's authorisation has expired", remedy: tokenRemedy },
  // The request itself.
  MissingPartner: {
    class: 'refused',
    description: 'partner_id is missing',
    remedy: 'report a bug: the client always sends it',
  },
  MISSING_PARAMETER: { class: 'refused', description: 'a required parameter is missing', remedy: 'check the request' },
  MissingParameter: { class: 'refused', description: 'a required parameter is missing', remedy: 'check the request' },
  InvalidApiPath: {
    class: 'refused',
    description: 'the API path is unknown, or not granted to the app',
    remedy: 'check AIDGE_ENDPOINT',
  },
  InvalidApi: {
    class: 'refused',
    description: 'the API path is unknown, or not granted to the app',
    remedy: 'check AIDGE_ENDPOINT',
  },
  // Limits. The texts of `ApiCallLimit` and `7` name the seconds, see `throttleMessages`.
  ApiCallLimit: { class: 'throttled', description: 'too many calls of this API', remedy: limitRemedy },
  AppCallLimit: { class: 'throttled', waitMs: 60_000, description: 'too many calls of this app', remedy: limitRemedy },
  SellerCallLimit: {
    class: 'throttled',
    waitMs: 2_000,
    description: 'too many calls of this seller',
    remedy: limitRemedy,
  },
  '901': { class: 'throttled', waitMs: 2_000, description: 'too many calls of this seller', remedy: limitRemedy },
  '7': { class: 'throttled', description: 'too many calls, in the older protocol', remedy: limitRemedy },
  // The platform.
  ServiceTimeout: { class: 'transient', description: 'the service behind the gateway was too slow' },
  ServiceUnavailable: { class: 'transient', description: 'the platform is down' },
  SystemError: { class: 'transient', description: 'the platform is down' },
  '15': { class: 'transient', description: 'the service behind the gateway failed' },
  '15/isp.*': { class: 'transient', description: 'the service behind the gateway failed because of its own fault' },
  '15/isv.*': {
    class: 'refused',
    description: 'the service behind the gateway refuses the request',
    remedy: 'check the request',
  },
};

/** HTTP statuses, for replies whose body has no code. `5xx` covers the other statuses of its hundred. */
export const httpStatuses: Readonly<Record<string, CodeRow>> = {
  '2xx': { class: 'ok', description: 'ok' },
  '3xx': { class: 'transient', description: 'an unexpected answer from a server before the gateway' },
  '400': { class: 'refused', description: 'the request is refused', remedy: 'check the request' },
  '401': { class: 'clock', description: 'the signature is refused', remedy: clockRemedy },
  '402': { class: 'quota', description: 'payment is required', remedy: 'top up' },
  '403': { class: 'clock', description: 'access is refused', remedy: clockRemedy },
  '404': { class: 'notFound', description: 'not found' },
  '407': { class: 'auth', description: 'a proxy asks for a login', remedy: 'check the network' },
  '408': { class: 'transient', description: 'the request took too long to arrive' },
  '409': { class: 'transient', description: 'a temporary conflict' },
  '410': { class: 'notFound', description: 'no longer available' },
  '423': { class: 'transient', description: 'locked temporarily' },
  '425': { class: 'transient', description: 'too early' },
  '429': { class: 'throttled', description: 'too many requests', remedy: limitRemedy },
  '4xx': {
    class: 'refused',
    retries: 2,
    description: 'the request is refused',
    remedy: 'check the request and AIDGE_ENDPOINT',
  },
  '5xx': { class: 'transient', description: 'the platform is down' },
};

/** Our own codes for faults without a readable answer. */
export const transportCodes: Readonly<Record<string, CodeRow>> = {
  Timeout: { class: 'transient', description: 'no complete answer within the time limit' },
  ConnectionFailed: {
    class: 'transient',
    description: 'the connection could not be made, or broke',
    remedy: 'check the network',
  },
  DnsFailed: {
    class: 'transient',
    description: "the vendor's host name cannot be resolved",
    remedy: 'check AIDGE_ENDPOINT and DNS',
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
    remedy: 'check AIDGE_ENDPOINT',
  },
  NoKey: {
    class: 'auth',
    description: 'key or secret cannot be read',
    remedy: 'check AIDGE_APP_KEY_FILE and AIDGE_APP_SECRET_FILE',
  },
};

/** Texts with the length of a throttle: "this ban will last N seconds" (`ApiCallLimit`), "This ban will last for N more seconds" (`7`). N can be 0. */
export const throttleMessages: readonly RegExp[] = [
  /\bban will last(?: for)? (-?\d+(?:\.\d+)?)(?: more)? ?s(?:ec(?:ond)?s?)?\b/i,
];
