/** Makes of an account of the wrong vendor a failure that is not retried. */
import { ApplicationFailure } from '@temporalio/common';
import { failureTypes } from '../contract.js';
import { WrongVendorError } from '../providers/wrong-vendor.js';
import type { Vendor } from './deps.js';

/**
 * Checks that an account is of the API's vendor. An API that this version does not know fails too, and is tried again: a newer worker may know it.
 * @throws {ApplicationFailure} `InvalidTryOnInput`, non-retryable
 */
export function checkVendor(vendor: Vendor, call: { readonly account: string; readonly api?: string }): void {
  try {
    vendor.check?.(call);
  } catch (error) {
    if (!(error instanceof WrongVendorError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, failureTypes.invalidInput);
  }
}
