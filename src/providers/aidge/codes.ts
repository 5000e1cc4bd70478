/**
 * What the gateway in front of every Aidge API can say, as tables: its codes, HTTP statuses, texts. The same gateway software
 * serves Lazada, Daraz and AliExpress; no Aidge page lists its codes, so most rows come from those platforms' pages and users.
 * Safe in the workflow sandbox.
 */
import type { CodeRow } from '../../poll/reply.js';

const tokenRemedy = 'Aidge calls carry no access token: check that the key is an Aidge key';
const limitRemedy = 'lower AIDGE_QUERIES_PER_SECOND, or share the key with fewer programs';
const clockRemedy = 'check the app secret and the clock of this machine';

/** Codes of the gateway layer, field `code`. */
export const gatewayCodes: Readonly<Record<string, CodeRow>> = {
  '0': { class: 'ok', description: 'ok' },
  // Quota. The text begins "Sorry, your calling resources have been exhausted".
  NoResource: { class: 'quota', description: 'no bought quota is left', remedy: 'top up, or set AIDGE_TRIAL=true' },
  // The signature or its time; the client signs anew once with the vendor's own time.
  IncompleteSignature: { class: 'clock', description: 'the signature does not fit', remedy: clockRemedy },
  IllegalTimestamp: {
    class: 'clock',
    description: 'the time of the request is outside the window',
    remedy: clockRemedy,
  },
  InvalidTimestamp: {
    class: 'clock',
    description: 'the time of the request is outside the window',
    remedy: clockRemedy,
  },
  // Key and account: a person must act.
  InvalidAppKey: {
    class: 'auth',
    description: 'the app key is unknown',
    remedy: 'check AIDGE_APP_KEY and AIDGE_ENDPOINT',
  },
  AppWhiteIpLimit: {
    class: 'auth',
    description: "this machine's IP is not on the allow list",
    remedy: 'add it at the vendor',
  },
  AppNotSubscribed: {
    class: 'auth',
    description: 'the app has no subscription',
    remedy: 'subscribe the app at the vendor',
  },
  IllegalAccessToken: { class: 'auth', description: 'the access token is wrong', remedy: tokenRemedy },
  InvalidAccessToken: { class: 'auth', description: 'the access token is wrong', remedy: tokenRemedy },
  MissingAccessToken: { class: 'auth', description: 'an access token is asked for', remedy: tokenRemedy },
  IllegalRefreshToken: { class: 'auth', description: 'the refresh token is wrong', remedy: tokenRemedy },
  AppAuthExpired: { class: 'auth', description: "the app's grant has expired", remedy: tokenRemedy },
  // The request itself.
  MissingPartner: { class: 'refused', description: 'partner_id is missing', remedy: 'report it: the client sends one' },
  MISSING_PARAMETER: { class: 'refused', description: 'a required parameter is missing', remedy: 'check the request' },
  MissingParameter: { class: 'refused', description: 'a required parameter is missing', remedy: 'check the request' },
  InvalidApiPath: {
    class: 'refused',
    description: 'unknown path, or not granted to the app',
    remedy: 'check AIDGE_ENDPOINT',
  },
  InvalidApi: {
    class: 'refused',
    description: 'unknown path, or not granted to the app',
    remedy: 'check AIDGE_ENDPOINT',
  },
  // Limits. `ApiCallLimit` and `7` name their seconds in the text, see `throttleMessages`.
  ApiCallLimit: { class: 'throttled', description: 'too many calls of this API', remedy: limitRemedy },
  AppCallLimit: { class: 'throttled', waitMs: 60_000, description: 'the app is over its budget', remedy: limitRemedy },
  SellerCallLimit: { class: 'throttled', waitMs: 2_000, description: 'over the limit per seller', remedy: limitRemedy },
  '901': { class: 'throttled', waitMs: 2_000, description: 'over the limit per seller', remedy: limitRemedy },
  '7': { class: 'throttled', description: 'too many calls, told in the older style', remedy: limitRemedy },
  // The platform.
  ServiceTimeout: { class: 'transient', description: 'the back end was too slow' },
  ServiceUnavailable: { class: 'transient', description: 'the platform is down' },
  SystemError: { class: 'transient', description: 'the platform is down' },
  '15': { class: 'transient', description: 'the service behind the gateway failed' },
  '15/isp.*': { class: 'transient', description: 'the service behind the gateway failed by its own fault' },
  '15/isv.*': {
    class: 'refused',
    description: 'the service behind the gateway refuses the request',
    remedy: 'check the request',
  },
};

/** HTTP statuses where the body tells no code. A hundred such as `5xx` stands for the rest of its kind. */
export const httpStatuses: Readonly<Record<string, CodeRow>> = {
  '2xx': { class: 'ok', description: 'ok' },
  '3xx': { class: 'transient', description: 'an answer from somewhere before the gateway' },
  '400': { class: 'refused', description: 'the request is refused', remedy: 'check the request' },
  '401': { class: 'clock', description: 'the signature is refused', remedy: clockRemedy },
  '402': { class: 'quota', description: 'payment is asked for', remedy: 'top up' },
  '403': { class: 'clock', description: 'access is refused', remedy: clockRemedy },
  '404': { class: 'notFound', description: 'nothing is there' },
  '407': { class: 'auth', description: 'a proxy on the way asks for a login', remedy: 'check the network' },
  '408': { class: 'transient', description: 'the request came too slowly' },
  '409': { class: 'transient', description: 'a conflict that may pass' },
  '410': { class: 'notFound', description: 'no longer there' },
  '423': { class: 'transient', description: 'locked for now' },
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

/** Our own codes for what went wrong before there was an answer. */
export const transportCodes: Readonly<Record<string, CodeRow>> = {
  Timeout: { class: 'transient', description: 'no whole answer within the limit' },
  ConnectionFailed: { class: 'transient', description: 'no connection, or it broke', remedy: 'check the network' },
  DnsFailed: {
    class: 'transient',
    description: "the vendor's host name cannot be resolved",
    remedy: 'check AIDGE_ENDPOINT and DNS',
  },
  TlsFailed: {
    class: 'transient',
    description: 'the certificate cannot be trusted',
    remedy: 'check the clock, the CA list, proxies',
  },
  TooLarge: { class: 'transient', description: 'the answer passes 4 MiB' },
  BadBody: { class: 'transient', description: 'the answer is not the JSON that was asked for' },
  Redirected: {
    class: 'transient',
    description: 'a redirect, which is never followed',
    remedy: 'check AIDGE_ENDPOINT',
  },
  NoKey: {
    class: 'auth',
    description: 'key or secret cannot be read',
    remedy: 'check AIDGE_APP_KEY_FILE and AIDGE_APP_SECRET_FILE',
  },
};

/** "this ban will last N seconds" (`ApiCallLimit`), "This ban will last for N more seconds" (`7`). N can be 0. */
export const throttleMessages: readonly RegExp[] = [
  /\bban will last(?: for)? (-?\d+(?:\.\d+)?)(?: more)? ?s(?:ec(?:ond)?s?)?\b/i,
];
