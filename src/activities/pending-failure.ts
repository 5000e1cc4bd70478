/** The benign failure by which the polling activity asks the server to retry it later. */
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { wellFormed } from '../check.js';
import { failureTypes } from '../contract.js';
import { jsonBytes } from '../json-size.js';
import type { PendingDetails } from '../poll/pending-details.js';
import type { PollState } from '../poll/poll-state.js';
import type { Decision } from '../poll/step.js';
import type { SchedulePolicy } from '../schedule/schedule.js';

const DETAILS_BYTES = 1_800;
/** Room for state and model within the 4 KiB; the rest is for the message, other fields and encryption. */
const FAILURE_BYTES = 3_000;

const trimmed = (state: PollState): PollState => {
  if (jsonBytes(state) <= DETAILS_BYTES - 600) return state;
  const { pollError, blocked, ...rest } = state;
  const short = (text: string): string => wellFormed(text.slice(0, 120));
  return {
    ...rest,
    subTasks: [],
    ...(pollError === undefined
      ? {}
      : { pollError: { ...pollError, error: { ...pollError.error, message: short(pollError.error.message) } } }),
    ...(blocked === undefined ? {} : { blocked: { ...blocked, message: short(blocked.message) } }),
  };
};

/** The distributions of the phases are left out where there is no room for them. */
const recorded = (model: SchedulePolicy['model'], state: PollState): SchedulePolicy['model'] => {
  if (jsonBytes(model) + jsonBytes(trimmed(state)) <= FAILURE_BYTES) return model;
  const { phases: _phases, ...whole } = model;
  return whole;
};

/** The message says in one line what the last poll saw and when the next one follows. */
export function pendingFailure(
  state: PollState,
  decision: Extract<Decision, { kind: 'retry' }>,
  policy: SchedulePolicy,
  nowMs: number,
): ApplicationFailure {
  const error = state.blocked ?? state.pollError?.error;
  const seen =
    error === undefined ? (state.vendorStatus ?? state.status ?? 'not polled yet') : `${error.layer} ${error.code}`;
  const seconds = (decision.delayMs / 1000).toFixed(1);
  const details: PendingDetails = {
    why: decision.why,
    delayMs: decision.delayMs,
    nextPollAt: new Date(nowMs + decision.delayMs).toISOString(),
    pollCostSeconds: policy.pollCostSeconds,
    model: recorded(policy.model, state),
    state: trimmed(state),
  };
  const failure = ApplicationFailure.create({
    message: `${wellFormed(seen.slice(0, 100))}; next poll in ${seconds} s (${decision.why})`,
    type: failureTypes.pending,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: Math.max(1, decision.delayMs),
    details: [details],
  });
  // No error of the code: a stack would fill the failure and the Temporal UI with paths of the worker.
  failure.stack = '';
  return failure;
}
