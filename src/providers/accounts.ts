/** The vendor accounts of this process, read from environment variables. */
import { open } from 'node:fs/promises';
import { defaults, unnamedAccounts, type VendorName } from '../contract.js';
import type { SignatureScheme } from './aidge/sign.js';
import { type Credentials, NoKeyError } from './auth.js';
import { isLoopbackHost } from './loopback.js';
import { type HttpProxy, proxyOf } from './proxy.js';
import { type CredentialSettings, type VendorSettings, vendors } from './vendors.js';

export { NoKeyError } from './auth.js';

/** One vendor account. */
export interface Account {
  /** `default`, or the `account` of workflow inputs. */
  readonly name: string;
  readonly vendor: VendorName;
  /** Origin and path without a trailing slash and without `/rest`. */
  readonly endpoint: string;
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

/** Environment variables: `process.env`, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The accounts of an environment. */
export interface Accounts {
  /** The accounts whose settings are all valid. */
  readonly accounts: readonly Account[];
  /** One line per problem, with variable and remedy. */
  readonly problems: readonly string[];
}

/** The prefix of an account's variables: `AIDGE_` for the unnamed account, else `AIDGE_<NAME>_`. */
const prefixOf = (vendor: VendorName, { prefix }: VendorSettings, name: string): string =>
  name === unnamedAccounts[vendor] ? prefix : `${prefix}${name.toUpperCase().replaceAll('-', '_')}_`;

/** A variable's parsed value, or the problem with it. No problem shows the value: it may be a secret in the wrong place. */
type Setting<T> = { readonly value: T } | { readonly problem: string };

const parseEndpoint = (text: string, example: string): Setting<string> => {
  const remedy = `give a URL such as ${example}`;
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

/** The way in which an account signs: the first of which a variable is set, if any is. */
const wayOf = ({ credentials }: VendorSettings, env: Environment, prefix: string): CredentialSettings | undefined => {
  const isSet = (suffix: string) => [suffix, `${suffix}_FILE`].some((one) => env[`${prefix}${one}`]?.trim());
  return credentials.find(({ variables }) => variables.some(isSet));
};

const readAccount = (
  env: Environment,
  vendor: VendorName,
  name: string,
): { account: Account } | { problems: string[] } => {
  const settings = vendors[vendor];
  const prefix = prefixOf(vendor, settings, name);
  const problems: string[] = [];
  const way = wayOf(settings, env, prefix) ?? settings.credentials[0];
  // An account that signs in another way than the unnamed one calls another server.
  const hasOwnServer = (wayOf(settings, env, settings.prefix) ?? way)?.endpoint !== way?.endpoint;
  /** The value of the account's own variable, else of the unnamed one, else the default. */
  const setting = <T>(suffix: string, fallback: T, parse: (text: string) => Setting<T>): T => {
    const prefixes = suffix === 'ENDPOINT' && hasOwnServer ? [prefix] : [prefix, settings.prefix];
    for (const variable of prefixes.map((one) => `${one}${suffix}`)) {
      const text = env[variable]?.trim();
      if (!text) continue;
      const result = parse(text);
      if ('value' in result) return result.value;
      problems.push(`${variable} ${result.problem}`);
      return fallback;
    }
    return fallback;
  };
  const switches: readonly string[] = settings.switches ?? [];
  const optional = <T>(suffix: string, fallback: T, parse: (text: string) => Setting<T>): T =>
    switches.includes(suffix) ? setting(suffix, fallback, parse) : fallback;
  const defaultEndpoint = way?.endpoint ?? settings.endpoint;
  const endpoint = setting<string>('ENDPOINT', defaultEndpoint, (text) => parseEndpoint(text, defaultEndpoint));
  const signature = optional<SignatureScheme>('SIGNATURE', 'v2', parseScheme);
  const trial = optional('TRIAL', false, readYesNo);
  const queriesPerSecond = setting<number>('QUERIES_PER_SECOND', settings.queriesPerSecond, parseRate);
  const submitsPerMinute = setting<number>('SUBMITS_PER_MINUTE', settings.submitsPerMinute, parseRate);
  const acceptOtherTaskId = optional('ACCEPT_OTHER_TASK_ID', false, readYesNo);
  const proxySetting = proxyOf(env, endpoint);
  if ('problem' in proxySetting) problems.push(proxySetting.problem);
  const parts = (way?.variables ?? []).map((suffix) => credentialOf(env, `${prefix}${suffix}`));
  for (const part of parts) if ('problem' in part) problems.push(part.problem);
  if (problems.length > 0 || 'problem' in proxySetting || way === undefined) return { problems };
  const readers = parts.flatMap((part) => ('read' in part ? [part.read] : []));
  const credentials = async (): Promise<Credentials> =>
    way.of(await Promise.all(readers.map((read) => read())), signature);
  return {
    account: {
      ...{ name, vendor, endpoint, trial, queriesPerSecond, submitsPerMinute, acceptOtherTaskId, credentials },
      ...proxySetting,
    },
  };
};

/** The names of a vendor's accounts, by the variables of their credentials. */
const namesOf = (env: Environment, vendor: VendorName, problems: string[]): string[] => {
  const { prefix, credentials } = vendors[vendor];
  const account = unnamedAccounts[vendor];
  const suffixes = credentials.flatMap(({ variables }) => variables).join('|');
  const keyVariable = new RegExp(`^${prefix}(?:([A-Z0-9_]+)_)?(?:${suffixes})(?:_FILE)?$`);
  const names = new Set<string>();
  for (const variable of Object.keys(env).sort()) {
    const match = keyVariable.exec(variable);
    if (match === null || !env[variable]?.trim()) continue;
    const name = match[1]?.toLowerCase().replaceAll('_', '-') ?? account;
    if (name.length > 40) problems.push(`${variable} names an account of more than 40 characters; shorten the name`);
    else if (match[1] !== undefined && [account, defaults.account].includes(name)) {
      problems.push(`${variable} is not used; set ${variable.replace(`_${match[1]}`, '')}`);
    } else names.add(name);
  }
  return [...names].sort((one, other) => Number(other === account) - Number(one === account));
};

/**
 * Reads all accounts of all vendors: the unnamed one of a vendor (`AIDGE_APP_KEY`, ...) and each named one (`AIDGE_<NAME>_APP_KEY`, ...). A
 * named account inherits unset variables from the unnamed ones of its vendor, except key and secret. Without any account, what the default
 * one needs is reported.
 * @param env - usually `process.env`; empty values count as unset
 */
export const readAccounts = (env: Environment): Accounts => {
  const problems: string[] = [];
  const found = (Object.keys(vendors) as VendorName[]).flatMap((vendor) =>
    namesOf(env, vendor, problems).map((name) => ({ vendor, name })),
  );
  const all = found.length === 0 ? [{ vendor: 'aidge' as const, name: defaults.account }] : found;
  const accounts: Account[] = [];
  for (const { vendor, name } of all) {
    const other = all.find((one) => one.name === name);
    if (other !== undefined && other.vendor !== vendor) {
      problems.push(`account ${name} is of ${other.vendor} and of ${vendor}; rename one of them`);
      continue;
    }
    const result = readAccount(env, vendor, name);
    if ('account' in result) accounts.push(result.account);
    else problems.push(...result.problems);
  }
  return { accounts, problems: [...new Set(problems)] };
};
