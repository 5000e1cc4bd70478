/** Long calls that a signal ends. */
import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';

/** What a caller gives to end a call early; the wait goes on. */
export interface Abortable {
  readonly signal?: AbortSignal;
}

/** The SDK (1.24.0) adds a listener to the signal with each long poll and never takes it away: so each signal is used for a while only. */
const RENEW_MS = 5 * 60_000;

/**
 * Runs a call that may be begun again, such as waiting for a result.
 * @throws the signal's reason once it is aborted
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
