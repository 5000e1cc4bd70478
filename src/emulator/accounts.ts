/** Accounts of the emulated vendors. */
import { unnamedAccounts, type VendorName } from '../contract.js';
import { hexOf } from './random.js';

/** An account of an emulated vendor. An Aidge account has an app key, a RAM AccessKey, or both; the others have an API key. */
export interface EmulatedAccount {
  /** For the log, which never shows keys. Default: as the contract names a vendor's unnamed account; else `account-2`, ... */
  readonly name: string;
  /** Default `aidge`. */
  readonly vendor?: VendorName;
  /** Key and secret of the gateway (`aidge`). */
  readonly appKey?: string;
  readonly appSecret?: string;
  /** RAM AccessKey (`aidge`, newer generation). */
  readonly accessKeyId?: string;
  readonly accessKeySecret?: string;
  /** API key (all other vendors). */
  readonly apiKey?: string;
  /** The account has no bought quota: every call without `x-iop-trial: true` gets `NoResource`. Only for `aidge`. */
  readonly trialOnly?: boolean;
  /** Submits left, paid or trial. At 0 a submit is refused for lack of quota. Default: no limit. */
  readonly submitsLeft?: number;
  /** Every call is refused for its address. */
  readonly ipRefused?: boolean;
  /** Calls of these paths (`aidge`: API names) are refused as unknown or not granted. */
  readonly notGranted?: readonly string[];
}

/** An account as options give it. */
export type AccountOptions = Omit<EmulatedAccount, 'name'> & { readonly name?: string };

/** New keys of an account: those of its vendor, from the emulator's seed. */
export function keysOf(vendor: VendorName, seed: number, ...parts: readonly (string | number)[]): AccountOptions {
  const secret = (kind: string): string => hexOf(seed, kind, ...parts).slice(0, 32);
  switch (vendor) {
    case 'aidge':
      return { appSecret: secret('secret'), accessKeySecret: secret('access-key-secret') };
    case 'dashscope':
      return { apiKey: `sk-${secret('dashscope')}` };
    case 'fashn':
      return { apiKey: `fa-${secret('fashn')}` };
    default:
      return { apiKey: `${vendor}-${secret(vendor)}` };
  }
}

/** One account of each vendor, with keys from the seed. */
export function defaultAccounts(seed: number): readonly AccountOptions[] {
  const others = (Object.keys(unnamedAccounts) as VendorName[]).filter((vendor) => vendor !== 'aidge');
  const accessKeyId = `LTAI${hexOf(seed, 'access-key-id').slice(0, 20)}`;
  return [
    { appKey: '512345', accessKeyId, ...keysOf('aidge', seed) },
    ...others.map((vendor) => ({ vendor, ...keysOf(vendor, seed) })),
  ];
}

/** Names the accounts that have no name. */
export function namedAccounts(accounts: readonly AccountOptions[]): EmulatedAccount[] {
  const taken = new Set<string>();
  return accounts.map((account, index) => {
    const unnamed = unnamedAccounts[vendorOf(account)];
    const name = account.name ?? (taken.has(unnamed) ? `account-${index + 1}` : unnamed);
    taken.add(name);
    return { ...account, name };
  });
}

/** The vendor of an account. */
export const vendorOf = ({ vendor = 'aidge' }: Pick<EmulatedAccount, 'vendor'>): VendorName => vendor;
