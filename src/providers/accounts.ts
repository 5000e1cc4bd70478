/** The vendor accounts that this process has keys for, out of environment variables. */
import { readFile } from 'node:fs/promises';
import { defaults } from '../contract.js';
import type { SignatureScheme } from './aidge/sign.js';

/** Key and secret as they are at one moment. */
export interface Credentials {
  readonly appKey: string;
  readonly appSecret: string;
}

/** One vendor account. */
export interface Account {
  /** `default`, or the name that workflow inputs give as `account`. */
  readonly name: string;
  /** Origin and path without a trailing slash and without `/rest`. */
  readonly endpoint: string;
  readonly signature: SignatureScheme;
  readonly trial: boolean;
  /** The account's budget for queries, over all workers. */
  readonly queriesPerSecond: number;
  readonly acceptOtherTaskId: boolean;
  /** Reads key and secret anew, files too. Rejects with {@link NoKeyError}. */
  readonly credentials: () => Promise<Credentials>;
}

/** Key or secret cannot be read right now. The message names the variable and the remedy, never a value. */
export class NoKeyError extends Error {
  readonly code = 'NoKey';
  override readonly name = 'NoKeyError';
}

/** What settings are read from: `process.env`, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment holds. */
export interface Accounts {
  /** Those without a problem. */
  readonly accounts: readonly Account[];
  /** One line each, naming variable and remedy. */
  readonly problems: readonly string[];
}

const namedKey = /^AIDGE_([A-Z0-9_]+)_APP_(?:KEY|SECRET)(?:_FILE)?$/;

/** `AIDGE_` for the default account, else `AIDGE_<NAME>_`. */
const prefixOf = (name: string): string =>
  name === defaults.account ? 'AIDGE_' : `AIDGE_${name.toUpperCase().replaceAll('-', '_')}_`;

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || /^127(?:\.\d{1,3}){3}$/.test(host) || host === '[::1]';

/** A variable's value as it is used, or what is wrong with it. Values are not shown: any may be a secret in the wrong place. */
type Read<T> = { readonly value: T } | { readonly problem: string };

const readEndpoint = (text: string): Read<string> => {
  const remedy = `give an address such as ${defaults.endpoint}`;
  if (!URL.canParse(text)) return { problem: `is no address; ${remedy}` };
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return { problem: `holds a user or password; ${remedy}` };
  if (url.search !== '' || url.hash !== '') return { problem: `holds a query or fragment; ${remedy}` };
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return { problem: `is not https, which only a loopback host may do without; ${remedy}` };
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/rest$/, '');
  return { value: url.origin + path.replace(/\/+$/, '') };
};

const readScheme = (text: string): Read<SignatureScheme> =>
  text === 'v1' || text === 'v2' ? { value: text } : { problem: 'is neither v1 nor v2; give one of them' };

/** A setting that is on or off, in the usual words. */
export const readYesNo = (text: string): Read<boolean> => {
  const word = text.toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return { value: true };
  if (['false', '0', 'no', 'off'].includes(word)) return { value: false };
  return { problem: 'is neither true nor false; give one of them' };
};

const maxQueriesPerSecond = 10_000;

const readRate = (text: string): Read<number> => {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : 0;
  return value > 0 && value <= maxQueriesPerSecond
    ? { value }
    : { problem: `is no number above 0 and up to ${maxQueriesPerSecond}; give what the vendor grants the account` };
};

/** One credential: where it stands now, or the problem. */
const credentialOf = (env: Environment, variable: string): { read: () => Promise<string> } | { problem: string } => {
  const value = env[variable]?.trim();
  const file = env[`${variable}_FILE`]?.trim();
  if (value && file) return { problem: `${variable} and ${variable}_FILE are both set; keep one` };
  if (!value && !file) {
    return { problem: `${variable} is not set; give it, or a file's path in ${variable}_FILE` };
  }
  if (!file) return { read: async () => env[variable]?.trim() || (value as string) };
  return {
    read: async () => {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        const code = error.code ?? 'unknown error';
        throw new NoKeyError(`the file named by ${variable}_FILE cannot be read (${code}); put it back`);
      });
      const content = text.replace(/^\ufeff/, '').trim();
      if (content === '') throw new NoKeyError(`the file named by ${variable}_FILE is empty; write the value into it`);
      return content;
    },
  };
};

const readAccount = (env: Environment, name: string): { account: Account } | { problems: string[] } => {
  const prefix = prefixOf(name);
  const problems: string[] = [];
  /** The account's own variable, else the unnamed one, else the default. */
  const setting = <T>(suffix: string, fallback: T, read: (text: string) => Read<T>): T => {
    for (const variable of [`${prefix}${suffix}`, `AIDGE_${suffix}`]) {
      const text = env[variable]?.trim();
      if (!text) continue;
      const result = read(text);
      if ('value' in result) return result.value;
      problems.push(`${variable} ${result.problem}`);
      return fallback;
    }
    return fallback;
  };
  const endpoint = setting<string>('ENDPOINT', defaults.endpoint, readEndpoint);
  const signature = setting<SignatureScheme>('SIGNATURE', 'v2', readScheme);
  const trial = setting('TRIAL', false, readYesNo);
  const queriesPerSecond = setting<number>('QUERIES_PER_SECOND', defaults.queriesPerSecond, readRate);
  const acceptOtherTaskId = setting('ACCEPT_OTHER_TASK_ID', false, readYesNo);
  const key = credentialOf(env, `${prefix}APP_KEY`);
  const secret = credentialOf(env, `${prefix}APP_SECRET`);
  for (const credential of [key, secret]) if ('problem' in credential) problems.push(credential.problem);
  if (problems.length > 0 || 'problem' in key || 'problem' in secret) return { problems };
  const credentials = async (): Promise<Credentials> => {
    const [appKey, appSecret] = await Promise.all([key.read(), secret.read()]);
    return { appKey, appSecret };
  };
  return {
    account: { name, endpoint, signature, trial, queriesPerSecond, acceptOtherTaskId, credentials },
  };
};

/**
 * Reads every account: the default one (`AIDGE_APP_KEY`, ...) and each named one (`AIDGE_<NAME>_APP_KEY`, ...). Key and secret are
 * never inherited; other variables of a named account, where unset, fall to the unnamed ones.
 * @param env - usually `process.env`; empty values count as unset
 */
export const readAccounts = (env: Environment): Accounts => {
  const isSet = (variable: string) => Boolean(env[variable]?.trim());
  const problems: string[] = [];
  const names = new Set<string>();
  for (const variable of Object.keys(env).sort()) {
    const word = namedKey.exec(variable)?.[1];
    if (word === undefined || !isSet(variable)) continue;
    const name = word.toLowerCase().replaceAll('_', '-');
    if (name.length > 40) problems.push(`${variable} names an account of more than 40 characters; shorten the name`);
    else if (name === defaults.account)
      problems.push(`${variable} is not read; use ${variable.replace('_DEFAULT', '')}`);
    else names.add(name);
  }
  const ofDefault = ['AIDGE_APP_KEY', 'AIDGE_APP_SECRET'].flatMap((variable) => [variable, `${variable}_FILE`]);
  const all = [...(names.size === 0 || ofDefault.some(isSet) ? [defaults.account] : []), ...names];
  const accounts: Account[] = [];
  for (const name of all) {
    const read = readAccount(env, name);
    if ('account' in read) accounts.push(read.account);
    else problems.push(...read.problems);
  }
  return { accounts, problems: [...new Set(problems)] };
};
