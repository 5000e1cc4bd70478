/** For each alert, what the workers' metrics are when it must fire, and when it must not. */

/** One time series: where it begins, and how fast it grows. */
export interface Series {
  /** As Prometheus writes it: `name{label="value"}`. */
  readonly name: string;
  readonly start?: number;
  readonly perSecond?: number;
  /** Not there before this; default 0. */
  readonly fromSeconds?: number;
}

export interface AlertCase {
  readonly fires: readonly Series[];
  readonly stays: readonly Series[];
}

const series = (name: string, perSecond: number, start = 0): Series => ({ name, perSecond, start });
const constant = (name: string, start: number): Series => ({ name, start });
const condition = (name: string, value: number) =>
  constant(`tryon_account_condition{account="eu-shop",condition="${name}"}`, value);
const up = (value: number) => constant('up{job="temporal-tryon",instance="worker:9464"}', value);

/** A histogram to which this many observations a second come, all below `le`. */
const histogram = (name: string, le: number): Series[] =>
  [5, 10, 60, 120]
    .map((bound) => series(`${name}_bucket{account="eu-shop",le="${bound}"}`, bound < le ? 0 : 1))
    .concat(series(`${name}_bucket{account="eu-shop",le="+Inf"}`, 1));

const polls = (result: string, perSecond: number) =>
  series(`tryon_polls_total{account="eu-shop",result="${result}"}`, perSecond);
const ends = (status: string, perSecond: number) =>
  series(`tryon_waits_ended_total{account="eu-shop",status="${status}"}`, perSecond);
const budget = constant('tryon_budget_queries_per_second{account="eu-shop"}', 20);
const queries = (perSecond: number) => series('tryon_queries_total{account="eu-shop"}', perSecond);
const taskFailures = 'temporal_workflow_task_execution_failed_total{failure_reason="NonDeterminismError"}';
const throttled = (kind: string, operation: string, perSecond: number) =>
  series(`temporal_${kind}_failure_total{operation="${operation}",status_code="RESOURCE_EXHAUSTED"}`, perSecond);
const pollErrors = (perSecond: number) =>
  series('tryon_poll_errors_total{account="eu-shop",layer="transport",code="Timeout"}', perSecond);
const slots = (value: number) =>
  constant('temporal_worker_task_slots_available{task_queue="tryon-vendor",worker_type="ActivityWorker"}', value);

/** By the alert's name. */
export const alertCases: Readonly<Record<string, AlertCase>> = {
  TryOnNoWorker: { fires: [], stays: [up(1)] },
  TryOnAccountBlocked: { fires: [condition('blocked', 1)], stays: [condition('blocked', 0)] },
  TryOnWorkflowTasksFail: { fires: [series(taskFailures, 0.01)], stays: [constant(taskFailures, 7)] },
  TryOnWaitsOverdue: {
    fires: [{ name: 'tryon_waits_overdue_total{code="NoWorker"}', start: 1, perSecond: 0.01 }],
    stays: [constant('tryon_waits_overdue_total{code="NoWorker"}', 7)],
  },
  TryOnServerThrottles: {
    fires: [throttled('request', 'RespondActivityTaskFailed', 1)],
    stays: [
      throttled('request', 'RespondActivityTaskFailed', 0.01),
      series('temporal_request_failure_total{operation="PollActivityTaskQueue",status_code="NOT_FOUND"}', 1),
    ],
  },
  TryOnMaybeSubmitted: {
    fires: [{ name: 'tryon_jobs_maybe_submitted{account="default"}', start: 1 }],
    stays: [{ name: 'tryon_jobs_maybe_submitted{account="default"}' }],
  },
  TryOnVendorUnreachable: { fires: [condition('unreachable', 1)], stays: [condition('unreachable', 0)] },
  TryOnThrottled: { fires: [polls('throttled', 0.2)], stays: [polls('throttled', 0.01)] },
  TryOnBudgetUsedUp: { fires: [budget, queries(19)], stays: [budget, queries(15)] },
  TryOnEndsDetectedLate: {
    fires: histogram('tryon_detection_delay_seconds', 120),
    stays: histogram('tryon_detection_delay_seconds', 10),
  },
  TryOnPollsLate: { fires: histogram('tryon_poll_lag_seconds', 60), stays: histogram('tryon_poll_lag_seconds', 5) },
  TryOnPollErrors: { fires: [polls('transient', 2), pollErrors(2)], stays: [polls('running', 2), pollErrors(0.5)] },
  TryOnWaitsFail: {
    fires: [ends('failed', 0.3), ends('timeout', 0.2), ends('finished', 0.5)],
    stays: [ends('failed', 0.1), ends('finished', 0.9)],
  },
  TryOnNoSlots: { fires: [slots(0)], stays: [slots(3)] },
};

/** The same by long polls, which count apart. */
export const throttledLongPolls = throttled('long_request', 'PollActivityTaskQueue', 1);
