/** One run of a job: its state, its handlers and its loop. What happens next is decided by `src/job`. */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  defineUpdate,
  log,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import { check } from '../check.js';
import {
  type ApiName,
  failureTypes,
  messages,
  type ResolveSubmission,
  ResolveSubmissionSchema,
  SetTimeoutSchema,
  type Subscriber,
  SubscriberSchema,
  submitTaskQueue,
  type TryOnEvent,
  type TryOnJobEvent,
  type TryOnJobResult,
  type TryOnJobStatus,
  type Unsubscribe,
  UnsubscribeSchema,
} from '../contract.js';
import { defined } from '../defined.js';
import { archiveBatches, beginArchive, imagesToArchive } from '../job/archive.js';
import { describeJob } from '../job/describe.js';
import {
  canContinueJobAsNew,
  closeJob,
  decideArchive,
  type JobTransition,
  takeWaitEvent,
  withArchived,
  withoutSubscriber,
  withSubmission,
  withSubscriber,
} from '../job/job.js';
import { imagesOf, jobSnapshots, jobStatusOf, shownState } from '../job/job-report.js';
import type { JobState } from '../job/job-state.js';
import { type JobAction, nextAction } from '../job/next-action.js';
import { type ClaimAnswer, type ClaimInput, isClaim, isLateReport, submitMessages } from '../job/protocol.js';
import {
  acceptClaim,
  drawToken,
  expire,
  mayClaim,
  resolve,
  resolveProblem,
  type SubmitReport,
  submissionStatus,
  takeReport,
  withdraw,
} from '../job/submission.js';
import { eventProblem } from '../wait/inbox.js';
import { setDeadline, withWebhookError } from '../wait/wait.js';
import { archiveBatch } from './archive-run.js';
import * as definitions from './definitions.js';
import { accepted, invalidInput, refusedUpdate } from './input.js';
import { fairness, tryOnCancelSelf } from './polling.js';
import { Publisher } from './publisher.js';
import { Attributes } from './search-attributes.js';
import { setSignalHandler } from './signals.js';
import { leaveTryOn, startOrJoinTryOn } from './subscriber.js';
import { UpdateAnswers } from './update-answers.js';
import { isContinueAsNewDue } from './versioning.js';

/**
 * An attempt claims within 10 s, sends within 2 s more, and its exchange is bounded by 15 s; then it has some time to report. A lost worker is
 * noticed sooner, by its heartbeats.
 */
const ATTEMPT_MS = 60_000;
const HEARTBEAT_MS = 10_000;
/** Before the wait is joined again that could not be joined. */
const JOIN_PAUSE_MS = 10_000;

const { tryOnSubmit } = proxyActivities<TryOnActivities>({ startToCloseTimeout: ATTEMPT_MS });
const { tryOnUpdateWait } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 15_000,
  scheduleToCloseTimeout: 60_000,
  retry: { initialInterval: 500, backoffCoefficient: 2 },
  cancellationType: ActivityCancellationType.ABANDON,
});

const { tryOnNamespace } = proxyLocalActivities<TryOnActivities>({ startToCloseTimeout: 5_000 });

const claimUpdate = defineUpdate<ClaimAnswer, [ClaimInput]>(submitMessages.claim);

/** The API of a wait's input; the default one is not named. */
const named = (api: ApiName): ApiName | undefined => (api === 'tryon' ? undefined : api);

/** See the file's description. */
export class JobRun {
  private isCancelled = false;
  private isAttemptPending = false;
  private batchesPending = 0;
  private joinAgainAtMs: number | undefined;
  /** Counts what may change the next action. */
  private changes = 0;
  private timer: { readonly scope: CancellationScope; readonly untilMs: number } | undefined;
  private outcome: Extract<TryOnJobEvent, { kind: 'outcome' }> | undefined;
  private readonly publisher = new Publisher((webhook, error) =>
    this.change(withWebhookError(this.job, webhook, error)),
  );
  private readonly answers = new UpdateAnswers();
  private readonly attributes: Attributes;

  /**
   * Sets the handlers: those of update-with-start run at once.
   * @param job - at its start, or as the run before left it
   * @param request - of the workflow's input
   * @param problems - of the workflow's input; where there are any, updates are refused with them
   */
  constructor(
    private job: JobState,
    private readonly request: unknown,
    private readonly problems: readonly string[],
  ) {
    for (const subscriber of job.subscribers) this.publisher.introduce(subscriber);
    this.attributes = new Attributes(job.searchAttributes.length > 0 ? job.searchAttributes : undefined);
    // Signals before updates: a caller that waits for the answer of an update may have sent a signal before it, never after.
    // The log has each signal that is dropped. A job whose late report is lost is parked, as one whose attempt never reported.
    const drop = () => undefined;
    setSignalHandler(submitMessages.submitted, {
      ...{ description: 'Internal: a late task id', drop },
      handle: (given) => this.onLateReport(given),
    });
    setSignalHandler(submitMessages.notSent, {
      ...{ description: 'Internal: nothing was sent', drop },
      handle: (given) => this.onLateReport(given),
    });
    setSignalHandler(messages.event, {
      description: "Events of the job's wait",
      handle: (given) => this.onWaitEvent(given),
      drop: () => this.joinAgain(),
    });
    setSignalHandler(messages.subscribeSignal, {
      ...{ description: 'Subscribe from workflow code; answered by a snapshot event', drop },
      handle: (given) => this.onSubscribeSignal(given),
    });
    setSignalHandler(messages.unsubscribeSignal, {
      ...{ description: 'Unsubscribe from workflow code', drop },
      handle: (given) => this.onUnsubscribeSignal(given),
    });
    setHandler(definitions.tryOnJobStatus, () => jobStatusOf(this.job), {
      description: 'State of the job, its submission, images and subscribers',
    });
    setHandler(claimUpdate, (claim) => this.onClaim(claim), {
      validator: (claim) => this.validateClaim(claim),
      description: 'Internal: an attempt asks whether it may send',
    });
    setHandler(definitions.subscribeToJob, (subscriber) => this.onSubscribe(subscriber), {
      validator: this.validator(SubscriberSchema),
      description: 'Signal one more workflow; answers all images so far',
    });
    setHandler(definitions.unsubscribeFromJob, (subscriber) => this.onUnsubscribe(subscriber), {
      validator: this.validator(UnsubscribeSchema),
      description: 'Signal a workflow no longer',
    });
    setHandler(definitions.pollJobNow, () => this.onPollNow(), {
      validator: this.validator(),
      description: 'Poll the vendor now, at most once a second',
    });
    setHandler(definitions.setJobTimeout, ({ timeoutSeconds }) => this.onSetTimeout(timeoutSeconds), {
      validator: this.validator(SetTimeoutSchema),
      description: 'Move the deadline, counted from now',
    });
    setHandler(definitions.resolveSubmission, (resolution) => this.onResolve(resolution), {
      validator: (resolution) => this.validateResolution(resolution),
      description: 'Say how a job that may have been submitted goes on',
    });
  }

  /**
   * Submits, waits and collects until the job ends.
   * @param continueAsNew - called with the state where history is full
   */
  async run(continueAsNew: (job: JobState) => Promise<never>): Promise<TryOnJobResult> {
    CancellationScope.current().cancelRequested.catch(() => {
      this.isCancelled = true;
      this.changes += 1;
    });
    return await CancellationScope.nonCancellable(async () => {
      this.change(this.job);
      this.showState();
      while (this.job.end === undefined) {
        await this.perform(nextAction(this.job, this.facts()));
        if (this.job.end !== undefined || !this.isHistoryFull()) continue;
        await this.settled();
        // A cancellation may have come meanwhile, and the next run would not know of it.
        if (this.isHistoryFull()) await continueAsNew({ ...this.job, searchAttributes: this.attributes.known });
      }
      await this.settled();
      return this.result();
    });
  }

  private facts() {
    const { isCancelled, joinAgainAtMs } = this;
    return { nowMs: Date.now(), isCancelled, ...defined({ joinAgainAtMs }) };
  }

  private async perform(action: JobAction): Promise<void> {
    const { submission } = this.job;
    switch (action.kind) {
      case 'submit':
        this.apply(withSubmission(this.job, drawToken(submission)));
        this.startAttempt();
        return;
      case 'withdraw':
        this.apply(withSubmission(this.job, withdraw(submission)));
        return;
      case 'park':
        this.apply(withSubmission(this.job, expire(submission, Date.now())));
        return;
      case 'join':
        await this.decideArchive();
        await this.join();
        return;
      case 'archive':
        this.archive();
        return;
      case 'cancelSelf':
        // Only a workflow whose cancellation was requested ends as cancelled.
        await tryOnCancelSelf();
        await condition(() => this.isCancelled);
        return;
      case 'end': {
        const { status, error, leave } = action;
        this.apply(closeJob(this.job, { status, atMs: Date.now(), ...defined({ error }) }));
        if (leave && submission.taskId !== undefined) await leaveTryOn(submission.taskId);
        return;
      }
      case 'rest':
        await this.rest(action.untilMs);
        return;
      default:
        return action satisfies never;
    }
  }

  /** Waits until something may have changed. */
  private async rest(untilMs: number | undefined): Promise<void> {
    if (untilMs !== undefined) this.wakeBy(untilMs);
    const { changes } = this;
    await condition(() => this.changes !== changes || this.isHistoryFull());
  }

  /** One timer at a time. One that fires too early costs less than one that is cancelled and replaced. */
  private wakeBy(untilMs: number): void {
    if (this.timer !== undefined && this.timer.untilMs <= untilMs) return;
    this.timer?.scope.cancel();
    const scope = new CancellationScope();
    this.timer = { scope, untilMs };
    const leftMs = Math.max(1, untilMs - Date.now());
    scope
      .run(() =>
        sleep(leftMs, { summary: untilMs === this.job.deadlineMs ? 'deadline of the job' : 'next step of the job' }),
      )
      .then(() => {
        this.timer = undefined;
        this.changes += 1;
      })
      .catch(() => undefined);
  }

  /** One attempt: one activity with one try. A repeat is an attempt with the next token. */
  private startAttempt(): void {
    const { waitId: jobId, requestId, account, api, submission } = this.job;
    const { token } = submission;
    const options = {
      taskQueue: submitTaskQueue(account, workflowInfo().taskQueue),
      startToCloseTimeout: ATTEMPT_MS,
      heartbeatTimeout: HEARTBEAT_MS,
      retry: { maximumAttempts: 1 },
      // Shown as plain text, unlike a workflow's summary.
      summary: `submit request ${requestId}`.slice(0, 200),
      ...fairness(),
    };
    this.isAttemptPending = true;
    tryOnSubmit
      .executeWithOptions(options, [{ token, jobId, requestId, account, api, request: this.request }])
      .catch((error: unknown): SubmitReport => {
        const cause = error instanceof ActivityFailure ? error.cause : undefined;
        if (cause instanceof ApplicationFailure && cause.type === failureTypes.invalidInput) {
          this.change({ ...this.job, refusal: cause.message });
        }
        log.info('an attempt to submit ended without a report', { reason: String(error) });
        return { kind: 'lost' };
      })
      .then((report) => {
        this.isAttemptPending = false;
        this.takeReport(token, report);
      });
  }

  private takeReport(token: number, report: SubmitReport): void {
    this.apply(withSubmission(this.job, takeReport(this.job.submission, token, report, Date.now())));
  }

  private onLateReport(given: unknown): void {
    if (!isLateReport(given) || given.jobId !== this.job.waitId) {
      this.dropSignal('a report', ['it is none of this job']);
      return;
    }
    this.takeReport(given.token, given.report);
  }

  private onClaim(claim: ClaimInput): ClaimAnswer {
    this.apply(withSubmission(this.job, acceptClaim(this.job.submission, claim, Date.now())));
    return submissionStatus(this.job.submission).state;
  }

  private validateClaim(claim: unknown): void {
    const isOver = this.job.end !== undefined || this.isCancelled || this.job.isAbandoned === true;
    if (this.problems.length > 0 || isOver || !isClaim(claim) || !mayClaim(this.job.submission, claim)) {
      throw refusedUpdate('this attempt may not send: its token is not the current one, or was claimed before');
    }
  }

  /** Before any image can come. A job whose input says nothing archives if its worker has a store. */
  private async decideArchive(): Promise<void> {
    if (this.job.isArchiveUndecided !== true) return;
    if (this.attributes.archives === undefined) await this.attributes.current();
    const { archives } = this.attributes;
    // The answer was lost: one that asks again until it has one.
    const isOn = archives ?? (await tryOnNamespace()).archives ?? false;
    this.change(decideArchive(this.job, isOn));
  }

  /** Images that came while a batch is under way are a batch of their own. */
  private archive(): void {
    const { account, api, submission } = this.job;
    const task = { account, api, taskId: submission.taskId ?? '' };
    const images = imagesToArchive(this.job, imagesOf(this.job));
    this.change(beginArchive(this.job, images));
    for (const batch of archiveBatches(images)) {
      this.batchesPending += 1;
      archiveBatch(task, batch)
        .then((records) => this.apply(withArchived(this.job, records)))
        .catch((error: unknown) => log.error('the archive of a batch failed', { reason: String(error) }))
        .finally(() => {
          this.batchesPending -= 1;
          this.changes += 1;
        });
    }
  }

  /** The wait's outcome comes as an event, as to any parent. */
  private async join(): Promise<void> {
    const { submission, account, api, deadlineMs, expectedImages, cancelTask } = this.job;
    const { taskId = '', acceptedAtMs } = submission;
    const timeoutSeconds = Math.max(1, (deadlineMs - Date.now()) / 1000);
    const submittedAt = acceptedAtMs === undefined ? undefined : new Date(acceptedAtMs).toISOString();
    this.change({ ...this.job, isWaitJoined: true });
    try {
      const more = { api: named(api), submittedAt, expectedImages, cancelTask };
      const input = { taskId, account, timeoutSeconds, ...defined(more) };
      await startOrJoinTryOn(input, { searchAttributes: () => this.attributes.current() });
      this.payTimeout();
    } catch (error) {
      log.warn('the wait could be neither started nor joined; tried again', { taskId, reason: String(error) });
      this.joinAgain();
    }
  }

  /** A wait that was joined keeps its own deadline: it gets the one that was set meanwhile. */
  private payTimeout(): void {
    const { isTimeoutOwed = false, ...job } = this.job;
    if (!isTimeoutOwed) return;
    this.change(job);
    this.updateWait({ name: messages.setTimeout, timeoutSeconds: Math.max(1, (job.deadlineMs - Date.now()) / 1000) });
  }

  /** After a pause: the wait tells all it knows, and one that has ended is started again. */
  private joinAgain(): void {
    if (!this.job.isWaitJoined) return;
    this.joinAgainAtMs = Date.now() + JOIN_PAUSE_MS;
    this.change({ ...this.job, isWaitJoined: false });
  }

  private onWaitEvent(given: unknown): void {
    const problem = eventProblem(given);
    if (problem !== undefined) {
      this.dropSignal(messages.event, [problem]);
      return;
    }
    // Here, at each batch of images, is where a job with a store has them archived.
    this.apply(takeWaitEvent(this.job, given as TryOnEvent, Date.now()));
  }

  private onSubscribeSignal(given: unknown): void {
    const checked = check(SubscriberSchema, given);
    if (!checked.ok) {
      this.dropSignal(messages.subscribeSignal, checked.problems);
      return;
    }
    this.addSubscriber(checked.value);
    const events = jobSnapshots(this.job, 0);
    // A receiver that took a snapshot's number for an event's would drop the outcome as a repeat.
    for (const event of this.outcome === undefined ? events : [this.outcome, ...events]) {
      this.publisher.send(checked.value, event);
    }
  }

  private onUnsubscribeSignal(given: unknown): void {
    const checked = check(UnsubscribeSchema, given);
    if (!checked.ok) {
      this.dropSignal(messages.unsubscribeSignal, checked.problems);
      return;
    }
    this.change(withoutSubscriber(this.job, checked.value, workflowInfo().parent !== undefined));
  }

  private onSubscribe(subscriber: Subscriber): TryOnJobStatus {
    this.addSubscriber(subscriber);
    const status = this.status();
    if (status.images.length > 0 && status.images.length < imagesOf(this.job).length) {
      for (const event of jobSnapshots(this.job, status.images.length)) this.publisher.send(subscriber, event);
    }
    return status;
  }

  private onUnsubscribe(subscriber: Unsubscribe): TryOnJobStatus {
    this.change(withoutSubscriber(this.job, subscriber, workflowInfo().parent !== undefined));
    return this.status();
  }

  private onPollNow(): TryOnJobStatus {
    this.updateWait({ name: messages.pollNow });
    return this.status();
  }

  private onSetTimeout(timeoutSeconds: number): TryOnJobStatus {
    this.change(setDeadline(this.job, timeoutSeconds, Date.now()));
    if (this.job.isWaitJoined) this.updateWait({ name: messages.setTimeout, timeoutSeconds });
    else if (this.job.submission.taskId !== undefined) this.change({ ...this.job, isTimeoutOwed: true });
    return this.status();
  }

  private onResolve(resolution: ResolveSubmission): TryOnJobStatus {
    this.apply(withSubmission(this.job, resolve(this.job.submission, resolution, Date.now())));
    return this.status();
  }

  private validateResolution(given: unknown): void {
    this.validator(ResolveSubmissionSchema)(given);
    const problem =
      this.job.end !== undefined
        ? 'the job has ended; there is nothing to resolve'
        : resolveProblem(this.job.submission, given as ResolveSubmission, Date.now());
    if (problem !== undefined) throw refusedUpdate(problem);
  }

  private addSubscriber(subscriber: Subscriber): void {
    const beforeMs = this.job.deadlineMs;
    this.change(withSubscriber(this.job, subscriber, Date.now()));
    this.publisher.introduce(subscriber);
    const { deadlineMs } = this.job;
    if (deadlineMs > beforeMs) {
      this.updateWait({ name: messages.setTimeout, timeoutSeconds: (deadlineMs - Date.now()) / 1000 });
    }
  }

  /** Workflow code cannot call an update, so an activity does. A wait that has ended takes none, which is no error. */
  private updateWait(update: { readonly name: 'pollNow' | 'setTimeout'; readonly timeoutSeconds?: number }): void {
    const { taskId } = this.job.submission;
    if (taskId === undefined || !this.job.isWaitJoined || this.job.end !== undefined) return;
    CancellationScope.nonCancellable(() => tryOnUpdateWait({ taskId, ...update })).catch((error: unknown) => {
      log.warn('the wait did not take an update', { taskId, update: update.name, reason: String(error) });
    });
  }

  private status(): TryOnJobStatus {
    return this.answers.answer((maxBytes) => jobStatusOf(this.job, maxBytes));
  }

  private result(): TryOnJobResult {
    if (this.job.refusal !== undefined) throw invalidInput([this.job.refusal]);
    const outcome = this.outcome?.outcome;
    if (outcome === undefined || outcome.status === 'cancelled') throw new CancelledFailure('the job was cancelled');
    return outcome as TryOnJobResult;
  }

  /** A caller that sends a malformed signal must not stop the job of others. */
  private dropSignal(signal: string, problems: readonly string[]): void {
    log.warn('a malformed signal was dropped', { signal, problems: problems.slice(0, 5) });
  }

  private change(job: JobState): void {
    this.job = job;
    this.changes += 1;
    setCurrentDetails(describeJob(job));
  }

  /** Takes a transition over, and sends its events to all subscribers. */
  private apply({ job, events }: JobTransition): void {
    this.change(job);
    for (const event of events) {
      if (event.kind === 'outcome') this.outcome = event;
      for (const subscriber of job.subscribers) this.publisher.send(subscriber, event);
    }
    this.showState();
  }

  /** Each upsert is an event of the history, so that what lasts a moment in an undisturbed job is not shown. */
  private showState(): void {
    const status = shownState(this.job);
    if (status === undefined) return;
    const { submission, account, end } = this.job;
    const imageCount = end === undefined ? undefined : imagesOf(this.job).length;
    this.attributes.set({ account, status, ...defined({ taskId: submission.taskId, imageCount }) });
  }

  /** Whether the next run takes over. Not while an attempt is under way: its report must find the run that waits for it. */
  private isHistoryFull(): boolean {
    const isBusy = this.isCancelled || this.isAttemptPending || this.batchesPending > 0;
    return isContinueAsNewDue() && !isBusy && canContinueJobAsNew(this.job);
  }

  private async settled(): Promise<void> {
    await condition(() => this.publisher.isIdle && this.attributes.isIdle && allHandlersFinished());
  }

  private validator(schema?: Parameters<typeof check>[0]): (given?: unknown) => void {
    return (given) => {
      if (this.problems.length > 0) throw invalidInput(this.problems);
      if (schema !== undefined) accepted(check(schema, given));
    };
  }
}
