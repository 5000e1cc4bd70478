/** How many waits are open, as Temporal's visibility counts them: a gauge that every worker sets to the same. */
import type { Client } from '@temporalio/client';
import type { MetricMeter } from '@temporalio/common';
import { searchAttributes, workflowTypes } from '../contract.js';
import { quoted } from '../temporal/visibility.js';
import { metricNames } from './metrics.js';

/** What is counted, and where. */
export interface WaitCountsOptions {
  readonly meter: MetricMeter;
  readonly client: Pick<Client, 'workflow'>;
  /** The workflows' queue. */
  readonly taskQueue: string;
  readonly accounts: readonly { readonly name: string }[];
  /** The contract's search attributes that the namespace has. */
  readonly searchAttributes: () => readonly string[];
  /** Between two counts; default 60,000. A count is no billed Action, but rate limited. */
  readonly everyMs?: number;
}

/** One count and the labels that it is told under. */
export interface WaitCount {
  readonly query: string;
  readonly labels: { readonly account: string; readonly state: 'waiting' | 'blocked' };
}

/**
 * The counts to ask for. Where the namespace lacks `TryOnStatus` all open waits count as `waiting`, where it lacks `TryOnAccount` the
 * account is `any`. Pure.
 */
export function waitCounts(
  taskQueue: string,
  accounts: WaitCountsOptions['accounts'],
  registered: readonly string[],
): readonly WaitCount[] {
  const { status, account } = searchAttributes;
  const open = `WorkflowType = ${quoted(workflowTypes.results)} AND TaskQueue = ${quoted(taskQueue)} AND ExecutionStatus = 'Running'`;
  const byAccount = registered.includes(account.name)
    ? accounts.map(({ name }) => ({ name, query: `${open} AND ${account.name} = ${quoted(name)}` }))
    : [{ name: 'any', query: open }];
  const hasStatus = registered.includes(status.name);
  return byAccount.flatMap(({ name, query }): WaitCount[] => {
    const labels = { account: name };
    if (!hasStatus) return [{ query, labels: { ...labels, state: 'waiting' } }];
    return [
      // A wait that has just begun has no status yet.
      {
        query: `${query} AND (${status.name} != 'blocked' OR ${status.name} IS NULL)`,
        labels: { ...labels, state: 'waiting' },
      },
      { query: `${query} AND ${status.name} = 'blocked'`, labels: { ...labels, state: 'blocked' } },
    ];
  });
}

/** Starts to count; without the right to, nothing is told. The caller stops it. */
export function watchWaitCounts(options: WaitCountsOptions): { stop(): Promise<void> } {
  const { meter, client, taskQueue, accounts, everyMs = 60_000 } = options;
  const gauge = meter.createGauge(
    metricNames.waits,
    'int',
    undefined,
    'Open waits, by state; the same from every worker',
  );
  let isStopped = false;
  const told = new Map<string, WaitCount['labels']>();
  async function count(): Promise<void> {
    const left = new Map(told);
    for (const { query, labels } of waitCounts(taskQueue, accounts, options.searchAttributes())) {
      if (isStopped) return;
      const { count } = await client.workflow.count(query);
      gauge.set(count, labels);
      const key = JSON.stringify(labels);
      told.set(key, labels);
      left.delete(key);
    }
    // Where search attributes came or went meanwhile, the same waits are counted under other labels now.
    for (const [key, labels] of left) {
      gauge.set(0, labels);
      told.delete(key);
    }
  }
  let underWay = Promise.resolve();
  const tick = () => {
    underWay = underWay.then(count).catch(() => undefined);
  };
  tick();
  const timer = setInterval(tick, everyMs);
  timer.unref();
  return {
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await underWay;
    },
  };
}
