/** The activity that asks the vendor to cancel a task. */
import { cancellationSignal, log } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { failureTypes } from '../contract.js';
import { defined } from '../defined.js';
import { classify } from '../poll/classify.js';
import { apiOf } from '../providers/apis.js';
import type { Vendor } from './deps.js';

/** Input of `tryOnCancelTask`. */
export interface CancelTaskInput {
  readonly taskId: string;
  readonly account: string;
  readonly api?: string;
}

/** Faults that another try may mend. */
const passing: readonly string[] = ['transient', 'throttled', 'clock'];

/** Makes `tryOnCancelTask`: one request. Fails, to be tried again, only where the vendor could not be asked. */
export function createCancelTask({ vendor }: { readonly vendor: Vendor }) {
  return async ({ taskId, account, api }: CancelTaskInput): Promise<void> => {
    const reply = await vendor.cancel?.({ account, taskId, signal: cancellationSignal(), ...defined({ api }) });
    if (reply === undefined) return;
    const classification = classify(reply, apiOf(api), { taskId, acceptOtherTaskId: true });
    if (classification.kind !== 'error') {
      log.info('the vendor was asked to cancel the task', { taskId, account, api });
      return;
    }
    const { layer, code, message } = classification.error;
    // An empty or unusual body of a success says that it was taken.
    const isTaken = reply.kind === 'answer' && code === 'BadBody';
    if (isTaken) return;
    if (passing.includes(classification.class)) {
      throw ApplicationFailure.create({
        message: `${layer} ${code}: ${message}`,
        type: failureTypes.vendorError,
        category: ApplicationFailureCategory.BENIGN,
      });
    }
    log.info('the vendor did not cancel the task', { taskId, account, api, layer, code, reason: message });
  };
}
