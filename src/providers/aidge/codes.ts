/**
 * The codes and throttle texts of the gateway in front of every Aidge API, as tables. No Aidge page lists the codes.
 * Lazada, Daraz and AliExpress use the same gateway software; most rows come from the pages and users of those platforms. Safe in the
 * workflow sandbox.
 */
import type { CodeRow } from '../../poll/reply.js';
import { commonTables, limitRemedy as limitRemedyOf } from '../common-codes.js';

const tokenRemedy = 'check that the key is an Aidge key; Aidge calls need no access token';
const limitRemedy = limitRemedyOf('AIDGE_');
const clockRemedy = 'check the app secret and the clock of this machine';

/** The tables that all vendors share, for accounts of Aidge. */
export const { httpStatuses, transportCodes } = commonTables({
  prefix: 'AIDGE_',
  keyFiles: 'AIDGE_APP_KEY_FILE and AIDGE_APP_SECRET_FILE',
  clock: clockRemedy,
});

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

/** Texts with the length of a throttle: "this ban will last N seconds" (`ApiCallLimit`), "This ban will last for N more seconds" (`7`). N can be 0. */
export const throttleMessages: readonly RegExp[] = [
  /\bban will last(?: for)? (-?\d+(?:\.\d+)?)(?: more)? ?s(?:ec(?:ond)?s?)?\b/i,
];
