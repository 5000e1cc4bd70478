/** Long calls that an abort signal ends. */
import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';

/** Lets a caller end a call early. The wait goes on. */
export interface Abortable {
  readonly signal?: AbortSignal;
}

/** The SDK (1.24.0) adds a listener to its signal with each long poll and never removes it. So the signal is replaced at this interval. */
const RENEW_MS = 5 * 60_000;

/**
 * Runs a call that may be repeated, such as waiting for a result, until it settles or the signal aborts.
 * @param renewMs - how long one call lasts before it is repeated with a fresh signal
 * @throws the signal's reason once it aborts, and what the call throws
 */
export async function abortable<T>(
  client: Client,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
  renewMs: number = RENEW_MS,
): Promise<T> {
  if (signal === undefined) return await call();
  for (;;) {
    signal.throwIfAborted();
    const current = new AbortController();
    setMaxListeners(0, current.signal);
    let isRenewed = false;
    const end = (): void => current.abort();
    const timer = setTimeout(() => {
      isRenewed = true;
      end();
    }, renewMs);
    signal.addEventListener('abort', end, { once: true });
    try {
      return await client.withAbortSignal(current.signal, call);
    } catch (error) {
      signal.throwIfAborted();
      if (!isRenewed) throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }
}
