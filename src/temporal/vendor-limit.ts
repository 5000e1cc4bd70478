/**
 * The account's budget as the limit of its vendor queue: who may set it, and when. Workers set it from their settings when they start; an
 * operator's limit stays until it is released. The reason that the server keeps with a limit says whose it is. Pure.
 */
import { pollCostSettings, vendorQueueRate } from '../schedule/poll-cost.js';
import type { QueueLimit } from './queue-limit.js';

/** `released`: an operator gave it back. It holds until a worker sets its own. */
export type LimitOwner = 'worker' | 'operator' | 'released';

/** How the reasons of this package begin. A limit with any other reason is an operator's, set with Temporal's own tools. */
const beginnings = { worker: 'temporal-tryon worker: ', operator: 'temporal-tryon budget: ' } as const;
const releasedReason = `${beginnings.operator}released; a worker sets it from its settings`;

/** Whose a limit is. */
export function ownerOf({ reason }: Pick<QueueLimit, 'reason'>): LimitOwner {
  if (reason.startsWith(beginnings.worker)) return 'worker';
  return reason === releasedReason ? 'released' : 'operator';
}

const queriesText = (queriesPerSecond: number): string => `${queriesPerSecond} queries/s`;

/** The reasons to set a limit with. */
export const limitReasons = {
  worker: (queriesPerSecond: number): string => `${beginnings.worker}${queriesText(queriesPerSecond)} by its settings`,
  operator: (queriesPerSecond: number, why?: string): string =>
    `${beginnings.operator}${queriesText(queriesPerSecond)}${why === undefined ? '' : `, ${why}`}`,
  released: releasedReason,
} as const;

/** What an operator gave as reason; absent if nothing was given. */
export function givenReason({ reason }: Pick<QueueLimit, 'reason'>): string | undefined {
  const [, given] = /^temporal-tryon budget: [\d.e+-]+ queries\/s, (.*)$/s.exec(reason) ?? [];
  const isOurs = Object.values(beginnings).some((beginning) => reason.startsWith(beginning));
  return given ?? (isOurs || reason === '' ? undefined : reason);
}

/** The account's budget under a limit, in queries per second: what it was set for, if its reason says so, else what it amounts to. */
export function budgetUnder({ perSecond, reason }: Pick<QueueLimit, 'perSecond' | 'reason'>): number {
  const [, text] = /^temporal-tryon (?:worker|budget): ([\d.e+-]+) queries\/s/.exec(reason) ?? [];
  const stated = Number(text ?? Number.NaN);
  const computed = Number((perSecond / pollCostSettings.plannedShare).toPrecision(4));
  // The rate is at most a little below the stated budget's; anything else was not set for it.
  return stated >= 0 && perSecond <= 1.001 * pollCostSettings.plannedShare * stated ? stated : computed;
}

/** Whether a limit is the one for a budget. The server keeps it as a 32-bit float. */
export const isLimitFor = (
  { perSecond }: Pick<QueueLimit, 'perSecond'>,
  queriesPerSecond: number,
  partitions: number,
): boolean => {
  const wanted = vendorQueueRate(queriesPerSecond, partitions);
  return Math.abs(perSecond - wanted) <= 1e-3 * wanted;
};

/**
 * Whether a worker sets the limit of a queue to its own settings. One that starts does, unless an operator has set it: the last one that started
 * determines it. One that runs does only where no limit holds, or where an operator gave it back.
 */
export function mayWorkerSet(limit: QueueLimit | undefined, when: 'start' | 'running'): boolean {
  if (limit === undefined) return true;
  const owner = ownerOf(limit);
  return owner === 'released' || (owner === 'worker' && when === 'start');
}
