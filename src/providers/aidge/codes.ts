/**
 * What the gateway in front of every Aidge API can say, as tables: its codes, HTTP statuses, texts. The same gateway software
 * serves Lazada, Daraz and AliExpress; no Aidge page lists its codes, so most rows come from those platforms' pages and users.
 * Safe in the workflow sandbox.
 */
import type { CodeRow } from '../../poll/reply.js';

const tokenCure = 'Aidge calls carry no access token: check that the key is an Aidge key';
const limitCure = 'lower AIDGE_QUERIES_PER_SECOND, or share the key with fewer programs';
const clockCure = 'check the app secret and the clock of this machine';

/** Codes of the gateway layer, field `code`. */
export const gatewayCodes: Readonly<Record<string, CodeRow>> = {
  '0': { class: 'ok', gist: 'ok' },
  // Quota. The text begins "Sorry, your calling resources have been exhausted".
  NoResource: { class: 'quota', gist: 'no bought quota is left', cure: 'top up, or set AIDGE_TRIAL=true' },
  // The signature or its time; the client signs anew once with the vendor's own time.
  IncompleteSignature: { class: 'clock', gist: 'the signature does not fit', cure: clockCure },
  IllegalTimestamp: { class: 'clock', gist: 'the time of the request is outside the window', cure: clockCure },
  InvalidTimestamp: { class: 'clock', gist: 'the time of the request is outside the window', cure: clockCure },
  // Key and account: a person must act.
  InvalidAppKey: { class: 'auth', gist: 'the app key is unknown', cure: 'check AIDGE_APP_KEY and AIDGE_ENDPOINT' },
  AppWhiteIpLimit: { class: 'auth', gist: "this machine's IP is not on the allow list", cure: 'add it at the vendor' },
  AppNotSubscribed: { class: 'auth', gist: 'the app has no subscription', cure: 'subscribe the app at the vendor' },
  IllegalAccessToken: { class: 'auth', gist: 'the access token is wrong', cure: tokenCure },
  InvalidAccessToken: { class: 'auth', gist: 'the access token is wrong', cure: tokenCure },
  MissingAccessToken: { class: 'auth', gist: 'an access token is asked for', cure: tokenCure },
  IllegalRefreshToken: { class: 'auth', gist: 'the refresh token is wrong', cure: tokenCure },
  AppAuthExpired: { class: 'auth', gist: "the app's grant has expired", cure: tokenCure },
  // The request itself.
  MissingPartner: { class: 'refused', gist: 'partner_id is missing', cure: 'report it: the client sends one' },
  MISSING_PARAMETER: { class: 'refused', gist: 'a required parameter is missing', cure: 'check the request' },
  MissingParameter: { class: 'refused', gist: 'a required parameter is missing', cure: 'check the request' },
  InvalidApiPath: { class: 'refused', gist: 'unknown path, or not granted to the app', cure: 'check AIDGE_ENDPOINT' },
  InvalidApi: { class: 'refused', gist: 'unknown path, or not granted to the app', cure: 'check AIDGE_ENDPOINT' },
  // Limits. `ApiCallLimit` and `7` name their seconds in the text, see `banMessages`.
  ApiCallLimit: { class: 'throttled', gist: 'too many calls of this API', cure: limitCure },
  AppCallLimit: { class: 'throttled', waitMs: 60_000, gist: 'the app is over its budget', cure: limitCure },
  SellerCallLimit: { class: 'throttled', waitMs: 2_000, gist: 'over the limit per seller', cure: limitCure },
  '901': { class: 'throttled', waitMs: 2_000, gist: 'over the limit per seller', cure: limitCure },
  '7': { class: 'throttled', gist: 'too many calls, told in the older style', cure: limitCure },
  // The platform.
  ServiceTimeout: { class: 'transient', gist: 'the back end was too slow' },
  ServiceUnavailable: { class: 'transient', gist: 'the platform is down' },
  SystemError: { class: 'transient', gist: 'the platform is down' },
  '15': { class: 'transient', gist: 'the service behind the gateway failed' },
  '15/isp.*': { class: 'transient', gist: 'the service behind the gateway failed by its own fault' },
  '15/isv.*': {
    class: 'refused',
    gist: 'the service behind the gateway refuses the request',
    cure: 'check the request',
  },
};

/** HTTP statuses where the body tells no code. A hundred such as `5xx` stands for the rest of its kind. */
export const httpStatuses: Readonly<Record<string, CodeRow>> = {
  '2xx': { class: 'ok', gist: 'ok' },
  '3xx': { class: 'transient', gist: 'an answer from somewhere before the gateway' },
  '400': { class: 'refused', gist: 'the request is refused', cure: 'check the request' },
  '401': { class: 'clock', gist: 'the signature is refused', cure: clockCure },
  '402': { class: 'quota', gist: 'payment is asked for', cure: 'top up' },
  '403': { class: 'clock', gist: 'access is refused', cure: clockCure },
  '404': { class: 'notFound', gist: 'nothing is there' },
  '407': { class: 'auth', gist: 'a proxy on the way asks for a login', cure: 'check the network' },
  '408': { class: 'transient', gist: 'the request came too slowly' },
  '409': { class: 'transient', gist: 'a conflict that may pass' },
  '410': { class: 'notFound', gist: 'no longer there' },
  '423': { class: 'transient', gist: 'locked for now' },
  '425': { class: 'transient', gist: 'too early' },
  '429': { class: 'throttled', gist: 'too many requests', cure: limitCure },
  '4xx': { class: 'refused', retries: 2, gist: 'the request is refused', cure: 'check the request and AIDGE_ENDPOINT' },
  '5xx': { class: 'transient', gist: 'the platform is down' },
};

/** Our own codes for what went wrong before there was an answer. */
export const transportCodes: Readonly<Record<string, CodeRow>> = {
  Timeout: { class: 'transient', gist: 'no whole answer within the limit' },
  ConnectionFailed: { class: 'transient', gist: 'no connection, or it broke', cure: 'check the network' },
  DnsFailed: {
    class: 'transient',
    gist: "the vendor's host name cannot be resolved",
    cure: 'check AIDGE_ENDPOINT and DNS',
  },
  TlsFailed: {
    class: 'transient',
    gist: 'the certificate cannot be trusted',
    cure: 'check the clock, the CA list, proxies',
  },
  TooLarge: { class: 'transient', gist: 'the answer passes 4 MiB' },
  BadBody: { class: 'transient', gist: 'the answer is not the JSON that was asked for' },
  Redirected: { class: 'transient', gist: 'a redirect, which is never followed', cure: 'check AIDGE_ENDPOINT' },
  NoKey: {
    class: 'auth',
    gist: 'key or secret cannot be read',
    cure: 'check AIDGE_APP_KEY_FILE and AIDGE_APP_SECRET_FILE',
  },
};

/** "this ban will last N seconds" (`ApiCallLimit`), "This ban will last for N more seconds" (`7`). N can be 0. */
export const banMessages: readonly RegExp[] = [
  /\bban will last(?: for)? (-?\d+(?:\.\d+)?)(?: more)? ?s(?:ec(?:ond)?s?)?\b/i,
];
