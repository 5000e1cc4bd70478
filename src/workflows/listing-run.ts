/** One run of a listing: its state, its handlers and the waits of its tasks. */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import { check, submittedAtProblem } from '../check.js';
import {
  failureTypes,
  type ListingTask,
  ListingTaskSchema,
  limits,
  messages,
  type Subscriber,
  type TryOnJobEvent,
  type TryOnListingResult,
  type TryOnListingStatus,
} from '../contract.js';
import { defined } from '../defined.js';
import { chunks } from '../json-size.js';
import { describeListing } from '../wait/describe.js';
import { emptyInbox, restoreInbox } from '../wait/inbox.js';
import { type InboxJob, receiveJobEvent } from '../wait/job-inbox.js';
import {
  addTask,
  canContinueListingAsNew,
  hasEnded,
  hasTask,
  isComplete,
  isFull,
  isRequestTooMuch,
  keyOf,
  type ListedTask,
  type ListingState,
  listingResult,
  listingStatus,
  listingSummary,
  placeOf,
  rejoinDelayMs,
  waitTimeoutSeconds,
  warnListing,
  withoutRequest,
} from '../wait/listing.js';
import * as definitions from './definitions.js';
import { accepted, invalidInput } from './input.js';
import { leaveJob, startOrJoinJob } from './job-subscriber.js';
import { Attributes } from './search-attributes.js';
import { type DroppedSignal, leaveTryOn, receiveTryOnEvents, startOrJoinTryOn, type TryOnInbox } from './subscriber.js';
import { UpdateAnswers } from './update-answers.js';
import { isContinueAsNewDue } from './versioning.js';

/** What one run hands to the next. */
export interface CarriedListing {
  readonly listing: ListingState;
  readonly searchAttributes: readonly string[];
}

const { tryOnJoin } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 5_000,
  scheduleToCloseTimeout: 10_000,
  summary: 'stored outcome of the wait',
});
const { tryOnStoredJob } = proxyActivities<TryOnActivities>({
  startToCloseTimeout: 5_000,
  scheduleToCloseTimeout: 10_000,
  summary: 'stored result of the job',
});

/** Jobs that are started together have at most so much input: the commands of one workflow task travel in one message of 4 MB. */
const START_BYTES = 512 * 1024;
/** A job that can neither be joined nor has ended is tried so often. */
const JOIN_ATTEMPTS = 10;

/** See the file's description. */
export class ListingRun {
  private listing: ListingState;
  private isOver = false;
  private isCancelled = false;
  /** Waits and jobs that are being started or joined. */
  private starting = 0;
  /** Batches of jobs start one after the other. */
  private jobStarts: Promise<unknown> = Promise.resolve();
  private readonly joined: Set<string>;
  private readonly attributes: Attributes;
  private readonly inbox: TryOnInbox;
  private readonly answers = new UpdateAnswers();

  /**
   * Sets the handlers.
   * @param problems - of the workflow's input; where there are any, updates are refused with them
   * @param searchAttributes - names that the namespace has; absent in a first run
   */
  constructor(
    listing: ListingState,
    private readonly problems: readonly string[],
    searchAttributes?: readonly string[],
  ) {
    const { jobs } = listing;
    this.listing = jobs === undefined ? listing : { ...listing, jobs: restoreInbox(jobs) };
    this.attributes = new Attributes(searchAttributes);
    this.joined = new Set(searchAttributes === undefined ? [] : listing.tasks.map(keyOf));
    this.inbox = receiveTryOnEvents({
      carried: listing.inbox,
      onEvent: (_event, inbox) => {
        this.listing = { ...this.listing, inbox };
        this.show();
      },
      onJobEvent: (event) => this.onJobEvent(event),
      onDropped: (dropped) => this.onDropped(dropped),
    });
    setHandler(definitions.tryOnListingStatus, () => listingStatus(this.listing, this.isOver), {
      description: 'State of the listing, its tasks and images',
    });
    setHandler(definitions.addTask, (task) => this.onAddTask(task), {
      validator: (task) => this.validateAddTask(task),
      description: 'Wait for one more task',
    });
  }

  /** Waits until all tasks have ended, the deadline has passed or the listing is cancelled. */
  async run(continueAsNew: (carried: CarriedListing) => Promise<never>): Promise<TryOnListingResult> {
    CancellationScope.current().cancelRequested.catch(() => {
      this.isCancelled = true;
    });
    return await CancellationScope.nonCancellable(async () => {
      await this.attributes.current();
      this.startWaits();
      if (this.listing.isRejoinDue) this.rejoinLater().catch(() => undefined);
      while (await this.isUnfinished()) {
        await this.settled();
        // A cancellation may have come meanwhile, and the next run would not know of it.
        if (this.isDone() || !this.isHistoryFull()) continue;
        await continueAsNew({ listing: this.listing, searchAttributes: this.attributes.known });
      }
      return await this.finish();
    });
  }

  /** Waits until the listing is done, its deadline has passed or its history is full. True in the last case alone. */
  private async isUnfinished(): Promise<boolean> {
    const leftMs = Math.max(1, this.listing.deadlineMs - Date.now());
    const isInTime = await condition(() => this.isDone() || this.isHistoryFull(), leftMs, {
      summary: 'deadline of the listing',
    });
    return isInTime && !this.isDone();
  }

  private async finish(): Promise<TryOnListingResult> {
    if (!this.isDone()) await this.takeStoredOutcomes();
    this.isOver = true;
    this.listing = { ...this.listing, isCancelled: this.isCancelled && !isComplete(this.listing) };
    this.show();
    await this.settled();
    await this.leaveWaits();
    await condition(allHandlersFinished);
    if (this.listing.isCancelled) throw new CancelledFailure('the listing was cancelled');
    return listingResult(this.listing, Date.now());
  }

  /**
   * Outcomes that no event brought by the deadline: a reset that leaves signals out loses them, and so does a payload that no worker could
   * decode. The server has those of waits that have completed.
   */
  private async takeStoredOutcomes(): Promise<void> {
    const open = this.listing.tasks.filter((task) => !hasEnded(this.listing, task));
    const subscriber = { workflowId: workflowInfo().workflowId };
    const take = async (task: ListedTask): Promise<void> => {
      const { taskId } = task;
      if (taskId === undefined) {
        await this.takeStoredJob(task);
        return;
      }
      const { outcome } = await tryOnJoin({
        input: { taskId, ...placeOf(this.listing, task) },
        subscriber,
        mayStart: false,
        isListing: true,
      });
      if (outcome === undefined || hasEnded(this.listing, task)) return;
      this.inbox.receive({ kind: 'outcome', taskId, waitId: `stored-${taskId}`, sequence: 1, outcome });
    };
    await Promise.all(open.map((task) => take(task).catch(() => undefined)));
  }

  /** Takes over how a job ended. Answers whether it has. */
  private async takeStoredJob({ requestId = '', ...task }: ListedTask): Promise<boolean> {
    const stored = await tryOnStoredJob({ requestId, api: 'tryon', ...placeOf(this.listing, task) });
    if (stored.kind !== 'ended') return false;
    const { waitId, outcome } = stored;
    // The last event of this job: what else comes of it is a repeat.
    this.onJobEvent({ kind: 'outcome', requestId, waitId, sequence: Number.MAX_SAFE_INTEGER, outcome });
    return true;
  }

  private onJobEvent(event: TryOnJobEvent): void {
    if (!hasTask(this.listing, { requestId: event.requestId })) return;
    const { inbox: jobs, fresh } = receiveJobEvent(this.listing.jobs ?? emptyInbox<InboxJob>(), event);
    if (!fresh) return;
    this.listing = { ...this.listing, jobs };
    this.show();
  }

  private onAddTask(task: ListingTask): TryOnListingStatus {
    this.listing = addTask(this.listing, task);
    this.startWaits();
    return this.answers.answer((maxBytes) => listingStatus(this.listing, this.isOver, maxBytes));
  }

  private validateAddTask(given: unknown): void {
    if (this.problems.length > 0) throw invalidInput(this.problems);
    const task = accepted(check(ListingTaskSchema, given));
    const problems = submittedAtProblem(task.submittedAt, Date.now());
    if (problems.length > 0) throw invalidInput(problems);
    if (hasTask(this.listing, task)) return;
    if (this.isOver || this.isCancelled)
      throw ApplicationFailure.nonRetryable('the listing has ended', failureTypes.ended);
    if (isFull(this.listing)) throw invalidInput([`tasks are ${limits.listingTasks} already; give at most as many`]);
    if (isRequestTooMuch(this.listing, task))
      throw invalidInput(['request is one of many that have not started yet; add it again in a second']);
  }

  private isDone(): boolean {
    return isComplete(this.listing) || this.isCancelled;
  }

  private isHistoryFull(): boolean {
    return isContinueAsNewDue() && canContinueListingAsNew(this.listing);
  }

  private async settled(): Promise<void> {
    await condition(() => this.starting === 0 && this.attributes.isIdle && allHandlersFinished());
  }

  private show(): void {
    const summary = listingSummary(this.listing, this.isOver);
    setCurrentDetails(describeListing(summary));
    const { listingId, state: status, tasks } = summary;
    const imageCount = tasks.reduce((sum, task) => sum + task.imageCount, 0);
    this.attributes.set({ listingId, status, imageCount, account: this.listing.account });
  }

  private onDropped({ problem, isUndecodable }: DroppedSignal): void {
    this.listing = warnListing(this.listing, `signal ${messages.event} was dropped: ${problem}`);
    if (!isUndecodable || this.listing.isRejoinDue) return;
    this.listing = { ...this.listing, isRejoinDue: true };
    this.rejoinLater().catch(() => undefined);
  }

  /** What could not be decoded may have been an event: waits that have not ended are joined again, and tell all they know. */
  private async rejoinLater(): Promise<void> {
    await sleep(rejoinDelayMs(this.listing, Date.now()), { summary: 'join again: an event may have been lost' });
    const { isRejoinDue: _due, rejoins = 0, ...listing } = this.listing;
    this.listing = { ...listing, rejoins: rejoins + 1 };
    if (this.isOver || this.isDone()) return;
    for (const task of listing.tasks) if (!hasEnded(listing, task)) this.joined.delete(keyOf(task));
    this.startWaits();
  }

  /** Starts or joins the waits and the jobs of all tasks that are new. */
  private startWaits(): void {
    this.show();
    const isNew = (task: ListedTask) => !this.joined.has(keyOf(task)) && !hasEnded(this.listing, task);
    const fresh = this.listing.tasks.filter(isNew);
    for (const task of fresh) {
      this.joined.add(keyOf(task));
      this.starting += 1;
    }
    for (const task of fresh) if (task.taskId !== undefined) this.join(task, this.startWait(task));
    const { notify = [] } = this.listing;
    const jobs = fresh.flatMap((task) => (task.taskId === undefined ? [{ ...task, notify }] : []));
    for (const batch of chunks(jobs, START_BYTES)) {
      this.jobStarts = this.jobStarts.then(() =>
        Promise.all(batch.map(({ notify: subscribers, ...task }) => this.join(task, this.startJob(task, subscribers)))),
      );
    }
  }

  private async join(task: ListedTask, joining: Promise<void>): Promise<void> {
    try {
      await joining;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const reason = `the ${task.taskId === undefined ? 'job' : 'wait'} could be neither started nor joined: ${message}`;
      this.listing = { ...this.listing, unstarted: { ...this.listing.unstarted, [keyOf(task)]: reason } };
    } finally {
      this.starting -= 1;
    }
  }

  private async startWait(task: ListedTask & { readonly taskId: string }): Promise<void> {
    const { taskId, submittedAt, expectedImages } = task;
    const { notify } = this.listing;
    const timeoutSeconds = waitTimeoutSeconds(this.listing, Date.now());
    const input = {
      taskId,
      ...placeOf(this.listing, task),
      timeoutSeconds,
      ...defined({ submittedAt, expectedImages }),
    };
    const searchAttributes = () => this.attributes.current();
    await startOrJoinTryOn(input, { searchAttributes, ...defined({ subscribers: notify }) });
  }

  /** A job that has ended is not started again: its result counts. */
  private async startJob(task: ListedTask, subscribers: readonly Subscriber[]): Promise<void> {
    const { requestId = '', request, expectedImages } = task;
    const searchAttributes = () => this.attributes.current();
    for (let attempt = 1; !this.isOver && !this.isCancelled; attempt++) {
      const timeoutSeconds = waitTimeoutSeconds(this.listing, Date.now());
      const place = placeOf(this.listing, task);
      const input = { requestId, ...place, timeoutSeconds, ...defined({ request, expectedImages }) };
      const joined = await startOrJoinJob(input, { searchAttributes, subscribers });
      if (joined !== 'ended' || (await this.takeStoredJob(task))) {
        this.listing = withoutRequest(this.listing, requestId);
        return;
      }
      if (attempt >= JOIN_ATTEMPTS) throw new Error('it neither runs nor has ended');
      await sleep(1_000, { summary: 'join the job again' });
    }
  }

  /** Leaves waits and jobs that still run: they may be others' too. A wait without subscribers ends by itself. */
  private async leaveWaits(): Promise<void> {
    const open = this.listing.tasks.filter((task) => !hasEnded(this.listing, task));
    await Promise.all(
      open.map(({ taskId, requestId }) => (taskId === undefined ? leaveJob(requestId ?? '') : leaveTryOn(taskId))),
    );
  }
}
