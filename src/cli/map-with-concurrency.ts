/** Calls to a server, a few at once. */

/** At most so many calls are under way at once. */
export const AT_ONCE = 4;

/** `work` on each item, at most `atOnce` at a time; results in the items' order. The first failure is thrown. */
export async function mapWithConcurrency<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce: number = AT_ONCE,
): Promise<R[]> {
  const results = Array<R>(items.length);
  const left = items.entries();
  const one = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, one));
  return results;
}
