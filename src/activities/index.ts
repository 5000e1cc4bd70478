/** The activities, made from what they depend on. */
import { activityInfo, cancellationSignal, getClient, heartbeat, log, sleep } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { AttemptSeen } from '../poll/attempt.js';
import { type Classification, classify } from '../poll/classify.js';
import { beforeMove, beforePoll, next, rebuild, type Step, waitRules } from '../poll/decide.js';
import { knownImages, type PollInput, type PollReport, type PollState } from '../poll/poll-state.js';
import type { Reply, VendorApi } from '../poll/reply.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import { defaultPolicy, type SchedulePolicy } from '../schedule/schedule.js';
import { pendingActivity } from '../temporal/pending-activity.js';
import type { AccountThrottles } from './account-throttles.js';
import { tryOnJoin } from './join.js';
import { moveTo } from './move.js';
import { pendingFailure } from './pending.js';
import { createServerClock, type ServerClock } from './server-clock.js';

/** The part of the vendor client that a poll needs; tests pass a fake. */
export interface Vendor {
  /** Asks once. Rejects only when `signal` is aborted: every answer or fault is a reply. */
  results(call: {
    readonly account: string;
    readonly taskId: string;
    readonly signal: AbortSignal;
  }): Promise<{ readonly reply: Reply; readonly queries: number }>;
}

/** What the activities depend on. */
export interface TryOnDeps {
  readonly vendor: Vendor;
  /** Default: the try-on API. */
  readonly api?: VendorApi;
  /** The schedule in force for an account and, once it was told, a number of sub-tasks; default: the prior's. */
  readonly policy?: (account: string, subTasks?: number) => SchedulePolicy;
  /** Told of every attempt: durations and load are learned from them. */
  readonly onAttempt?: (attempt: AttemptSeen) => void;
  /** Whether an account takes a reply about another task as its own; default: none does. */
  readonly acceptsOtherTaskId?: (account: string) => boolean;
  /** The contract's search attributes that the namespace has registered; default: none. */
  readonly searchAttributes?: () => readonly string[];
  readonly clock?: ServerClock;
  /** What all waits of an account in this process have in common; default: nothing, each wait is on its own. */
  readonly throttle?: AccountThrottles;
}

/** What {@link TryOnActivities.tryOnDescribePoll} tells. */
export interface PendingPollState {
  readonly state: PollState;
  /** Whether an attempt was under way, which may have an answer soon. */
  readonly isRunning: boolean;
}

/** What {@link TryOnActivities.tryOnDescribePoll} is asked with. */
export interface DescribePollInput {
  readonly input: PollInput;
  readonly scheduledAtMs: number;
}

const freshImages = ({ known }: PollInput, images: PollReport['images']): number => {
  const isKnown = knownImages(known);
  return images.filter((image) => !isKnown(image)).length;
};

/** After this an attempt heartbeats, so that a cancellation reaches it while the vendor is slow. */
const SLOW_POLL_MS = 500;

/** The activities' types, for `proxyActivities` and for parents in one's own worker. */
export type TryOnActivities = ReturnType<typeof createTryOnActivities>;

/**
 * Makes the activities. Register them on the workflows' queue and on the vendor's queues.
 * @param deps - the vendor client and, optionally, schedule, clock and search attributes
 */
export function createTryOnActivities({
  vendor,
  api = tryOnApi,
  policy: policyOf = () => defaultPolicy,
  acceptsOtherTaskId = () => false,
  searchAttributes = () => [],
  clock = createServerClock(),
  throttle,
  onAttempt = () => undefined,
}: TryOnDeps) {
  // The same number of sub-tasks as when the poll before was planned: a change of it is carried.
  const policyFor = ({ account, from }: PollInput, carried: PollState | undefined): SchedulePolicy => {
    const subTasks = (carried ?? from).subTasks.length;
    return subTasks > 0 ? policyOf(account, subTasks) : policyOf(account);
  };

  /** Heartbeats while a poll is slow; details are those already carried, so that nothing is overwritten. */
  async function withCancellation<T>(
    carried: PollState | undefined,
    poll: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = cancellationSignal();
    const beat = () => (carried === undefined ? heartbeat() : heartbeat(carried));
    let timer = setTimeout(function tick() {
      beat();
      timer = setTimeout(tick, 2 * SLOW_POLL_MS);
    }, SLOW_POLL_MS);
    try {
      return await poll(signal);
    } catch (error) {
      throw signal.aborted ? new CancelledFailure('the poll was cancelled') : error;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    /**
     * One poll at a task. Returns where there is something to tell; else fails with `TryOnPending` and the delay to the next poll, so
     * that the server tries again and history stays as it is.
     */
    async tryOnPoll(input: PollInput): Promise<PollReport> {
      const info = activityInfo();
      const { attempt, scheduledTimestampMs: scheduledAtMs, currentAttemptScheduledTimestampMs: toldMs } = info;
      const carried = info.heartbeatDetails as PollState | undefined;
      clock.observe(toldMs, attempt === 1);
      const startedAtMs = await clock.now();
      const dueAtMs = clock.dueAt?.(toldMs, startedAtMs) ?? toldMs;
      const policy = policyFor(input, carried);
      const before = rebuild(input, carried, policy, attempt, { scheduledAtMs, dueAtMs });
      const quiet = (untilMs: number): Step | undefined =>
        beforePoll(input, before, policy, { nowMs: startedAtMs, attempt }, scheduledAtMs, untilMs);
      let poll: AttemptSeen['poll'];
      const { vendorQueue = info.taskQueue } = input;
      const isOnVendorQueue = vendorQueue === info.taskQueue;
      const { state, decision } = isOnVendorQueue ? (quiet(0) ?? (await admitted())) : await moved();
      const nowMs = await clock.now();
      onAttempt({
        taskId: input.taskId,
        account: input.account,
        api: api.name,
        submittedAtMs: input.submittedAtMs,
        isFirst: attempt === 1 && input.from.polls === 0,
        isOnVendorQueue,
        dueAtMs,
        startedAtMs,
        endedAtMs: nowMs,
        state,
        ...(decision.kind === 'report' && decision.end !== undefined ? { end: decision.end } : {}),
        ...(poll === undefined ? {} : { poll }),
        ...(decision.kind === 'report' ? { newImages: freshImages(input, decision.images) } : {}),
      });
      if (decision.kind === 'report') {
        const { kind: _kind, ...rest } = decision;
        return { ...rest, state, atMs: nowMs, searchAttributes: searchAttributes() };
      }
      if (decision.carry) heartbeat(state);
      throw pendingFailure(state, decision, policy, nowMs);

      async function moved(): Promise<Step> {
        return beforeMove(before, quiet(0), { nowMs: startedAtMs, attempt }, await moveTo(vendorQueue));
      }

      /** Asks the account's throttle first. Who is held comes again without a query, but for the last poll before the deadline. */
      async function admitted(): Promise<Step> {
        const { taskId, account, deadlineMs } = input;
        const isLast = deadlineMs - startedAtMs <= waitRules.dueSlackMs;
        const entry = throttle?.enter({ account, taskId, nowMs: startedAtMs, isLast });
        if (entry === undefined) return (await polled()).step;
        if (entry.kind === 'deferred') return quiet(entry.untilMs) ?? (await polled()).step;
        let classification: Classification | undefined;
        let endedAtMs = startedAtMs;
        try {
          const seen = await polled();
          ({ classification, nowMs: endedAtMs } = seen);
          return seen.step;
        } finally {
          const news = entry.done({ nowMs: endedAtMs, ...(classification === undefined ? {} : { classification }) });
          if (news !== undefined) log.warn(news, { account });
        }
      }

      async function polled(): Promise<{
        readonly step: Step;
        readonly classification: Classification;
        readonly nowMs: number;
      }> {
        const { taskId, account } = input;
        const { reply, queries } = await withCancellation(carried, (signal) =>
          vendor.results({ account, taskId, signal }),
        );
        const at = { nowMs: await clock.now(), attempt, queries, scheduledAtMs };
        const classification = classify(reply, api, {
          taskId,
          acceptOtherTaskId: acceptsOtherTaskId(account),
          nowMs: at.nowMs,
        });
        const step = next(input, before, reply, classification, policy, at);
        poll = { classification, queries };
        log.debug('polled', { taskId, account, classification: classification.kind, decision: step.decision.kind });
        return { step, classification, nowMs: at.nowMs };
      }
    },

    /** How far the pending poll of the calling workflow got: workflow code cannot see attempts. */
    async tryOnDescribePoll({ input, scheduledAtMs }: DescribePollInput): Promise<PendingPollState | undefined> {
      const { workflowExecution } = activityInfo();
      if (workflowExecution === undefined) return undefined;
      const client = getClient();
      const description = await client.workflow
        .getHandle(workflowExecution.workflowId, workflowExecution.runId)
        .describe();
      const pending = await pendingActivity(description, client.options.loadedDataConverter, 'tryOnPoll');
      if (pending === undefined) return undefined;
      const dueAtMs = pending.dueAtMs ?? scheduledAtMs;
      const carried = pending.heartbeat as PollState | undefined;
      const times = { scheduledAtMs, dueAtMs };
      const state = rebuild(input, carried, policyFor(input, carried), pending.attempt, times);
      return { state, isRunning: pending.isRunning };
    },

    /** Takes so long by the worker's clock. */
    async tryOnPause({ delayMs }: { readonly delayMs: number }): Promise<void> {
      await sleep(delayMs);
    },

    /** Requests the cancellation of the calling workflow: the server lets no workflow cancel itself by a command. */
    async tryOnCancelSelf(): Promise<void> {
      const { workflowExecution } = activityInfo();
      if (workflowExecution === undefined) return;
      const { workflowId, runId } = workflowExecution;
      await getClient().workflow.getHandle(workflowId, runId).cancel();
    },

    /** Starts a wait for workflow code, or joins the one that runs, and subscribes; see the Nexus service. */
    tryOnJoin,

    /** What workflow code cannot know of its namespace. Run as a local activity, so that the answer is recorded. */
    async tryOnNamespace(): Promise<{ readonly searchAttributes: readonly string[] }> {
      return { searchAttributes: searchAttributes() };
    },
  };
}
