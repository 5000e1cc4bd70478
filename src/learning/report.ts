/** What finished waits teach, as data for people and programs. */
import { defaults } from '../contract.js';
import { type DurationModel, quantile } from '../schedule/distribution.js';
import { pollCostSettings } from '../schedule/poll-cost.js';
import { pollTimes, scheduleCost } from '../schedule/schedule.js';
import { apiOfJob, defaultApi, type JobRecord, learnFromRecords } from './job-record.js';
import { createJobStore } from './job-store.js';
import { learningSettings } from './learning.js';
import { type PriorSettings, priorPolicies } from './prior.js';

/** The jobs of one account and API, their distribution and how they are polled. */
export interface ModelGroup {
  readonly account: string;
  readonly api: string;
  /** Jobs that the distribution was learned from. */
  readonly jobs: number;
  readonly model: DurationModel;
  /** Age in seconds by which a share of jobs is over: `p50` is half. */
  readonly quantileSeconds: Readonly<Record<'p05' | 'p25' | 'p50' | 'p75' | 'p95' | 'p99', number>>;
  /** The budget in queries per second. */
  readonly queriesPerSecond: number;
  /** What a poll costs, in seconds of mean delay, as long as the budget is no limit. Workers raise it under load. */
  readonly pollCostSeconds: number;
  /** At that cost: the schedule's mean number of polls, and the mean time from a job's end to the poll that sees it. */
  readonly polls: number;
  readonly delaySeconds: number;
  /** Ages in seconds of the first polls of a job that does not end. */
  readonly pollSeconds: readonly number[];
}

/** See the file's description. */
export interface ModelReport {
  /** Jobs that were read. */
  readonly records: number;
  readonly groups: readonly ModelGroup[];
}

/** What a report is made from. */
export interface ReportInput extends PriorSettings {
  readonly records: readonly JobRecord[];
  readonly nowMs: number;
  readonly queriesPerSecond: (account: string) => number;
}

const maxPolls = 24;
const threeDigits = (value: number): number => Number(value.toPrecision(3));

/** Makes the report, one group for each account and API with records; without records the prior's. Pure. */
export function modelReport({ records, nowMs, queriesPerSecond, ...settings }: ReportInput): ModelReport {
  const store = createJobStore();
  store.add(records);
  const priorOf = priorPolicies(settings);
  const groupOf = ([account, api]: readonly [string, string]): ModelGroup => {
    const prior = priorOf(api);
    const settledMs = 1000 * quantile(prior.model, learningSettings.settledShare);
    const jobs = store.settled(account, nowMs - settledMs, nowMs, api);
    const model = learnFromRecords(jobs, prior.model);
    const pollCostSeconds = pollCostSettings.minSeconds;
    const policy = { ...prior, model, pollCostSeconds };
    const cost = scheduleCost(policy);
    const at = (share: number): number => threeDigits(quantile(model, share));
    return {
      account,
      api,
      jobs: jobs.length,
      model,
      quantileSeconds: { p05: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95), p99: at(0.99) },
      queriesPerSecond: queriesPerSecond(account),
      pollCostSeconds,
      polls: threeDigits(cost.polls),
      delaySeconds: threeDigits(cost.delaySeconds),
      pollSeconds: pollTimes(policy)
        .slice(0, maxPolls)
        .map((seconds) => Number(seconds.toFixed(2))),
    };
  };
  const found = new Map(
    records.map((record) => {
      const group = [record.account, apiOfJob(record)] as const;
      return [group.join(' '), group];
    }),
  );
  const groups =
    found.size > 0
      ? [...found.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group)
      : [[defaults.account, defaultApi] as const];
  return { records: records.length, groups: groups.map(groupOf) };
}
