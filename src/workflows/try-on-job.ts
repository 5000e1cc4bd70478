/** The whole job: submits a request once, waits for its task, tells its subscribers, ends with the result. */
import { makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';
import { type Checked, check } from '../check.js';
import { type TryOnJobInput, TryOnJobInputSchema, type TryOnJobResult } from '../contract.js';
import { defined } from '../defined.js';
import { beginJob } from '../job/job.js';
import type { JobState } from '../job/job-state.js';
import { invalidInput } from './input.js';
import { JobRun } from './job-run.js';
import { continueAsNewOptions } from './versioning.js';

/**
 * Submits a try-on request and waits for its images. Start it by name with the id `tryon-job-<requestId>` and the id reuse policy "reject
 * duplicate": a job that has ended is not started again, so that its request is never submitted twice.
 * @param input - see the contract; refused with `InvalidTryOnInput` where a field is wrong
 * @param carried - state of the run before; ignored in a run that continues no other
 * @returns the result; a request that was refused and a task that failed are results too
 */
export async function tryOnJob(input: TryOnJobInput, carried?: JobState): Promise<TryOnJobResult> {
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined;
  const checked: Checked<TryOnJobInput> =
    isContinued && carried !== undefined ? { ok: true, value: input } : check(TryOnJobInputSchema, input);
  const problems = checked.ok ? [] : checked.problems;
  const job = isContinued && carried !== undefined ? carried : newJob(checked);
  const run = new JobRun(job, checked.ok ? checked.value.request : undefined, problems);
  if (problems.length > 0) throw invalidInput(problems);
  return await run.run((state) => makeContinueAsNewFunc<typeof tryOnJob>(continueAsNewOptions())(input, state));
}

function newJob(checked: Checked<TryOnJobInput>): JobState {
  const { runId, parent } = workflowInfo();
  const input: TryOnJobInput = checked.ok ? checked.value : { requestId: '' };
  const isParentNotified = checked.ok && input.notifyParent !== false;
  const parentWorkflowId = isParentNotified ? parent?.workflowId : undefined;
  return beginJob(input, { waitId: runId, nowMs: Date.now(), ...defined({ parentWorkflowId }) });
}
