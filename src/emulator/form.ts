/** Form bodies: their limit, and the fields of a multipart body. */
import { Response } from 'undici';
import { bodyTypes, hasBody, type Pair, type RawRequest } from './gateway.js';

/** Most separators between the fields of a form. A guess: the vendor states no limit. */
const maxSeparators = 1000;

/** What separates the fields of a form, or `undefined` if the body is no form that can be read. */
function separatorOf(headers: RawRequest['headers']): string | undefined {
  if (hasBody(headers, 'form')) return '&';
  const boundary = boundaryOf(headers);
  return boundary === undefined ? undefined : `--${boundary}`;
}

/** The boundary of a multipart body, of the characters that RFC 2046 allows. */
function boundaryOf(headers: RawRequest['headers']): string | undefined {
  if (!hasBody(headers, 'multipart')) return undefined;
  const found = /;\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70}))\s*(?:;|$)/i;
  const [, quoted, plain] = found.exec(String(headers['content-type'])) ?? [];
  return quoted ?? plain;
}

/** Whether a form has more fields than a call can need. Counts before anything is parsed. */
export function hasTooManyFields(headers: RawRequest['headers'], body: Buffer): boolean {
  const separator = separatorOf(headers);
  if (separator === undefined) return false;
  let at = -1;
  for (let separators = 0; separators <= maxSeparators; separators += 1) {
    at = body.indexOf(separator, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/**
 * The text fields of a multipart body; files are left out, as in the signature. `undefined` if the body is no multipart body, or cannot be
 * read. The parser is undici's: it takes what the platform's SDKs for PHP and Java send, which Node's own does not.
 */
export async function readMultipart(headers: RawRequest['headers'], body: Buffer): Promise<Pair[] | undefined> {
  const boundary = boundaryOf(headers);
  if (boundary === undefined) return undefined;
  try {
    // With the boundary that was counted, whatever else the header says.
    const type = `${bodyTypes.multipart}; boundary="${boundary}"`;
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    return [...form].filter((field): field is [string, string] => typeof field[1] === 'string');
  } catch {
    return undefined;
  }
}
