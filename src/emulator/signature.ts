/**
 * Checks both signing schemes. Written from the gateway's documents and not shared with the client, so that a mistake on one side
 * makes a test fail.
 * - V1, the SDK's: HMAC-SHA256 under the app secret. The text is the API name, then each parameter (system and business, without
 *   `sign`) in UTF-16 order of its name; name and value are joined without a separator, blank pairs are left out.
 * - V2, marked by `sign_ver=v2`: HMAC-SHA256 under the app secret. The text is secret + timestamp.
 * Both are upper-case hex.
 * @see https://open.alitrip.com/docs/doc.htm?docType=1&articleId=120692 (the platform's signature article)
 * @see https://open.alitrip.com/docs/doc.htm?docType=1&articleId=108068 (its sample code, with the blank pairs)
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether each character is white space for Java's `Character.isWhitespace`, by which the platform's sample code leaves parameters out:
 * Unicode's separators except the no-break spaces, and the control characters U+0009 to U+000D and U+001C to U+001F.
 */
export function isBlank(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about control characters
  return !/[^\p{Z}\t-\r\u001c-\u001f]|[\u00a0\u2007\u202f]/u.test(text);
}

/** The text that V1 signs. `apiName` starts with `/` and has no `/rest`. */
export function signedTextV1(apiName: string, parameters: Readonly<Record<string, string>>): string {
  const names = Object.keys(parameters).filter((name) => name !== 'sign');
  names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)); // UTF-16 units, as Java's compareTo
  const pairs = names.flatMap((name) => {
    const value = parameters[name] ?? '';
    return isBlank(name) || isBlank(value) ? [] : [name + value];
  });
  return apiName + pairs.join('');
}

/** Upper-case hex of the HMAC-SHA256 of `text` under `secret`. */
export function digestOf(secret: string, text: string): string {
  return createHmac('sha256', Buffer.from(secret, 'utf8')).update(text, 'utf8').digest('hex').toUpperCase();
}

/** The signed part of a call: decoded values, `sign` among the parameters. */
export interface SignedParameters {
  readonly apiName: string;
  /** System parameters, and business parameters of query and form body. Neither scheme signs a JSON body. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The scheme of a call. */
export function schemeOf(parameters: Readonly<Record<string, string>>): 'v1' | 'v2' {
  return parameters.sign_ver === 'v2' ? 'v2' : 'v1';
}

/** Whether the call's `sign` was made with `appSecret`. */
export function isSigned(call: SignedParameters, appSecret: string): boolean {
  const text =
    schemeOf(call.parameters) === 'v2'
      ? appSecret + (call.parameters.timestamp ?? '')
      : signedTextV1(call.apiName, call.parameters);
  const expected = Buffer.from(digestOf(appSecret, text));
  const given = Buffer.from(call.parameters.sign ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
