/** Search attributes, where the namespace has them: what it has came with a recorded result, so replay takes the same turn. */
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { proxyLocalActivities, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
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

/**
 * Upserts what has changed, in one event, or in none.
 * @param registered - names that the namespace has
 */
export function upsertChanged(registered: readonly string[], values: SearchAttributeValues): void {
  const current = workflowInfo().typedSearchAttributes;
  const pairs: SearchAttributeUpdatePair[] = [];
  for (const [field, { name, type }] of Object.entries(searchAttributes)) {
    const value = values[field as keyof SearchAttributeValues];
    if (value === undefined || !registered.includes(name)) continue;
    if (type === 'INT') {
      const key = defineSearchAttributeKey(name, type);
      if (current.get(key) !== value) pairs.push({ key, value: value as number });
    } else {
      const key = defineSearchAttributeKey(name, type);
      if (current.get(key) !== value) pairs.push({ key, value: value as string });
    }
  }
  if (pairs.length > 0) upsertSearchAttributes(pairs);
}

const { tryOnNamespace } = proxyLocalActivities<TryOnActivities>({
  scheduleToCloseTimeout: 5_000,
  retry: { maximumAttempts: 1 },
});

/** Names that the namespace has; none where the worker has no such activity. The answer is recorded as a marker. */
export async function registeredSearchAttributes(): Promise<readonly string[]> {
  try {
    return (await tryOnNamespace()).searchAttributes;
  } catch {
    return [];
  }
}
