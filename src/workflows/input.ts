/** Refusal of wrong input, the same for workflow input, updates and signals. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { Checked } from '../check.js';
import { failureTypes } from '../contract.js';

/** The failure that refuses input: non-retryable, its message names each field. */
export const invalidInput = (problems: readonly string[]): ApplicationFailure =>
  ApplicationFailure.create({
    message: problems.join('; '),
    type: failureTypes.invalidInput,
    nonRetryable: true,
    details: [{ problems: problems.slice(0, 20) }],
  });

/** The value of checked input. Throws {@link invalidInput}. */
export function accepted<T>(checked: Checked<T>): T {
  if (!checked.ok) throw invalidInput(checked.problems);
  return checked.value;
}

/** The failure that refuses an update for what the workflow's state is, not for its input. */
export const refusedUpdate = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, failureTypes.refused);
