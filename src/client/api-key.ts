/** The API key of the connection to Temporal, from a file that may change: Temporal's own configuration has no variable for that. */
import { readFileSync } from 'node:fs';

/** Names the file. It takes precedence over `TEMPORAL_API_KEY` and over a key in Temporal's configuration file. */
const apiKeyFileVariable = 'TRYON_TEMPORAL_API_KEY_FILE';

/** How long a key that was read is used: a call reads the file at most this often. */
const FRESH_MS = 10_000;

/**
 * Reads the key.
 * @returns `undefined` where the variable is not set
 * @throws {Error} with one line that names the variable, where the file cannot be read or is empty
 */
export function readApiKey(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const file = env.TRYON_TEMPORAL_API_KEY_FILE?.trim();
  if (!file) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Error(`the file named by ${apiKeyFileVariable} cannot be read (${code})`, { cause: error });
  }
  const key = text.replace(/^\ufeff/, '').trim();
  if (key === '') throw new Error(`the file named by ${apiKeyFileVariable} is empty`);
  return key;
}

/**
 * The key for a client, read again when it is 10 s old. A file that cannot be read for a while, as when it is being replaced, leaves the last
 * key in use.
 * @param nowMs - a monotonic clock; default `performance.now`
 * @throws {Error} as {@link readApiKey}, at once
 */
export function freshApiKey(
  env: Readonly<Record<string, string | undefined>>,
  nowMs: () => number = () => performance.now(),
): (() => string) | undefined {
  const first = readApiKey(env);
  if (first === undefined) return undefined;
  let key = first;
  let readAtMs = nowMs();
  return () => {
    if (nowMs() - readAtMs < FRESH_MS) return key;
    readAtMs = nowMs();
    try {
      key = readApiKey(env) ?? key;
    } catch {
      // The server refuses a key that has expired; the message of that call says what is wrong.
    }
    return key;
  };
}
