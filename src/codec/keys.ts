/** Reads the keys of the payload codec from environment variables or a file. No message contains a key or a part of one. */
import { readFileSync } from 'node:fs';

/** Keys in order; the first encrypts, all decrypt. Not empty, no id twice. */
export type CodecKeys = readonly { readonly id: string; readonly key: Uint8Array }[];

/** The keys, or one line for each problem, with source and remedy. */
export type CodecKeysRead =
  | { readonly ok: true; readonly keys: CodecKeys }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Bytes of an AES-256 key. */
export const keyBytes = 32;

const keyForm = 'give id:key, with a key of 32 bytes in Base64, such as `openssl rand -base64 32` prints';
const idForm = /^[A-Za-z0-9._-]{1,64}$/;
const base64Form = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * Reads `id:base64,id:base64`. Line breaks and spaces also separate keys; a `#` starts a comment.
 * @param source - the name of the variable, for problems
 */
export function parseCodecKeys(text: string, source: string): CodecKeysRead {
  const parts = text
    .replace(/^\ufeff/, '')
    .replace(/#[^\n]*/g, '')
    .split(/[\s,]+/)
    .filter((part) => part !== '');
  const problems: string[] = [];
  const keys: { id: string; key: Uint8Array }[] = [];
  for (const [index, part] of parts.entries()) {
    const at = `key ${index + 1} of ${source}`;
    const colon = part.indexOf(':');
    const [id, encoded] = [part.slice(0, Math.max(0, colon)), part.slice(colon + 1)];
    // A malformed id is not shown: it may be a key without an id.
    if (!idForm.test(id)) {
      problems.push(`${at} has no id of 1 to 64 letters, digits, ".", "_" or "-" before a ":"; ${keyForm}`);
      continue;
    }
    const key = Buffer.from(encoded, 'base64');
    if (!base64Form.test(encoded) || key.length !== keyBytes) {
      const found = base64Form.test(encoded) ? `${key.length} bytes` : 'not Base64';
      problems.push(`${at}, id "${id}", is ${found}; ${keyForm}`);
    } else if (keys.some((known) => known.id === id)) {
      problems.push(`${at} repeats the id "${id}"; give each key a different id`);
    } else keys.push({ id, key });
  }
  if (parts.length === 0) problems.push(`${source} holds no key; ${keyForm}`);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, keys };
}

/** Where the keys are. */
export interface CodecKeySource {
  /** The variable, for messages. */
  readonly name: string;
  /** Reads them as they are now. */
  readonly read: () => CodecKeysRead;
}

/**
 * Finds the keys of an environment: `TRYON_CODEC_KEYS`, or the file that `TRYON_CODEC_KEYS_FILE` names.
 * @returns `undefined` if neither is set
 */
export function codecKeySource(env: Readonly<Record<string, string | undefined>>): CodecKeySource | undefined {
  const text = env.TRYON_CODEC_KEYS?.trim();
  const path = env.TRYON_CODEC_KEYS_FILE?.trim();
  if (text && path) {
    const problems = ['TRYON_CODEC_KEYS and TRYON_CODEC_KEYS_FILE are both set; keep one'];
    return { name: 'TRYON_CODEC_KEYS', read: () => ({ ok: false, problems }) };
  }
  if (text) {
    const parsed = parseCodecKeys(text, 'TRYON_CODEC_KEYS');
    return { name: 'TRYON_CODEC_KEYS', read: () => parsed };
  }
  if (!path) return undefined;
  const name = 'the file named by TRYON_CODEC_KEYS_FILE';
  return {
    name,
    read() {
      try {
        return parseCodecKeys(readFileSync(path, 'utf8'), name);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
        return { ok: false, problems: [`${name} cannot be read (${code}); put it there, readable by this process`] };
      }
    },
  };
}
