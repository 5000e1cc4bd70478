/** Keeps the accounts' budgets as limits on their vendor queues, from a worker's side. Needs `@temporalio/worker` for no more than its types. */
import { firstLine } from '../error-text.js';
import { vendorQueueRate } from '../schedule/poll-cost.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import {
  countPartitions,
  defaultPartitions,
  identityOf,
  type QueueClient,
  type QueueState,
  setQueueLimit,
} from '../temporal/queue-limit.js';
import { budgetUnder, isLimitFor, limitReasons, mayWorkerSet, ownerOf } from '../temporal/vendor-limit.js';

const refusals: readonly (number | undefined)[] = [grpcStatus.unimplemented, grpcStatus.permissionDenied];

/** An account and its vendor queue. */
export interface BudgetedQueue {
  readonly account: string;
  readonly queue: string;
  /** By the settings. */
  readonly queriesPerSecond: number;
}

/** Options of {@link createQueueLimits}. */
export interface QueueLimitsOptions {
  readonly client: QueueClient;
  readonly queues: readonly BudgetedQueue[];
  /** Describes a queue. */
  readonly describe: (queue: string) => Promise<QueueState>;
  readonly log?: { debug(message: string): void; info(message: string): void; warn(message: string): void };
}

/** See the file's description. */
export interface QueueLimits {
  /** Sets the limits where they may be set. Never rejects: a queue whose limit cannot be set is limited by polls instead. */
  start(): Promise<void>;
  /** Takes in how a queue was described lately: a limit that was removed or released is set again. Never rejects. */
  observe(account: string, state: QueueState): Promise<void>;
  /** The rate to give with each poll of an account's queue; `undefined` if the limit is on the queue. */
  pollRate(account: string): number | undefined;
  /** The budget in force, in queries per second; `undefined` where it is not known to differ from the settings. */
  queriesPerSecond(account: string): number | undefined;
}

/** Makes it. Nothing is called before `start`. */
export function createQueueLimits({ client, queues, describe, log }: QueueLimitsOptions): QueueLimits {
  /** Accounts whose limit goes with polls. Before the start that is each. */
  const byPolls = new Set(queues.map(({ account }) => account));
  /** Accounts whose limit this worker may not set; others are tried again. */
  const refused = new Set<string>();
  const partitionsOf = new Map<string, number>();
  const budgets = new Map<string, number>();
  const identity = identityOf('worker');
  const rateOf = ({ account, queriesPerSecond }: BudgetedQueue): number =>
    vendorQueueRate(queriesPerSecond, partitionsOf.get(account) ?? defaultPartitions);

  /** Sets the limit if that is this worker's to do. */
  async function keep(one: BudgetedQueue, { limit }: QueueState, when: 'start' | 'running'): Promise<void> {
    const { account, queue, queriesPerSecond } = one;
    const partitions = partitionsOf.get(account) ?? defaultPartitions;
    const isSame =
      limit !== undefined && isLimitFor(limit, queriesPerSecond, partitions) && ownerOf(limit) === 'worker';
    if (!isSame && mayWorkerSet(limit, when)) {
      await setQueueLimit(client, queue, {
        perSecond: rateOf(one),
        identity,
        reason: limitReasons.worker(queriesPerSecond),
      });
      budgets.delete(account);
      log?.debug(`queue ${queue} is limited to ${queriesPerSecond} queries/s, by the settings`);
      return;
    }
    if (limit === undefined) return;
    const budget = budgetUnder(limit);
    const isNews = ownerOf(limit) === 'operator' && budgets.get(account) !== budget;
    budgets.set(account, budget);
    if (isNews) {
      const who = `${limit.identity || 'an operator'} has set`;
      const release = `\`temporal-tryon budget ${account} --clear\` gives it back`;
      log?.info(
        `queue ${queue}: ${who} ${budget} queries/s; the ${queriesPerSecond} of the settings do not apply (${release})`,
      );
    }
  }

  async function begin(one: BudgetedQueue): Promise<void> {
    const { account, queue } = one;
    const listed = await countPartitions(client, queue).catch(() => undefined);
    if (listed !== undefined) partitionsOf.set(account, listed);
    try {
      await keep(one, await describe(queue), 'start');
      byPolls.delete(account);
    } catch (error) {
      if (refusals.includes(grpcCode(error))) refused.add(account);
      const line = `the limit of queue ${queue} cannot be set (${firstLine(error)}); this worker gives it with each poll`;
      // Some test servers have no such call: nothing to be done about it.
      if (grpcCode(error) === grpcStatus.unimplemented) log?.debug(line);
      else log?.warn(`${line}: grant it the right to update task queue configurations`);
    }
  }

  return {
    start: async () => {
      await Promise.all(queues.map(begin));
    },
    async observe(account, state) {
      const one = queues.find((queue) => queue.account === account);
      if (one === undefined || refused.has(account)) return;
      await keep(one, state, 'running').catch((error: unknown) => {
        log?.debug(`the limit of queue ${one.queue} cannot be set: ${firstLine(error)}`);
      });
    },
    pollRate(account) {
      const one = queues.find((queue) => queue.account === account);
      return one === undefined || !byPolls.has(account) ? undefined : rateOf(one);
    },
    queriesPerSecond: (account) => budgets.get(account),
  };
}
