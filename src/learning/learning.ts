/**
 * The schedule that a worker goes by, learned while it runs: durations from what finished waits left in Temporal and from its own
 * polls; the poll cost of a poll from the budget, the rate of jobs and the lag of its attempts. Nothing of it can break a worker: without
 * the right to list, it learns from its own polls alone, and until then from nothing.
 */
import { setImmediate } from 'node:timers/promises';
import { defaults } from '../contract.js';
import type { AttemptSeen } from '../poll/attempt.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import { type DurationModel, meanSeconds, quantile } from '../schedule/distribution.js';
import {
  correctionAt,
  correctPollCost,
  noCorrection,
  type PollCostCorrection,
  pollCostFor,
  pollCostInForce,
  pollCostLimits,
  vendorQueueRate,
} from '../schedule/poll-cost.js';
import { policyOf, type SchedulePolicy, scheduleCost } from '../schedule/schedule.js';
import { type JobCount, jobRate, loadRate, rateWindowsSeconds } from './job-rate.js';
import { jobRecord } from './job-record.js';
import { createJobStore } from './job-store.js';
import { createLearner, type DurationLearner } from './learner.js';
import type { WaitReader } from './wait-reader.js';

/** How much is read, and how often. */
export const learningLimits = {
  /** Between two counts of started waits; the other times are multiples of it. */
  tickMs: 15_000,
  /** A new schedule comes at most so often: who rebuilds a wait goes by the one in force. */
  publishTicks: 2,
  readTicks: 4,
  /** Finished waits that a fresh worker reads: more than a model polls at. */
  firstWaits: 300,
  /** Finished waits read at most each minute, the newest. */
  laterWaits: 150,
  /** Where fewer jobs than this have ended, a fresh worker reads open waits too. */
  fewEnded: 100,
  openWaits: 60,
  /** Jobs are learned from at the age by which this share of jobs is over. */
  settledShare: 0.9,
  /** Groups by number of sub-tasks have a distribution of their own from so many jobs on; the largest few. */
  minGroupJobs: 20,
  maxGroups: 6,
} as const;

/** Rates of jobs are told apart in steps of this, so that a poll cost is found once for each. */
const RATE_STEP = 1.05;
const KEPT_FIRSTS = 5_000;

/** See the file's description. */
export interface Learning {
  /** The schedule in force. The same object until another is published. */
  policy(account: string, subTasks?: number): SchedulePolicy;
  /** Takes an attempt in. */
  onAttempt(attempt: AttemptSeen): void;
  /** Resolves when what finished waits left has been read once, or could not be. */
  readonly ready: Promise<void>;
  /** Ends timers and what is under way. */
  stop(): Promise<void>;
}

/** What a worker learns with. */
export interface LearningOptions {
  readonly accounts: readonly { readonly name: string; readonly queriesPerSecond: number }[];
  readonly prior: DurationModel;
  /** False: durations go by the prior alone, and only the poll cost follows the load; default true. */
  readonly learns?: boolean;
  /** Absent: its own polls alone. */
  readonly reader?: WaitReader;
  readonly log?: { debug(message: string): void; info(message: string): void };
  /** The server's time; default `Date.now`. */
  readonly nowMs?: () => number | Promise<number>;
  /** Default {@link learningLimits}' 15,000. */
  readonly tickMs?: number;
}

/** The poll cost that the budget asks for. Pure, but for what it remembers. */
export function feedForwardPollCost(model: DurationModel, queriesPerSecond: number, jobsPerSecond: number): number {
  const wanted = pollCostLimits.wantedSeconds;
  if (!(jobsPerSecond > 0)) return wanted;
  const rate = RATE_STEP ** Math.round(Math.log(jobsPerSecond) / Math.log(RATE_STEP));
  const polls = scheduleCost(policyOf({ model, pollCostSeconds: wanted })).polls;
  if (polls * rate <= vendorQueueRate(queriesPerSecond)) return wanted;
  return pollCostFor({ queriesPerSecond, jobsPerSecond: rate, model });
}

interface AccountLearning {
  readonly queriesPerSecond: number;
  correction: PollCostCorrection;
  /** When waits were first polled here, newest last; a makeshift where visibility does not count. */
  firsts: number[];
  policy: SchedulePolicy;
  readonly policies: Map<number, SchedulePolicy>;
}

/** Starts learning. */
export function startLearning(options: LearningOptions): Learning {
  const { prior, learns = true, reader, nowMs = Date.now, tickMs = learningLimits.tickMs } = options;
  const log = options.log ?? { debug: () => undefined, info: () => undefined };
  const jobs = createJobStore();
  const byName = new Map<string, AccountLearning>();
  const of = (account: string): AccountLearning => {
    const known = byName.get(account);
    if (known !== undefined) return known;
    const { queriesPerSecond = defaults.queriesPerSecond } =
      options.accounts.find(({ name }) => name === account) ?? {};
    const begun: AccountLearning = {
      queriesPerSecond,
      correction: noCorrection,
      firsts: [],
      policy: policyOf({ model: prior }),
      policies: new Map(),
    };
    byName.set(account, begun);
    return begun;
  };
  for (const { name } of options.accounts) of(name);
  const unlearned = policyOf({ model: prior });

  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let counts: readonly JobCount[] | undefined;
  let openCount: number | undefined;
  let lastTickMs = performance.now();
  let ticks = 0;
  /** What was due before this process was there, or awake, says nothing of load. */
  let aliveSinceMs = Number.POSITIVE_INFINITY;
  const complained = new Set<string>();

  /** What fails is told once, and then at debug level: it changes nothing but how much is known. */
  async function trying<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      complained.delete(what);
      return result;
    } catch (error) {
      const why = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
      if (isStopped) return undefined;
      const line = `cannot ${what} (${why}); the schedule learns from this worker's own polls meanwhile`;
      if (complained.has(what)) log.debug(line);
      else log.info(line);
      complained.add(what);
      return undefined;
    }
  }

  async function read(from: WaitReader, limit: number): Promise<void> {
    const records = await trying('read finished waits', () => from.ended(limit, jobs.hasEnded));
    if (records === undefined || isStopped) return;
    jobs.take(records);
    log.debug(`learned from ${records.length} finished waits`);
    const isShort = options.accounts.some(({ name }) => jobs.ended(name) < learningLimits.fewEnded);
    if (!isShort || ticks > 0) return;
    jobs.take((await trying('read open waits', () => from.open(learningLimits.openWaits))) ?? []);
  }

  /** Jobs per second of an account: its share, among those that ended, of what visibility counts, or what was first seen here. */
  async function rateOf(account: string, model: DurationModel): Promise<number> {
    const learning = of(account);
    if (counts === undefined) {
      const now = await nowMs();
      learning.firsts = learning.firsts.filter((ms) => ms > now - 600_000);
      const within = (seconds: number) => learning.firsts.filter((ms) => ms > now - 1000 * seconds).length;
      return jobRate(rateWindowsSeconds.map((windowSeconds) => ({ windowSeconds, jobs: within(windowSeconds) })));
    }
    const accounts = Math.max(1, options.accounts.length);
    const share = (jobs.ended(account) + 1) / (jobs.endedAll() + accounts);
    const started = share * jobRate(counts);
    return openCount === undefined ? started : loadRate(started, share * openCount, meanSeconds(model));
  }

  const republished = (
    before: SchedulePolicy | undefined,
    model: DurationModel,
    pollCostSeconds: number,
  ): SchedulePolicy => {
    const isSame =
      before?.pollCostSeconds === pollCostSeconds && JSON.stringify(before.model) === JSON.stringify(model);
    return isSame ? before : policyOf({ model, pollCostSeconds });
  };

  /** A learner of the jobs submitted so long ago that most of their time are over. */
  function learnerAt(untilMs: number): DurationLearner {
    const learner = createLearner({ prior });
    learner.observe(jobs.settled(untilMs));
    return learner;
  }

  /** Learns for one account after the other, and lets other work in between. */
  async function publish(): Promise<void> {
    const now = await nowMs();
    for (const { name: account } of options.accounts) {
      const learning = of(account);
      const group = { api: tryOnApi.name, account };
      // Where no wait is open, all that finished tell the whole of their time.
      const settledMs = openCount === 0 ? 0 : 1000 * quantile(learning.policy.model, learningLimits.settledShare);
      const learner = learnerAt(now - settledMs);
      const model = learns ? learner.modelFor(group) : prior;
      await setImmediate();
      const fed = feedForwardPollCost(model, learning.queriesPerSecond, await rateOf(account, model));
      learning.correction = correctionAt(fed, learning.correction);
      const pollCost = pollCostInForce(fed, learning.correction);
      learning.policy = republished(learning.policy, model, pollCost);
      for (const [subTasks, count] of learns ? jobs.bySubTasks(account).slice(0, learningLimits.maxGroups) : []) {
        if (count < learningLimits.minGroupJobs) continue;
        await setImmediate();
        const own = republished(learning.policies.get(subTasks), learner.modelFor({ ...group, subTasks }), pollCost);
        learning.policies.set(subTasks, own);
      }
    }
  }

  async function tick(): Promise<void> {
    const sinceMs = performance.now() - lastTickMs;
    lastTickMs = performance.now();
    // Asleep, or stopped by a debugger: what came due meanwhile is late for that reason.
    if (sinceMs > 3 * tickMs || ticks === 0) aliveSinceMs = await nowMs();
    if (reader !== undefined) {
      counts = await trying('count started waits', () => reader.started(rateWindowsSeconds));
      openCount = await trying('count open waits', () => reader.openCount());
      if (learns && ticks % learningLimits.readTicks === 0) {
        await read(reader, ticks === 0 ? learningLimits.firstWaits : learningLimits.laterWaits);
      }
    }
    if (ticks % learningLimits.publishTicks === 0 && !isStopped) await publish();
    ticks += 1;
  }

  function attempted({
    account,
    api,
    isFirst,
    isOnVendorQueue,
    dueAtMs,
    startedAtMs,
    endedAtMs,
    state,
    end,
    ...job
  }: AttemptSeen): void {
    const learning = of(account);
    if (isFirst) {
      learning.firsts.push(startedAtMs);
      if (learning.firsts.length > KEPT_FIRSTS) learning.firsts.splice(0, KEPT_FIRSTS / 2);
    }
    if (isOnVendorQueue && dueAtMs > aliveSinceMs)
      learning.correction = correctPollCost(learning.correction, startedAtMs - dueAtMs);
    const { pendingUntilMs, queuedUntilMs, runningSeenAtMs, subTasks } = state;
    const record = jobRecord({
      ...job,
      account,
      api,
      pendingUntilMs,
      queuedUntilMs,
      runningSeenAtMs,
      subTasks: subTasks.length,
      ...(end === undefined ? {} : { end: { ...end, atMs: endedAtMs } }),
    });
    if (record !== undefined) jobs.take([record]);
  }

  const safely = (): Promise<void> => tick().catch((error: unknown) => log.info(`cannot learn: ${String(error)}`));
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
    policy(account, subTasks) {
      const learning = byName.get(account);
      const own = subTasks === undefined ? undefined : learning?.policies.get(subTasks);
      return own ?? learning?.policy ?? unlearned;
    },
    onAttempt(attempt) {
      try {
        attempted(attempt);
      } catch (error) {
        log.debug(`cannot learn from an attempt: ${String(error)}`);
      }
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}
