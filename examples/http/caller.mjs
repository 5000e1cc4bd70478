/**
 * Starts or joins the wait for a try-on task, subscribes a workflow to it, and awaits the outcome, over the HTTP API of the Temporal
 * server alone: no SDK, no gRPC. Node.js 20.
 *
 *     node caller.mjs <taskId> <subscriberWorkflowId> [timeoutSeconds]
 *
 * Prints one JSON document: { subscribed, status, outcome }; `subscribed` is absent where the wait had ended before. Exit code 1
 * where the input is refused.
 */
import { randomUUID } from 'node:crypto';

const env = process.env;
const base = `${env.TEMPORAL_HTTP_URL ?? 'http://localhost:7243'}/api/v1/namespaces/${env.TEMPORAL_NAMESPACE ?? 'default'}`;
const headers = {
  'content-type': 'application/json',
  // Payloads come as base64 then. Written out as JSON by the server, an empty list would become null (seen with 1.29.1).
  accept: 'application/json+no-payload-shorthand',
  ...(env.TEMPORAL_API_KEY ? { authorization: `Bearer ${env.TEMPORAL_API_KEY}` } : {}),
};

/** One call; the answer's HTTP status decides what it is. */
async function call(path, body) {
  const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${base}/workflows/${path}`, request);
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.message ?? response.statusText), { status: response.status });
}

/** What a payload carries. With an encrypting worker, decode it here (README, "Encrypted payloads"). */
const decoded = ({ payloads }) => JSON.parse(Buffer.from(payloads[0].data, 'base64').toString());

function fail({ message, applicationFailureInfo }) {
  throw Object.assign(new Error(message), { type: applicationFailureInfo?.type });
}

/** The HTTP API has no update-with-start: start, or join what runs, then update. */
async function start(workflowId, input) {
  await call(workflowId, {
    workflowType: { name: 'tryOnResults' },
    taskQueue: { name: env.TRYON_TASK_QUEUE ?? 'tryon' },
    input: [input],
    // Of a repeated start with the same request id the server makes one.
    requestId: randomUUID(),
    // One wait for each task, however many callers.
    workflowIdConflictPolicy: 'WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING',
  });
}

/** The status, with all images so far; `undefined` where the wait has ended. */
async function subscribe(workflowId, subscriber) {
  // With one id for all tries the server takes the update once.
  const updateId = randomUUID();
  for (;;) {
    try {
      const { outcome } = await call(`${workflowId}/update/subscribe`, {
        request: { meta: { updateId }, input: { args: [subscriber] } },
        waitPolicy: { lifecycleStage: 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED' },
      });
      if (outcome?.failure) fail(outcome.failure);
      if (outcome?.success) return decoded(outcome.success);
      // A long poll that came back empty.
    } catch (error) {
      if (error.status === 404) return undefined;
      throw error;
    }
  }
}

/** A long poll for the last event of the history. */
async function result(workflowId) {
  let page = '';
  for (;;) {
    const filter = 'waitNewEvent=true&historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT';
    const { history, nextPageToken } = await call(`${workflowId}/history?${filter}${page}`);
    const last = history?.events?.at(-1);
    if (last?.workflowExecutionCompletedEventAttributes) {
      return decoded(last.workflowExecutionCompletedEventAttributes.result);
    }
    if (last?.workflowExecutionFailedEventAttributes) fail(last.workflowExecutionFailedEventAttributes.failure);
    const wentOn = last?.workflowExecutionContinuedAsNewEventAttributes;
    if (last && !wentOn) throw new Error(`the wait ended by ${last.eventType}`);
    page = nextPageToken && !wentOn ? `&nextPageToken=${encodeURIComponent(nextPageToken)}` : '';
  }
}

async function main(taskId, subscriberId, timeoutSeconds) {
  const workflowId = encodeURIComponent(`tryon-results-${taskId}`);
  const subscriber = { workflowId: subscriberId };
  const input = { taskId, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds: Number(timeoutSeconds) }) };
  // `notify` too: a wait that is started here may end before the update arrives. Subscribed twice is subscribed once.
  await start(workflowId, { ...input, notify: [subscriber] });
  const subscribed = await subscribe(workflowId, subscriber);
  const ended = subscribed === undefined ? await result(workflowId) : undefined;
  const { queryResult } = await call(`${workflowId}/query/tryOnStatus`, {});
  const status = decoded(queryResult);
  console.error(`${status.state}, ${status.images.length} images so far`);
  // A vendor task that failed is an outcome too: look at its `status`.
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
