/**
 * Search attributes, where the namespace has them. A workflow task that sets one which the namespace does not have fails, and what it was
 * decided from is in history for ever. So names that were read a while ago are read again, by a local activity in that very workflow task: a
 * task that fails is tried again with what the worker knows by then, and the wait goes on without the attribute.
 */
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { CancellationScope, proxyLocalActivities, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { TryOnActivities } from '../activities/index.js';
import { searchAttributes } from '../contract.js';

/** Values of the contract's search attributes; those left out stay as they are. */
export interface SearchAttributeValues {
  readonly taskId?: string;
  readonly status?: string;
  readonly listingId?: string;
  readonly imageCount?: number;
  readonly account?: string;
}

/** Names count as current for this long. A workflow task that comes later may be one that failed because of them. */
const CURRENT_MS = 10_000;

const { tryOnNamespace } = proxyLocalActivities<TryOnActivities>({
  scheduleToCloseTimeout: 5_000,
  retry: { maximumAttempts: 1 },
});

/** Pairs for those values whose attribute is among the names. */
export function attributePairs(names: readonly string[], values: SearchAttributeValues): SearchAttributePair[] {
  return Object.entries(searchAttributes).flatMap(([field, { name, type }]): SearchAttributePair[] => {
    const value = values[field as keyof SearchAttributeValues];
    if (value === undefined || !names.includes(name)) return [];
    return type === 'INT'
      ? [{ key: defineSearchAttributeKey(name, type), value: value as number }]
      : [{ key: defineSearchAttributeKey(name, type), value: value as string }];
  });
}

/** Names of the contract's attributes that this run was started with: the namespace had them then. */
export function attributesAtStart(): readonly string[] {
  const pairs = workflowInfo().typedSearchAttributes.getAll();
  const names = Object.values(searchAttributes).map(({ name }) => name as string);
  return pairs.map(({ key }) => key.name).filter((name) => names.includes(name));
}

/** The search attributes of one workflow. */
export class Attributes {
  private values: SearchAttributeValues = {};
  /** Whether the worker has a store for images; `undefined` where that could not be read. */
  archives: boolean | undefined;
  private reading: Promise<void> | undefined;

  /**
   * @param names - that the namespace has; absent: nobody has read them yet
   * @param atMs - when they were read, in workflow time; a time that is recorded
   */
  constructor(
    private names?: readonly string[],
    private atMs = 0,
  ) {}

  /** Names that were read elsewhere. */
  know(names: readonly string[], atMs: number): void {
    this.names = names;
    this.atMs = atMs;
  }

  /** Whether nothing is being read, and so all is set. */
  get isIdle(): boolean {
    return this.reading === undefined;
  }

  /** As last known, for the next run. */
  get known(): readonly string[] {
    return this.names ?? [];
  }

  /** Names that are current: at once where they are, else read; none if they cannot be read. */
  current(): readonly string[] | Promise<readonly string[]> {
    return this.isCurrent() ? this.known : this.read().then(() => this.known);
  }

  /** Sets what has changed, in one event or in none; a little later where names must be read first. */
  set(values: SearchAttributeValues): void {
    this.values = { ...this.values, ...values };
    if (this.names !== undefined && this.changed().length === 0) return;
    if (this.isCurrent()) this.upsert();
    else this.read().then(() => this.upsert());
  }

  private isCurrent(): boolean {
    return this.reading === undefined && this.names !== undefined && Date.now() - this.atMs <= CURRENT_MS;
  }

  private changed(): SearchAttributePair[] {
    const before = workflowInfo().typedSearchAttributes;
    return attributePairs(this.known, this.values).filter(({ key, value }) => before.get(key as never) !== value);
  }

  private upsert(): void {
    const pairs = this.changed();
    if (pairs.length > 0) upsertSearchAttributes(pairs);
  }

  private read(): Promise<void> {
    this.reading ??= this.readNames().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readNames(): Promise<void> {
    try {
      const { searchAttributes: names, archives = false } = await CancellationScope.nonCancellable(() =>
        tryOnNamespace(),
      );
      this.archives = archives;
      this.know(names, Date.now());
    } catch {
      // A worker without this activity, or one that does not answer: what cannot be confirmed is not set.
      this.know([], Date.now());
    }
  }
}
