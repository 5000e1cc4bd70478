/** Exit codes, and errors as one line each. */
import { TryOnInputError } from '../client/errors.js';

/** Exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, usage: 2, notFinished: 3, interrupted: 130 } as const;

/** A failure that is told in one line, without a stack. */
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

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/** What is told of an error, and the exit code. */
export function explainError(error: unknown): { readonly lines: readonly string[]; readonly exitCode: number } {
  if (error instanceof TryOnInputError) return { lines: error.problems, exitCode: exitCodes.usage };
  if (error instanceof CliError) return { lines: [error.message], exitCode: error.exitCode };
  if (!(error instanceof Error)) return { lines: [firstLine(String(error))], exitCode: exitCodes.failed };
  const { message } = error;
  const cause = error.cause instanceof Error && !message.includes(error.cause.message) ? error.cause.message : '';
  const text = cause !== '' && error.name === 'ServiceError' ? `${message}: ${cause}` : message;
  return { lines: [firstLine(text) || error.name], exitCode: exitCodes.failed };
}

/** A taken port, told plainly. */
export function portError(error: unknown, port: number | undefined, option: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new CliError(`port ${port} is taken; give another with ${option}`, exitCodes.failed, { cause: error });
}
