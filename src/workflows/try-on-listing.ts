/** A listing: waits for its try-on tasks together and keeps their images by garment. A reference for parents of one's own. */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  makeContinueAsNewFunc,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import { type Checked, check, submittedAtProblem } from '../check.js';
import {
  failureTypes,
  type ListingTask,
  ListingTaskSchema,
  limits,
  type TryOnListingInput,
  TryOnListingInputSchema,
  type TryOnListingResult,
} from '../contract.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import { describeListing } from '../wait/describe.js';
import {
  addTask as added,
  beginListing,
  canCarryListing,
  hasEnded,
  hasTask,
  isComplete,
  isFull,
  type ListingState,
  listingResult,
  listingStatus,
  waitTimeoutSeconds,
} from '../wait/listing.js';
import { addTask, tryOnListingStatus } from './definitions.js';
import { accepted, invalidInput } from './input.js';
import { upsertChanged } from './search-attributes.js';
import { leaveTryOn, receiveTryOnEvents, startOrJoinTryOn } from './subscriber.js';

/** What one run hands to the next. */
export interface CarriedListing {
  readonly listing: ListingState;
  readonly searchAttributes: readonly string[];
}

const { tryOnNamespace } = proxyLocalActivities<TryOnActivities>({
  scheduleToCloseTimeout: 5_000,
  retry: { maximumAttempts: 1 },
});

function checkInput(input: unknown, nowMs: number): Checked<TryOnListingInput> {
  const checked = check(TryOnListingInputSchema, input);
  if (!checked.ok) return checked;
  const problems = checked.value.tasks.flatMap((task, index) =>
    submittedAtProblem(task.submittedAt, nowMs, `tasks.${index}.submittedAt`),
  );
  return problems.length > 0 ? { ok: false, problems } : checked;
}

function checkTask(task: unknown): ListingTask {
  const value = accepted(check(ListingTaskSchema, task));
  const problems = submittedAtProblem(value.submittedAt, Date.now());
  if (problems.length > 0) throw invalidInput(problems);
  return value;
}

/**
 * Waits for a listing's try-on tasks. Start it by name with the id `tryon-listing-<listingId>`.
 * @param input - see the contract; refused with `InvalidTryOnInput` where a field is wrong
 * @param carried - state of the run before, given by continue-as-new only
 */
export async function tryOnListing(input: TryOnListingInput, carried?: CarriedListing): Promise<TryOnListingResult> {
  const checked: Checked<TryOnListingInput> =
    carried === undefined ? checkInput(input, Date.now()) : { ok: true, value: input };
  let listing: ListingState =
    carried?.listing ?? beginListing(checked.ok ? checked.value : { listingId: '', tasks: [] }, Date.now());
  let registered = carried?.searchAttributes ?? [];
  let isOver = false;
  let isCancelled = false;
  let starting = 0;
  const joined = new Set<string>(carried === undefined ? [] : listing.tasks.map((task) => task.taskId));
  receiveTryOnEvents({
    carried: listing.inbox,
    onEvent: (_event, state) => {
      listing = { ...listing, inbox: state };
      show();
    },
  });

  setHandler(tryOnListingStatus, () => listingStatus(listing, isOver), {
    description: 'State of the listing, its tasks and images',
  });
  setHandler(
    addTask,
    (task) => {
      listing = added(listing, task);
      startWaits();
      return listingStatus(listing, isOver);
    },
    {
      validator: (task) => {
        if (!checked.ok) throw invalidInput(checked.problems);
        const { taskId } = checkTask(task);
        if (hasTask(listing, taskId)) return;
        if (isFull(listing)) throw invalidInput([`tasks are ${limits.listingTasks} already; give at most as many`]);
        if (isOver || isCancelled)
          throw ApplicationFailure.nonRetryable('the listing has ended', failureTypes.invalidInput);
      },
      description: 'Wait for one more task',
    },
  );
  if (!checked.ok) throw invalidInput(checked.problems);

  CancellationScope.current().cancelRequested.catch(() => {
    isCancelled = true;
  });
  return await CancellationScope.nonCancellable(async () => {
    if (carried === undefined) registered = await registeredSearchAttributes();
    startWaits();
    const deadline = startDeadline();
    await condition(() => isComplete(listing) || deadline.hasPassed() || isCancelled || isHistoryFull());
    deadline.cancel();
    if (isHistoryFull() && !isComplete(listing) && !deadline.hasPassed() && !isCancelled) return await continueAsNew();
    isOver = true;
    listing = { ...listing, isCancelled: isCancelled && !isComplete(listing) };
    show();
    await condition(() => starting === 0 && allHandlersFinished());
    await leaveWaits();
    await condition(allHandlersFinished);
    if (listing.isCancelled) throw new CancelledFailure('the listing was cancelled');
    return listingResult(listing, Date.now(), tryOnApi.name);
  });

  function show(): void {
    setCurrentDetails(describeListing(listing, isOver));
    const { state, listingId, tasks } = { ...listingStatus(listing, isOver) };
    const imageCount = tasks.reduce((sum, task) => sum + task.imageCount, 0);
    upsertChanged(registered, { listingId, status: state, imageCount, account: listing.account });
  }

  function startWaits(): void {
    show();
    for (const task of listing.tasks) {
      if (joined.has(task.taskId) || hasEnded(listing, task.taskId)) continue;
      joined.add(task.taskId);
      starting += 1;
      startWait(task)
        .catch((error: unknown) => {
          const why = `the wait could be neither started nor joined: ${error instanceof Error ? error.message : String(error)}`;
          listing = { ...listing, unstarted: { ...listing.unstarted, [task.taskId]: why } };
        })
        .finally(() => {
          starting -= 1;
        });
    }
  }

  async function startWait({ taskId, submittedAt, expectedImages }: ListingTask): Promise<void> {
    await startOrJoinTryOn({
      taskId,
      account: listing.account,
      timeoutSeconds: waitTimeoutSeconds(listing, Date.now()),
      ...(submittedAt === undefined ? {} : { submittedAt }),
      ...(expectedImages === undefined ? {} : { expectedImages }),
    });
  }

  /** Waits that still run may be others' too: they are left, and one that nobody listens to ends by itself. */
  async function leaveWaits(): Promise<void> {
    const open = listing.tasks.filter((task) => !hasEnded(listing, task.taskId));
    await Promise.all(open.map((task) => leaveTryOn(task.taskId)));
  }

  function startDeadline(): { hasPassed(): boolean; cancel(): void } {
    const scope = new CancellationScope();
    let passed = false;
    scope
      .run(async () => {
        await sleep(Math.max(1, listing.deadlineMs - Date.now()), { summary: 'deadline of the listing' });
        passed = true;
      })
      .catch(() => undefined);
    return { hasPassed: () => passed, cancel: () => scope.cancel() };
  }

  function isHistoryFull(): boolean {
    return workflowInfo().continueAsNewSuggested && canCarryListing(listing);
  }

  async function continueAsNew(): Promise<never> {
    await condition(() => starting === 0 && allHandlersFinished());
    return await makeContinueAsNewFunc<typeof tryOnListing>()(input, { listing, searchAttributes: registered });
  }
}

/** Names that the namespace has; none where the worker has no such activity. The answer is recorded as a marker. */
async function registeredSearchAttributes(): Promise<readonly string[]> {
  try {
    return (await tryOnNamespace()).searchAttributes;
  } catch {
    return [];
  }
}
