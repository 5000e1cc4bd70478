/** Queries a wait for its status, and finds out why there is no answer. */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { messages, type TryOnStatus } from '../contract.js';
import { firstLine } from '../error-text.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { idleQueueNote } from '../temporal/task-queues.js';

/** A query's answer, or one line that says why there is none. */
export type QueryResult =
  | { readonly answer: TryOnStatus; readonly note?: undefined }
  | { readonly answer?: undefined; readonly note: string };

/** A worker that has just started may not be listed as a poller yet. */
const IDLE_GRACE_MS = 1_000;

const unanswered = 'no worker answered the query in time; what is shown here is what the server knows';

/** What the server says of a failed call; the SDK's own message names only the call. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { details } = cause as { readonly details?: unknown };
  return typeof details === 'string' && details !== '' ? firstLine(details) : firstLine(cause);
}

/**
 * Says in one line why a query failed. Pure.
 * @param remedy - of an error without a remedy of its own
 * @returns `undefined` if no worker answered in time
 */
export function queryProblem(
  error: unknown,
  remedy = 'what is shown here is what the server knows',
): string | undefined {
  const reason = reasonOf(error);
  switch (grpcCode(error)) {
    case grpcStatus.deadlineExceeded:
      return undefined;
    case grpcStatus.failedPrecondition:
      // The server also says so of a queue without workers.
      if (!/failed state/i.test(reason)) return undefined;
      return `the workflow fails on its worker (${reason}); see the worker's log and the workflow's history`;
    case grpcStatus.permissionDenied:
    case grpcStatus.unauthenticated:
      return `the server does not let this client query workflows (${reason}); grant it the right to`;
    case grpcStatus.invalidArgument:
      return `the workflow refused the query (${reason}); check that its worker runs this version of temporal-tryon`;
    default:
      return `the query failed (${reason}); ${remedy}`;
  }
}

/** Queries a wait. Does not wait long if nobody polls its queue. Never throws. */
export async function queryStatus(
  client: Client,
  { workflowId, runId, taskQueue }: Pick<WorkflowExecutionDescription, 'workflowId' | 'runId' | 'taskQueue'>,
  timeoutMs: number,
): Promise<QueryResult> {
  const sentAtMs = Date.now();
  const handle = client.workflow.getHandle(workflowId, runId);
  const query = client
    .withDeadline(sentAtMs + timeoutMs, () => handle.query<TryOnStatus>(messages.status))
    .then(
      (answer) => ({ answer }),
      (error: unknown) => ({ note: queryProblem(error) }),
    );
  const idle = await Promise.race([query.then(() => undefined), idleQueueNote(client, taskQueue, 'workflow')]);
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<{ note: undefined }>((resolve) => {
    timer = setTimeout(resolve, IDLE_GRACE_MS, { note: undefined });
  });
  const result = await (idle === undefined ? query : Promise.race([query, grace])).finally(() => clearTimeout(timer));
  if ('answer' in result) return result;
  return {
    note: result.note ?? idle ?? (await idleQueueNote(client, taskQueue, 'workflow', sentAtMs)) ?? unanswered,
  };
}
