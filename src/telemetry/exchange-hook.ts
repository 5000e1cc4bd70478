/** Combines hooks that wrap each request to the vendor, to time it or to trace it. */
import type { AroundExchange } from '../providers/exchange.js';

/** One hook made of several, the first outermost; `undefined` if there is none. */
export function aroundAll(hooks: readonly (AroundExchange | undefined)[]): AroundExchange | undefined {
  const [first, ...rest] = hooks.filter((hook) => hook !== undefined);
  const inner = rest.length === 0 ? undefined : aroundAll(rest);
  if (first === undefined || inner === undefined) return first;
  return (about, send) => first(about, () => inner(about, send));
}
