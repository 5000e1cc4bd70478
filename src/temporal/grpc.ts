/** Status codes and times of Temporal's API. */

/** The codes that this package acts on, by the names of the gRPC specification. */
export const grpcStatus = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/**
 * The gRPC status code of an error, or of the nearest cause that has one. Errors of the Node.js client and of the worker's native client
 * both carry it as the number `code`.
 * @returns `undefined` for an error that is not an answer of gRPC
 */
export function grpcCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as Error & { readonly code?: unknown };
  return typeof code === 'number' ? code : grpcCode(error.cause);
}

/** A time as Temporal's API has it; the seconds are a number or a `Long`. */
export type Timestamp = { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined;

/** A time as Unix milliseconds; `undefined` if it is not set. */
export function timestampMs(time: Timestamp): number | undefined {
  if (time?.seconds === undefined || time.seconds === null) return undefined;
  return Number(time.seconds) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}
