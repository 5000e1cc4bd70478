/**
 * Signs calls to the vendor's gateway, with either of its two schemes.
 * @see https://open.alitrip.com/docs/doc.htm?docType=1&articleId=120692 the platform's signature article (V1)
 * @see https://open.alitrip.com/docs/doc.htm?docType=1&articleId=108068 its sample code
 * @see https://github.com/Aidge-AI/aidge-python the vendor's HTTP examples (V2)
 */
import { createHmac } from 'node:crypto';

/** `v1`: the SDK's scheme, over path and all parameters. `v2`: the scheme of the HTTP examples, over secret and time only. */
export type SignatureScheme = 'v1' | 'v2';

const digestOf = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text, 'utf8').digest('hex').toUpperCase();

/**
 * A character that Java's `Character.isWhitespace` does not hold for. The platform's sample code leaves a pair out by that function, which
 * differs from `trim`: the no-break spaces and U+FEFF are not white space, U+001C to U+001F are.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about control characters
const inked = /[^\t-\r\u001c-\u0020\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]/;

const isBlank = (text: string): boolean => !inked.test(text);

/**
 * The V1 signature: 64 upper-case hex digits.
 * @param call - `apiName`: begins with `/`, without `/rest`; `parameters`: system and business parameters, not URL-encoded. `sign` and
 *   blank pairs are left out
 */
export const signV1 = (call: {
  readonly apiName: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly secret: string;
}): string => {
  const pairs = Object.entries(call.parameters)
    .filter(([name, value]) => name !== 'sign' && !isBlank(name) && !isBlank(value))
    .sort(([a], [b]) => (a < b ? -1 : 1)) // by UTF-16 units, as Java's compareTo
    .map(([name, value]) => name + value);
  return digestOf(call.secret, call.apiName + pairs.join(''));
};

/**
 * The V2 signature: 64 upper-case hex digits. It covers neither path nor body. Anybody who sees one URL can make any call with it
 * until the timestamp expires, so no URL may be logged.
 * @param call - `timestamp`: Unix milliseconds as decimal text
 */
export const signV2 = (call: { readonly secret: string; readonly timestamp: string }): string =>
  digestOf(call.secret, call.secret + call.timestamp);

/** A signed call. */
export interface SignedCall {
  /** Path and query, `/rest` before the path. */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  /** The signature in `path`, for redaction. */
  readonly sign: string;
}

/** A call to sign. */
export interface Call {
  readonly scheme: SignatureScheme;
  readonly apiName: string;
  /** Business parameters. Nested values are JSON text. */
  readonly parameters: Readonly<Record<string, string>>;
  /** JSON text of the body of a `v2` call, where nested values are no text. Default: the parameters. */
  readonly json?: string;
  readonly appKey: string;
  readonly appSecret: string;
  /** By the vendor's clock, in Unix milliseconds. */
  readonly timestampMs: number;
}

/** Signs a call. System parameters are in the query string, business parameters in a JSON body (`v2`) or a form body (`v1`). */
export const signCall = (call: Call): SignedCall => {
  const { scheme, apiName, parameters, appKey, appSecret } = call;
  const timestamp = String(Math.round(call.timestampMs));
  const common = { app_key: appKey, sign_method: 'sha256', timestamp };
  if (scheme === 'v1') {
    const system = { ...common, partner_id: 'iop-sdk-java-20181207' };
    const sign = signV1({ apiName, parameters: { ...system, ...parameters }, secret: appSecret });
    return {
      path: `/rest${apiName}?${new URLSearchParams({ ...system, sign })}`,
      contentType: 'application/x-www-form-urlencoded;charset=UTF-8',
      body: new URLSearchParams(parameters).toString(),
      sign,
    };
  }
  const sign = signV2({ secret: appSecret, timestamp });
  const system = { ...common, partner_id: 'aidge', sign_ver: 'v2', sign };
  return {
    path: `/rest${apiName}?${new URLSearchParams(system)}`,
    contentType: 'application/json',
    body: call.json ?? JSON.stringify(parameters),
    sign,
  };
};
