/** The HTTP API of the Temporal server: no SDK, no gRPC. Node.js 20. */

const env = process.env;
const base = `${env.TEMPORAL_HTTP_URL ?? 'http://localhost:7243'}/api/v1/namespaces/${env.TEMPORAL_NAMESPACE ?? 'default'}`;
// With this type payloads are base64. If the server reads or writes them as JSON, an empty list becomes null (seen with 1.29.1).
const type = 'application/json+no-payload-shorthand';
const headers = {
  'content-type': type,
  accept: type,
  ...(env.TEMPORAL_API_KEY ? { authorization: `Bearer ${env.TEMPORAL_API_KEY}` } : {}),
};

/** Makes one call. Throws an error with the HTTP `status` if it fails. */
export async function call(path, body) {
  const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${base}/workflows/${path}`, request);
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.message ?? response.statusText), { status: response.status });
}

/** A value as a payload. If the worker encrypts, encrypt it here (README, "Encrypted payloads"). */
export function encoded(value) {
  const [encoding, data] = ['json/plain', JSON.stringify(value)].map((text) => Buffer.from(text).toString('base64'));
  return { payloads: [{ metadata: { encoding }, data }] };
}

/** The value in a payload. If the worker encrypts, decrypt it here (README, "Encrypted payloads"). */
export const decoded = ({ payloads }) => JSON.parse(Buffer.from(payloads[0].data, 'base64').toString());

/** Throws a failure of a workflow or of an update; refused input has the `type` InvalidTryOnInput. */
export function fail({ message, applicationFailureInfo }) {
  throw Object.assign(new Error(message), { type: applicationFailureInfo?.type });
}

/** The workflow's result, by a long poll for the last event of its history. */
export async function result(workflowId) {
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
    if (last && !wentOn) throw new Error(`the workflow ended by ${last.eventType}`);
    page = nextPageToken && !wentOn ? `&nextPageToken=${encodeURIComponent(nextPageToken)}` : '';
  }
}

/** The queue of the workflows. */
export const taskQueue = { name: env.TRYON_TASK_QUEUE ?? 'tryon' };
