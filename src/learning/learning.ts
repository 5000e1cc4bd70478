/**
 * The schedule in force on a worker, learned while it runs: durations from finished waits, read once at the start, and from this worker's own
 * attempts; the poll cost from the load of the vendor's queue. It can't break a worker: without the right to list or to describe queues, it
 * learns from its own attempts alone.
 */
import { setImmediate } from 'node:timers/promises';
import { defaults } from '../contract.js';
import type { AttemptSeen } from '../poll/attempt.js';
import { type DurationModel, quantile } from '../schedule/distribution.js';
import { nextPollCost, pollCostSettings, roundedPollCost } from '../schedule/poll-cost.js';
import type { SchedulePolicy } from '../schedule/schedule.js';
import { type FinishedWaits, reasonOf } from './finished-waits.js';
import { defaultApi, jobRecord, learnFromRecords } from './job-record.js';
import { createJobStore } from './job-store.js';
import { priorPolicies } from './prior.js';

/** How much is read, and how often. */
export const learningSettings = {
  /** Between two readings of the queue's load, in milliseconds. */
  tickMs: 15_000,
  /** A schedule is published every so many ticks: a wait's state is rebuilt with the schedule in force. */
  publishTicks: 2,
  /** Finished waits that a worker reads when it starts: more than the estimator uses. */
  finishedWaits: 300,
  /** Jobs are learned from at the age by which this share of jobs is over. */
  settledShare: 0.9,
  /** Weight of a new lag in the mean. */
  lagShare: 0.02,
} as const;

/** Waits whose beginning is remembered. */
const maxJoined = 5_000;

/** See the file's description. */
export interface Learning {
  /** The schedule in force for an account and one of its APIs, by default its first. The same object until another is published. */
  policy(account: string, api?: string): SchedulePolicy;
  /** Takes an attempt in. */
  onAttempt(attempt: AttemptSeen): void;
  /** Resolves when finished waits have been read, or could not be. */
  readonly ready: Promise<void>;
  /** Ends timers and what is under way. */
  stop(): Promise<void>;
}

/** What a worker learns with. */
export interface LearningOptions {
  /** `apis`: the names of those that the account may use, the usual one first; default `tryon` alone. */
  readonly accounts: readonly {
    readonly name: string;
    readonly queriesPerSecond: number;
    readonly apis?: readonly string[];
  }[];
  readonly prior: DurationModel;
  /** Whether a person set the prior, see {@link priorPolicies}; default false. */
  readonly isPriorSet?: boolean;
  /** False: durations go by the prior alone, and only the poll cost follows the load; default true. */
  readonly learns?: boolean;
  /** Reads so many finished waits. Absent: own attempts alone. */
  readonly finishedWaits?: (limit: number) => Promise<FinishedWaits>;
  /** Polls per second of all workers on an account's vendor queue; `undefined` if the server has no such figure. Absent: own attempts alone. */
  readonly pollsPerSecond?: (account: string) => Promise<number | undefined>;
  /** The budget in force for an account's queue; `undefined`: the one of `accounts`. Asked after `pollsPerSecond`. */
  readonly queriesPerSecond?: (account: string) => number | undefined;
  readonly log?: { debug(message: string): void; info(message: string): void };
  /** The server's time; default `Date.now`. */
  readonly nowMs?: () => number | Promise<number>;
  /** Default 15,000. */
  readonly tickMs?: number;
}

/** The mean lag after one more attempt, in seconds. */
export function nextLagSeconds(before: number, lagMs: number): number {
  const lag = Math.min(pollCostSettings.maxLagSeconds, Math.max(0, lagMs / 1000));
  return before + learningSettings.lagShare * (lag - before);
}

interface AccountState {
  readonly queriesPerSecond: number;
  lagSeconds: number;
  /** Own polls since the last reading of the load, and when that was. */
  ownPolls: number;
  sinceMs: number;
  pollsPerSecond: number;
  pollCost: number;
  /** By API. */
  readonly policies: Map<string, SchedulePolicy>;
}

/** Starts learning. */
export function startLearning(options: LearningOptions): Learning {
  const { learns = true, nowMs = Date.now, tickMs = learningSettings.tickMs } = options;
  const log = options.log ?? { debug: () => undefined, info: () => undefined };
  const jobs = createJobStore();
  const priorOf = priorPolicies(options);
  const accounts = new Map<string, AccountState>();
  const joinedAtMs = new Map<string, number>();
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let ticks = 0;
  let lastTickMs = performance.now();
  /** What came due before this process was there, or awake, says nothing of load. */
  let aliveSinceMs = Number.POSITIVE_INFINITY;
  const failing = new Set<string>();

  function stateOf(account: string): AccountState {
    const known = accounts.get(account);
    if (known !== undefined) return known;
    const { queriesPerSecond = defaults.queriesPerSecond, apis = [defaultApi] } =
      options.accounts.find(({ name }) => name === account) ?? {};
    const state: AccountState = {
      queriesPerSecond,
      lagSeconds: 0,
      ownPolls: 0,
      sinceMs: performance.now(),
      pollsPerSecond: 0,
      pollCost: pollCostSettings.minSeconds,
      policies: new Map(apis.map((api) => [api, priorOf(api)])),
    };
    accounts.set(account, state);
    return state;
  }
  for (const { name } of options.accounts) stateOf(name);

  /** A failure is logged once, then at debug level: only less is known. */
  async function attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      failing.delete(what);
      return result;
    } catch (error) {
      if (!isStopped) report(what, reasonOf(error));
      return undefined;
    }
  }

  function report(what: string, reason: string): void {
    const line = `cannot ${what} (${reason}); the schedule learns from this worker's own polls meanwhile`;
    if (failing.has(what)) log.debug(line);
    else log.info(line);
    failing.add(what);
  }

  async function readFinishedWaits(): Promise<void> {
    const { finishedWaits } = options;
    if (!learns || finishedWaits === undefined) return;
    const what = 'read finished waits';
    const read = await attempt(what, () => finishedWaits(learningSettings.finishedWaits));
    if (read === undefined) return;
    jobs.add(read.records);
    log.debug(`learned from ${read.records.length} finished waits`);
    if (read.reason !== undefined) report(`read ${read.unread} of the finished waits`, read.reason);
  }

  async function readLoad(account: string): Promise<void> {
    const state = stateOf(account);
    const { pollsPerSecond } = options;
    const rate = pollsPerSecond && (await attempt('read the load of a vendor queue', () => pollsPerSecond(account)));
    const now = performance.now();
    const seconds = Math.max(1e-3, (now - state.sinceMs) / 1000);
    state.pollsPerSecond = Math.max(rate ?? 0, state.ownPolls / seconds);
    // Without polls nothing is known of the lag: the last one must not count for ever.
    if (state.ownPolls === 0) state.lagSeconds /= 2;
    [state.ownPolls, state.sinceMs] = [0, now];
  }

  /** Learns for one account and API after the other, and lets other work in between. The poll cost is the account's, as its budget is. */
  async function publish(): Promise<void> {
    const now = await nowMs();
    for (const { name: account } of options.accounts) {
      const state = stateOf(account);
      const budget = options.queriesPerSecond?.(account) ?? state.queriesPerSecond;
      if (ticks > 0) state.pollCost = nextPollCost(state.pollCost, state, budget);
      const pollCostSeconds = roundedPollCost(state.pollCost);
      for (const [api, policy] of state.policies) {
        const prior = priorOf(api);
        const settledMs = 1000 * quantile(policy.model, learningSettings.settledShare);
        const records = learns ? jobs.settled(account, now - settledMs, now, api) : [];
        const model = learns ? learnFromRecords(records, prior.model) : prior.model;
        const isSame =
          policy.pollCostSeconds === pollCostSeconds && JSON.stringify(policy.model) === JSON.stringify(model);
        if (!isSame) state.policies.set(api, { ...prior, model, pollCostSeconds });
        await setImmediate();
      }
    }
  }

  async function tick(): Promise<void> {
    const sinceMs = performance.now() - lastTickMs;
    lastTickMs = performance.now();
    // Asleep, or stopped by a debugger: what came due meanwhile is late for that reason.
    if (sinceMs > 3 * tickMs || ticks === 0) aliveSinceMs = await nowMs();
    if (ticks === 0) await readFinishedWaits();
    for (const { name } of options.accounts) await readLoad(name);
    if (ticks % learningSettings.publishTicks === 0 && !isStopped) await publish();
    ticks += 1;
  }

  function take({ taskId, account, api, submittedAtMs, isFirst, isOnVendorQueue, ...rest }: AttemptSeen): void {
    const { dueAtMs, startedAtMs, endedAtMs, poll, state, end } = rest;
    const learned = stateOf(account);
    learned.ownPolls += poll?.queries ?? 0;
    if (isOnVendorQueue && dueAtMs > aliveSinceMs)
      learned.lagSeconds = nextLagSeconds(learned.lagSeconds, startedAtMs - dueAtMs);
    if (isFirst) {
      joinedAtMs.set(taskId, startedAtMs);
      const [oldest] = joinedAtMs.keys();
      if (joinedAtMs.size > maxJoined && oldest !== undefined) joinedAtMs.delete(oldest);
    }
    const { pendingUntilMs, queuedUntilMs, runningSeenAtMs, nextPollAtMs } = state;
    const record = jobRecord({
      ...{ taskId, account, api, submittedAtMs, joinedAtMs: joinedAtMs.get(taskId) },
      ...{ pendingUntilMs, queuedUntilMs, runningSeenAtMs, nextPollAtMs },
      end: end === undefined ? undefined : { ...end, atMs: endedAtMs },
    });
    if (end !== undefined) joinedAtMs.delete(taskId);
    if (record !== undefined) jobs.add([record]);
  }

  const safely = (): Promise<void> => tick().catch((error: unknown) => log.info(`cannot learn: ${reasonOf(error)}`));
  /** Workers that started together do not read together for long. */
  const plan = (): void => {
    if (isStopped) return;
    timer = setTimeout(
      () => {
        underWay = safely().then(plan);
      },
      tickMs * (0.9 + 0.2 * Math.random()),
    );
    timer.unref();
  };
  const ready = safely();
  let underWay = ready.then(plan);

  return {
    ready,
    policy(account, api) {
      const policies = accounts.get(account)?.policies;
      const [usual] = policies?.keys() ?? [];
      const name = api ?? usual ?? defaultApi;
      return policies?.get(name) ?? priorOf(name);
    },
    onAttempt(seen) {
      try {
        take(seen);
      } catch (error) {
        log.debug(`cannot learn from an attempt: ${reasonOf(error)}`);
      }
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}
