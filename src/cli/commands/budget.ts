/** `temporal-tryon budget [<account>]`. */
import { defaults, vendorTaskQueue } from '../../contract.js';
import { defined } from '../../defined.js';
import { firstLine } from '../../error-text.js';
import { readAccounts } from '../../providers/accounts.js';
import { vendorQueueRate } from '../../schedule/poll-cost.js';
import { grpcCode, grpcStatus } from '../../temporal/grpc.js';
import { defaultPartitions, identityOf, type QueueClient, setQueueLimit } from '../../temporal/queue-limit.js';
import { limitReasons } from '../../temporal/vendor-limit.js';
import { type BudgetAccount, type BudgetReport, budgetLines, readBudget } from '../budget-report.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';

const isAccountName = (text: string): boolean => /^[a-z0-9-]{1,40}$/.test(text);

/** What an operator must know who stops a queue. */
const stoppedNote =
  'the queue is stopped: no poll leaves it, final polls neither. Waits stay open; one whose deadline passes meanwhile ends as `timeout` 20 s later. `--clear` or another `--set` lets the backlog go at the new rate.';

/** A refusal as one line with its remedy. */
function refused(error: unknown, queue: string): Error {
  const code = grpcCode(error);
  if (code === grpcStatus.permissionDenied) {
    const remedy = 'use credentials that may update task queue configurations, on Temporal Cloud the Write role';
    return new CliError(`the server refuses to set the limit of queue ${queue}; ${remedy}`);
  }
  if (code === grpcStatus.unimplemented) {
    return new CliError('this server keeps no limits of task queues; it needs Temporal Server 1.29 or later');
  }
  return new CliError(`the limit of queue ${queue} could not be set (${firstLine(error)}); try again`);
}

async function set(client: QueueClient, of: BudgetReport, queriesPerSecond: number, why?: string): Promise<void> {
  const limit = {
    perSecond: vendorQueueRate(queriesPerSecond, of.partitions ?? defaultPartitions),
    identity: identityOf('budget'),
    reason: limitReasons.operator(queriesPerSecond, why),
  };
  await setQueueLimit(client, of.taskQueue, limit).catch((error: unknown) => {
    throw refused(error, of.taskQueue);
  });
}

/** Gives an operator's limit back: it holds until a worker sets its own, so that the queue is never without one. */
async function release(client: QueueClient, { limit, taskQueue }: BudgetReport): Promise<void> {
  if (limit?.owner !== 'operator') return;
  const { tasksPerSecond: perSecond } = limit;
  await setQueueLimit(client, taskQueue, {
    perSecond,
    identity: identityOf('budget'),
    reason: limitReasons.released,
  }).catch((error: unknown) => {
    throw refused(error, taskQueue);
  });
}

export const run: Run<'budget'> = ({ args: [given], options }, context) => {
  const { set: wanted, clear = false, reason } = options;
  if (given !== undefined && !isAccountName(given)) {
    throw new CliError(`"${given}" is no account; give 1 to 40 of a-z, 0-9 and -`, exitCodes.usage);
  }
  if (wanted !== undefined && clear) throw new CliError('give --set or --clear, not both', exitCodes.usage);
  if (reason !== undefined && wanted === undefined) throw new CliError('--reason goes with --set', exitCodes.usage);
  return withClient(context, async ({ temporal, taskQueue }) => {
    const { output, env } = context;
    const settings = new Map(readAccounts(env).accounts.map((one) => [one.name, one.queriesPerSecond]));
    const isChange = wanted !== undefined || clear;
    const all = settings.size === 0 || isChange ? [defaults.account] : [...settings.keys()];
    const accounts = (given === undefined ? all : [given]).map(
      (account): BudgetAccount => ({
        account,
        taskQueue: vendorTaskQueue(account, taskQueue),
        ...defined({ settingsQueriesPerSecond: settings.get(account) }),
      }),
    );
    const reports: BudgetReport[] = [];
    for (const account of accounts) {
      const before = await readBudget(temporal, account);
      if (wanted !== undefined) await set(temporal, before, wanted, reason);
      if (clear) await release(temporal, before);
      reports.push(isChange ? await readBudget(temporal, account) : before);
    }
    output.data({ budgets: reports }, reports.flatMap(budgetLines));
    if (clear && reports.every(({ limit }) => limit?.owner !== 'released')) {
      output.note('no operator has set a limit here, so there is nothing to clear');
    }
    if (reports.some(({ limit }) => limit?.tasksPerSecond === 0)) output.note(stoppedNote);
    return exitCodes.done;
  });
};
