/** What the finished waits of a namespace teach, as data for people and programs. */

import { tryOnApi } from '../providers/aidge/tryon.js';
import { type DurationModel, meanSeconds, quantile } from '../schedule/distribution.js';
import { pollCostInForce } from '../schedule/poll-cost.js';
import { policyOf, pollTimes, scheduleCost } from '../schedule/schedule.js';
import { jobRate, loadRate } from './job-rate.js';
import { createJobStore } from './job-store.js';
import { createLearner, type JobRecord } from './learner.js';
import { feedForwardPollCost, learningLimits } from './learning.js';

/** Jobs that are alike, their distribution and how they are polled. */
export interface ModelGroup {
  readonly account: string;
  readonly api: string;
  readonly subTasks?: number;
  /** Ended and open jobs that the distribution was learned from. */
  readonly jobs: number;
  readonly model: DurationModel;
  /** Age in seconds by which a share of jobs is over: `p50` is half. */
  readonly quantileSeconds: Readonly<Record<'p05' | 'p25' | 'p50' | 'p75' | 'p95' | 'p99', number>>;
  /** Jobs that start per second, the budget in queries per second, and what a poll is worth by them, in seconds of mean delay. */
  readonly jobsPerSecond: number;
  readonly queriesPerSecond: number;
  readonly pollCostSeconds: number;
  /** The schedule's mean number of polls, and the mean time from a job's end to the poll that sees it. */
  readonly polls: number;
  readonly delaySeconds: number;
  /** Ages in seconds of the first polls at a job that does not end. */
  readonly pollSeconds: readonly number[];
}

/** See the file's description. */
export interface ModelReport {
  /** Jobs that were read. */
  readonly records: number;
  readonly groups: readonly ModelGroup[];
}

/** What a report is made from. */
export interface ReportInput {
  readonly records: readonly JobRecord[];
  readonly prior: DurationModel;
  /** Waits that are open now. With none, all ended ones count; else those of late do not yet. */
  readonly openCount: number;
  readonly nowMs: number;
  readonly counts: Parameters<typeof jobRate>[0];
  readonly queriesPerSecond: (account: string) => number;
}

const pollsShown = 24;
const two = (value: number): number => Number(value.toPrecision(3));

const subTasksOf = (group: { readonly subTasks?: number }): number => group.subTasks ?? 0;

/** Makes the report: the accounts first, each followed by its numbers of sub-tasks. Without records, the prior's. Pure. */
export function modelReport(input: ReportInput): ModelReport {
  const { records, prior, openCount, nowMs, counts } = input;
  const store = createJobStore();
  store.take(records);
  const learner = createLearner({ prior });
  const settledMs = openCount === 0 ? 0 : 1000 * quantile(prior, learningLimits.settledShare);
  learner.observe(store.settled(nowMs - settledMs));
  const learned = learner.summary().groups.flatMap(({ account, ...group }) => (account ? [{ ...group, account }] : []));
  const groups = learned.length > 0 ? learned : [{ api: tryOnApi.name, account: 'default', jobs: 0, model: prior }];
  const endedAll = Math.max(1, store.endedAll());
  const pollCosts = new Map<string, { readonly rate: number; readonly pollCost: number }>();
  const pollCostOf = (account: string, model: DurationModel) => {
    const known = pollCosts.get(account);
    if (known !== undefined) return known;
    const share = store.ended(account) / endedAll;
    const rate = loadRate(share * jobRate(counts), share * openCount, meanSeconds(model));
    const pollCost = pollCostInForce(feedForwardPollCost(model, input.queriesPerSecond(account), rate));
    pollCosts.set(account, { rate, pollCost });
    return { rate, pollCost };
  };
  const of = (group: (typeof groups)[number]): ModelGroup => {
    const { model, account } = group;
    const { rate, pollCost } = pollCostOf(account, model);
    const policy = policyOf({ model, pollCostSeconds: pollCost });
    const cost = scheduleCost(policy);
    const at = (share: number): number => two(quantile(model, share));
    return {
      ...group,
      quantileSeconds: { p05: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95), p99: at(0.99) },
      jobsPerSecond: two(rate),
      queriesPerSecond: input.queriesPerSecond(account),
      pollCostSeconds: pollCost,
      polls: two(cost.polls),
      delaySeconds: two(cost.delaySeconds),
      pollSeconds: pollTimes(policy, model.horizonSeconds)
        .slice(0, pollsShown)
        .map((seconds) => Number(seconds.toFixed(2))),
    };
  };
  // Of an account before those of its sub-tasks, which share its poll cost.
  const sorted = [...groups].sort((a, b) =>
    a.account === b.account ? subTasksOf(a) - subTasksOf(b) : a.account < b.account ? -1 : 1,
  );
  return { records: records.length, groups: sorted.map(of) };
}

/** Without the numbers of sub-tasks whose distribution is no other than their account's: nothing was learned of them, or no more than of it. Pure. */
export function tellingGroups(groups: readonly ModelGroup[]): ModelGroup[] {
  const distributionOf = ({ model, pollSeconds }: ModelGroup): string => JSON.stringify([model, pollSeconds]);
  return groups.filter((group) => {
    if (group.subTasks === undefined) return true;
    const whole = groups.find(
      (one) => one.account === group.account && one.api === group.api && one.subTasks === undefined,
    );
    return whole === undefined || distributionOf(whole) !== distributionOf(group);
  });
}
