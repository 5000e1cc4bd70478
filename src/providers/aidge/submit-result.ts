/** What the reply to a submit proves. Pure. */
import type { TryOnError } from '../../contract.js';
import { classify } from '../../poll/classify.js';
import type { Answer, Fault, Reply, VendorApi } from '../../poll/reply.js';

/** What a submit came to. */
export type SubmitResult =
  | { readonly kind: 'accepted'; readonly taskId: string }
  /** The vendor surely did not take it. `retrySafe`: and the same request may well be taken later. */
  | { readonly kind: 'rejected'; readonly error: TryOnError; readonly retrySafe: boolean }
  /** It may have been taken, and billed: never send it again by itself. */
  | { readonly kind: 'maybe'; readonly error: TryOnError };

/** A fault as the contract's error. */
export const errorOf = ({ code, message }: Fault): TryOnError => ({ layer: 'transport', code, message });

const noTaskId = (reply: Answer): TryOnError => ({
  layer: 'transport',
  code: 'BadBody',
  message: `the vendor accepted the request but named no task${reply.excerpt === undefined ? '' : `: ${reply.excerpt}`}`,
  ...(reply.requestId === undefined ? {} : { requestId: reply.requestId }),
});

/**
 * What a submit's reply proves. A refusal in the vendor's own words is proof that nothing was taken; a platform that broke down or an
 * answer that was lost proves nothing.
 * @param options - `neverSent`: no connection was there to send it on; `isClockLearned`: a refused time will be right the next time
 */
export const submitResult = (
  reply: Reply,
  api: VendorApi,
  { neverSent, isClockLearned }: { readonly neverSent: boolean; readonly isClockLearned: boolean },
): SubmitResult => {
  const classification = classify(reply, api, { taskId: '', acceptOtherTaskId: true });
  if (classification.kind !== 'error') {
    if (reply.kind !== 'answer') throw new TypeError('a fault is always errors');
    const taskId = reply.task?.taskId;
    return taskId === undefined ? { kind: 'maybe', error: noTaskId(reply) } : { kind: 'accepted', taskId };
  }
  const { error } = classification;
  if (neverSent) return { kind: 'rejected', error, retrySafe: true };
  switch (classification.class) {
    case 'throttled':
      return { kind: 'rejected', error, retrySafe: true };
    case 'clock':
      return { kind: 'rejected', error, retrySafe: isClockLearned };
    case 'auth':
    case 'quota':
    case 'refused':
    case 'failed':
    case 'notFound':
      return { kind: 'rejected', error, retrySafe: false };
    case 'transient':
    case 'wrongTask':
      return { kind: 'maybe', error };
    default:
      return classification.class satisfies never;
  }
};
