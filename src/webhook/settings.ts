/** The webhooks of this process, read from environment variables. */
import { readFile } from 'node:fs/promises';
import { type AllowList, isNamedHost, parseAllowList } from '../providers/guarded-address.js';
import { secretKeys } from './sign.js';

/** Where a webhook is, and the keys that sign for it: of one that is being rotated, the new and the old. */
export interface WebhookTarget {
  readonly url: URL;
  /** Raw keys, one at least. */
  readonly keys: readonly Buffer[];
}

/** One webhook. */
export interface Webhook {
  /** The `webhook` of subscribers. */
  readonly name: string;
  /** Reads URL and secret again, from their files if they are in files. Rejects with {@link WebhookSettingError}. */
  readonly target: () => Promise<WebhookTarget>;
}

/** The settings of all webhooks. */
export interface WebhookSettings {
  /** Those whose settings are all valid, by name. */
  readonly webhooks: readonly Webhook[];
  /** Private hosts and addresses that webhooks may be at. */
  readonly allow: AllowList;
}

/** A URL or secret that cannot be used. The message names the variable and the remedy, never a value: both are secrets. */
export class WebhookSettingError extends Error {
  readonly code = 'BadSetting';
  override readonly name = 'WebhookSettingError';
}

type Environment = Readonly<Record<string, string | undefined>>;

const variableForm = /^TRYON_WEBHOOK_([A-Z0-9_]+)_(URL|SECRET)(?:_FILE)?$/;
const nameForm = /^[a-z0-9-]{1,40}$/;

/** @throws {WebhookSettingError} */
function parseUrl(variable: string, text: string, allow: AllowList): URL {
  const fail = (problem: string): never => {
    throw new WebhookSettingError(`${variable} ${problem}`);
  };
  if (!URL.canParse(text)) return fail('is not a URL; give one such as https://shop.example/hooks/try-on');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return fail('has a user or password; leave them out');
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isNamedHost(url.hostname, allow))) return url;
  return fail('is not https; give an https URL, or name the host in TRYON_WEBHOOK_ALLOW');
}

/** @throws {WebhookSettingError} */
function parseSecrets(variable: string, text: string): readonly Buffer[] {
  const keys = secretKeys(text);
  if (keys !== undefined) return keys;
  const form = 'give whsec_ and 24 to 64 bytes as base64, or several with spaces between them, the newest first';
  throw new WebhookSettingError(`${variable} is no secret of a webhook; ${form}`);
}

/** @throws {WebhookSettingError} */
async function readText(variable: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const code = error.code ?? 'unknown error';
    throw new WebhookSettingError(`the file named by ${variable}_FILE cannot be read (${code}); put it back`);
  });
  return text.replace(/^\ufeff/, '').trim();
}

/**
 * A setting that is in a variable or in a file. What is in a variable is parsed at once, what is in a file at each call.
 * @throws {WebhookSettingError}
 */
function setting<T>(
  env: Environment,
  variable: string,
  parse: (variable: string, text: string) => T,
): () => T | Promise<T> {
  const text = env[variable]?.trim();
  const file = env[`${variable}_FILE`]?.trim();
  if (text && file) throw new WebhookSettingError(`${variable} and ${variable}_FILE are both set; keep one`);
  if (file) return async () => parse(`the file of ${variable}_FILE`, await readText(variable, file));
  if (!text) throw new WebhookSettingError(`${variable} is not set; set it, or set ${variable}_FILE to a file's path`);
  const value = parse(variable, text);
  return () => value;
}

/**
 * Reads all webhooks: each name of which `TRYON_WEBHOOK_<NAME>_URL` or `_SECRET` (or `_FILE` of either) is set, in upper case with `_` for
 * `-`, and `TRYON_WEBHOOK_ALLOW`.
 * @param env - usually `process.env`; empty values count as unset
 * @returns the settings, and one line per problem with its remedy, without values
 */
export function readWebhooks(env: Environment): WebhookSettings & { readonly problems: readonly string[] } {
  const { list: allow, wrong } = parseAllowList(env.TRYON_WEBHOOK_ALLOW?.trim() ?? '');
  const problems = wrong.map(
    (entry) => `TRYON_WEBHOOK_ALLOW has "${entry}"; give host names, addresses or CIDRs, with commas between them`,
  );
  const parts = new Set<string>();
  for (const variable of Object.keys(env).sort()) {
    const part = env[variable]?.trim() ? variableForm.exec(variable)?.[1] : undefined;
    if (part !== undefined) parts.add(part);
  }
  const webhooks: Webhook[] = [];
  for (const part of parts) {
    const prefix = `TRYON_WEBHOOK_${part}`;
    const name = part.toLowerCase().replaceAll('_', '-');
    try {
      if (!nameForm.test(name)) throw new WebhookSettingError(`${prefix}_URL has a name of more than 40 characters`);
      const url = setting(env, `${prefix}_URL`, (variable, text) => parseUrl(variable, text, allow));
      const keys = setting(env, `${prefix}_SECRET`, parseSecrets);
      webhooks.push({ name, target: async () => ({ url: await url(), keys: await keys() }) });
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { webhooks, allow, problems };
}
