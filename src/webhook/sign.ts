/** Signatures of Standard Webhooks. Pure. @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
import { createHmac } from 'node:crypto';

const base64Form = /^[A-Za-z0-9+/]+={0,2}$/;
const leastBytes = 24;
const mostBytes = 64;

/**
 * The keys in a text of secrets with spaces between them, each base64 with or without `whsec_` before it.
 * @returns `undefined` where one of them is no key of 24 to 64 bytes, or there is none
 */
export function secretKeys(text: string): readonly Buffer[] | undefined {
  const secrets = text.split(/\s+/).filter((one) => one !== '');
  const keys = secrets.map((secret) => {
    const encoded = secret.replace(/^whsec_/, '');
    return base64Form.test(encoded) ? Buffer.from(encoded, 'base64') : Buffer.alloc(0);
  });
  const areKeys = keys.every(({ length }) => length >= leastBytes && length <= mostBytes);
  return keys.length > 0 && areKeys ? keys : undefined;
}

/**
 * The headers of a post.
 * @param id - the same for each try of an event
 * @param atSeconds - Unix seconds of this try
 * @param keys - each signs, so that a receiver may know any of them
 */
export function signedHeaders(
  id: string,
  atSeconds: number,
  body: string,
  keys: readonly Buffer[],
): Readonly<Record<string, string>> {
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64')}`,
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(atSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
