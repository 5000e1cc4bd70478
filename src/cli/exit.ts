/** Exit codes, and errors as one line each. */
import { once } from 'node:events';
import { TryOnInputError } from '../client/errors.js';
import { firstLine } from '../error-text.js';

/** Exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, usage: 2, notFinished: 3, interrupted: 130 } as const;

/** A failure to print as one line, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    message: string,
    readonly exitCode: number = exitCodes.failed,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The command was interrupted by a signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(readonly by: NodeJS.Signals) {
    super(`interrupted by ${by}`);
  }
}

/** What to print for an error, and the exit code. */
export function explainError(error: unknown): { readonly lines: readonly string[]; readonly exitCode: number } {
  if (error instanceof TryOnInputError) return { lines: error.problems, exitCode: exitCodes.usage };
  if (error instanceof CliError) return { lines: [error.message], exitCode: error.exitCode };
  const line = firstLine(error) || String(error);
  // The SDK puts the server's reason into the cause.
  const { name, cause } = error instanceof Error ? error : {};
  const reason = name === 'ServiceError' && cause instanceof Error ? firstLine(cause) : '';
  return { lines: [line.includes(reason) ? line : `${line}: ${reason}`], exitCode: exitCodes.failed };
}

/**
 * An error of a server that was to listen on a port.
 * @param option - the command-line option that gives the port
 * @returns a {@link CliError} for a port in use; any other error as it is
 */
export function portError(error: unknown, port: number | undefined, option: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new CliError(`port ${port} is taken; give another with ${option}`, exitCodes.failed, { cause: error });
}

/** Waits until a signal ends a server. SIGINT resolves to `interrupted`. A supervisor's SIGTERM is success. */
export async function untilInterrupted(signal: AbortSignal): Promise<number> {
  if (!signal.aborted) await once(signal, 'abort');
  return signal.reason instanceof Interrupted && signal.reason.by === 'SIGINT' ? exitCodes.interrupted : exitCodes.done;
}
