/** The part of the client for listings. */
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { check, submittedAtProblem } from '../check.js';
import {
  type ListingTask,
  ListingTaskSchema,
  listingWorkflowId,
  messages,
  type TryOnListingInput,
  TryOnListingInputSchema,
  type TryOnListingResult,
  type TryOnListingStatus,
  workflowTypes,
} from '../contract.js';
import { idleQueueNote } from '../temporal/task-queues.js';
import type { ReadOptions } from './away.js';
import { TryOnClientError, TryOnInputError } from './errors.js';
import { byUpdate, endError, updateError } from './failures.js';
import { queryProblem } from './query.js';
import { resultOf } from './result.js';
import { serverError, withServerErrors } from './server-error.js';
import { listingStart, type StartPlace } from './start.js';

/** A listing that was started or joined. */
export interface StartedListing {
  readonly listingId: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** Starts, reads and ends listings. */
export interface ListingClient {
  /** Starts a listing, or joins the one that runs under its id. One that has ended is started again. */
  start(input: TryOnListingInput): Promise<StartedListing>;
  /** Queries the listing. Needs a worker. */
  status(listingId: string): Promise<TryOnListingStatus>;
  /** Waits for the result, across continue-as-new, a reset, and a server that is away for a while. */
  result(listingId: string, options?: ReadOptions): Promise<TryOnListingResult>;
  /** Adds a task to a running listing. Needs a worker. */
  addTask(listingId: string, task: ListingTask): Promise<TryOnListingStatus>;
  /** Requests cancellation. Waits that others share go on. */
  cancel(listingId: string): Promise<void>;
  /** The task ids of a listing, as far as they are known, in its order; from the result if it has completed. */
  taskIds(listingId: string): Promise<readonly string[]>;
}

interface ListingDeps {
  readonly client: Client;
  readonly place: () => Promise<StartPlace>;
  readonly updateTimeoutMs: number;
}

const QUERY_TIMEOUT_MS = 5_000;

function acceptListing(input: TryOnListingInput): TryOnListingInput {
  const checked = check(TryOnListingInputSchema, input);
  const problems = checked.ok
    ? checked.value.tasks.flatMap((task, index) =>
        submittedAtProblem(task.submittedAt, Date.now(), `tasks.${index}.submittedAt`),
      )
    : checked.problems;
  if (!checked.ok || problems.length > 0) throw new TryOnInputError(problems);
  return checked.value;
}

function acceptTask(task: ListingTask): ListingTask {
  const checked = check(ListingTaskSchema, task);
  const problems = checked.ok ? submittedAtProblem(checked.value.submittedAt, Date.now()) : checked.problems;
  if (!checked.ok || problems.length > 0) throw new TryOnInputError(problems);
  return checked.value;
}

/** Makes the part of the client for listings. */
export function createListingClient({ client, place, updateTimeoutMs }: ListingDeps): ListingClient {
  const handleOf = (listingId: string): WorkflowHandle => client.workflow.getHandle(listingWorkflowId(listingId));
  const nameOf = (listingId: string): string => `listing ${listingId}`;
  const gone = (listingId: string): TryOnClientError =>
    new TryOnClientError('NoWait', `there is no listing ${listingId} in namespace ${client.options.namespace}`);

  async function status(listingId: string): Promise<TryOnListingStatus> {
    const handle = handleOf(listingId);
    try {
      return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
        handle.query<TryOnListingStatus>(messages.listingStatus),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw gone(listingId);
      const problem = queryProblem(error, 'try again');
      if (problem !== undefined) throw queryFailure(error, `${nameOf(listingId)}: ${problem}`);
      const { taskQueue } = await handle.describe();
      const note = await idleQueueNote(client, taskQueue, 'workflow');
      throw new TryOnClientError('NoWorker', `listing ${listingId} did not answer; ${note ?? 'try again'}`, {
        cause: error,
      });
    }
  }

  /** Permission and absence have codes of their own. */
  function queryFailure(cause: unknown, message: string): unknown {
    const known = serverError(cause, client);
    return known instanceof TryOnClientError ? known : new TryOnClientError('QueryFailed', message, { cause });
  }

  async function result(listingId: string, options?: ReadOptions): Promise<TryOnListingResult> {
    try {
      return await resultOf<TryOnListingResult>(client, listingWorkflowId(listingId), options);
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw error instanceof WorkflowNotFoundError ? gone(listingId) : endError(error, nameOf(listingId));
    }
  }

  const calls: ListingClient = {
    async start(input) {
      const value = acceptListing(input);
      const { firstExecutionRunId } = await client.workflow.start(workflowTypes.listing, {
        ...listingStart(value, await place()),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      const { listingId } = value;
      return { listingId, workflowId: listingWorkflowId(listingId), runId: firstExecutionRunId };
    },
    status,
    result,
    async addTask(listingId, task) {
      const value = acceptTask(task);
      try {
        return await byUpdate(client, updateTimeoutMs, () =>
          handleOf(listingId).executeUpdate<TryOnListingStatus, [ListingTask]>(messages.addTask, { args: [value] }),
        );
      } catch (error) {
        throw await updateError(error, nameOf(listingId), client, (await place()).taskQueue);
      }
    },
    async cancel(listingId) {
      await handleOf(listingId)
        .cancel()
        .catch((error: unknown) => {
          throw error instanceof WorkflowNotFoundError ? gone(listingId) : error;
        });
    },
    async taskIds(listingId) {
      const { status: execution } = await handleOf(listingId)
        .describe()
        .catch((error: unknown) => {
          throw error instanceof WorkflowNotFoundError ? gone(listingId) : error;
        });
      const tasks =
        execution.name === 'COMPLETED' ? (await result(listingId)).outcomes : (await status(listingId)).tasks;
      return tasks.flatMap(({ taskId }) => taskId ?? []);
    },
  };
  return withServerErrors(calls, client);
}
