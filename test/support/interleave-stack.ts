/** Plays interleavings, many at a time, on one server with one worker: the real workflow and activities, and a vendor that is a function. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createTryOnActivities, type Vendor } from '../../src/activities/index.js';
import { byUpdate } from '../../src/client/failures.js';
import { messages, resultsWorkflowId, type TryOnOutcome, type TryOnStatus, workflowTypes } from '../../src/contract.js';
import type { Reply } from '../../src/poll/reply.js';
import { priorFrom } from '../../src/schedule/distribution.js';
import { defaultPolicy, policyOf, type SchedulePolicy } from '../../src/schedule/schedule.js';
import { who } from './interleave-scenario.js';
import type { Act, Answered, Interleaving, Part, Played, Scenario } from './interleave-types.js';
import { malformed, signalRaw, undecodable } from './undecodable.js';

/** A server to play on. */
export interface World {
  readonly connection: Connection;
  readonly nativeConnection: NativeConnection;
  readonly namespace: string;
  readonly policy: SchedulePolicy;
  /** The server's time where it is not the wall's. */
  readonly nowMs?: () => Promise<number>;
  /** Lets time pass while nothing happens, until the function that it gives is called. */
  readonly letTimePass?: () => Promise<() => Promise<void>>;
}

/** The real server. Polls follow each other within a second. */
export async function realWorld(address: string, namespace = 'default'): Promise<World & { close(): Promise<void> }> {
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  const model = priorFrom({ medianSeconds: 1, p95Seconds: 4 });
  return {
    connection,
    nativeConnection,
    namespace,
    policy: policyOf({ floorMs: 400, ceilingMs: 1_000, pollCostSeconds: 0.1, model }),
    async close() {
      await nativeConnection.close();
      await connection.close();
    },
  };
}

/** A time-skipping server. */
export const skippingWorld = (environment: TestWorkflowEnvironment): World => ({
  connection: environment.connection,
  nativeConnection: environment.nativeConnection,
  namespace: environment.namespace ?? 'default',
  policy: defaultPolicy,
  nowMs: () => environment.currentTimeMs(),
  // One lock for all: the server's count of them breaks where each awaited result lets time pass for itself.
  async letTimePass() {
    await environment.connection.testService?.unlockTimeSkipping({});
    return async () => {
      await environment.connection.testService?.lockTimeSkipping({});
    };
  },
});

/** A server and worker that play. */
export interface InterleaveStack {
  play(scenario: Scenario): Promise<Interleaving>;
  stop(): Promise<void>;
}

interface Stage {
  readonly scenario: Scenario;
  readonly playerId: string;
  readonly queriedAtMs: number[];
  readonly inFlight: Promise<Answered>[];
  requests: number;
}

/** Within the 60 s that the player gives each act. */
const ANSWER_MS = 45_000;
const QUERY_MS = 10_000;

/** A query that no worker was given: the SDK's, where it keeps no workflow in memory, and not the wait's. Counted, not held against it. */
class LostQueryError extends Error {}

/** The replies are about `t-1`. */
const about = (taskId: string, reply: Reply): Reply =>
  reply.kind === 'answer' && reply.task?.taskId === 't-1' ? { ...reply, task: { ...reply.task, taskId } } : reply;

/** @param options - `maxCachedWorkflows`: 0 replays each workflow from its first event at each step */
export async function startInterleaveStack(
  world: World,
  options: { readonly maxCachedWorkflows?: number } = {},
): Promise<InterleaveStack> {
  const { connection, nativeConnection, namespace, policy } = world;
  const nowMs = world.nowMs ?? (async () => Date.now());
  const client = new Client({ connection, namespace });
  const taskQueue = `interleave-${randomUUID()}`;
  const stages = new Map<string, Stage>();

  /** The server at times loses a query on the way to the worker, and says so when its time is up; without cached workflows thrice in a row. */
  async function persistent<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await client.withDeadline(Date.now() + QUERY_MS, ask);
      } catch (error) {
        const told = `${error} ${error instanceof Error ? error.cause : ''}`;
        const isLost = /before a worker could process it|DEADLINE_EXCEEDED/.test(told);
        if (!isLost) throw error;
        if (attempt < 3) continue;
        throw options.maxCachedWorkflows === 0 ? new LostQueryError() : error;
      }
    }
  }

  async function act(given: Act): Promise<Answered> {
    const { what, taskId, subscriber, input, ...rest } = given;
    const handle = client.workflow.getHandle(resultsWorkflowId(taskId));
    const { workflowId, signal } = subscriber ?? { workflowId: '' };
    const named = { workflowId, ...(signal === undefined ? {} : { signal }) };
    const status = async (asked: Promise<unknown>): Promise<Answered> => ({
      ...rest,
      what,
      kind: 'status',
      status: (await asked) as TryOnStatus,
    });
    const update = (name: string, args: [] | [object]) =>
      status(byUpdate(client, ANSWER_MS, () => handle.executeUpdate(name, { args } as object)));
    const doIt = async (): Promise<Answered> => {
      switch (what) {
        case 'start':
          await client.workflow.start(workflowTypes.results, {
            workflowId: handle.workflowId,
            taskQueue,
            args: [input],
          });
          return { what, kind: 'sent' };
        case 'subscribe':
          return await update(messages.subscribe, [named]);
        case 'unsubscribe':
          return await update(messages.unsubscribe, [named]);
        case 'pollNow':
          return await update(messages.pollNow, []);
        case 'setTimeout':
          return await update(messages.setTimeout, [{ timeoutSeconds: rest.seconds }]);
        case 'query':
          return await status(persistent(() => handle.query(messages.status)));
        case 'signalSubscribe':
          await handle.signal(messages.subscribeSignal, named);
          return { ...rest, what, kind: 'sent' };
        case 'signalUnsubscribe':
          await handle.signal(messages.unsubscribeSignal, named);
          return { ...rest, what, kind: 'sent' };
        case 'undecodable':
        case 'malformed': {
          const signals = [messages.subscribeSignal, messages.unsubscribeSignal];
          const signal = signals[taskId.charCodeAt(0) % 2] as string;
          const kinds = what === 'malformed' ? malformed : Object.values(undecodable);
          const payloads = kinds[taskId.charCodeAt(1) % kinds.length] as (typeof kinds)[number];
          await signalRaw(client, handle.workflowId, signal, payloads);
          return { what, kind: 'sent' };
        }
        case 'cancel':
          await handle.cancel();
          return { what, kind: 'sent' };
        case 'result':
          return { what, kind: 'outcome', outcome: (await handle.result()) as TryOnOutcome };
      }
    };
    try {
      // Who is not answered at all is a failure of the wait, to be told with what led to it.
      return await client.withDeadline(Date.now() + ANSWER_MS, doIt);
    } catch (error) {
      if (what === 'result' && error instanceof WorkflowFailedError) {
        return {
          what,
          kind: error.cause instanceof CancelledFailure ? 'cancelled' : 'failed',
          message: String(error.cause),
        };
      }
      const message =
        error instanceof Error ? `${error.name}: ${error.message} ${String(error.cause ?? '')}` : String(error);
      if (error instanceof LostQueryError) return { ...rest, what, kind: 'lost', message: error.message };
      const isGone = error instanceof WorkflowNotFoundError || /not found|already completed|completed/i.test(message);
      return { ...rest, what, kind: isGone ? 'gone' : 'failed', message };
    }
  }

  const vendor: Vendor = {
    async results({ taskId, signal }) {
      const stage = stages.get(taskId);
      if (stage === undefined) throw new TypeError(`nobody plays ${taskId}`);
      const { scenario, playerId } = stage;
      const index = stage.queriedAtMs.length;
      const queries = scenario.twice > 0 && index % scenario.twice === scenario.twice - 1 ? 2 : 1;
      stage.requests += queries;
      stage.queriedAtMs.push(await nowMs());
      for (const { query, afterMs, holdMs, ...action } of scenario.inFlight) {
        if (query !== index) continue;
        await sleep(afterMs, undefined, { signal });
        const subscriber = { workflowId: playerId, ...(action.who === undefined ? {} : { signal: action.who }) };
        const acted = act({ ...action, taskId, subscriber });
        stage.inFlight.push(acted);
        await (holdMs > 100 ? sleep(holdMs, undefined, { signal }) : Promise.race([acted, sleep(holdMs)]));
      }
      signal.throwIfAborted();
      const { replies } = scenario;
      return { reply: about(taskId, replies[Math.min(index, replies.length - 1)] as Reply), queries };
    },
  };
  const { nowMs: serverMs } = world;
  const clock = serverMs && {
    observe: () => undefined,
    now: serverMs,
    dueAt: (_told: number, atMs: number) => atMs,
  };
  const activities = {
    ...createTryOnActivities({ vendor, policy: () => policy, ...(clock === undefined ? {} : { clock }) }),
    act,
  };
  const shared = { connection: nativeConnection, namespace, activities };
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue,
      workflowsPath: fileURLToPath(new URL('./interleave-workflows.ts', import.meta.url)),
      maxCachedWorkflows: options.maxCachedWorkflows ?? 1_000,
    }),
    Worker.create({ ...shared, taskQueue: `${taskQueue}-vendor` }),
  ]);
  const hold = await world.letTimePass?.();
  const run = Promise.all(workers.map((worker) => worker.run()));
  run.catch(() => undefined);

  const playing = new Set<Promise<Interleaving>>();
  return {
    play(scenario) {
      const played = play(scenario);
      playing.add(played);
      played.finally(() => playing.delete(played)).catch(() => undefined);
      return played;
    },
    async stop() {
      await Promise.allSettled(playing);
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await run;
      await hold?.();
    },
  };

  async function play(scenario: Scenario): Promise<Interleaving> {
    const taskId = randomUUID();
    const playerId = `player-${taskId}`;
    const stage: Stage = { scenario, playerId, queriedAtMs: [], inFlight: [], requests: 0 };
    stages.set(taskId, stage);
    const startMs = await nowMs();
    const part: Part = {
      input: {
        taskId,
        timeoutSeconds: scenario.timeoutSeconds,
        submittedAt: new Date(startMs - scenario.ageSeconds * 1000).toISOString(),
        notifyParent: scenario.notifyParent,
        expectedImages: 4,
      },
      isChild: scenario.isChild,
      signals: [...who.timed, who.inFlight, who.control],
      control: who.control,
      notify: scenario.isKept ? [...scenario.notify, who.control] : scenario.notify,
      hasGone: scenario.hasGone,
      actions: scenario.actions,
    };
    const options = { workflowId: playerId, taskQueue, args: [part] as [Part] };
    const played = (await client.workflow.execute('player', options)) as Played;
    stages.delete(taskId);
    const { requests, queriedAtMs } = stage;
    const { floorMs } = policy;
    return {
      ...played,
      scenario,
      taskId,
      requests,
      queriedAtMs,
      floorMs,
      inFlightAnswers: await Promise.all(stage.inFlight),
    };
  }
}
