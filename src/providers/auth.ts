/** Signs calls: makes of a descriptor's call and an account's credentials the request that is sent. */
import { defined } from '../defined.js';
import { signCall } from './aidge/sign.js';
import { signOpenApiCall } from './alibaba-cloud/sign.js';
import type { ApiCall } from './descriptor.js';

/** What an account signs with. `app`: key and secret of Aidge's gateway; `ram`: a RAM AccessKey of Alibaba Cloud; `apiKey`: one secret word. */
export type Credentials =
  | { readonly kind: 'app'; readonly scheme: 'v1' | 'v2'; readonly appKey: string; readonly appSecret: string }
  | { readonly kind: 'ram'; readonly accessKeyId: string; readonly accessKeySecret: string }
  | { readonly kind: 'apiKey'; readonly apiKey: string };

/** A request, ready to be sent. */
export interface SignedCall {
  readonly method: ApiCall['method'];
  /** Path and query, put after the account's endpoint. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Signatures and keys that it has, for redaction. */
  readonly secrets: readonly string[];
}

/** What a signature depends on besides the call and the credentials. */
export interface SignOptions {
  /** Host and port of the endpoint. */
  readonly host: string;
  /** By the vendor's clock, in Unix milliseconds. */
  readonly timestampMs: number;
  /** Unique for each request. */
  readonly nonce: string;
  /** The word before an API key, see `ApiDescriptor.authorization`. */
  readonly authorization: string;
}

/** Key or secret cannot be read or used. The message names the variable and the remedy, never a value. */
export class NoKeyError extends Error {
  readonly code = 'NoKey';
  override readonly name = 'NoKeyError';
}

/**
 * Signs one call. Each request is signed anew: signatures have a time.
 * @throws {NoKeyError} if the call cannot be made with such credentials
 */
export function signedCall(call: ApiCall, credentials: Credentials, options: SignOptions): SignedCall {
  const { method, headers = {} } = call;
  switch (credentials.kind) {
    case 'app': {
      const { scheme, appKey, appSecret } = credentials;
      const { parameters = {}, path: apiName, json } = call;
      const { timestampMs } = options;
      const signed = signCall({ scheme, apiName, parameters, ...defined({ json }), appKey, appSecret, timestampMs });
      const { path, contentType, body, sign } = signed;
      const secrets = [appKey, appSecret, sign];
      return { method, path, headers: { ...headers, 'content-type': contentType }, body, secrets };
    }
    case 'ram': {
      const { accessKeyId, accessKeySecret } = credentials;
      const { parameters = {}, action } = call;
      if (action === undefined) {
        throw new NoKeyError(
          'this api cannot be called with a RAM AccessKey; give api aidge-2026, or an account with an app key',
        );
      }
      const { host, timestampMs, nonce } = options;
      const key = { accessKeyId, accessKeySecret };
      const signed = signOpenApiCall({ method, action, parameters, host, timestampMs, nonce, ...key });
      const secrets = [accessKeyId, accessKeySecret, signed.signature];
      return { method, path: signed.path, headers: { ...headers, ...signed.headers }, secrets };
    }
    case 'apiKey': {
      const { apiKey } = credentials;
      const query = new URLSearchParams(call.query).toString();
      return {
        method,
        path: query === '' ? call.path : `${call.path}?${query}`,
        headers: {
          ...headers,
          authorization: `${options.authorization} ${apiKey}`,
          ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...defined({ body: call.json }),
        secrets: [apiKey],
      };
    }
    default:
      return credentials satisfies never;
  }
}
