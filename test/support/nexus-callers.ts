/** Workflows of another team, in another namespace: they know the endpoint and the service alone. Sandbox code. */
import {
  CancellationScope,
  createNexusServiceClient,
  isCancellation,
  type NexusOperationCancellationType,
} from '@temporalio/workflow';
import { type TryOnOutcome, type TryOnResultsInput, type TryOnStatus, tryOnNexusService } from '../../src/workflow.js';

const client = (endpoint: string) => createNexusServiceClient({ service: tryOnNexusService, endpoint });

/** Awaits an outcome with the SDK's defaults. */
export async function awaiter(endpoint: string, input: TryOnResultsInput): Promise<TryOnOutcome> {
  return await client(endpoint).executeOperation('awaitResults', input);
}

/** Asks for the status. */
export async function asker(endpoint: string, taskId: string): Promise<TryOnStatus> {
  return await client(endpoint).executeOperation('status', { taskId });
}

/** Begins to await, cancels the operation, and says how that ended. */
export async function changer(
  endpoint: string,
  input: TryOnResultsInput,
  cancellationType: NexusOperationCancellationType,
): Promise<string> {
  const scope = new CancellationScope();
  return await scope.run(async () => {
    const operation = await client(endpoint).startOperation('awaitResults', input, { cancellationType });
    scope.cancel();
    try {
      return (await operation.result()).status;
    } catch (error) {
      return isCancellation(error) ? 'cancelled' : String(error);
    }
  });
}
