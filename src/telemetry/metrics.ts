/**
 * Metrics of polls, waits, accounts and budget. They use the meter of Temporal's SDK, and so are exported with the SDK's own. Labels have
 * few values: never a task, workflow or listing id, and only the names of configured accounts.
 */
import type { MetricMeter } from '@temporalio/common';
import type { AccountThrottles } from '../activities/account-throttles.js';
import { shareAt } from '../poll/account-throttle.js';
import type { AttemptSeen } from '../poll/attempt.js';
import { apiOf } from '../providers/apis.js';
import type { AroundExchange } from '../providers/exchange.js';
import { quantile } from '../schedule/distribution.js';
import type { SchedulePolicy } from '../schedule/schedule.js';
import { overdueWaitsMetric } from '../wait/metrics.js';
import { accountLabel, errorLabels, httpStatusLabel, pollResult } from './labels.js';

/**
 * Names of our metrics. The unit is part of the name: it is the same with every exporter. The Prometheus exporter appends `_total`
 * to a counter (`countersTotalSuffix`).
 */
export const metricNames = {
  polls: 'tryon_polls',
  deferredPolls: 'tryon_polls_deferred',
  queries: 'tryon_queries',
  pollErrors: 'tryon_poll_errors',
  images: 'tryon_images',
  endedWaits: 'tryon_waits_ended',
  waits: 'tryon_waits',
  maybeSubmitted: 'tryon_jobs_maybe_submitted',
  /** The workflow counts these. */
  overdueWaits: overdueWaitsMetric,
  detectionDelay: 'tryon_detection_delay_seconds',
  taskDuration: 'tryon_task_duration_seconds',
  pollLag: 'tryon_poll_lag_seconds',
  requestDuration: 'tryon_vendor_request_duration_seconds',
  budget: 'tryon_budget_queries_per_second',
  pollCost: 'tryon_poll_cost_seconds',
  expectedDuration: 'tryon_expected_duration_seconds',
  accountCondition: 'tryon_account_condition',
  budgetRatio: 'tryon_account_budget_ratio',
} as const;

/** Upper bounds of the histograms' buckets, in seconds, for a runtime's `histogramBucketOverrides`. */
export const histogramBuckets: Readonly<Record<string, number[]>> = {
  [metricNames.detectionDelay]: [0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120, 300, 900, 3600],
  [metricNames.taskDuration]: [5, 10, 15, 20, 30, 40, 60, 90, 120, 180, 300, 600, 1200, 3600, 14400],
  [metricNames.pollLag]: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  [metricNames.requestDuration]: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
};

/**
 * What can be wrong with an account as a whole: values of the label `condition`. `blocked`: a person must act (key, quota, account, clock);
 * `unreachable`: the vendor does not answer; `paused`: the vendor ordered a pause; `throttled`: the budget is reduced after a throttle.
 */
export const accountConditions = ['blocked', 'unreachable', 'paused', 'throttled'] as const;

/** Options of {@link createTryOnMetrics}. */
export interface TryOnMetricsOptions {
  /** `Runtime.instance().metricMeter` of `@temporalio/worker`. */
  readonly meter: MetricMeter;
  readonly accounts: readonly { readonly name: string; readonly queriesPerSecond: number }[];
  readonly policy?: (account: string) => SchedulePolicy;
  readonly throttle?: Pick<AccountThrottles, 'state'>;
  /** The clock of the throttle; default `Date.now`. */
  readonly nowMs?: () => number | Promise<number>;
  /** How often the gauges are set; default 5000. */
  readonly everyMs?: number;
}

/** Hooks for the activities and the vendor's client. */
export interface TryOnMetrics {
  /** Starts to set the gauges. */
  start(): void;
  onAttempt(attempt: AttemptSeen): void;
  readonly aroundExchange: AroundExchange;
  stop(): void;
}

const blockedClasses: readonly string[] = ['auth', 'quota', 'clock'];
/** These say nothing of key and account: a blocked account stays blocked. */
const inconclusiveClasses: readonly string[] = ['transient', 'throttled'];

/** Makes the metrics. The caller starts and stops them. Nothing here throws: a metric must not break a poll. */
export function createTryOnMetrics(options: TryOnMetricsOptions): TryOnMetrics {
  const { meter, accounts, policy, throttle, nowMs = Date.now, everyMs = 5_000 } = options;
  const counter = (name: string, text: string) => meter.createCounter(name, undefined, text);
  const seconds = (name: string, text: string) => meter.createHistogram(name, 'float', undefined, text);
  const gauge = (name: string, text: string) => meter.createGauge(name, 'float', undefined, text);
  const polls = counter(metricNames.polls, 'Polls, by their result');
  const deferred = counter(
    metricNames.deferredPolls,
    'Attempts without a poll: not due yet, or deferred by the throttle of the account',
  );
  const queries = counter(metricNames.queries, 'Requests for results that were sent to the vendor');
  const errors = counter(metricNames.pollErrors, 'Polls that failed, by layer and code of the error');
  const images = counter(metricNames.images, 'Images collected');
  const ended = counter(metricNames.endedWaits, 'Waits that ended with a poll of this worker, by outcome');
  const detectionDelay = seconds(
    metricNames.detectionDelay,
    'From the last poll that saw the task unfinished to the poll that saw its end: an upper bound of the delay',
  );
  const taskDuration = seconds(metricNames.taskDuration, 'From the submission of a task to the poll that saw its end');
  const pollLag = seconds(metricNames.pollLag, 'From the due time of an attempt to its start');
  const requestDuration = seconds(metricNames.requestDuration, 'Requests to the vendor, by HTTP status or fault');
  const budget = gauge(metricNames.budget, 'QUERIES_PER_SECOND of the account, over all workers');
  const pollCost = gauge(metricNames.pollCost, 'Mean delay that one poll is worth, as the schedule uses it now');
  const expected = gauge(metricNames.expectedDuration, 'Quantiles of the duration distribution that the schedule uses');
  const condition = gauge(metricNames.accountCondition, 'Whether the account is in this condition: 1 or 0');
  const ratio = gauge(metricNames.budgetRatio, 'Share of the budget that is used for polls; below 1 after a throttle');
  const blocked = new Map<string, boolean>();
  const configured = new Set(accounts.map(({ name }) => name));

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
      const share = state === undefined ? 1 : shareAt(state, now);
      const conditions: Record<(typeof accountConditions)[number], boolean> = {
        blocked: blocked.get(account) ?? false,
        unreachable: state?.outage !== undefined,
        paused: (state?.pausedUntilMs ?? 0) > now,
        throttled: share < 1,
      };
      for (const name of accountConditions) condition.set(conditions[name] ? 1 : 0, { account, condition: name });
      ratio.set(share, { account });
    }
  }

  function recordAttempt({ poll, end, state, newImages = 0, ...at }: AttemptSeen): void {
    const account = accountLabel(at.account, configured);
    if (at.isOnVendorQueue) pollLag.record(Math.max(0, at.startedAtMs - at.dueAtMs) / 1000, { account });
    if (newImages > 0) images.add(newImages, { account });
    if (poll === undefined) deferred.add(1, { account });
    else {
      const { classification } = poll;
      polls.add(1, { account, result: pollResult(classification) });
      queries.add(poll.queries, { account });
      if (classification.kind !== 'pending' && classification.error !== undefined) {
        errors.add(1, { account, ...errorLabels(classification.error, apiOf(at.api)) });
      }
      const kind = classification.kind === 'error' ? classification.class : classification.kind;
      if (!inconclusiveClasses.includes(kind)) blocked.set(account, blockedClasses.includes(kind));
    }
    if (end === undefined) return;
    ended.add(1, { account, status: end.status });
    const sawEnd = end.status === 'finished' || end.status === 'partial' || end.error?.layer === 'task';
    if (!sawEnd || end.status === 'notFound') return;
    detectionDelay.record(Math.max(0, at.endedAtMs - (state.pendingUntilMs ?? at.submittedAtMs)) / 1000, { account });
    taskDuration.record(Math.max(0, at.endedAtMs - at.submittedAtMs) / 1000, { account });
  }

  const quietly = (work: () => unknown): void => {
    try {
      work();
    } catch {
      // A metric must not break a poll.
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
    onAttempt: (attempt) => quietly(() => recordAttempt(attempt)),
    async aroundExchange(about, send) {
      const account = accountLabel(about.account, configured);
      const startedMs = performance.now();
      const record = (result: string) =>
        quietly(() => requestDuration.record((performance.now() - startedMs) / 1000, { account, result }));
      try {
        const exchanged = await send();
        record(exchanged.kind === 'body' ? httpStatusLabel(exchanged.facts.httpStatus) : exchanged.fault.code);
        return exchanged;
      } catch (error) {
        record('cancelled');
        throw error;
      }
    },
    stop: () => clearInterval(timer),
  };
}
