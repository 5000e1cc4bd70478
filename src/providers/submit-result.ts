/** The result of a submit, from its reply. Pure. */
import type { TryOnError } from '../contract.js';
import { defined } from '../defined.js';
import { classify } from '../poll/classify.js';
import type { Answer, Fault, Reply, VendorApi } from '../poll/reply.js';

/** The result of a submit. */
export type SubmitResult =
  | { readonly kind: 'accepted'; readonly taskId: string }
  /**
   * The vendor did not accept it. `retrySafe`: the same request may be accepted later; `retryAfterMs`: after so long, if the vendor says when.
   */
  | {
      readonly kind: 'rejected';
      readonly error: TryOnError;
      readonly retrySafe: boolean;
      readonly retryAfterMs?: number;
    }
  /** The vendor may have accepted and billed it. A program must not send it again. */
  | { readonly kind: 'maybe'; readonly error: TryOnError };

/** A fault as an error of the contract. */
export const errorOf = ({ code, message }: Fault): TryOnError => ({ layer: 'transport', code, message });

const noTaskId = ({ excerpt, requestId }: Answer): TryOnError =>
  defined({
    layer: 'transport' as const,
    code: 'BadBody',
    message: `the vendor accepted the request but gave no task id${excerpt === undefined ? '' : `: ${excerpt}`}`,
    requestId,
  });

/**
 * Classifies the reply to a submit. A refusal by the vendor proves that it did not accept the request. A platform error or a lost
 * answer proves nothing.
 * @param options - `neverSent`: the request was not sent; `isClockLearned`: a refused timestamp will be right the next time
 */
export const submitResult = (
  reply: Reply,
  api: VendorApi,
  { neverSent, isClockLearned }: { readonly neverSent: boolean; readonly isClockLearned: boolean },
): SubmitResult => {
  const classification = classify(reply, api, { taskId: '', acceptOtherTaskId: true });
  if (classification.kind !== 'error') {
    if (reply.kind !== 'answer') throw new TypeError('a fault is always an error');
    const taskId = reply.task?.taskId;
    return taskId === undefined ? { kind: 'maybe', error: noTaskId(reply) } : { kind: 'accepted', taskId };
  }
  const { error } = classification;
  if (neverSent) return { kind: 'rejected', error, retrySafe: true };
  switch (classification.class) {
    case 'throttled':
      return { kind: 'rejected', error, retrySafe: true, ...defined({ retryAfterMs: classification.hint?.delayMs }) };
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
