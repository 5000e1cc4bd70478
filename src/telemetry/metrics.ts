/**
 * Metrics of polls, waits, accounts and budget, by the meter of Temporal's SDK, so that they come out where the SDK's own do. Labels
 * have few values: never a task, workflow or listing id.
 */
import type { MetricMeter } from '@temporalio/common';
import type { AccountThrottles } from '../activities/account-throttles.js';
import { shareAt } from '../poll/account-throttle.js';
import type { AttemptSeen } from '../poll/attempt.js';
import type { VendorApi } from '../poll/reply.js';
import { tryOnApi } from '../providers/aidge/tryon.js';
import type { AroundExchange } from '../providers/exchange.js';
import { quantile } from '../schedule/distribution.js';
import type { SchedulePolicy } from '../schedule/schedule.js';
import { errorLabels, pollResult } from './labels.js';

/**
 * Our metrics, by name. `unit` is part of the name, so that it is the same with any exporter; a counter gets `_total` from the Prometheus
 * exporter with `countersTotalSuffix`.
 */
export const metricNames = {
  polls: 'tryon_polls',
  deferredPolls: 'tryon_polls_deferred',
  queries: 'tryon_queries',
  errors: 'tryon_errors',
  images: 'tryon_images',
  endedWaits: 'tryon_waits_ended',
  waits: 'tryon_waits',
  endDelay: 'tryon_end_delay_seconds',
  jobDuration: 'tryon_job_duration_seconds',
  pollLag: 'tryon_poll_lag_seconds',
  requestDuration: 'tryon_vendor_request_duration_seconds',
  budget: 'tryon_budget_queries_per_second',
  pollCost: 'tryon_poll_cost_seconds',
  expectedDuration: 'tryon_expected_duration_seconds',
  accountTrouble: 'tryon_account_trouble',
  budgetShare: 'tryon_account_budget_share',
} as const;

/** Upper bounds of the histograms' buckets, in seconds. For `histogramBucketOverrides` of a runtime of one's own. */
export const histogramBuckets: Readonly<Record<string, number[]>> = {
  [metricNames.endDelay]: [0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120, 300, 900, 3600],
  [metricNames.jobDuration]: [5, 10, 15, 20, 30, 40, 60, 90, 120, 180, 300, 600, 1200, 3600, 14400],
  [metricNames.pollLag]: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  [metricNames.requestDuration]: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
};

/**
 * What can be wrong with an account as a whole, as values of the label `kind`. `blocked`: a person must act (key, quota, account, clock);
 * `away`: nothing of the vendor answers; `paused`: the vendor ordered a pause; `slowed`: polls are fewer for a while after a throttle.
 */
export const accountTroubles = ['blocked', 'away', 'paused', 'slowed'] as const;

/** What metrics are made from. */
export interface TryOnMetricsOptions {
  /** `Runtime.instance().metricMeter` of `@temporalio/worker`. */
  readonly meter: MetricMeter;
  readonly accounts: readonly { readonly name: string; readonly queriesPerSecond: number }[];
  readonly policy?: (account: string) => SchedulePolicy;
  readonly throttle?: Pick<AccountThrottles, 'state'>;
  /** The clock that the throttle goes by; default `Date.now`. */
  readonly nowMs?: () => number | Promise<number>;
  readonly api?: VendorApi;
  /** Between two settings of the gauges; default 5000. */
  readonly everyMs?: number;
}

/** Hooks for the activities and the vendor's client. */
export interface TryOnMetrics {
  /** Begins to set the gauges. */
  start(): void;
  onAttempt(attempt: AttemptSeen): void;
  readonly aroundExchange: AroundExchange;
  stop(): void;
}

const blockedClasses: readonly string[] = ['auth', 'quota', 'clock'];
/** These say nothing of key and account: whether it is still blocked is not known by them. */
const deafClasses: readonly string[] = ['transient', 'throttled'];

/** Makes the metrics. The caller starts and stops them. Nothing here throws: a metric must not break a poll. */
export function createTryOnMetrics(options: TryOnMetricsOptions): TryOnMetrics {
  const { meter, accounts, policy, throttle, nowMs = Date.now, api = tryOnApi, everyMs = 5_000 } = options;
  const counter = (name: string, text: string) => meter.createCounter(name, undefined, text);
  const seconds = (name: string, text: string) => meter.createHistogram(name, 'float', undefined, text);
  const gauge = (name: string, text: string) => meter.createGauge(name, 'float', undefined, text);
  const polls = counter(metricNames.polls, 'Polls at tasks, by what they came to');
  const held = counter(
    metricNames.deferredPolls,
    'Attempts that took no poll: not due yet, or held by the throttle of the account',
  );
  const queries = counter(metricNames.queries, 'Requests for results that were sent to the vendor');
  const errors = counter(metricNames.errors, 'Polls that met an error, by its layer and code');
  const images = counter(metricNames.images, 'Images collected');
  const ended = counter(metricNames.endedWaits, 'Waits whose end this worker saw, by outcome');
  const endDelay = seconds(
    metricNames.endDelay,
    'From the last poll that saw a task unfinished to the poll that saw its end',
  );
  const jobDuration = seconds(metricNames.jobDuration, 'From the submission of a task to the poll that saw its end');
  const pollLag = seconds(metricNames.pollLag, 'From when an attempt was due to when it ran');
  const requestDuration = seconds(metricNames.requestDuration, 'Requests to the vendor, by HTTP status or fault');
  const budget = gauge(metricNames.budget, 'What AIDGE_QUERIES_PER_SECOND grants the account, over all workers');
  const pollCost = gauge(metricNames.pollCost, 'Mean delay that one poll is worth, in force now');
  const expected = gauge(metricNames.expectedDuration, 'Quantiles of durations as the schedule expects them');
  const pollError = gauge(metricNames.accountTrouble, 'What is wrong with an account as a whole: 1 or 0');
  const share = gauge(metricNames.budgetShare, 'Share of the budget in force; below 1 after a throttle');
  const blocked = new Map<string, boolean>();

  async function setGauges(): Promise<void> {
    const now = await nowMs();
    for (const { name: account, queriesPerSecond } of accounts) {
      budget.set(queriesPerSecond, { account });
      const { pollCostSeconds, model } = policy?.(account) ?? {};
      if (pollCostSeconds !== undefined) pollCost.set(pollCostSeconds, { account });
      if (model !== undefined) {
        for (const q of [0.5, 0.95]) expected.set(quantile(model, q), { account, quantile: String(q) });
      }
      const state = throttle?.state(account);
      const inForce = state === undefined ? 1 : shareAt(state, now);
      const is = {
        blocked: blocked.get(account) ?? false,
        away: state?.outage !== undefined,
        paused: (state?.pausedUntilMs ?? 0) > now,
        slowed: inForce < 1,
      };
      for (const kind of accountTroubles) pollError.set(is[kind] ? 1 : 0, { account, kind });
      share.set(inForce, { account });
    }
  }

  function seen({ account, poll, end, state, newImages = 0, ...at }: AttemptSeen): void {
    if (at.isOnVendorQueue) pollLag.record(Math.max(0, at.startedAtMs - at.dueAtMs) / 1000, { account });
    if (newImages > 0) images.add(newImages, { account });
    if (poll === undefined) held.add(1, { account });
    else {
      const { classification } = poll;
      polls.add(1, { account, result: pollResult(classification) });
      queries.add(poll.queries, { account });
      if (classification.kind !== 'pending' && classification.error !== undefined) {
        errors.add(1, { account, ...errorLabels(classification.error, api) });
      }
      const kind = classification.kind === 'error' ? classification.class : classification.kind;
      if (!deafClasses.includes(kind)) blocked.set(account, blockedClasses.includes(kind));
    }
    if (end === undefined) return;
    ended.add(1, { account, status: end.status });
    const isSeen = end.status === 'finished' || end.status === 'partial' || end.error?.layer === 'task';
    if (!isSeen || end.status === 'notFound') return;
    endDelay.record(Math.max(0, at.endedAtMs - (state.pendingUntilMs ?? at.submittedAtMs)) / 1000, { account });
    jobDuration.record(Math.max(0, at.endedAtMs - at.submittedAtMs) / 1000, { account });
  }

  const quietly = (work: () => unknown): void => {
    try {
      work();
    } catch {
      // as the function says
    }
  };
  const tick = () => setGauges().catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;

  return {
    start() {
      void tick();
      timer ??= setInterval(tick, everyMs);
      timer.unref();
    },
    onAttempt: (attempt) => quietly(() => seen(attempt)),
    async aroundExchange({ account }, send) {
      const startedMs = performance.now();
      const took = (result: string) =>
        quietly(() => requestDuration.record((performance.now() - startedMs) / 1000, { account, result }));
      try {
        const exchanged = await send();
        took(exchanged.kind === 'body' ? String(exchanged.facts.httpStatus) : exchanged.fault.code);
        return exchanged;
      } catch (error) {
        took('cancelled');
        throw error;
      }
    },
    stop: () => clearInterval(timer),
  };
}
