/** Samples taken a few at a time, so that the server stays idle enough. */

/** Takes `count` samples in `lanes` lanes; each is given its number. */
export async function inLanes<T>(count: number, lanes: number, sample: (index: number) => Promise<T>): Promise<T[]> {
  const found: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      found.push(await sample(index));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return found;
}
