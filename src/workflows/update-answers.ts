/** Answers of updates, within the limits of the server. */
import { workflowInfo } from '@temporalio/workflow';
import { limits, type TryOnStatus } from '../contract.js';
import { jsonBytes } from '../json-size.js';
import { statusOf } from '../wait/wait-report.js';
import type { WaitState } from '../wait/wait-state.js';

/**
 * Answers that are given in one workflow task travel in one message, and the server takes 4 MB: together they are no larger than one status
 * may be.
 */
export class UpdateAnswers {
  private historyLength = 0;
  private bytesLeft = 0;

  /** The status, as large as this workflow task still allows. */
  take(wait: WaitState): TryOnStatus {
    return this.answer((bytesLeft) => statusOf(wait, bytesLeft));
  }

  /** As {@link take}, for any status. */
  answer<T>(statusWithin: (maxBytes: number) => T): T {
    const { historyLength } = workflowInfo();
    if (historyLength !== this.historyLength) this.bytesLeft = limits.resultBytes;
    this.historyLength = historyLength;
    const status = statusWithin(this.bytesLeft);
    this.bytesLeft = Math.max(0, this.bytesLeft - jsonBytes(status));
    return status;
  }
}
