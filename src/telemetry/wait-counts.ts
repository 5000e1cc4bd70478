/** Counts the open waits by Temporal's visibility, one account and state after the other: a gauge that every worker sets to the same values. */
import type { Client } from '@temporalio/client';
import type { MetricMeter } from '@temporalio/common';
import { searchAttributes, workflowTypes } from '../contract.js';
import { quoted } from '../temporal/visibility.js';
import { metricNames } from './metrics.js';

/** Options of {@link watchWaitCounts}. */
export interface WaitCountsOptions {
  readonly meter: MetricMeter;
  readonly client: Pick<Client, 'workflow'>;
  /** The workflows' queue. */
  readonly taskQueue: string;
  readonly accounts: readonly { readonly name: string }[];
  /** The contract's search attributes that the namespace has. */
  readonly searchAttributes: () => readonly string[];
  /**
   * Between two counts; default 30,000. Each makes one call, whatever the number of accounts: a count is no billed Action, but Temporal Cloud
   * allows a whole namespace 30 calls of visibility a second.
   */
  readonly everyMs?: number;
}

/** A visibility query and the labels of its count. */
export interface WaitCount {
  readonly query: string;
  readonly labels: { readonly account: string; readonly state: 'waiting' | 'blocked' };
}

/**
 * The counts to make. If the namespace lacks `TryOnStatus`, all open waits count as `waiting`; if it lacks `TryOnAccount`, the account is
 * `any`. Pure.
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
      // A wait that has just started has no status yet.
      {
        query: `${query} AND (${status.name} != 'blocked' OR ${status.name} IS NULL)`,
        labels: { ...labels, state: 'waiting' },
      },
      { query: `${query} AND ${status.name} = 'blocked'`, labels: { ...labels, state: 'blocked' } },
    ];
  });
}

/** A visibility query that counts the parked jobs of an account, and its labels. */
export interface ParkedCount {
  readonly query: string;
  readonly labels: { readonly account: string };
}

/** The counts of jobs that may have been submitted, which only search attributes tell: none if the namespace lacks `TryOnStatus`. Pure. */
export function parkedCounts(
  taskQueue: string,
  accounts: WaitCountsOptions['accounts'],
  registered: readonly string[],
): readonly ParkedCount[] {
  const { status, account } = searchAttributes;
  if (!registered.includes(status.name)) return [];
  const query = `WorkflowType = ${quoted(workflowTypes.job)} AND TaskQueue = ${quoted(taskQueue)} AND ExecutionStatus = 'Running' AND ${status.name} = 'maybeSubmitted'`;
  if (!registered.includes(account.name)) return [{ query, labels: { account: 'any' } }];
  return accounts.map(({ name }) => ({
    query: `${query} AND ${account.name} = ${quoted(name)}`,
    labels: { account: name },
  }));
}

const isWaitCount = (one: WaitCount | ParkedCount): one is WaitCount => 'state' in one.labels;

/** Starts to count. Sets nothing if the server refuses. The caller stops it. */
export function watchWaitCounts(options: WaitCountsOptions): { stop(): Promise<void> } {
  const { meter, client, taskQueue, accounts, everyMs = 30_000 } = options;
  const gauge = meter.createGauge(
    metricNames.waits,
    'int',
    undefined,
    'Open waits, by state; every worker exports the same values',
  );
  const parked = meter.createGauge(
    metricNames.maybeSubmitted,
    'int',
    undefined,
    'Jobs whose request may have been submitted, which wait for a person; every worker exports the same values',
  );
  let isStopped = false;
  const exported = new Map<string, WaitCount['labels']>();
  let turn = 0;
  /** Makes the count whose turn it is. */
  async function count(): Promise<void> {
    if (isStopped) return;
    const registered = options.searchAttributes();
    const counts = waitCounts(taskQueue, accounts, registered);
    const calls = [...counts, ...parkedCounts(taskQueue, accounts, registered)];
    const current = new Set(counts.map(({ labels }) => JSON.stringify(labels)));
    // If search attributes were added or removed, the same waits are counted under other labels now.
    for (const [key, labels] of exported) {
      if (current.has(key)) continue;
      gauge.set(0, labels);
      exported.delete(key);
    }
    const next = calls[turn % calls.length];
    turn += 1;
    if (next === undefined) return;
    const { count } = await client.workflow.count(next.query);
    if (!isWaitCount(next)) {
      parked.set(count, next.labels);
      return;
    }
    gauge.set(count, next.labels);
    exported.set(JSON.stringify(next.labels), next.labels);
  }
  let pending = Promise.resolve();
  const tick = () => {
    pending = pending.then(count).catch(() => undefined);
  };
  tick();
  const timer = setInterval(tick, everyMs);
  timer.unref();
  return {
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await pending;
    },
  };
}
