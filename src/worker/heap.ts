/** Keeps the JavaScript heaps of a worker process small. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8's options for a small process. By default V8 lets a heap grow to a multiple of its live data before it collects garbage, and gives
 * each thread a young generation of up to 48 MB. A worker has little live data, and makes garbage all the time.
 */
export const heapOptions = {
  /** How much a heap may grow over the live data of its last collection. V8 reads it at the end of each collection. */
  'heap-growing-percent': 40,
  /** MB in each half of a young generation. V8 reads it when it makes a heap: it applies to threads started later, such as the workflows'. */
  'max-semi-space-size': 4,
} as const;

const withDashes = (text: string): string => text.replaceAll('_', '-');

/**
 * Sets {@link heapOptions} for the whole process. A program calls it at its start. Options that Node.js was started with stay.
 * @param given - what Node.js was started with
 * @returns the flags that were set
 */
export function keepHeapsSmall(
  given: readonly string[] = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)],
): readonly string[] {
  const named = new Set(given.map((option) => withDashes(option.split('=')[0] ?? '')));
  const flags = Object.entries(heapOptions)
    .filter(([name]) => !named.has(`--${name}`))
    .map(([name, value]) => `--${name}=${value}`);
  for (const flag of flags) setFlagsFromString(flag);
  return flags;
}
