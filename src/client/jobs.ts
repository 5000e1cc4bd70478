/** The part of the client for jobs. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type Checked, check } from '../check.js';
import {
  jobWorkflowId,
  messages,
  type ResolveSubmission,
  ResolveSubmissionSchema,
  SetTimeoutSchema,
  type Subscriber,
  SubscriberSchema,
  searchAttributes,
  type TryOnJobInput,
  TryOnJobInputSchema,
  type TryOnJobResult,
  type TryOnJobStatus,
  type Unsubscribe,
  UnsubscribeSchema,
  workflowTypes,
} from '../contract.js';
import { attributeValue } from '../temporal/search-attributes.js';
import { idleQueueNote } from '../temporal/task-queues.js';
import { quoted } from '../temporal/visibility.js';
import { type Abortable, abortable } from './abortable.js';
import { TryOnClientError, TryOnInputError } from './errors.js';
import { byUpdate, endError, updateError } from './failures.js';
import { jobStart, type StartPlace } from './start.js';

/** A job that was started or joined, or had ended before: then with the result that it stored. */
export interface StartedJob {
  readonly requestId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly result?: TryOnJobResult;
}

/** A job that may have been submitted, as a list shows it. Visibility is about a second behind. */
export interface ParkedJob {
  readonly requestId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly state: 'maybeSubmitted';
  /** RFC 3339. */
  readonly startedAt: string;
  readonly account?: string;
}

/** Starts, reads, resolves and ends jobs. Inputs are checked before any call: wrong ones throw {@link TryOnInputError}. */
export interface JobClient {
  /**
   * Starts a job, or joins the one of this request id. One that has ended is never started again, so that its request is not submitted twice:
   * its stored result is the answer.
   * @throws {TryOnClientError} `Cancelled`, `Terminated` or `Refused` if the job of this request id ended without a result
   */
  start(input: TryOnJobInput): Promise<StartedJob>;
  /** Waits for the result, across continue-as-new. Throws `TryOnClientError` if there will be none. */
  result(requestId: string, options?: Abortable): Promise<TryOnJobResult>;
  /** Queries the job. Needs a worker. */
  status(requestId: string): Promise<TryOnJobStatus>;
  /** Says how a job that is `maybeSubmitted` goes on. Needs a worker. */
  resolve(requestId: string, resolution: ResolveSubmission): Promise<TryOnJobStatus>;
  /** Subscribes a workflow to the job's events from now on; the answer has all images so far. Needs a worker. */
  subscribe(requestId: string, subscriber: Subscriber): Promise<TryOnJobStatus>;
  /** Ends a subscription. */
  unsubscribe(requestId: string, subscriber: Unsubscribe): Promise<TryOnJobStatus>;
  /** Polls the vendor at once; at most once a second, and never inside a pause that the vendor ordered. */
  pollNow(requestId: string): Promise<TryOnJobStatus>;
  /** Sets the deadline, counted from now. */
  setTimeout(requestId: string, timeoutSeconds: number): Promise<TryOnJobStatus>;
  /** Requests cancellation. A request that was just sent is waited for; the vendor cannot take a task back. */
  cancel(requestId: string): Promise<void>;
  /** Lists the jobs that may have been submitted, newest first. Needs the contract's search attributes; none without them. */
  maybeSubmitted(): AsyncGenerator<ParkedJob, void, undefined>;
}

interface JobDeps {
  readonly client: Client;
  readonly place: () => Promise<StartPlace>;
  readonly updateTimeoutMs: number;
}

const QUERY_TIMEOUT_MS = 5_000;
const PREFIX = jobWorkflowId('');

function accept<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new TryOnInputError(checked.problems);
  return checked.value;
}

const acceptId = (requestId: string): string =>
  accept(check(TryOnJobInputSchema, { requestId, taskId: 'any' })).requestId;

/** Makes the part of the client for jobs. */
export function createJobClient({ client, place, updateTimeoutMs }: JobDeps): JobClient {
  const handleOf = (requestId: string): WorkflowHandle => client.workflow.getHandle(jobWorkflowId(acceptId(requestId)));
  const nameOf = (requestId: string): string => `the job of request ${requestId}`;
  const gone = (requestId: string): TryOnClientError =>
    new TryOnClientError('NoWait', `there is no job of request ${requestId} in namespace ${client.options.namespace}`);

  async function result(requestId: string, { signal }: Abortable = {}): Promise<TryOnJobResult> {
    const handle = handleOf(requestId);
    try {
      return await abortable(client, signal, () => handle.result() as Promise<TryOnJobResult>);
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof WorkflowNotFoundError ? gone(requestId) : endError(error, nameOf(requestId));
    }
  }

  async function update(requestId: string, name: string, ...args: unknown[]): Promise<TryOnJobStatus> {
    const handle = handleOf(requestId);
    const sentAtMs = Date.now();
    try {
      return await byUpdate(client, updateTimeoutMs, () =>
        handle.executeUpdate<TryOnJobStatus, [unknown]>(name, { args: args as [unknown] }),
      );
    } catch (error) {
      throw await updateError(error, nameOf(requestId), client, (await place()).taskQueue, sentAtMs);
    }
  }

  return {
    async start(input) {
      const value = accept(check(TryOnJobInputSchema, input));
      const { requestId } = value;
      const workflowId = jobWorkflowId(requestId);
      try {
        const { firstExecutionRunId } = await client.workflow.start(workflowTypes.job, {
          ...jobStart(value, await place()),
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return { requestId, workflowId, runId: firstExecutionRunId };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      const { runId, raw } = await handleOf(requestId).describe();
      const firstRunId = raw.workflowExecutionInfo?.firstRunId;
      return { requestId, workflowId, runId: firstRunId || runId, result: await result(requestId) };
    },
    result,
    async status(requestId) {
      const handle = handleOf(requestId);
      try {
        return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
          handle.query<TryOnJobStatus>(messages.jobStatus),
        );
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw gone(requestId);
        const { taskQueue } = await handle.describe();
        const note = await idleQueueNote(client, taskQueue, 'workflow');
        const message = `${nameOf(requestId)} did not answer; ${note ?? 'try again'}`;
        throw new TryOnClientError('NoWorker', message, { cause: error });
      }
    },
    // `async`: wrong input is a rejection.
    resolve: async (requestId, resolution) =>
      await update(requestId, messages.resolveSubmission, accept(check(ResolveSubmissionSchema, resolution))),
    subscribe: async (requestId, subscriber) =>
      await update(requestId, messages.subscribe, accept(check(SubscriberSchema, subscriber))),
    unsubscribe: async (requestId, subscriber) =>
      await update(requestId, messages.unsubscribe, accept(check(UnsubscribeSchema, subscriber))),
    pollNow: async (requestId) => await update(requestId, messages.pollNow),
    setTimeout: async (requestId, timeoutSeconds) =>
      await update(requestId, messages.setTimeout, accept(check(SetTimeoutSchema, { timeoutSeconds }))),
    async cancel(requestId) {
      await handleOf(requestId)
        .cancel()
        .catch((error: unknown) => {
          throw error instanceof WorkflowNotFoundError ? gone(requestId) : error;
        });
    },
    async *maybeSubmitted() {
      const { name } = searchAttributes.status;
      const { registered } = await place();
      if (!registered.includes(name)) return;
      const query = `WorkflowType = ${quoted(workflowTypes.job)} AND ExecutionStatus = 'Running' AND ${name} = 'maybeSubmitted'`;
      for await (const info of client.workflow.list({ query })) {
        const { workflowId, runId, startTime } = info;
        const account = attributeValue(info, 'account');
        yield {
          requestId: workflowId.slice(PREFIX.length),
          workflowId,
          runId,
          state: 'maybeSubmitted',
          startedAt: startTime.toISOString(),
          ...(typeof account === 'string' ? { account } : {}),
        };
      }
    },
  };
}
