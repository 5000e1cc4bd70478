/**
 * Starts or joins the wait for a try-on task, subscribes a workflow to it in the same call, and awaits the outcome:
 *
 *     npx tsx caller.ts <taskId> <subscriberWorkflowId> [timeoutSeconds]
 *
 * Prints one JSON document: { subscribed, status, outcome }. Exit code 1 if the input is refused. Uses only the contract's
 * names and types; `temporal-tryon` has a typed client too.
 */
import { Client, Connection, WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Subscriber, TryOnOutcome, TryOnResultsInput, TryOnStatus } from 'temporal-tryon/workflow';

type TryOnResults = (input: TryOnResultsInput) => Promise<TryOnOutcome>;

async function call(client: Client, input: TryOnResultsInput, subscriber: Subscriber): Promise<void> {
  const start = new WithStartWorkflowOperation<TryOnResults>('tryOnResults', {
    workflowId: `tryon-results-${input.taskId}`,
    taskQueue: process.env.TRYON_TASK_QUEUE ?? 'tryon',
    args: [input],
    // Any number of callers share one wait per task.
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  // The answer has all images so far, so a late subscriber misses nothing.
  const subscribed = await client.workflow.executeUpdateWithStart<TryOnResults, TryOnStatus, [Subscriber]>(
    'subscribe',
    {
      args: [subscriber],
      startWorkflowOperation: start,
    },
  );
  const wait = await start.workflowHandle();
  const status = await wait.query<TryOnStatus>('tryOnStatus');
  console.error(`${status.state}, ${status.images.length} images so far`);
  // A vendor task that failed is an outcome too: check its `status`.
  const outcome = await wait.result();
  console.log(JSON.stringify({ subscribed, status, outcome }));
}

const [taskId, subscriberId, timeout] = process.argv.slice(2);
if (taskId === undefined || subscriberId === undefined) {
  console.error('usage: caller.ts <taskId> <subscriberWorkflowId> [timeoutSeconds]');
  process.exit(2);
}
// TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rest of Temporal's environment configuration.
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
try {
  // If the worker encrypts, give the client its `dataConverter` (README, "Encrypted payloads").
  const client = new Client({ connection, ...(namespace === undefined ? {} : { namespace }) });
  const input = { taskId, ...(timeout === undefined ? {} : { timeoutSeconds: Number(timeout) }) };
  await call(client, input, { workflowId: subscriberId });
} catch (error) {
  const refusal = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (!(refusal instanceof ApplicationFailure) || refusal.type !== 'InvalidTryOnInput') throw error;
  console.error(`${refusal.type}: ${refusal.message}`);
  process.exitCode = 1;
} finally {
  await connection.close();
}
