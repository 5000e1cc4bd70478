/**
 * The wait for one try-on task: polls by an activity that the server retries, tells subscribers what is new, ends with the outcome.
 */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { type Checked, check, submittedAtProblem } from '../check.js';
import {
  failureTypes,
  limits,
  SetTimeoutSchema,
  type Subscriber,
  SubscriberSchema,
  type TryOnEvent,
  type TryOnOutcome,
  type TryOnResultsInput,
  TryOnResultsInputSchema,
  type TryOnStatus,
  UnsubscribeSchema,
} from '../contract.js';
import { jsonBytes } from '../json-size.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import { describeWait } from '../wait/describe.js';
import {
  applyReport,
  beginWait,
  canCarry,
  endWait,
  restOf,
  resultOf,
  setDeadline,
  snapshotOf,
  statusOf,
  subscribe as subscribed,
  type Transition,
  takeState,
  unsubscribe as unsubscribed,
  type WaitState,
  waitLimits,
} from '../wait/wait.js';
import {
  pollNow,
  setTimeout,
  subscribe,
  tryOnStatus,
  tryOnSubscribe,
  tryOnUnsubscribe,
  unsubscribe,
} from './definitions.js';
import { accepted, invalidInput } from './input.js';
import { type PollingHandle, startPolling, tryOnCancelSelf } from './polling.js';
import { createOutbox } from './publisher.js';
import { upsertChanged } from './search-attributes.js';

/** Why a poll under way is broken off. */
type Interruption = 'cancel' | 'abandoned' | 'noAnswer' | 'pollAgain';

function checkInput(input: unknown, nowMs: number): Checked<TryOnResultsInput> {
  const checked = check(TryOnResultsInputSchema, input);
  if (!checked.ok) return checked;
  const problems = submittedAtProblem(checked.value.submittedAt, nowMs);
  return problems.length > 0 ? { ok: false, problems } : checked;
}

/**
 * Answers of updates. Those that are given in one workflow task travel in one message, of which the server takes 4 MB: together they
 * are no larger than one may be.
 */
function createAnswers(): { take(wait: WaitState): TryOnStatus } {
  let task = 0;
  let left = 0;
  return {
    take(wait) {
      const { historyLength } = workflowInfo();
      if (task !== historyLength) left = limits.resultBytes;
      task = historyLength;
      const status = statusOf(wait, left);
      left = Math.max(0, left - jsonBytes(status));
      return status;
    },
  };
}

/** A reset run is a new wait; one that was continued as new goes on. */
function waitIdOf(carried: WaitState | undefined): string {
  const { runId, originalExecutionRunId } = workflowInfo();
  return carried === undefined || runId !== originalExecutionRunId ? runId : carried.waitId;
}

/**
 * Waits for a try-on task and collects its images. Start it by name with the id `tryon-results-<taskId>`.
 * @param input - see the contract; refused with `InvalidTryOnInput` where a field is wrong
 * @param carried - state of the run before, given by continue-as-new only
 * @returns the outcome; a vendor task that failed is an outcome too
 */
export async function tryOnResults(input: TryOnResultsInput, carried?: WaitState): Promise<TryOnOutcome> {
  const info = workflowInfo();
  const checked: Checked<TryOnResultsInput> =
    carried === undefined ? checkInput(input, Date.now()) : { ok: true, value: input };
  const outbox = createOutbox();
  let wait: WaitState = begin();
  let interruption: Interruption | undefined;
  let isPollRequested = false;
  let lastPollRequestedMs = 0;
  let poll: PollingHandle | undefined;
  let outcomeEvent: TryOnEvent | undefined;
  const backstop = createBackstop();

  // Handlers of update-with-start run at once, so all state stands above.
  const answers = createAnswers();
  const answer = (): TryOnStatus => answers.take(wait);
  const refuseWith = (problems: readonly string[]) => {
    throw invalidInput(problems);
  };
  const validated = (schema: Parameters<typeof check>[0]) => (given: unknown) => {
    if (!checked.ok) refuseWith(checked.problems);
    accepted(check(schema, given));
  };
  // Signals before updates: what came before the first workflow task is handled as its handler is set, and who waits for the answer of
  // an update may have sent a signal before it, never after.
  setHandler(
    tryOnSubscribe,
    (given) => {
      const subscriber = check(SubscriberSchema, given);
      if (!subscriber.ok) return;
      join(subscriber.value);
      for (const event of answerTo()) outbox.send(subscriber.value, event);
    },
    { description: 'Subscribe from workflow code; answered by a snapshot event' },
  );
  setHandler(
    tryOnUnsubscribe,
    (given) => {
      const subscriber = check(UnsubscribeSchema, given);
      if (subscriber.ok) leave(subscriber.value);
    },
    { description: 'Unsubscribe from workflow code' },
  );
  setHandler(tryOnStatus, () => statusOf(wait), { description: 'State of the wait, its images and its subscribers' });
  setHandler(
    subscribe,
    (subscriber) => {
      join(subscriber);
      const status = answer();
      for (const event of restOf(wait, status.images.length)) outbox.send(subscriber, event);
      return status;
    },
    { validator: validated(SubscriberSchema), description: 'Signal one more workflow; answers all images so far' },
  );
  setHandler(
    unsubscribe,
    (subscriber) => {
      leave(subscriber);
      return answer();
    },
    { validator: validated(UnsubscribeSchema), description: 'Signal a workflow no longer' },
  );
  setHandler(
    pollNow,
    () => {
      askNow();
      return answer();
    },
    {
      validator: () => {
        if (!checked.ok) refuseWith(checked.problems);
      },
      description: 'Ask the vendor now, at most once a second',
    },
  );
  setHandler(
    setTimeout,
    ({ timeoutSeconds }) => {
      change(setDeadline(wait, timeoutSeconds, Date.now()));
      if (poll !== undefined && wait.deadlineMs < poll.deadlineMs) {
        interrupt('pollAgain');
        backstop.start();
      }
      return answer();
    },
    { validator: validated(SetTimeoutSchema), description: 'Move the deadline, counted from now' },
  );
  if (!checked.ok) {
    const failure = invalidInput(checked.problems);
    const error = { layer: 'task', code: failureTypes.invalidInput, message: failure.message } as const;
    wait = endWait(wait, { status: 'failed', error, atMs: Date.now() }).wait;
    throw failure;
  }

  CancellationScope.current().cancelRequested.catch(() => {
    interrupt('cancel');
  });
  return await CancellationScope.nonCancellable(async () => {
    change(wait);
    backstop.start();
    while (wait.end === undefined) {
      if (interruption === 'pollAgain') interruption = undefined;
      poll = startPolling(wait, { pollNow: isPollRequested, nowMs: Math.max(Date.now(), lastPollRequestedMs) });
      isPollRequested = false;
      await condition(() => poll?.isSettled() === true || interruption !== undefined || isHistoryFull());
      const report = poll.isSettled() ? poll.settled() : await poll.interrupt(isUrgent);
      if (report.kind === 'report') tell(applyReport(wait, report.report));
      else if (report.state !== undefined) change(takeState(wait, report.state));
      endIfInterrupted();
      if (wait.end === undefined && report.kind === 'failed') await pauseAfterFailure();
      if (wait.end === undefined && isHistoryFull()) await continueAsNew();
    }
    // The backstop is left as it is: the end of the workflow drops it without an event.
    await settle();
    return finish();
  });

  function begin(): WaitState {
    const waitId = waitIdOf(carried);
    if (carried !== undefined) {
      // A reset of a continued run begins a new numbering.
      return waitId === carried.waitId ? carried : { ...carried, waitId, sequence: 0 };
    }
    const tells = checked.ok && checked.value.notifyParent !== false && info.parent !== undefined;
    return beginWait(checked.ok ? checked.value : { taskId: '' }, {
      waitId,
      nowMs: Date.now(),
      api: tryOnApi.name,
      ...(tells ? { parentWorkflowId: info.parent?.workflowId ?? '' } : {}),
    });
  }

  function change(state: WaitState): void {
    wait = state;
    setCurrentDetails(describeWait(wait));
  }

  function tell(told: Transition): void {
    change(told.wait);
    for (const event of told.events) {
      if (event.kind === 'outcome') outcomeEvent = event;
      for (const subscriber of wait.subscribers) outbox.send(subscriber, event);
    }
    showInList();
  }

  function showInList(): void {
    const { state } = statusOf(wait);
    const { taskId, account, images } = wait;
    upsertChanged(wait.searchAttributes, { taskId, account, status: state, imageCount: images.length });
  }

  function join(subscriber: Subscriber): void {
    change(subscribed(wait, subscriber, Date.now()));
  }

  function leave(subscriber: Parameters<typeof unsubscribed>[1]): void {
    const before = wait.subscribers.length;
    change(unsubscribed(wait, subscriber));
    const isAbandoned = before > 0 && wait.subscribers.length === 0;
    if (isAbandoned && info.parent !== undefined && wait.end === undefined) interrupt('abandoned');
  }

  /** What a subscriber that joined by a signal is sent. */
  function answerTo(): TryOnEvent[] {
    const { images } = statusOf(wait);
    if (outcomeEvent?.kind !== 'outcome') return [snapshotOf(wait), ...restOf(wait, images.length)];
    // The outcome goes before the snapshot: a receiver that takes a snapshot's number for an event's would drop it as a repeat. An outcome
    // that leaves images out has all of them go before it, under the number before: who has the outcome polls no further.
    const beforeTheEnd = { ...wait, sequence: outcomeEvent.sequence - 1 };
    const all = outcomeEvent.outcome.imagesOmitted === undefined ? [] : restOf(beforeTheEnd, 0);
    return [...all, outcomeEvent, snapshotOf(wait)];
  }

  function askNow(): void {
    const nowMs = Date.now();
    const isPlanned = lastPollRequestedMs > nowMs;
    if (wait.end !== undefined || isPlanned || (wait.poll.pauseUntilMs ?? 0) > nowMs) return;
    lastPollRequestedMs = Math.max(nowMs, lastPollRequestedMs + waitLimits.pollNowEveryMs);
    isPollRequested = true;
    interrupt('pollAgain');
  }

  function endIfInterrupted(): void {
    const reason = interruption;
    interruption = undefined;
    if (reason === undefined || reason === 'pollAgain' || wait.end !== undefined) return;
    if (reason === 'noAnswer') {
      // The deadline was moved meanwhile.
      if (Date.now() < wait.deadlineMs) {
        backstop.start();
        return;
      }
      tell(endWait(wait, { status: 'timeout', error: noWorker(), atMs: Date.now() }));
      return;
    }
    tell(endWait(wait, { status: 'cancelled', atMs: Date.now() }));
    interruption = reason;
  }

  function noWorker() {
    const message = `no worker answered on the vendor's queue for account ${wait.account} by the deadline; start one that has its keys`;
    return { layer: 'transport', code: 'NoWorker', message } as const;
  }

  /** A timer a little behind the deadline: for no worker, or a queue so crowded that the last poll was missed. */
  function createBackstop(): { start(): void } {
    let scope: CancellationScope | undefined;
    const watch = async () => {
      for (;;) {
        const leftMs = wait.deadlineMs + waitLimits.backstopMs - Date.now();
        if (leftMs <= 0) break;
        await sleep(leftMs, { summary: 'the deadline, and a little more' });
      }
      interrupt('noAnswer');
    };
    return {
      start() {
        scope?.cancel();
        scope = new CancellationScope();
        scope.run(watch).catch(() => undefined);
      },
    };
  }

  /** The activity failed for good, which no vendor's answer does: a bug or a worker without it. Held on for, slowly. */
  async function pauseAfterFailure(): Promise<void> {
    await condition(() => interruption !== undefined, waitLimits.failurePauseMs);
  }

  /** The end of a wait goes before another poll, and a cancellation before all. */
  function interrupt(reason: Interruption): void {
    if (interruption === undefined || interruption === 'pollAgain' || reason === 'cancel') interruption = reason;
  }

  /** Whether the wait is about to end, in place of polling again. */
  function isUrgent(): boolean {
    return interruption !== undefined && interruption !== 'pollAgain';
  }

  function isHistoryFull(): boolean {
    return workflowInfo().continueAsNewSuggested && canCarry(wait);
  }

  async function settle(): Promise<void> {
    await condition(() => outbox.unsettled() === 0 && allHandlersFinished());
  }

  async function continueAsNew(): Promise<never> {
    await settle();
    return await makeContinueAsNewFunc<typeof tryOnResults>()(input, wait);
  }

  /** Only a workflow whose cancellation was requested ends as cancelled. */
  async function cancelSelf(): Promise<void> {
    await tryOnCancelSelf();
    await condition(() => interruption === 'cancel');
  }

  async function finish(): Promise<TryOnOutcome> {
    const result = resultOf(wait);
    if (result !== undefined) return result;
    if (interruption === 'abandoned') {
      await cancelSelf();
      // Who joined meanwhile is answered.
      await settle();
    }
    throw new CancelledFailure('the wait was cancelled');
  }
}
