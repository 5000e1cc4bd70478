/** One run of the wait for a task: its state, its handlers and its loop. */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  log,
  metricMeter,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type * as v from 'valibot';
import { check } from '../check.js';
import {
  failureTypes,
  messages,
  SetTimeoutSchema,
  type Subscriber,
  SubscriberSchema,
  type TryOnEvent,
  type TryOnOutcome,
  type TryOnStatus,
  type Unsubscribe,
  UnsubscribeSchema,
} from '../contract.js';
import { apiOf } from '../providers/apis.js';
import { describeWait } from '../wait/describe.js';
import { overdueWaitsMetric } from '../wait/metrics.js';
import {
  applyReport,
  canContinueAsNew,
  endWait,
  mayCancelTask,
  setDeadline,
  subscribe,
  type Transition,
  takeState,
  unsubscribe,
  warn,
  withWebhookError,
} from '../wait/wait.js';
import { furtherSnapshots, snapshotsFor, stateOf, statusOf } from '../wait/wait-report.js';
import type { WaitState } from '../wait/wait-state.js';
import * as definitions from './definitions.js';
import { accepted, invalidInput } from './input.js';
import { AFTER_DEADLINE_MS, cancelTask, Polling, type PollingEnd, tryOnCancelSelf } from './polling.js';
import { Publisher } from './publisher.js';
import { Attributes, attributesAtStart } from './search-attributes.js';
import { setSignalHandler } from './signals.js';
import { UpdateAnswers } from './update-answers.js';
import { isContinueAsNewDue } from './versioning.js';

/**
 * Why the polling activity is stopped. `cancel`, and `abandoned` (the last subscriber of a wait that was started as a child has left), end the
 * wait. `overdue`: the activity is still pending after its own timeout. `restart`: a new one begins with other input.
 */
type Interruption = 'cancel' | 'abandoned' | 'overdue' | 'restart';

/** `pollNow` polls at most this often. */
const POLL_NOW_EVERY_MS = 1_000;
/** The polling activity has timed out before this, unless it is paused: the server times no paused activity out. */
const OVERDUE_MS = AFTER_DEADLINE_MS + 2_000;
/** Before the polling activity is tried again that failed for good. */
const FAILURE_PAUSE_MS = 30_000;

/** See the file's description. */
export class WaitRun {
  private polling: Polling | undefined;
  private interruption: Interruption | undefined;
  /** `pollNow` was called while no polling activity was there to hear of it: the next one begins with a poll. */
  private isPollRequested = false;
  /** The helper activity of `pollNow` is under way. */
  private isPollingNow = false;
  private lastPollRequestedMs = 0;
  private overdueTimer: CancellationScope | undefined;
  /** Why a worker refused the input, which only it can know. */
  private refusal: string | undefined;
  private outcome: Extract<TryOnEvent, { kind: 'outcome' }> | undefined;
  private readonly publisher = new Publisher((webhook, error) =>
    this.change(withWebhookError(this.wait, webhook, error)),
  );
  private readonly answers = new UpdateAnswers();
  private readonly attributes: Attributes;

  /**
   * Sets the handlers: those of update-with-start run at once.
   * @param wait - at its start, or as the run before left it
   * @param problems - of the workflow's input; where there are any, updates are refused with them
   */
  constructor(
    private wait: WaitState,
    private readonly problems: readonly string[],
  ) {
    for (const subscriber of wait.subscribers) this.publisher.introduce(subscriber);
    const { searchAttributes } = wait;
    this.attributes =
      searchAttributes.length > 0
        ? new Attributes(searchAttributes)
        : new Attributes(attributesAtStart(), workflowInfo().startTime.getTime());
    // Signals before updates: a caller that waits for the answer of an update may have sent a signal before it, never after.
    this.setSignalHandler(messages.subscribeSignal, SubscriberSchema, {
      description: 'Subscribe from workflow code; answered by a snapshot event',
      handle: (subscriber) => this.onSubscribeSignal(subscriber),
    });
    this.setSignalHandler(messages.unsubscribeSignal, UnsubscribeSchema, {
      description: 'Unsubscribe from workflow code',
      handle: (leaving) => this.leave(leaving),
    });
    setHandler(definitions.tryOnStatus, () => statusOf(this.wait), {
      description: 'State of the wait, its images and its subscribers',
    });
    setHandler(definitions.subscribe, (given) => this.onSubscribe(accepted(check(SubscriberSchema, given))), {
      validator: this.validator(SubscriberSchema),
      description: 'Signal one more workflow; answers all images so far',
    });
    setHandler(definitions.unsubscribe, (given) => this.onUnsubscribe(accepted(check(UnsubscribeSchema, given))), {
      validator: this.validator(UnsubscribeSchema),
      description: 'Signal a workflow no longer',
    });
    setHandler(definitions.pollNow, () => this.onPollNow(), {
      validator: this.validator(),
      description: 'Poll the vendor now, at most once a second',
    });
    setHandler(definitions.setWaitTimeout, ({ timeoutSeconds }) => this.onSetTimeout(timeoutSeconds), {
      validator: this.validator(SetTimeoutSchema),
      description: 'Move the deadline, counted from now',
    });
  }

  /** Ends a wait whose input is refused. Returns the failure to throw. */
  refuse(): Error {
    const failure = invalidInput(this.problems);
    const error = { layer: 'task', code: failureTypes.invalidInput, message: failure.message } as const;
    this.wait = endWait(this.wait, { status: 'failed', error, atMs: Date.now() }).wait;
    return failure;
  }

  /**
   * Polls until the wait ends.
   * @param continueAsNew - called with the state where history is full
   */
  async run(continueAsNew: (wait: WaitState) => Promise<never>): Promise<TryOnOutcome> {
    CancellationScope.current().cancelRequested.catch(() => this.interrupt('cancel'));
    return await CancellationScope.nonCancellable(async () => {
      this.change(this.wait);
      this.startOverdueTimer();
      while (this.wait.end === undefined) {
        if (!this.isLeft()) await this.take(await this.poll());
        this.endIfInterrupted();
        if (this.wait.end === undefined && this.isHistoryFull()) {
          await this.settled();
          // A cancellation may have come meanwhile, and the next run would not know of it.
          if (!this.isLeft()) await continueAsNew(this.carried());
          else this.endIfInterrupted();
        }
      }
      await this.settled();
      return await this.finish();
    });
  }

  /** One polling activity: until it ends, or is stopped by an interruption or a full history. */
  private async poll(): Promise<PollingEnd> {
    const nowMs = Math.max(Date.now(), this.lastPollRequestedMs);
    const polling = new Polling(this.wait, { pollNow: this.isPollRequested, nowMs });
    this.polling = polling;
    this.isPollRequested = false;
    await condition(() => polling.ended !== undefined || this.interruption !== undefined || this.isHistoryFull());
    const end = polling.ended ?? (await polling.stop(() => this.isLeft()));
    this.polling = undefined;
    return end;
  }

  private async take(end: PollingEnd): Promise<void> {
    if (end.kind === 'report') {
      const { searchAttributes, atMs } = end.report;
      if (searchAttributes !== undefined) this.attributes.know(searchAttributes, atMs);
      this.apply(applyReport(this.wait, end.report));
      return;
    }
    if (end.kind === 'refused') {
      this.endRefused(end.problem);
      return;
    }
    if (end.state !== undefined) this.change(takeState(this.wait, end.state));
    if (this.isLeft()) return;
    const leftMs = this.wait.deadlineMs - Date.now();
    const isOverdue = end.kind !== 'stopped' || this.interruption === 'overdue';
    if (leftMs <= 0 && isOverdue) {
      const error = end.isPaused ? this.paused() : this.noWorker();
      // Not by account: any caller may name one, and each name would be a new time series.
      metricMeter.createCounter(overdueWaitsMetric).add(1, { code: error.code });
      this.apply(endWait(this.wait, { status: 'timeout', error, atMs: Date.now() }));
    } else if (end.kind === 'failed') {
      await this.pauseAfterFailure(leftMs);
    }
  }

  /** Nothing is known of the task, so subscribers hear of no result: the wait ends for them as one that was cancelled, and why. */
  private endRefused(problem: string): void {
    this.refusal = problem;
    const error = { layer: 'task', code: failureTypes.invalidInput, message: problem } as const;
    this.apply(endWait(this.wait, { status: 'cancelled', error, atMs: Date.now() }));
  }

  private async pauseAfterFailure(leftMs: number): Promise<void> {
    const { deadlineMs } = this.wait;
    const isChanged = () =>
      this.interruption !== undefined || this.isPollRequested || this.wait.deadlineMs !== deadlineMs;
    await condition(isChanged, Math.min(FAILURE_PAUSE_MS, leftMs));
  }

  /** Ends a wait that was left; forgets other interruptions. */
  private endIfInterrupted(): void {
    if (this.isLeft()) {
      this.apply(endWait(this.wait, { status: 'cancelled', atMs: Date.now() }));
      return;
    }
    const { interruption } = this;
    this.interruption = undefined;
    // The deadline may have been moved in the meantime.
    if (interruption === 'overdue' && this.wait.end === undefined) this.startOverdueTimer();
  }

  private startOverdueTimer(): void {
    this.overdueTimer?.cancel();
    const timer = new CancellationScope();
    this.overdueTimer = timer;
    timer.run(() => this.waitUntilOverdue()).catch(() => undefined);
  }

  private async waitUntilOverdue(): Promise<void> {
    for (;;) {
      const leftMs = this.wait.deadlineMs + OVERDUE_MS - Date.now();
      if (leftMs <= 0) break;
      await sleep(leftMs, { summary: `deadline + ${OVERDUE_MS / 1000} s` });
    }
    this.interrupt('overdue');
  }

  private async finish(): Promise<TryOnOutcome> {
    if (this.refusal !== undefined) throw invalidInput([this.refusal]);
    const outcome = this.outcome?.outcome;
    if (outcome !== undefined && outcome.status !== 'cancelled') return outcome as TryOnOutcome;
    if (mayCancelTask(this.wait) && apiOf(this.wait.api).cancel !== undefined) {
      await cancelTask(this.wait);
      await this.settled();
    }
    if (this.interruption === 'abandoned') {
      // Only a workflow whose cancellation was requested ends as cancelled.
      await tryOnCancelSelf();
      await condition(() => this.interruption === 'cancel');
      // Subscribers that joined meanwhile are answered.
      await this.settled();
    }
    throw new CancelledFailure('the wait was cancelled');
  }

  /** A caller whose signal is malformed or cannot be decoded must not stop the wait of others. */
  private setSignalHandler<S extends v.GenericSchema>(
    signal: string,
    schema: S,
    { description, handle }: { readonly description: string; readonly handle: (given: v.InferOutput<S>) => void },
  ): void {
    const drop = (problem: string): void => this.change(warn(this.wait, `signal ${signal} was dropped: ${problem}`));
    setSignalHandler(signal, {
      description,
      handle(given) {
        const checked = check(schema, given);
        if (checked.ok) {
          handle(checked.value);
          return;
        }
        log.warn('a malformed signal was dropped', { signal, problems: checked.problems.slice(0, 5) });
        drop(checked.problems.join('; '));
      },
      drop,
    });
  }

  private onSubscribeSignal(subscriber: Subscriber): void {
    this.join(subscriber);
    for (const event of snapshotsFor(this.wait, this.outcome)) this.publisher.send(subscriber, event);
  }

  private onSubscribe(subscriber: Subscriber): TryOnStatus {
    this.join(subscriber);
    const status = this.answers.take(this.wait);
    for (const event of furtherSnapshots(this.wait, status.images.length)) this.publisher.send(subscriber, event);
    return status;
  }

  private onUnsubscribe(subscriber: Unsubscribe): TryOnStatus {
    this.leave(subscriber);
    return this.answers.take(this.wait);
  }

  private onPollNow(): TryOnStatus {
    this.requestPoll();
    return this.answers.take(this.wait);
  }

  private onSetTimeout(timeoutSeconds: number): TryOnStatus {
    const beforeMs = this.wait.deadlineMs;
    this.change(setDeadline(this.wait, timeoutSeconds, Date.now()));
    if (this.wait.deadlineMs < beforeMs && this.overdueTimer !== undefined) this.startOverdueTimer();
    // The activity has its deadline as input, so a nearer one needs a new activity; at the old one a later one is noticed.
    if (this.polling !== undefined && this.wait.deadlineMs < this.polling.deadlineMs) this.interrupt('restart');
    return this.answers.take(this.wait);
  }

  private join(subscriber: Subscriber): void {
    this.change(subscribe(this.wait, subscriber, Date.now()));
    this.publisher.introduce(subscriber);
  }

  private leave(subscriber: Unsubscribe): void {
    const before = this.wait.subscribers.length;
    this.change(unsubscribe(this.wait, subscriber));
    const isAbandoned = before > 0 && this.wait.subscribers.length === 0 && workflowInfo().parent !== undefined;
    if (isAbandoned && this.wait.end === undefined) this.interrupt('abandoned');
  }

  private requestPoll(): void {
    const nowMs = Date.now();
    const { poll, end } = this.wait;
    const isRequested = this.lastPollRequestedMs > nowMs;
    if (end !== undefined || isRequested || (poll.pauseUntilMs ?? 0) > nowMs) return;
    this.lastPollRequestedMs = Math.max(nowMs, this.lastPollRequestedMs + POLL_NOW_EVERY_MS);
    if (this.polling === undefined) this.isPollRequested = true;
    else if (!this.isPollingNow) this.pollNow(this.polling, this.lastPollRequestedMs - nowMs);
  }

  /** Has the pending poll dispatched; replaces the polling activity where that cannot be done. */
  private async pollNow(polling: Polling, delayMs: number): Promise<void> {
    this.isPollingNow = true;
    const isDispatched = await polling.pollNow(delayMs).catch(() => false);
    this.isPollingNow = false;
    // A polling activity that began meanwhile polls by its own plan.
    const isReplaced = this.polling !== undefined && this.polling !== polling;
    if (isDispatched || isReplaced || this.wait.end !== undefined) return;
    this.isPollRequested = true;
    this.interrupt('restart');
  }

  private change(wait: WaitState): void {
    this.wait = wait;
    setCurrentDetails(describeWait(wait));
  }

  /** Takes a transition over, and sends its events to all subscribers. */
  private apply({ wait, events }: Transition): void {
    this.change(wait);
    for (const event of events) {
      if (event.kind === 'outcome') this.outcome = event;
      for (const subscriber of wait.subscribers) this.publisher.send(subscriber, event);
    }
    const { taskId, account, images } = wait;
    this.attributes.set({ taskId, account, status: stateOf(wait), imageCount: images.length });
  }

  /** The end of a wait takes precedence over another poll, and a cancellation over all. */
  private interrupt(reason: Interruption): void {
    if (this.interruption === undefined || this.interruption === 'restart' || reason === 'cancel') {
      this.interruption = reason;
    }
  }

  /** Whether the wait was cancelled, or left by its last subscriber. */
  private isLeft(): boolean {
    return this.interruption === 'cancel' || this.interruption === 'abandoned';
  }

  /** The state for the next run. */
  private carried(): WaitState {
    const { wait } = this;
    return this.isPollRequested || this.isPollingNow
      ? { ...wait, poll: { ...wait.poll, nextPollAtMs: Date.now() } }
      : wait;
  }

  private isHistoryFull(): boolean {
    return isContinueAsNewDue() && canContinueAsNew(this.wait);
  }

  private async settled(): Promise<void> {
    await condition(() => this.publisher.isIdle && this.attributes.isIdle && allHandlersFinished());
  }

  private noWorker() {
    const { account } = this.wait;
    const message = `no worker polled the vendor's queue for account ${account} by the deadline; start one that has its keys`;
    return { layer: 'transport', code: 'NoWorker', message } as const;
  }

  private paused() {
    const message = 'an operator paused the polling activity past the deadline; start the wait again';
    return { layer: 'transport', code: 'Paused', message } as const;
  }

  private validator(schema?: Parameters<typeof check>[0]): (given?: unknown) => void {
    return (given) => {
      if (this.problems.length > 0) throw invalidInput(this.problems);
      if (schema !== undefined) accepted(check(schema, given));
    };
  }
}
