/** Errors as one line of text. */

/** The first line of an error's message, or of a thrown value as text. Never throws for an error. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
