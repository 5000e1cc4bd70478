/** Text from outside, such as errors, as one harmless line. Pure. */

/** The first line of an error's message, or of a thrown value as text. Never throws for an error. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

/**
 * What no text from outside may bring to a terminal, a log or a page, as the source of a regular expression with the flag `u`: control
 * characters, line separators, and format characters, which hide text or change its direction.
 */
export const unsafeCharacters = '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]';

const unsafe = new RegExp(unsafeCharacters, 'gu');

/** A text with a space for each unsafe character, line breaks included. */
export const cleanText = (text: string): string => text.replace(unsafe, ' ');

/** JSON of the same meaning, with each unsafe character escaped: `JSON.stringify` escapes only the C0 controls. */
export const escapeJson = (json: string): string =>
  json.replace(unsafe, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
