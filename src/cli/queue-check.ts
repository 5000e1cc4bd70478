/** Whether a worker polls a queue, as `doctor` tells it. */
import { type Client, ServiceError } from '@temporalio/client';
import { messages, workflowTypes } from '../contract.js';
import { listedPollers, mayPoll, type Poller, secondsSince } from '../temporal/task-queues.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

/** A worker seen so lately is there: it need not be asked. */
const SURELY_SECONDS = 2;
const ANSWER_WITHIN_MS = 2_000;
/** `DEADLINE_EXCEEDED`, and `FAILED_PRECONDITION`, by which the server says that nobody polls. */
const unanswered: readonly (number | undefined)[] = [4, 9];

/** What is known of a queue. */
export interface QueueSeen {
  /** All that the server lists, newest first. */
  readonly pollers: readonly Poller[];
  /** Whether a worker answered just now; absent where none was asked. */
  readonly isAnswered?: boolean;
}

/** What `doctor` says of a queue. Pure. */
export function describeQueue(
  name: string,
  { pollers, isAnswered }: QueueSeen,
  remedy: string,
  nowMs: number,
): CheckResult {
  const [newest] = pollers;
  if (newest === undefined) return fail(name, 'no worker polls it', remedy);
  const seen = (poller: Poller): string => `${poller.identity} (last seen ${secondsSince(poller, nowMs)} s ago)`;
  if (!mayPoll(newest, nowMs)) return fail(name, `no worker polls it any more: the last was ${seen(newest)}`, remedy);
  const named = pollers
    .filter((poller) => mayPoll(poller, nowMs))
    .map(seen)
    .join(', ');
  return isAnswered === false
    ? warn(
        name,
        `polled by ${named}, but no worker answered within ${ANSWER_WITHIN_MS / 1000} s`,
        `${remedy}, unless yours is busy`,
      )
    : ok(name, `polled by ${named}`);
}

/** Asks the newest wait of a queue, ended or not; `undefined` where there is none, or where it cannot be told. */
async function isAnswered(client: Client, queue: string): Promise<boolean | undefined> {
  const query = `WorkflowType = '${workflowTypes.results}' AND TaskQueue = '${queue.replace(/['\\]/g, '\\$&')}'`;
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, async () => {
      for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: 1 })) {
        await client.workflow.getHandle(workflowId, runId).query(messages.status);
        return true;
      }
      return undefined;
    });
  } catch (error) {
    const code = error instanceof ServiceError ? (error.cause as { readonly code?: number }).code : undefined;
    return unanswered.includes(code) ? false : undefined;
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
    const isDoubtful = newest !== undefined && mayPoll(newest, nowMs) && secondsSince(newest, nowMs) > SURELY_SECONDS;
    const answered = isDoubtful && kind === 'workflow' ? await isAnswered(client, queue) : undefined;
    return describeQueue(
      name,
      { pollers, ...(answered === undefined ? {} : { isAnswered: answered }) },
      remedy,
      Date.now(),
    );
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    return warn(name, `the server does not tell who polls it (${why})`, 'grant the right to describe task queues');
  }
}
