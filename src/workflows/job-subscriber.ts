/** How a parent starts, joins and leaves a job, as `subscriber.ts` does for waits. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { check } from '../check.js';
import {
  accountFor,
  jobWorkflowId,
  type Subscriber,
  type TryOnJobInput,
  TryOnJobInputSchema,
  workflowTypes,
} from '../contract.js';
import { defined } from '../defined.js';
import { summaryOfJob } from '../wait/describe.js';
import { tryOnSubscribe, tryOnUnsubscribe } from './definitions.js';
import { accepted } from './input.js';
import { attributePairs } from './search-attributes.js';

/** Input of a job, without the request where the job is known to exist. */
export type JobToJoin = Omit<TryOnJobInput, 'taskId' | 'notify' | 'notifyParent'>;

/**
 * Starts the job of a request as a child that outlives this workflow, or joins the one that runs. A job that has ended is not started again.
 * Its events come as `tryOnEvent`.
 * @param input - without `request` the job is only joined
 * @param options - `searchAttributes`: which of the contract's the namespace has now; `subscribers`: further ones
 * @returns `ended`, where there is nothing to join: the server has the result
 * @throws {ApplicationFailure} `InvalidTryOnInput`
 */
export async function startOrJoinJob(
  input: JobToJoin,
  options: {
    readonly searchAttributes: () => readonly string[] | Promise<readonly string[]>;
    readonly subscribers?: readonly Subscriber[];
  },
): Promise<'started' | 'joined' | 'ended'> {
  const { requestId, timeoutSeconds } = input;
  const { searchAttributes, subscribers = [] } = options;
  const own = workflowInfo();
  const workflowId = jobWorkflowId(requestId);
  if (input.request !== undefined) {
    const notify = [...subscribers];
    const childInput = accepted(check(TryOnJobInputSchema, { ...input, ...(notify.length > 0 && { notify }) }));
    const names = await searchAttributes();
    const values = { account: accountFor(input), status: 'submitting' };
    try {
      const child = await startChild(workflowTypes.job, {
        workflowId,
        args: [childInput],
        taskQueue: own.taskQueue,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        // A request is never submitted twice.
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        staticSummary: summaryOfJob(requestId),
        ...(names.length > 0 && { typedSearchAttributes: attributePairs(names, values) }),
      });
      // The outcome event is the truth; a job that fails or is cancelled is no failure of its parent.
      child.result().catch(() => undefined);
      return 'started';
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
  const subscriber: Subscriber = { workflowId: own.workflowId, ...defined({ timeoutSeconds }) };
  try {
    // This workflow's own last: a job that took it took the others too.
    for (const one of [...subscribers, subscriber]) {
      await getExternalWorkflowHandle(workflowId).signal(tryOnSubscribe, one);
    }
    return 'joined';
  } catch (error) {
    log.info('the job has ended, or cannot be signalled', { workflowId, reason: String(error) });
    return 'ended';
  }
}

/** Leaves a job. One that is gone is no error; one whose last subscriber leaves before anything was sent submits nothing. */
export async function leaveJob(requestId: string): Promise<void> {
  try {
    const { workflowId } = workflowInfo();
    await getExternalWorkflowHandle(jobWorkflowId(requestId)).signal(tryOnUnsubscribe, { workflowId });
  } catch {
    log.debug('the job to be left is gone', { requestId });
  }
}
