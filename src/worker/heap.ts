/** How the JavaScript heaps of a worker process grow. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8's options for a process that should stay small, with why. By default V8 lets garbage pile up to some times what is in use before it
 * collects it, and gives each thread up to 48 MB for what is new; a worker is small, and never out of garbage.
 */
export const heapOptions = {
  /** A heap may grow by so much of what was in use after its last collection. Read whenever one ends. */
  'heap-growing-percent': 40,
  /** MB in each part of a heap's young generation. Read when a heap is made: it holds for threads started later, such as the workflows'. */
  'max-semi-space-size': 4,
} as const;

const normal = (text: string): string => text.replaceAll('_', '-');

/**
 * Has the heaps of this process grow slowly. For a program, at its start: it holds for the whole process. Options that were given to
 * Node.js go before.
 * @param given - what Node.js was started with
 */
export function keepHeapsSmall(
  given: readonly string[] = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)],
): readonly string[] {
  const named = new Set(given.map((option) => normal(option.split('=')[0] ?? '')));
  const flags = Object.entries(heapOptions)
    .filter(([name]) => !named.has(`--${name}`))
    .map(([name, value]) => `--${name}=${value}`);
  for (const flag of flags) setFlagsFromString(flag);
  return flags;
}
