/** What queries of Temporal's visibility are written with. Pure. */

/** A text as a literal of a visibility query, in single quotes. */
export const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
