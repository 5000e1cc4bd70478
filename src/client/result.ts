/** Waits for the result of a workflow: across continue-as-new, resets, and a server that is away. */
import { type Client, TerminatedFailure, WorkflowFailedError } from '@temporalio/client';
import { abortable } from './abortable.js';
import { type ReadOptions, rideOut } from './away.js';

const isTerminated = (error: unknown): boolean =>
  error instanceof WorkflowFailedError && error.cause instanceof TerminatedFailure;

/**
 * The result of the newest run of a workflow.
 * @throws what the SDK throws for a workflow without a result, and the reason of `options.signal`
 */
export async function resultOf<T>(client: Client, workflowId: string, options: ReadOptions = {}): Promise<T> {
  const { signal } = options;
  const handle = client.workflow.getHandle(workflowId);
  for (;;) {
    try {
      return await rideOut(() => abortable(client, signal, () => handle.result() as Promise<T>), options);
    } catch (error) {
      if (!isTerminated(error)) throw error;
      // A reset terminates a run and goes on in a new one.
      const { status } = await rideOut(() => abortable(client, signal, () => handle.describe()), options);
      if (status.name !== 'RUNNING') throw error;
    }
  }
}
