/** How the accounts of each vendor are configured: one row for each vendor. */
import { defaults, type VendorName } from '../contract.js';
import type { Credentials } from './auth.js';

/** One way to sign, by the variables of its key and secret. */
export interface CredentialSettings {
  /** Suffixes of the variables, after the account's prefix. Each may be a file instead: `<variable>_FILE`. */
  readonly variables: readonly string[];
  /** Replaces the vendor's endpoint, where this way to sign has its own. */
  readonly endpoint?: string;
  /** @param values - in the order of `variables` */
  readonly of: (values: readonly string[], signature: 'v1' | 'v2') => Credentials;
}

/** The settings of one vendor's accounts. */
export interface VendorSettings {
  /** Prefix of the variables of the unnamed account; those of a named one begin `<prefix><NAME>_`. */
  readonly prefix: string;
  readonly endpoint: string;
  /** Budgets of one account, over all workers. */
  readonly queriesPerSecond: number;
  readonly submitsPerMinute: number;
  /** Further settings that the vendor's accounts have. Default: none. */
  readonly switches?: readonly ('SIGNATURE' | 'TRIAL' | 'ACCEPT_OTHER_TASK_ID')[];
  /** Ways to sign; an account uses the first of which a variable is set. */
  readonly credentials: readonly CredentialSettings[];
}

const apiKey: CredentialSettings = {
  variables: ['API_KEY'],
  of: ([key = '']) => ({ kind: 'apiKey', apiKey: key }),
};

/** All vendors. The sources of their figures are in their descriptors. */
export const vendors: Readonly<Record<VendorName, VendorSettings>> = {
  aidge: {
    prefix: 'AIDGE_',
    endpoint: defaults.endpoint,
    queriesPerSecond: defaults.queriesPerSecond,
    submitsPerMinute: defaults.submitsPerMinute,
    switches: ['SIGNATURE', 'TRIAL', 'ACCEPT_OTHER_TASK_ID'],
    credentials: [
      {
        variables: ['APP_KEY', 'APP_SECRET'],
        of: ([appKey = '', appSecret = ''], scheme) => ({ kind: 'app', scheme, appKey, appSecret }),
      },
      {
        variables: ['ACCESS_KEY_ID', 'ACCESS_KEY_SECRET'],
        // The one host in the endpoint maps of the published SDKs. The international site has aidge.ap-southeast-1.aliyuncs.com, which the
        // page misspells: https://help.aliyun.com/zh/aidge/interface-overview/
        endpoint: 'https://aidge.cn-beijing.aliyuncs.com',
        of: ([accessKeyId = '', accessKeySecret = '']) => ({ kind: 'ram', accessKeyId, accessKeySecret }),
      },
    ],
  },
  dashscope: {
    prefix: 'DASHSCOPE_',
    endpoint: 'https://dashscope.aliyuncs.com',
    queriesPerSecond: 20,
    submitsPerMinute: 600,
    credentials: [apiKey],
  },
  fashn: {
    prefix: 'FASHN_',
    endpoint: 'https://api.fashn.ai',
    queriesPerSecond: 5,
    submitsPerMinute: 50,
    credentials: [apiKey],
  },
  fal: {
    prefix: 'FAL_',
    endpoint: 'https://queue.fal.run',
    queriesPerSecond: 10,
    submitsPerMinute: 60,
    credentials: [apiKey],
  },
};
