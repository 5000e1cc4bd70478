/**
 * Signs calls to Alibaba Cloud's OpenAPI with a RAM AccessKey: `ACS3-HMAC-SHA256`, the third version of its signature.
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 * @see https://pypi.org/project/alibabacloud-tea-openapi/ the official signer
 */
import { createHmac, hash } from 'node:crypto';

const algorithm = 'ACS3-HMAC-SHA256';

/** A call in RPC style: its name is in the headers, its path is `/`. */
export interface OpenApiCall {
  readonly method: string;
  /** Name and version of the operation. */
  readonly action: { readonly name: string; readonly version: string };
  /** Business parameters. Nested values are JSON text. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Host and port of the endpoint, as in the `Host` header. */
  readonly host: string;
  /** By the vendor's clock, in Unix milliseconds. */
  readonly timestampMs: number;
  /** Unique for each request. */
  readonly nonce: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

/** A signed call without a body. */
export interface SignedOpenApiCall {
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The signature in `headers`, for redaction. */
  readonly signature: string;
}

/** Percent-encodes all but the unreserved characters of RFC 3986. A lone surrogate becomes U+FFFD, as in UTF-8. */
const encoded = (text: string): string =>
  encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8')).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * Signs a call as the official SDK does for this style: all parameters are in the query string, also of a POST; the body is empty. The
 * signature covers method, query, host and every `x-acs-` header.
 */
export const signOpenApiCall = (call: OpenApiCall): SignedOpenApiCall => {
  const query = Object.entries(call.parameters)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join('&');
  const bodyHash = hash('sha256', '');
  const headers = {
    'x-acs-action': call.action.name,
    'x-acs-content-sha256': bodyHash,
    'x-acs-date': `${new Date(Math.round(call.timestampMs)).toISOString().slice(0, 19)}Z`,
    'x-acs-signature-nonce': call.nonce,
    'x-acs-version': call.action.version,
  };
  // In alphabetical order, as the signature wants them.
  const signed = Object.entries({ host: call.host, ...headers });
  const names = signed.map(([name]) => name).join(';');
  const lines = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join('');
  const request = [call.method, '/', query, lines, names, bodyHash].join('\n');
  const signature = createHmac('sha256', call.accessKeySecret)
    .update(`${algorithm}\n${hash('sha256', request)}`)
    .digest('hex');
  return {
    path: query === '' ? '/' : `/?${query}`,
    headers: {
      ...headers,
      authorization: `${algorithm} Credential=${call.accessKeyId},SignedHeaders=${names},Signature=${signature}`,
    },
    signature,
  };
};
