/** Errors of an account and an API that do not belong together. */
import type { Account } from './accounts.js';
import type { ApiDescriptor } from './descriptor.js';

/** An account of one vendor was named for an API of another. The message names both, and the remedy. */
export class WrongVendorError extends Error {
  override readonly name = 'WrongVendorError';
  constructor(account: Pick<Account, 'name' | 'vendor'>, api: Pick<ApiDescriptor, 'name' | 'vendor'>) {
    super(
      `api is "${api.name}", which is of ${api.vendor}, but account "${account.name}" is of ${account.vendor}; give an account of ${api.vendor} or an api of ${account.vendor}`,
    );
  }
}

/** An API that this version has no descriptor of. Another one's replies must not be taken for its own. */
export class UnknownApiError extends Error {
  override readonly name = 'UnknownApiError';
  constructor(api: string) {
    super(`this version does not know the api "${api}"; update the worker`);
  }
}
