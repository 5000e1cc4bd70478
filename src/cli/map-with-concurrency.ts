/** Calls to a server, a few at a time. */

const MAX_CONCURRENT = 4;

/** Runs `work` on each item, at most four at a time. Resolves to the results in the order of the items; the first error rejects. */
export async function mapWithConcurrency<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = Array<R>(items.length);
  const remaining = items.entries();
  const runNext = async (): Promise<void> => {
    for (const [index, item] of remaining) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, runNext));
  return results;
}
