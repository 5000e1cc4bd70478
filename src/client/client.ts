/** The typed client: what a service does with waits and listings, by the contract's names. */
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
import { registeredSearchAttributes } from '../temporal/search-attributes.js';
import { type Abortable, abortable } from './abortable.js';
import { type ConnectTryOnOptions, connectTemporal } from './connect.js';
import { TryOnInputError } from './errors.js';
import { type EventsOptions, type TryOnChange, watchWait } from './events.js';
import { byUpdate, endError, updateError } from './failures.js';
import { type ListedWait, type ListOptions, listWaits } from './list.js';
import { createListingClient, type ListingClient } from './listing.js';
import { storedOutcome, waitStart } from './start.js';
import { noWait, readWait, type TryOnWaitStatus } from './status.js';

/** What a client is made of. */
export interface TryOnClientOptions extends ConnectTryOnOptions {
  /** A connected client of one's own, which stays open. Default: one by Temporal's environment configuration. */
  readonly client?: Client;
  /** The workflows' queue; default `TRYON_TASK_QUEUE`, else `tryon`. */
  readonly taskQueue?: string;
  /** How long a worker has to answer an update; default 10000. */
  readonly updateTimeoutMs?: number;
}

/** A wait that was started or joined. */
export interface StartedWait {
  readonly taskId: string;
  readonly workflowId: string;
  readonly runId: string;
  /** There where an earlier wait has told it already: nothing runs then, and nobody will be signalled. */
  readonly outcome?: TryOnOutcome;
}

/** See {@link createTryOnClient}. Inputs are checked first: wrong ones throw {@link TryOnInputError} before any call. */
export interface TryOnClient {
  /** Starts a wait, joins the one that runs, or takes the stored outcome, unless that was `timeout`. */
  start(input: TryOnResultsInput): Promise<StartedWait>;
  /** As `start`, and subscribes a workflow in the same call; `status` has all images so far. Needs a worker. */
  startAndSubscribe(
    input: TryOnResultsInput,
    subscriber: Subscriber,
  ): Promise<StartedWait & { readonly status?: TryOnStatus }>;
  /** Waits for the outcome, over continue-as-new. Throws `TryOnClientError` where there will be none. */
  outcome(taskId: string, options?: Abortable): Promise<TryOnOutcome>;
  /** `start` and `outcome`. */
  waitFor(input: TryOnResultsInput, options?: Abortable): Promise<TryOnOutcome>;
  /** Has a workflow signalled from now on; the answer has all images so far. Needs a worker. */
  subscribe(taskId: string, subscriber: Subscriber): Promise<TryOnStatus>;
  /** Has it signalled no longer. A wait started as a child that nobody listens to any more ends itself. */
  unsubscribe(taskId: string, subscriber: Unsubscribe): Promise<TryOnStatus>;
  /** Polls at once, at most once a second and never inside a pause that the vendor ordered. */
  pollNow(taskId: string): Promise<TryOnStatus>;
  /** Moves the deadline, counted from now. */
  setTimeout(taskId: string, timeoutSeconds: number): Promise<TryOnStatus>;
  /** Asks the wait to end; with a worker it has within a second. One that has ended stays as it is, see `status`. */
  cancel(taskId: string): Promise<void>;
  /** The wait's own status, merged with what the server knows of the pending poll; without a worker, that alone. */
  status(taskId: string): Promise<TryOnWaitStatus>;
  /** Changes of a wait until its end. */
  events(taskId: string, options?: EventsOptions): AsyncGenerator<TryOnChange, void, undefined>;
  /** Waits of the namespace, newest first. */
  list(options?: ListOptions): AsyncGenerator<ListedWait, void, undefined>;
  readonly listings: ListingClient;
  /** Temporal's own client, and where it is connected. */
  readonly temporal: Client;
  readonly taskQueue: string;
  readonly address?: string;
  /** Closes the connection, where this client made it. */
  close(): Promise<void>;
}

/** The value of checked input. Throws {@link TryOnInputError}. */
export function accept<T>(checked: { ok: true; value: T } | { ok: false; problems: readonly string[] }): T {
  if (!checked.ok) throw new TryOnInputError(checked.problems);
  return checked.value;
}

function accepted(input: TryOnResultsInput): TryOnResultsInput {
  const value = accept(check(TryOnResultsInputSchema, input));
  const problems = submittedAtProblem(value.submittedAt, Date.now());
  if (problems.length > 0) throw new TryOnInputError(problems);
  return value;
}

const acceptedId = (taskId: string): string => accept(check(TryOnResultsInputSchema, { taskId })).taskId;

/** The search attributes of the namespace, asked once; none where the server does not tell. */
function rememberedAttributes(client: Client): () => Promise<readonly string[]> {
  let asked: Promise<readonly string[]> | undefined;
  return () => {
    asked ??= client
      .withDeadline(Date.now() + 5_000, () => registeredSearchAttributes(client.connection, client.options.namespace))
      .catch(() => []);
    return asked;
  };
}

/**
 * Makes a client, connected by Temporal's environment configuration where none is given.
 * @throws {TryOnClientError} where there is no server, no namespace, or no right to use them
 */
export async function createTryOnClient(options: TryOnClientOptions = {}): Promise<TryOnClient> {
  const connected = options.client === undefined ? await connectTemporal(options) : undefined;
  const client = connected?.client ?? (options.client as Client);
  const env = options.env ?? process.env;
  const taskQueue = options.taskQueue ?? (env.TRYON_TASK_QUEUE?.trim() || defaults.taskQueue);
  const updateTimeoutMs = options.updateTimeoutMs ?? 10_000;
  const registered = rememberedAttributes(client);

  const handleOf = (taskId: string): WorkflowHandle => {
    const workflowId = resultsWorkflowId(acceptedId(taskId));
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

  /** Runs `begin` so that it fails where a wait has ended; then the stored outcome is the answer, or it is begun anew. */
  async function join<T extends { readonly runId: string }>(
    taskId: string,
    begin: (workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE') => Promise<T>,
  ): Promise<(T | { readonly runId: string; readonly outcome: TryOnOutcome }) & StartedWait> {
    const named = { taskId, workflowId: resultsWorkflowId(taskId) };
    try {
      return { ...named, ...(await begin('REJECT_DUPLICATE')) };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const outcome = await storedOutcome(handleOf(taskId));
    if (outcome === undefined || outcome.status === 'timeout') {
      return { ...named, ...(await begin('ALLOW_DUPLICATE')) };
    }
    const { runId } = await handleOf(taskId).describe();
    return { ...named, runId, outcome };
  }

  async function outcomeOf(taskId: string, { signal }: Abortable = {}): Promise<TryOnOutcome> {
    const handle = handleOf(taskId);
    try {
      return await abortable(client, signal, () => handle.result() as Promise<TryOnOutcome>);
    } catch (error) {
      signal?.throwIfAborted();
      const isUnknown = error instanceof WorkflowNotFoundError;
      throw isUnknown ? noWait(taskId, client.options.namespace) : endError(error, nameOf(taskId));
    }
  }

  async function start(input: TryOnResultsInput): Promise<StartedWait> {
    const value = accepted(input);
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

  return {
    start,
    async startAndSubscribe(input, subscriber) {
      const value = accepted(input);
      const who = accept(check(SubscriberSchema, subscriber));
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
              args: [who],
              startWorkflowOperation: startWorkflowOperation as WithStartWorkflowOperation<never>,
            }),
          );
          return { runId: status.waitId, status };
        } catch (error) {
          // The start's own error is told by its handle, too: an unhandled rejection, if nobody takes it.
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
    subscribe: (taskId, subscriber) =>
      guarded(() => update(taskId, messages.subscribe, accept(check(SubscriberSchema, subscriber)))),
    unsubscribe: (taskId, subscriber) =>
      guarded(() => update(taskId, messages.unsubscribe, accept(check(UnsubscribeSchema, subscriber)))),
    pollNow: (taskId) => update(taskId, messages.pollNow),
    setTimeout: (taskId, timeoutSeconds) =>
      guarded(() => update(taskId, messages.setTimeout, accept(check(SetTimeoutSchema, { timeoutSeconds })))),
    async cancel(taskId) {
      await handleOf(taskId)
        .cancel()
        .catch((error: unknown) => {
          throw error instanceof WorkflowNotFoundError ? noWait(taskId, client.options.namespace) : error;
        });
    },
    status: async (taskId) => (await readWait(client, acceptedId(taskId))).status,
    events: (taskId, options) => watchWait(client, taskId, (signal) => outcomeOf(taskId, { signal }), options),
    async *list(options = {}) {
      yield* listWaits(client, options, await registered(), (listingId) => listings.taskIds(listingId));
    },
    listings,
    temporal: client,
    taskQueue,
    ...(connected === undefined ? {} : { address: connected.address }),
    close: async () => await connected?.close(),
  };
}

/** What `work` throws at once becomes a rejection. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  return await work();
}
