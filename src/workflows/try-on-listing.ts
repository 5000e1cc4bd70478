/** A listing: waits for its try-on tasks together and keeps their images by garment. A reference for parents of one's own. */
import { makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';
import { type Checked, check, submittedAtProblem } from '../check.js';
import { type TryOnListingInput, TryOnListingInputSchema, type TryOnListingResult } from '../contract.js';
import { beginListing } from '../wait/listing.js';
import { invalidInput } from './input.js';
import { type CarriedListing, ListingRun } from './listing-run.js';
import { continueAsNewOptions } from './versioning.js';

/**
 * Waits for a listing's try-on tasks. Start it by name with the id `tryon-listing-<listingId>`.
 * @param input - see the contract; refused with `InvalidTryOnInput` where a field is wrong
 * @param carried - state of the run before; ignored in a run that continues no other
 */
export async function tryOnListing(input: TryOnListingInput, carried?: CarriedListing): Promise<TryOnListingResult> {
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined && carried !== undefined;
  const checked: Checked<TryOnListingInput> = isContinued ? { ok: true, value: input } : checkInput(input);
  const problems = checked.ok ? [] : checked.problems;
  const run = isContinued
    ? new ListingRun(carried.listing, problems, carried.searchAttributes)
    : new ListingRun(beginListing(checked.ok ? checked.value : { listingId: '', tasks: [] }, Date.now()), problems);
  if (problems.length > 0) throw invalidInput(problems);
  // The state has what is left of the requests.
  const next = { ...input, tasks: (input.tasks ?? []).filter(({ taskId }) => taskId !== undefined) };
  return await run.run((state) => makeContinueAsNewFunc<typeof tryOnListing>(continueAsNewOptions())(next, state));
}

function checkInput(input: unknown): Checked<TryOnListingInput> {
  const checked = check(TryOnListingInputSchema, input);
  if (!checked.ok) return checked;
  const problems = checked.value.tasks.flatMap((task, index) =>
    submittedAtProblem(task.submittedAt, Date.now(), `tasks.${index}.submittedAt`),
  );
  return problems.length > 0 ? { ok: false, problems } : checked;
}
