/** The vendor accounts of this process, read from environment variables. */
import { open } from 'node:fs/promises';
import { defaults } from '../contract.js';
import type { SignatureScheme } from './aidge/sign.js';
import { isLoopbackHost } from './loopback.js';
import { type HttpProxy, proxyOf } from './proxy.js';

/** The present key and secret of an account. */
export interface Credentials {
  readonly appKey: string;
  readonly appSecret: string;
}

/** One vendor account. */
export interface Account {
  /** `default`, or the `account` of workflow inputs. */
  readonly name: string;
  /** Origin and path without a trailing slash and without `/rest`. */
  readonly endpoint: string;
  readonly signature: SignatureScheme;
  /** Uses the trial quota. */
  readonly trial: boolean;
  /** The account's budget for queries, shared by all workers. */
  readonly queriesPerSecond: number;
  /** Accepts a reply that names another task. */
  readonly acceptOtherTaskId: boolean;
  /** The account's budget for submits, over all workers; default 3. */
  readonly submitsPerMinute?: number;
  /** The proxy that leads to the endpoint, if there is one. */
  readonly proxy?: HttpProxy;
  /** Reads key and secret again, from their files if they are in files. Rejects with {@link NoKeyError}. */
  readonly credentials: () => Promise<Credentials>;
}

/** Key or secret cannot be read. The message names the variable and the remedy, never a value. */
export class NoKeyError extends Error {
  readonly code = 'NoKey';
  override readonly name = 'NoKeyError';
}

/** Environment variables: `process.env`, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The accounts of an environment. */
export interface Accounts {
  /** The accounts whose settings are all valid. */
  readonly accounts: readonly Account[];
  /** One line per problem, with variable and remedy. */
  readonly problems: readonly string[];
}

const keyVariable = /^AIDGE_([A-Z0-9_]+)_APP_(?:KEY|SECRET)(?:_FILE)?$/;

/** The prefix of an account's variables: `AIDGE_` for the default account, else `AIDGE_<NAME>_`. */
const prefixOf = (name: string): string =>
  name === defaults.account ? 'AIDGE_' : `AIDGE_${name.toUpperCase().replaceAll('-', '_')}_`;

/** A variable's parsed value, or the problem with it. No problem shows the value: it may be a secret in the wrong place. */
type Setting<T> = { readonly value: T } | { readonly problem: string };

const parseEndpoint = (text: string): Setting<string> => {
  const remedy = `give a URL such as ${defaults.endpoint}`;
  if (!URL.canParse(text)) return { problem: `is not a URL; ${remedy}` };
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return { problem: `has a user or password; ${remedy}` };
  if (url.search !== '' || url.hash !== '') return { problem: `has a query or fragment; ${remedy}` };
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    return { problem: `is not https (required unless the host is loopback); ${remedy}` };
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/rest$/, '');
  return { value: url.origin + path.replace(/\/+$/, '') };
};

const parseScheme = (text: string): Setting<SignatureScheme> =>
  text === 'v1' || text === 'v2' ? { value: text } : { problem: 'is neither v1 nor v2; give one of them' };

/** Parses a boolean setting: true, 1, yes, on; false, 0, no, off. Case does not matter. */
export const readYesNo = (text: string): Setting<boolean> => {
  const word = text.toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return { value: true };
  if (['false', '0', 'no', 'off'].includes(word)) return { value: false };
  return { problem: 'is neither true nor false; give one of them' };
};

const maxQueriesPerSecond = 10_000;

const parseRate = (text: string): Setting<number> => {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : 0;
  return value > 0 && value <= maxQueriesPerSecond
    ? { value }
    : {
        problem: `is not a number above 0 and up to ${maxQueriesPerSecond}; give the rate that the vendor grants the account`,
      };
};

/** Far more than any key. */
const maxKeyBytes = 64 * 1024;

/**
 * Reads a file's text, or nothing if the file is larger than {@link maxKeyBytes}. Never reads more, whatever kind of file it is.
 * @throws NodeJS.ErrnoException
 */
const readKeyFile = async (path: string): Promise<string | undefined> => {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(maxKeyBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      ({ bytesRead: read } = await file.read(buffer, length, buffer.length - length));
    }
    return length > maxKeyBytes ? undefined : buffer.toString('utf8', 0, length);
  } finally {
    await file.close();
  }
};

/** A function that reads one credential, or the problem. */
const credentialOf = (env: Environment, variable: string): { read: () => Promise<string> } | { problem: string } => {
  const value = env[variable]?.trim();
  const file = env[`${variable}_FILE`]?.trim();
  if (value && file) return { problem: `${variable} and ${variable}_FILE are both set; keep one` };
  if (!value && !file) {
    return { problem: `${variable} is not set; set it, or set ${variable}_FILE to the path of a file` };
  }
  if (!file) return { read: async () => env[variable]?.trim() || (value as string) };
  return {
    read: async () => {
      const text = await readKeyFile(file).catch((error: NodeJS.ErrnoException) => {
        const code = error.code ?? 'unknown error';
        throw new NoKeyError(`the file named by ${variable}_FILE cannot be read (${code}); put it back`);
      });
      if (text === undefined) {
        throw new NoKeyError(`the file named by ${variable}_FILE is larger than 64 KiB; write only the value into it`);
      }
      const content = text.replace(/^\ufeff/, '').trim();
      if (content === '') throw new NoKeyError(`the file named by ${variable}_FILE is empty; write the value into it`);
      return content;
    },
  };
};

const readAccount = (env: Environment, name: string): { account: Account } | { problems: string[] } => {
  const prefix = prefixOf(name);
  const problems: string[] = [];
  /** The value of the account's own variable, else of the unnamed one, else the default. */
  const setting = <T>(suffix: string, fallback: T, parse: (text: string) => Setting<T>): T => {
    for (const variable of [`${prefix}${suffix}`, `AIDGE_${suffix}`]) {
      const text = env[variable]?.trim();
      if (!text) continue;
      const result = parse(text);
      if ('value' in result) return result.value;
      problems.push(`${variable} ${result.problem}`);
      return fallback;
    }
    return fallback;
  };
  const endpoint = setting<string>('ENDPOINT', defaults.endpoint, parseEndpoint);
  const signature = setting<SignatureScheme>('SIGNATURE', 'v2', parseScheme);
  const trial = setting('TRIAL', false, readYesNo);
  const queriesPerSecond = setting<number>('QUERIES_PER_SECOND', defaults.queriesPerSecond, parseRate);
  const submitsPerMinute = setting<number>('SUBMITS_PER_MINUTE', defaults.submitsPerMinute, parseRate);
  const acceptOtherTaskId = setting('ACCEPT_OTHER_TASK_ID', false, readYesNo);
  const proxySetting = proxyOf(env, endpoint);
  if ('problem' in proxySetting) problems.push(proxySetting.problem);
  const key = credentialOf(env, `${prefix}APP_KEY`);
  const secret = credentialOf(env, `${prefix}APP_SECRET`);
  for (const credential of [key, secret]) if ('problem' in credential) problems.push(credential.problem);
  if (problems.length > 0 || 'problem' in key || 'problem' in secret || 'problem' in proxySetting) return { problems };
  const credentials = async (): Promise<Credentials> => {
    const [appKey, appSecret] = await Promise.all([key.read(), secret.read()]);
    return { appKey, appSecret };
  };
  return {
    account: {
      ...{ name, endpoint, signature, trial, queriesPerSecond, submitsPerMinute, acceptOtherTaskId, credentials },
      ...proxySetting,
    },
  };
};

/**
 * Reads all accounts: the default one (`AIDGE_APP_KEY`, ...) and each named one (`AIDGE_<NAME>_APP_KEY`, ...). A named account
 * inherits unset variables from the unnamed ones, except key and secret.
 * @param env - usually `process.env`; empty values count as unset
 */
export const readAccounts = (env: Environment): Accounts => {
  const isSet = (variable: string) => Boolean(env[variable]?.trim());
  const problems: string[] = [];
  const names = new Set<string>();
  for (const variable of Object.keys(env).sort()) {
    const namePart = keyVariable.exec(variable)?.[1];
    if (namePart === undefined || !isSet(variable)) continue;
    const name = namePart.toLowerCase().replaceAll('_', '-');
    if (name.length > 40) problems.push(`${variable} names an account of more than 40 characters; shorten the name`);
    else if (name === defaults.account) {
      problems.push(`${variable} is not used; set ${variable.replace('_DEFAULT', '')}`);
    } else names.add(name);
  }
  const defaultVariables = ['AIDGE_APP_KEY', 'AIDGE_APP_SECRET'].flatMap((variable) => [variable, `${variable}_FILE`]);
  const allNames = [...(names.size === 0 || defaultVariables.some(isSet) ? [defaults.account] : []), ...names];
  const accounts: Account[] = [];
  for (const name of allNames) {
    const result = readAccount(env, name);
    if ('account' in result) accounts.push(result.account);
    else problems.push(...result.problems);
  }
  return { accounts, problems: [...new Set(problems)] };
};
