/** What may be put around each request to the vendor: to time it, to trace it. */
import type { AroundExchange } from '../providers/exchange.js';

/** One hook out of several; the first is the outermost. */
export function aroundAll(hooks: readonly (AroundExchange | undefined)[]): AroundExchange | undefined {
  const [first, ...rest] = hooks.filter((hook) => hook !== undefined);
  const inner = rest.length === 0 ? undefined : aroundAll(rest);
  if (first === undefined || inner === undefined) return first;
  return (about, send) => first(about, () => inner(about, send));
}
