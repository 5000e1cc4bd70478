/** The typed client: starts, joins, reads and ends waits and listings for a service. */
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { check, submittedAtProblem } from '../check.js';
import {
  defaults,
  messages,
  resultsWorkflowId,
  SetTimeoutSchema,
  type Subscriber,
  SubscriberSchema,
  type TryOnOutcome,
  type TryOnResultsInput,
  TryOnResultsInputSchema,
  type TryOnStatus,
  type Unsubscribe,
  UnsubscribeSchema,
  workflowTypes,
} from '../contract.js';
import { defined } from '../defined.js';
import { rememberSearchAttributes } from '../temporal/search-attributes.js';
import type { ReadOptions } from './away.js';
import { type ConnectTryOnOptions, connectTemporal } from './connect.js';
import { TryOnInputError } from './errors.js';
import { type EventsOptions, type TryOnChange, watchWait } from './events.js';
import { byUpdate, endError, updateError } from './failures.js';
import { createJobClient, type JobClient } from './jobs.js';
import { type ListedWait, type ListOptions, listWaits } from './list.js';
import { createListingClient, type ListingClient } from './listing.js';
import { resultOf } from './result.js';
import { withServerErrors } from './server-error.js';
import { storedOutcome, waitStart } from './start.js';
import { noWait, readWait, type TryOnWaitStatus } from './status.js';

/** Options of {@link createTryOnClient}. */
export interface TryOnClientOptions extends ConnectTryOnOptions {
  /** A connected client, which stays open. Default: one by Temporal's environment configuration. */
  readonly client?: Client;
  /** The workflows' queue; default `TRYON_TASK_QUEUE`, else `tryon`. */
  readonly taskQueue?: string;
  /** How long a worker has to answer an update; default 10000. */
  readonly updateTimeoutMs?: number;
}

/** A wait that runs: it was started or joined. */
export interface RunningWait {
  readonly taskId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly outcome?: undefined;
}

/** A wait that had ended before, with the outcome that it stored. Nothing runs, and nobody will be signalled. */
export interface EndedWait extends Omit<RunningWait, 'outcome'> {
  readonly outcome: TryOnOutcome;
  readonly status?: undefined;
}

/** A wait that was started or joined, or had ended before. */
export type StartedWait = RunningWait | EndedWait;

/** As {@link StartedWait}; `status` is the wait's as of the subscription, with all images so far. */
export type SubscribedWait = (RunningWait & { readonly status: TryOnStatus }) | EndedWait;

/** See {@link createTryOnClient}. Inputs are checked before any call: wrong ones throw {@link TryOnInputError}. */
export interface TryOnClient {
  /** Starts a wait, joins the one that runs, or returns the stored outcome, unless that was `timeout`. */
  start(input: TryOnResultsInput): Promise<StartedWait>;
  /** As `start`, and subscribes a workflow in the same call. Needs a worker. */
  startAndSubscribe(input: TryOnResultsInput, subscriber: Subscriber): Promise<SubscribedWait>;
  /**
   * Waits for the outcome, across continue-as-new, a reset, and a server that is away for a while. Throws `TryOnClientError` if there will
   * be none.
   */
  outcome(taskId: string, options?: ReadOptions): Promise<TryOnOutcome>;
  /** `start`, then `outcome`. */
  waitFor(input: TryOnResultsInput, options?: ReadOptions): Promise<TryOnOutcome>;
  /** Subscribes a workflow to the wait's events from now on; the answer has all images so far. Needs a worker. */
  subscribe(taskId: string, subscriber: Subscriber): Promise<TryOnStatus>;
  /** Ends a subscription. A wait that was started as a child cancels itself when its last subscriber leaves. */
  unsubscribe(taskId: string, subscriber: Unsubscribe): Promise<TryOnStatus>;
  /** Polls the vendor at once; at most once a second, and never inside a pause that the vendor ordered. */
  pollNow(taskId: string): Promise<TryOnStatus>;
  /** Sets the deadline, counted from now. */
  setTimeout(taskId: string, timeoutSeconds: number): Promise<TryOnStatus>;
  /** Requests cancellation; with a worker the wait ends within a second. A wait that has ended stays as it is, see `status`. */
  cancel(taskId: string): Promise<void>;
  /** The wait's status, merged with what the server knows of the pending poll; without a worker, the latter alone. */
  status(taskId: string): Promise<TryOnWaitStatus>;
  /** Yields the changes of a wait until its end, also across a server that is away for a while. */
  events(taskId: string, options?: EventsOptions): AsyncGenerator<TryOnChange, void, undefined>;
  /** Lists the waits of the namespace, newest first. */
  list(options?: ListOptions): AsyncGenerator<ListedWait, void, undefined>;
  readonly listings: ListingClient;
  readonly jobs: JobClient;
  /** Temporal's own client. */
  readonly temporal: Client;
  /** The workflows' queue. */
  readonly taskQueue: string;
  /** `host:port` of the server, if this client made the connection. */
  readonly address?: string;
  /** Closes the connection, if this client made it. */
  close(): Promise<void>;
}

/** The value of checked input; throws {@link TryOnInputError}. */
function accept<T>(checked: { ok: true; value: T } | { ok: false; problems: readonly string[] }): T {
  if (!checked.ok) throw new TryOnInputError(checked.problems);
  return checked.value;
}

function acceptInput(input: TryOnResultsInput): TryOnResultsInput {
  const value = accept(check(TryOnResultsInputSchema, input));
  const problems = submittedAtProblem(value.submittedAt, Date.now());
  if (problems.length > 0) throw new TryOnInputError(problems);
  return value;
}

const acceptId = (taskId: string): string => accept(check(TryOnResultsInputSchema, { taskId })).taskId;

/**
 * Makes a client. Without `client` it connects by Temporal's environment configuration.
 * @throws {TryOnClientError} `NoServer`, `NoNamespace`, `NotAllowed` or `BadConfig`
 */
export async function createTryOnClient(options: TryOnClientOptions = {}): Promise<TryOnClient> {
  const connected = options.client === undefined ? await connectTemporal(options) : undefined;
  const client = connected?.client ?? (options.client as Client);
  const env = options.env ?? process.env;
  const taskQueue = options.taskQueue ?? (env.TRYON_TASK_QUEUE?.trim() || defaults.taskQueue);
  const updateTimeoutMs = options.updateTimeoutMs ?? 10_000;
  const registered = rememberSearchAttributes(client);

  const handleOf = (taskId: string): WorkflowHandle => {
    const workflowId = resultsWorkflowId(acceptId(taskId));
    return client.workflow.getHandle(workflowId);
  };
  const nameOf = (taskId: string): string => `the wait for task ${taskId}`;
  const place = async () => ({ taskQueue, registered: await registered() });

  async function update(taskId: string, name: string, ...args: unknown[]): Promise<TryOnStatus> {
    const handle = handleOf(taskId);
    const sentAtMs = Date.now();
    try {
      return await byUpdate(client, updateTimeoutMs, () =>
        handle.executeUpdate<TryOnStatus, [unknown]>(name, { args: args as [unknown] }),
      );
    } catch (error) {
      throw await updateError(error, nameOf(taskId), client, taskQueue, sentAtMs);
    }
  }

  /** Runs `begin` such that it fails if a wait has ended. Then the stored outcome is the answer, or the wait is started again. */
  async function join<T extends { readonly runId: string }>(
    taskId: string,
    begin: (workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE') => Promise<T>,
  ): Promise<(T & Pick<RunningWait, 'taskId' | 'workflowId'>) | EndedWait> {
    const ids = { taskId, workflowId: resultsWorkflowId(taskId) };
    try {
      return { ...ids, ...(await begin('REJECT_DUPLICATE')) };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const stored = await storedOutcome(handleOf(taskId));
    if (stored === undefined || stored.outcome.status === 'timeout') {
      return { ...ids, ...(await begin('ALLOW_DUPLICATE')) };
    }
    return { ...ids, ...stored };
  }

  async function outcomeOf(taskId: string, options?: ReadOptions): Promise<TryOnOutcome> {
    const { workflowId } = handleOf(taskId);
    try {
      return await resultOf<TryOnOutcome>(client, workflowId, options);
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw error instanceof WorkflowNotFoundError
        ? noWait(taskId, client.options.namespace)
        : endError(error, nameOf(taskId));
    }
  }

  async function start(input: TryOnResultsInput): Promise<StartedWait> {
    const value = acceptInput(input);
    const options = waitStart(value, await place());
    return join(value.taskId, async (workflowIdReusePolicy) => {
      const { firstExecutionRunId } = await client.workflow.start(workflowTypes.results, {
        ...options,
        workflowIdReusePolicy,
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      return { runId: firstExecutionRunId };
    });
  }

  const listings = createListingClient({ client, place, updateTimeoutMs });
  const jobs = createJobClient({ client, place, updateTimeoutMs });

  const calls: TryOnClient = {
    start,
    async startAndSubscribe(input, subscriber) {
      const value = acceptInput(input);
      const accepted = accept(check(SubscriberSchema, subscriber));
      const options = waitStart(value, await place());
      return join(value.taskId, async (workflowIdReusePolicy) => {
        const startWorkflowOperation = new WithStartWorkflowOperation(workflowTypes.results, {
          ...options,
          workflowIdReusePolicy,
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        try {
          const status = await client.withDeadline(Date.now() + updateTimeoutMs, () =>
            client.workflow.executeUpdateWithStart<never, TryOnStatus, [Subscriber]>(messages.subscribe, {
              args: [accepted],
              startWorkflowOperation: startWorkflowOperation as WithStartWorkflowOperation<never>,
            }),
          );
          return { runId: status.waitId, status };
        } catch (error) {
          // The handle rejects with the start's own error: an unhandled rejection if nobody takes it.
          await startWorkflowOperation.workflowHandle().catch(() => undefined);
          throw await updateError(error, nameOf(value.taskId), client, taskQueue);
        }
      });
    },
    outcome: outcomeOf,
    async waitFor(input, options) {
      const started = await start(input);
      return started.outcome ?? (await outcomeOf(started.taskId, options));
    },
    // `async`: wrong input is a rejection.
    subscribe: async (taskId, subscriber) =>
      await update(taskId, messages.subscribe, accept(check(SubscriberSchema, subscriber))),
    unsubscribe: async (taskId, subscriber) =>
      await update(taskId, messages.unsubscribe, accept(check(UnsubscribeSchema, subscriber))),
    pollNow: (taskId) => update(taskId, messages.pollNow),
    setTimeout: async (taskId, timeoutSeconds) =>
      await update(taskId, messages.setTimeout, accept(check(SetTimeoutSchema, { timeoutSeconds }))),
    async cancel(taskId) {
      await handleOf(taskId)
        .cancel()
        .catch((error: unknown) => {
          throw error instanceof WorkflowNotFoundError ? noWait(taskId, client.options.namespace) : error;
        });
    },
    status: async (taskId) => (await readWait(client, acceptId(taskId))).status,
    events: (taskId, options) => watchWait(client, taskId, (given) => outcomeOf(taskId, given), options),
    async *list(options = {}) {
      yield* listWaits(client, options, await registered(), (listingId) => listings.taskIds(listingId));
    },
    listings,
    jobs,
    temporal: client,
    taskQueue,
    ...defined({ address: connected?.address }),
    close: async () => await connected?.close(),
  };
  return withServerErrors(calls, client);
}
