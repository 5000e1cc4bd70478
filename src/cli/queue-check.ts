/** Checks for `doctor` whether a worker polls a task queue. */
import type { Client } from '@temporalio/client';
import { messages, workflowTypes } from '../contract.js';
import { defined } from '../defined.js';
import { firstLine } from '../error-text.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { listedPollers, mayPoll, type Poller, secondsSince } from '../temporal/task-queues.js';
import { quoted } from '../temporal/visibility.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

/** A worker that polled this recently is alive; there is no need to query it. */
const RECENT_SECONDS = 2;
const QUERY_TIMEOUT_MS = 2_000;
/** Codes of a query without an answer. With the second one, the server says that it knows no poller. */
const unansweredCodes: readonly (number | undefined)[] = [grpcStatus.deadlineExceeded, grpcStatus.failedPrecondition];

/** What is known of a task queue. */
export interface QueuePollers {
  /** All pollers that the server lists, newest first. */
  readonly pollers: readonly Poller[];
  /** Whether a worker has just answered a query; absent where none was sent. */
  readonly isAnswered?: boolean;
}

/** The check of a queue. Pure. */
export function describeQueue(
  name: string,
  { pollers, isAnswered }: QueuePollers,
  remedy: string,
  nowMs: number,
): CheckResult {
  const [newest] = pollers;
  if (newest === undefined) return fail(name, 'no worker polls it', remedy);
  const describe = (poller: Poller): string => `${poller.identity} (last seen ${secondsSince(poller, nowMs)} s ago)`;
  if (!mayPoll(newest, nowMs)) {
    return fail(name, `no worker polls it any more: the last was ${describe(newest)}`, remedy);
  }
  const active = pollers.filter((poller) => mayPoll(poller, nowMs)).map(describe);
  const detail = `polled by ${active.join(', ')}`;
  if (isAnswered !== false) return ok(name, detail);
  const seconds = QUERY_TIMEOUT_MS / 1000;
  return warn(name, `${detail}, but no worker answered within ${seconds} s`, `${remedy}, unless yours is busy`);
}

/** Queries the newest wait of a queue, running or ended. `undefined` if there is none or the query fails for another reason. */
async function isAnswered(client: Client, queue: string): Promise<boolean | undefined> {
  const query = `WorkflowType = '${workflowTypes.results}' AND TaskQueue = ${quoted(queue)}`;
  try {
    return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, async () => {
      for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: 1 })) {
        await client.workflow.getHandle(workflowId, runId).query(messages.status);
        return true;
      }
      return undefined;
    });
  } catch (error) {
    return unansweredCodes.includes(grpcCode(error)) ? false : undefined;
  }
}

/** Checks one queue. */
export async function queueCheck(
  client: Client,
  queue: string,
  kind: 'workflow' | 'activity',
  remedy: string,
): Promise<CheckResult> {
  const name = `queue ${queue}`;
  try {
    const pollers = await listedPollers(client, queue, kind);
    const [newest] = pollers;
    const nowMs = Date.now();
    const isDoubtful = newest !== undefined && mayPoll(newest, nowMs) && secondsSince(newest, nowMs) > RECENT_SECONDS;
    const answered = isDoubtful && kind === 'workflow' ? await isAnswered(client, queue) : undefined;
    return describeQueue(name, { pollers, ...defined({ isAnswered: answered }) }, remedy, Date.now());
  } catch (error) {
    const reason = firstLine(error);
    return warn(name, `the server does not say who polls it (${reason})`, 'grant the right to describe task queues');
  }
}
