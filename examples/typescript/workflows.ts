/** A parent workflow with the helpers of `temporal-tryon/workflow`. It runs in the workflow sandbox: no Node.js here. */
import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import {
  leaveTryOn,
  receiveTryOnEvents,
  startOrJoinTryOn,
  type TryOnEvent,
  type TryOnEventOutcome,
  type TryOnImage,
} from 'temporal-tryon/workflow';

/** Input of {@link tryOnParent}. */
export interface ParentInput {
  taskId: string;
  /** The queue of the waits. */
  taskQueue: string;
  timeoutSeconds?: number;
}

/** What {@link tryOnParent} has received. */
export interface ParentResult {
  outcome: TryOnEventOutcome;
  images: readonly TryOnImage[];
  kinds: TryOnEvent['kind'][];
}

/** A wait that is terminated sends no outcome, so a parent has its own deadline, slightly later than the wait's. */
const GRACE_SECONDS = 60;

/** Starts the wait for a task as its child, or joins the running one, and returns the outcome. */
export async function tryOnParent({ taskId, taskQueue, timeoutSeconds = 3_600 }: ParentInput): Promise<ParentResult> {
  const kinds: TryOnEvent['kind'][] = [];
  // Call it first, before any `await`: events may arrive with the first workflow task. It drops repeats.
  const inbox = receiveTryOnEvents({ onEvent: ({ kind }) => kinds.push(kind) });
  await startOrJoinTryOn({ taskId, timeoutSeconds }, { taskQueue });
  try {
    const outcome = await CancellationScope.withTimeout((timeoutSeconds + GRACE_SECONDS) * 1_000, () =>
      inbox.outcome(taskId),
    );
    return { outcome, images: inbox.task(taskId)?.images ?? [], kinds };
  } catch (error) {
    // Cancelled, or out of time: a wait without subscribers, started as a child, ends itself.
    await CancellationScope.nonCancellable(() => leaveTryOn(taskId));
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    throw ApplicationFailure.create({ message: `no outcome of ${taskId}`, type: 'NoOutcome', nonRetryable: true });
  }
}
