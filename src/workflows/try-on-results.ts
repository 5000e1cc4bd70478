/**
 * The wait for one try-on task: polls by an activity that the server retries, signals what is new to subscribers, ends with the outcome.
 */
import { makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';
import { type Checked, check, submittedAtProblem } from '../check.js';
import { type TryOnOutcome, type TryOnResultsInput, TryOnResultsInputSchema } from '../contract.js';
import { defined } from '../defined.js';
import { beginWait } from '../wait/wait.js';
import type { WaitState } from '../wait/wait-state.js';
import { continueAsNewOptions } from './versioning.js';
import { WaitRun } from './wait-run.js';

/**
 * Waits for a try-on task and collects its images. Start it by name with the id `tryon-results-<taskId>`.
 * @param input - see the contract; refused with `InvalidTryOnInput` where a field is wrong
 * @param carried - state of the run before; ignored in a run that continues no other
 * @returns the outcome; a vendor task that failed is an outcome too
 */
export async function tryOnResults(input: TryOnResultsInput, carried?: WaitState): Promise<TryOnOutcome> {
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined;
  const continued = isContinued && carried !== undefined ? continueWait(carried) : undefined;
  const checked = continued === undefined ? checkInput(input) : undefined;
  const problems = checked === undefined || checked.ok ? [] : checked.problems;
  const run = new WaitRun(continued ?? newWait(checked), problems);
  if (problems.length > 0) throw run.refuse();
  return await run.run((wait) => makeContinueAsNewFunc<typeof tryOnResults>(continueAsNewOptions())(input, wait));
}

function checkInput(input: unknown): Checked<TryOnResultsInput> {
  const checked = check(TryOnResultsInputSchema, input);
  if (!checked.ok) return checked;
  const problems = submittedAtProblem(checked.value.submittedAt, Date.now());
  return problems.length > 0 ? { ok: false, problems } : checked;
}

/** A run that was reset is a new wait with a new numbering; one that was continued as new goes on. */
function continueWait(carried: WaitState): WaitState {
  const { runId, originalExecutionRunId } = workflowInfo();
  return runId === originalExecutionRunId ? carried : { ...carried, waitId: runId, sequence: 0 };
}

function newWait(checked: Checked<TryOnResultsInput> | undefined): WaitState {
  const { runId, parent } = workflowInfo();
  const input = checked?.ok ? checked.value : { taskId: '' };
  const isParentNotified = checked?.ok === true && input.notifyParent !== false;
  return beginWait(input, {
    waitId: runId,
    nowMs: Date.now(),
    ...defined({ parentWorkflowId: isParentNotified ? parent?.workflowId : undefined }),
  });
}
