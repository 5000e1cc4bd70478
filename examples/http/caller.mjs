/**
 * Starts or joins the wait for a try-on task, subscribes a workflow to it, and awaits the outcome, using only the HTTP API of the
 * Temporal server: no SDK, no gRPC. Node.js 20.
 *
 *     node caller.mjs <taskId> <subscriberWorkflowId> [timeoutSeconds]
 *
 * Prints one JSON document: { subscribed, status, outcome }; `subscribed` is absent if the wait had ended before. Exit code 1
 * if the input is refused.
 */
import { randomUUID } from 'node:crypto';
import { call, decoded, encoded, fail, result, taskQueue } from './temporal.mjs';

/** The HTTP API has no update-with-start: start the wait or join the running one, then send the update. */
async function start(workflowId, input) {
  await call(workflowId, {
    workflowType: { name: 'tryOnResults' },
    taskQueue,
    input: encoded(input),
    // The server starts only one workflow for repeated starts with the same request id.
    requestId: randomUUID(),
    // Any number of callers share one wait per task.
    workflowIdConflictPolicy: 'WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING',
  });
}

/** The status, with all images so far; `undefined` if the wait has ended. */
async function subscribe(workflowId, subscriber) {
  // The same id for all tries, so the server applies the update once.
  const updateId = randomUUID();
  for (;;) {
    try {
      const { outcome } = await call(`${workflowId}/update/subscribe`, {
        request: { meta: { updateId }, input: { args: encoded(subscriber) } },
        waitPolicy: { lifecycleStage: 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED' },
      });
      if (outcome?.failure) fail(outcome.failure);
      if (outcome?.success) return decoded(outcome.success);
      // The long poll returned without an answer: try again.
    } catch (error) {
      if (error.status === 404) return undefined;
      throw error;
    }
  }
}

async function main(taskId, subscriberId, timeoutSeconds) {
  const workflowId = encodeURIComponent(`tryon-results-${taskId}`);
  const subscriber = { workflowId: subscriberId };
  const input = { taskId, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds: Number(timeoutSeconds) }) };
  // `notify` too: a wait that starts here may end before the update arrives. Subscribing twice counts once.
  await start(workflowId, { ...input, notify: [subscriber] });
  const subscribed = await subscribe(workflowId, subscriber);
  const ended = subscribed === undefined ? await result(workflowId) : undefined;
  const { queryResult } = await call(`${workflowId}/query/tryOnStatus`, {});
  const status = decoded(queryResult);
  console.error(`${status.state}, ${status.images.length} images so far`);
  // A vendor task that failed is an outcome too: check its `status`.
  console.log(JSON.stringify({ subscribed, status, outcome: ended ?? (await result(workflowId)) }));
}

const args = process.argv.slice(2);
if (args.length < 2 || args.length > 3) {
  console.error('usage: node caller.mjs <taskId> <subscriberWorkflowId> [timeoutSeconds]');
  process.exitCode = 2;
} else {
  await main(...args).catch((error) => {
    console.error(error.type ? `${error.type}: ${error.message}` : error.message);
    process.exitCode = 1;
  });
}
