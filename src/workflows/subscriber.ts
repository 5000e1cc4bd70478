/**
 * Pieces to write one's own parent of waits: receive `tryOnEvent`, drop repeats, await outcomes; start or join a wait.
 */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  condition,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { check, submittedAtProblem } from '../check.js';
import {
  accountFor,
  defaults,
  messages,
  resultsWorkflowId,
  type Subscriber,
  type TryOnEvent,
  type TryOnEventOutcome,
  type TryOnJobEvent,
  type TryOnResultsInput,
  TryOnResultsInputSchema,
  workflowTypes,
} from '../contract.js';
import { defined } from '../defined.js';
import { summaryOf } from '../wait/describe.js';
import { emptyInbox, eventProblem, type Inbox, type InboxTask, receive, restoreInbox } from '../wait/inbox.js';
import { isOfJob, jobEventProblem } from '../wait/job-inbox.js';
import { tryOnSubscribe, tryOnUnsubscribe } from './definitions.js';
import { accepted, invalidInput } from './input.js';
import { attributePairs } from './search-attributes.js';
import { setSignalHandler } from './signals.js';

/** What a parent has received of its waits. */
export interface TryOnInbox {
  /** What is known of a task; `undefined` before its first event. */
  task(taskId: string): InboxTask | undefined;
  /** Waits until the task's outcome has come; its images, with those of earlier events, are in `task(taskId).images`. */
  outcome(taskId: string): Promise<TryOnEventOutcome>;
  /** Takes an event in that came otherwise, such as the stored outcome of a wait. */
  receive(event: TryOnEvent): void;
  /** All of it, JSON, to be carried over a continue-as-new. */
  state(): Inbox;
}

/** A signal that was dropped, and why. One that cannot be decoded may have been an event. */
export interface DroppedSignal {
  readonly problem: string;
  readonly isUndecodable: boolean;
}

/**
 * Receives `tryOnEvent` in a parent workflow: each event once by (`waitId`, `sequence`). Call it at the top of the workflow,
 * before the first `await`.
 * @param options - `carried`: {@link TryOnInbox.state} of the run before; `onEvent`: called for each new event
 *   with the state after it, possibly before this function returns, for events that were there first; `onDropped`: called for a
 *   signal that is no event, and for one whose payload cannot be decoded, which may have been an event: join the waits again. Without
 *   `onDropped` such a payload fails the workflow task until a worker can decode it. `onJobEvent`: called for each event of a job, repeats
 *   too; without it, jobs count as waits for their tasks. `signal`: the signal's name, default `tryOnEvent`
 */
export function receiveTryOnEvents(
  options: {
    readonly carried?: Inbox;
    readonly onEvent?: (event: TryOnEvent, state: Inbox) => void;
    readonly onDropped?: (dropped: DroppedSignal) => void;
    readonly onJobEvent?: (event: TryOnJobEvent) => void;
    readonly signal?: string;
  } = {},
): TryOnInbox {
  let inbox = options.carried === undefined ? emptyInbox() : restoreInbox(options.carried);
  const { onEvent, onDropped, onJobEvent, signal = messages.event } = options;
  const take = (event: TryOnEvent): void => {
    const received = receive(inbox, event);
    inbox = received.inbox;
    if (received.fresh) onEvent?.(event, inbox);
  };
  setSignalHandler(signal, {
    description: 'Events of a try-on task',
    handle(given) {
      const isForJob = onJobEvent !== undefined && isOfJob(given);
      const problem = isForJob ? jobEventProblem(given) : eventProblem(given);
      if (problem !== undefined) {
        log.warn('a malformed signal was dropped', { signal, problems: [problem] });
        onDropped?.({ problem, isUndecodable: false });
        return;
      }
      if (isForJob) onJobEvent(given as TryOnJobEvent);
      else take(given as TryOnEvent);
    },
    ...(onDropped && { drop: (problem) => onDropped({ problem, isUndecodable: true }) }),
  });
  const outcomeOf = (taskId: string) => inbox.tasks[taskId]?.outcome;
  return {
    task: (taskId) => inbox.tasks[taskId],
    async outcome(taskId) {
      await condition(() => outcomeOf(taskId) !== undefined);
      return outcomeOf(taskId) as TryOnEventOutcome;
    },
    receive: take,
    state: () => inbox,
  };
}

/** Attempts to join a wait that is just ending, before this fails. */
const JOIN_ATTEMPTS = 10;

/**
 * Starts the wait for a task as a child that outlives this workflow, or joins the one that runs. Its events come as `tryOnEvent`.
 * @param input - as for `tryOnResults`; where a wait is joined, its own options stay and `timeoutSeconds` can only lengthen it
 * @param options - `taskQueue`: of the waits, default this workflow's own; `signal`: the signal's name for events; `searchAttributes`: which
 *   of the contract's the namespace has now, so that a started wait has them from its first moment; default: the wait finds out;
 *   `subscribers`: further ones, which also join a wait that runs
 * @returns whether the wait was started or joined
 * @throws {ApplicationFailure} `InvalidTryOnInput`, where the wait would refuse the input: nobody would hear of that
 */
export async function startOrJoinTryOn(
  input: TryOnResultsInput,
  options: {
    readonly taskQueue?: string;
    readonly signal?: string;
    readonly searchAttributes?: () => readonly string[] | Promise<readonly string[]>;
    readonly subscribers?: readonly Subscriber[];
  } = {},
): Promise<'started' | 'joined'> {
  const { submittedAt } = accepted(check(TryOnResultsInputSchema, input));
  const problems = submittedAtProblem(submittedAt, Date.now());
  if (problems.length > 0) throw invalidInput(problems);
  const workflowId = resultsWorkflowId(input.taskId);
  const own = workflowInfo();
  const subscriber: Subscriber = {
    workflowId: own.workflowId,
    ...defined({ signal: options.signal, timeoutSeconds: input.timeoutSeconds }),
  };
  // As a parent it is signalled by the default name; under another name it is a subscriber like any other.
  const isByName = options.signal === undefined || options.signal === defaults.signal;
  const { subscribers = [] } = options;
  const notify = [...(input.notify ?? []), ...subscribers, ...(isByName ? [] : [{ ...subscriber }])];
  const childInput: TryOnResultsInput = {
    ...input,
    ...(!isByName && { notifyParent: false }),
    ...(notify.length > 0 && { notify }),
  };
  const values = { taskId: input.taskId, account: accountFor(input), status: 'waiting' };
  for (let attempt = 1; ; attempt++) {
    const known = options.searchAttributes?.() ?? [];
    const names = known instanceof Promise ? await known : known;
    try {
      const child = await startChild(workflowTypes.results, {
        workflowId,
        args: [childInput],
        taskQueue: options.taskQueue ?? own.taskQueue,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: summaryOf(input.taskId),
        ...(names.length > 0 && { typedSearchAttributes: attributePairs(names, values) }),
      });
      // The outcome event is the truth; a wait that fails or is cancelled is no failure of its parent.
      child.result().catch(() => undefined);
      return 'started';
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    try {
      // This workflow's own last: a wait that took it took the others too.
      for (const one of [...subscribers, subscriber]) {
        await getExternalWorkflowHandle(workflowId).signal(tryOnSubscribe, one);
      }
      return 'joined';
    } catch (error) {
      if (attempt >= JOIN_ATTEMPTS) throw error;
      log.info('the wait ended while it was joined; starting again', { workflowId, attempt });
      if (attempt > 1) await sleep(100 * attempt);
    }
  }
}

/** Leaves a wait. One that is gone is no error; one whose last subscriber leaves cancels itself if it was started as a child. */
export async function leaveTryOn(taskId: string, options: { readonly signal?: string } = {}): Promise<void> {
  const { workflowId } = workflowInfo();
  const leaving = { workflowId, ...defined({ signal: options.signal }) };
  try {
    await getExternalWorkflowHandle(resultsWorkflowId(taskId)).signal(tryOnUnsubscribe, leaving);
  } catch {
    log.debug('the wait to be left is gone', { taskId });
  }
}
