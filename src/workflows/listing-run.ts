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
  type TryOnListingResult,
  type TryOnListingStatus,
} from '../contract.js';
import { defined } from '../defined.js';
import { describeListing } from '../wait/describe.js';
import {
  addTask,
  canContinueListingAsNew,
  hasEnded,
  hasTask,
  isComplete,
  isFull,
  type ListingState,
  listingResult,
  listingStatus,
  listingSummary,
  placeOf,
  rejoinDelayMs,
  waitTimeoutSeconds,
  warnListing,
} from '../wait/listing.js';
import * as definitions from './definitions.js';
import { accepted, invalidInput } from './input.js';
import { Attributes } from './search-attributes.js';
import { type DroppedSignal, leaveTryOn, receiveTryOnEvents, startOrJoinTryOn, type TryOnInbox } from './subscriber.js';
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

/** See the file's description. */
export class ListingRun {
  private listing: ListingState;
  private isOver = false;
  private isCancelled = false;
  /** Waits that are being started or joined. */
  private starting = 0;
  private readonly joined: Set<string>;
  private readonly attributes: Attributes;
  private readonly inbox: TryOnInbox;

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
    this.listing = listing;
    this.attributes = new Attributes(searchAttributes);
    this.joined = new Set(searchAttributes === undefined ? [] : listing.tasks.map((task) => task.taskId));
    this.inbox = receiveTryOnEvents({
      carried: listing.inbox,
      onEvent: (_event, inbox) => {
        this.listing = { ...this.listing, inbox };
        this.show();
      },
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
    const open = this.listing.tasks.filter(({ taskId }) => !hasEnded(this.listing, taskId));
    const subscriber = { workflowId: workflowInfo().workflowId };
    const take = async (task: ListingTask): Promise<void> => {
      const { taskId } = task;
      const input = { taskId, ...placeOf(this.listing, task) };
      const { outcome } = await tryOnJoin({ input, subscriber, mayStart: false });
      if (outcome === undefined || hasEnded(this.listing, taskId)) return;
      this.inbox.receive({ kind: 'outcome', taskId, waitId: `stored-${taskId}`, sequence: 1, outcome });
    };
    await Promise.all(open.map((task) => take(task).catch(() => undefined)));
  }

  private onAddTask(task: ListingTask): TryOnListingStatus {
    this.listing = addTask(this.listing, task);
    this.startWaits();
    return listingStatus(this.listing, this.isOver);
  }

  private validateAddTask(given: unknown): void {
    if (this.problems.length > 0) throw invalidInput(this.problems);
    const task = accepted(check(ListingTaskSchema, given));
    const problems = submittedAtProblem(task.submittedAt, Date.now());
    if (problems.length > 0) throw invalidInput(problems);
    if (hasTask(this.listing, task.taskId)) return;
    if (this.isOver || this.isCancelled)
      throw ApplicationFailure.nonRetryable('the listing has ended', failureTypes.ended);
    if (isFull(this.listing)) throw invalidInput([`tasks are ${limits.listingTasks} already; give at most as many`]);
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
    for (const { taskId } of listing.tasks) if (!hasEnded(listing, taskId)) this.joined.delete(taskId);
    this.startWaits();
  }

  private startWaits(): void {
    this.show();
    for (const task of this.listing.tasks) {
      if (this.joined.has(task.taskId) || hasEnded(this.listing, task.taskId)) continue;
      this.joined.add(task.taskId);
      this.starting += 1;
      this.startWait(task)
        .catch((error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          const reason = `the wait could be neither started nor joined: ${message}`;
          this.listing = { ...this.listing, unstarted: { ...this.listing.unstarted, [task.taskId]: reason } };
        })
        .finally(() => {
          this.starting -= 1;
        });
    }
  }

  private async startWait(task: ListingTask): Promise<void> {
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

  /** Leaves waits that still run: they may be others' too. A wait without subscribers ends by itself. */
  private async leaveWaits(): Promise<void> {
    const open = this.listing.tasks.filter((task) => !hasEnded(this.listing, task.taskId));
    await Promise.all(open.map((task) => leaveTryOn(task.taskId)));
  }
}
