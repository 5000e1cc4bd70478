/** What `budget` and `doctor` say about a vendor queue's limit. */
import { defined } from '../defined.js';
import { firstLine } from '../error-text.js';
import {
  countPartitions,
  defaultPartitions,
  describeActivityQueue,
  type QueueClient,
  type QueueState,
} from '../temporal/queue-limit.js';
import { budgetUnder, givenReason, isLimitFor, type LimitOwner, ownerOf } from '../temporal/vendor-limit.js';
import { type CheckResult, ok, warn } from './check-result.js';
import { counted, formatDuration } from './format.js';

/** The budget of one account, as `budget --json` prints it. */
export interface BudgetReport {
  readonly account: string;
  readonly taskQueue: string;
  /** The budget in force, in queries per second; absent if no limit is known. */
  readonly queriesPerSecond?: number;
  /** By the settings of this environment; absent where it has no key of the account. */
  readonly settingsQueriesPerSecond?: number;
  /** The limit that is set on the queue. */
  readonly limit?: {
    readonly tasksPerSecond: number;
    readonly owner: LimitOwner;
    readonly identity: string;
    readonly reason?: string;
    readonly setAt?: string;
  };
  /** `queue`: the limit above; `polls`: one that workers give with their polls; `server`: neither, so the queue is not limited. */
  readonly source: QueueState['inForce']['source'];
  /** Absent if the server does not list them. */
  readonly partitions?: number;
  readonly backlog: number;
  readonly backlogAgeSeconds: number;
  readonly addedPerSecond?: number;
  readonly dispatchedPerSecond?: number;
}

/** An account whose budget is reported. */
export interface BudgetAccount {
  readonly account: string;
  readonly taskQueue: string;
  readonly settingsQueriesPerSecond?: number;
}

/** A report from what the server says. Pure. */
export function budgetReport(
  { account, taskQueue, settingsQueriesPerSecond }: BudgetAccount,
  state: QueueState,
  partitions: number | undefined,
): BudgetReport {
  const { limit, inForce, backlog, backlogAgeSeconds, addedPerSecond, dispatchedPerSecond } = state;
  const byPolls = inForce.source === 'polls' ? inForce.perSecond : undefined;
  const underPolls = byPolls === undefined ? undefined : budgetUnder({ perSecond: byPolls, reason: '' });
  return {
    account,
    taskQueue,
    source: inForce.source,
    backlog,
    backlogAgeSeconds,
    ...defined({
      queriesPerSecond: limit === undefined ? underPolls : budgetUnder(limit),
      settingsQueriesPerSecond,
      limit: limit && {
        tasksPerSecond: limit.perSecond,
        owner: ownerOf(limit),
        identity: limit.identity,
        ...defined({ reason: givenReason(limit), setAt: limit.setAt }),
      },
      partitions,
      addedPerSecond,
      dispatchedPerSecond,
    }),
  };
}

/**
 * Reads the report of an account.
 * @throws if the server refuses to describe task queues
 */
export async function readBudget(client: QueueClient, of: BudgetAccount): Promise<BudgetReport> {
  const [state, partitions] = await Promise.all([
    describeActivityQueue(client, of.taskQueue),
    countPartitions(client, of.taskQueue).catch(() => undefined),
  ]);
  return budgetReport(of, state, partitions);
}

const rate = (perSecond: number): string => String(Number(perSecond.toPrecision(3)));

/** Who set the limit in force, and when. Pure. */
export function limitText({ limit, source }: BudgetReport): string {
  if (limit === undefined) {
    return source === 'polls'
      ? 'given by the workers with their polls'
      : 'none on the queue; a worker sets it when it starts';
  }
  const who = {
    worker: 'by a worker, from its settings',
    operator: 'by an operator; it stays until `--clear`',
    released: 'released by an operator; a worker sets its own within half a minute',
  }[limit.owner];
  const given = limit.reason === undefined ? '' : `: ${limit.reason}`;
  const when = limit.setAt === undefined ? '' : ` at ${limit.setAt}`;
  return `${rate(limit.tasksPerSecond)} polls/s, set ${who}${given} (${limit.identity || 'unnamed'}${when})`;
}

const partitionsText = (partitions: number | undefined): string =>
  partitions === undefined ? 'an unknown number of partitions' : counted(partitions, 'partition');

/** A report as lines. Pure. */
export function budgetLines(report: BudgetReport): string[] {
  const { queriesPerSecond, settingsQueriesPerSecond, backlog, backlogAgeSeconds, partitions } = report;
  const { addedPerSecond, dispatchedPerSecond } = report;
  const stopped = queriesPerSecond === 0 ? ' (stopped: the vendor is not polled)' : '';
  const oldest = backlog === 0 ? '' : `, the oldest for ${formatDuration(1000 * backlogAgeSeconds)}`;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['budget', queriesPerSecond === undefined ? 'no limit' : `${queriesPerSecond} queries/s${stopped}`],
    ['limit', limitText(report)],
    ['settings', settingsQueriesPerSecond === undefined ? undefined : `${settingsQueriesPerSecond} queries/s here`],
    ['backlog', `${counted(backlog, 'poll')}${oldest}`],
    [
      'rate',
      dispatchedPerSecond === undefined
        ? undefined
        : `${rate(dispatchedPerSecond)} polls/s dispatched, ${rate(addedPerSecond ?? 0)} added`,
    ],
    ['queue', `${report.taskQueue}, ${partitionsText(partitions)}`],
  ];
  return [
    `account ${report.account}`,
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(8)}  ${value}`])),
  ];
}

/** `doctor`'s check: whether the limit in force is the one of the settings. Pure. */
export function budgetCheck(report: BudgetReport): CheckResult {
  const { account, limit, queriesPerSecond, partitions } = report;
  const name = `budget of ${report.taskQueue}`;
  const settings = report.settingsQueriesPerSecond ?? 0;
  const parts = partitionsText(partitions);
  if (limit === undefined) {
    if (report.source === 'polls') {
      return warn(
        name,
        `workers give the limit with their polls (${queriesPerSecond} queries/s); ${parts}`,
        'grant workers the right to update task queue configurations: until its first poll, a partition that has just loaded has no limit',
      );
    }
    return warn(name, `the queue has no limit; ${parts}`, 'start a worker: it sets the limit from its settings');
  }
  const detail = `${queriesPerSecond} queries/s: ${limitText(report)}; ${parts}`;
  if (isLimitFor({ perSecond: limit.tasksPerSecond }, settings, partitions ?? defaultPartitions))
    return ok(name, detail);
  const differs = `${detail}; the settings here say ${settings} queries/s`;
  if (limit.owner === 'operator') {
    return warn(name, differs, `\`temporal-tryon budget ${account} --clear\`, if the settings should apply again`);
  }
  return warn(
    name,
    differs,
    'give all workers the same AIDGE_QUERIES_PER_SECOND: the last one that starts sets the limit',
  );
}

/** {@link budgetCheck} by what the server says. */
export async function readBudgetCheck(client: QueueClient, of: BudgetAccount): Promise<CheckResult> {
  try {
    return budgetCheck(await readBudget(client, of));
  } catch (error) {
    const detail = `the server does not say how the queue is limited (${firstLine(error)})`;
    return warn(`budget of ${of.taskQueue}`, detail, 'grant the right to describe task queues');
  }
}
