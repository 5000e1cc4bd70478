/**
 * The Nexus service by which other namespaces wait for a task. Callers take the definition to their own workflows; safe in the workflow
 * sandbox.
 * @see https://docs.temporal.io/nexus
 */
import * as nexus from 'nexus-rpc';
import type { TryOnOutcome, TryOnResultsInput, TryOnStatus } from '../contract.js';

/** Which wait the operation `status` asks for. */
export interface TryOnStatusInput {
  readonly taskId: string;
}

/**
 * Service `tryOn`. `awaitResults` is asynchronous: it joins the wait for the task where one runs, else starts it, and ends with the outcome;
 * cancelling it unsubscribes and leaves the wait to others. `status` answers at once, or with `NOT_FOUND`. Wrong input is refused with
 * `BAD_REQUEST`, its cause being of type `InvalidTryOnInput`; so are `notify`, and an account that Nexus callers may not name
 * (`TRYON_NEXUS_ACCOUNTS` of the workers).
 * @example
 * const tryOn = createNexusServiceClient({ service: tryOnNexusService, endpoint: 'try-on' });
 * const outcome = await tryOn.executeOperation('awaitResults', { taskId });
 */
export const tryOnNexusService = nexus.service('tryOn', {
  awaitResults: nexus.operation<TryOnResultsInput, TryOnOutcome>(),
  status: nexus.operation<TryOnStatusInput, TryOnStatus>(),
});

/** Type and id of the workflow that stands for one `awaitResults` operation. */
export const nexusWait = {
  workflowType: 'tryOnAwaitResults',
  workflowId: (requestId: string): string => `tryon-nexus-${requestId}`,
} as const;
