/** A Temporal server that is away for a while: reads are repeated until it is back. Pure, except for {@link rideOut}. */
import { isGrpcServiceError, isRetryableError } from '@temporalio/client';
import type { Abortable } from './abortable.js';

/** Bounds of a call that only reads, and so is repeated while the server is away. */
export interface ReadOptions extends Abortable {
  /** How long the Temporal server may be away, beyond the 20 s of the SDK, before the call gives up with `NoServer`; default 300,000. */
  readonly awayTimeoutMs?: number;
}

const AWAY_TIMEOUT_MS = 300_000;
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [250, 5_000];
/** The SDK repeats a call for some 20 s. One that lasted longer than this had a server. */
const CONNECTED_MS = 120_000;

/** The error of gRPC itself, which the SDK wraps. */
export function grpcError(error: unknown): unknown {
  if (!(error instanceof Error) || isGrpcServiceError(error)) return error;
  return error.cause === undefined ? error : grpcError(error.cause);
}

/** Whether a call failed because the server was not there, and may succeed later. A deadline is the caller's own limit. */
export function isAway(error: unknown): boolean {
  const cause = grpcError(error);
  return isGrpcServiceError(cause) && isRetryableError(cause);
}

/** Counts how long a server has been away. */
export class AwayTimer {
  #sinceMs: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(private readonly timeoutMs: number = AWAY_TIMEOUT_MS) {}

  /** The server has answered. */
  answered(): void {
    this.#sinceMs = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /**
   * How long to wait before the call is repeated.
   * @param startedMs - when the call that failed began
   * @returns `undefined` if the error is another, or the server has been away for too long
   */
  pauseMs(error: unknown, startedMs: number, nowMs: number): number | undefined {
    if (!isAway(error)) return undefined;
    if (nowMs - startedMs > CONNECTED_MS) this.answered();
    // A call may have waited for hours before it failed.
    this.#sinceMs ??= nowMs;
    const leftMs = this.timeoutMs - (nowMs - this.#sinceMs);
    if (leftMs <= 0) return undefined;
    const pauseMs = Math.min(this.#pauseMs, leftMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
    return pauseMs;
  }
}

/** Resolves after `ms`, or at once when `ended` settles or `signal` aborts. */
export async function pause(ms: number, signal?: AbortSignal, ended?: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => undefined;
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
    timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', wake, { once: true });
  });
  try {
    await (ended === undefined ? woken : Promise.race([woken, ended]));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', wake);
  }
}

/**
 * Repeats a read while the server is away.
 * @throws the signal's reason once it aborts, and what `read` throws
 */
export async function rideOut<T>(read: () => Promise<T>, { signal, awayTimeoutMs }: ReadOptions = {}): Promise<T> {
  const timer = new AwayTimer(awayTimeoutMs);
  for (;;) {
    const startedMs = Date.now();
    try {
      return await read();
    } catch (error) {
      signal?.throwIfAborted();
      const pauseMs = timer.pauseMs(error, startedMs, Date.now());
      if (pauseMs === undefined) throw error;
      await pause(pauseMs, signal);
      signal?.throwIfAborted();
    }
  }
}
