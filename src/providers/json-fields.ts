/**
 * Readers for the JSON of vendors, for descriptors' `parse`. All of them take any value, never throw, and cut texts and lists, so that a hostile
 * reply of 4 MiB costs bounded time. Safe in the workflow sandbox.
 */
import type { SubTaskStatus } from '../contract.js';
import { type ImageIds, keyOfImage, type PollImage } from '../poll/reply.js';

/** Longest texts, in characters. Longer texts are cut. */
export const textLimits = { word: 200, message: 2_000 } as const;
/** A reply of 4 MiB cannot have more sub-tasks with an image each. Take no more of any list: `slice(0, maxItems)`. */
export const maxItems = 50_000;
/** The vendor's objects have some dozen fields. */
const maxFields = 1_000;

// JSON.parse changes the digits of a number above 2^53. In JSON text within JSON the quotes are escaped, so the names do not match there.
const longId = /("(?:task_?id|request_?id|_trace_id_)"\s*:\s*)(-?\d{16,})(?=\s*[,}\]])/gi;

/**
 * Parses JSON text. A task or request id of 16 or more digits becomes text.
 * @throws SyntaxError
 */
export const parseJson = (text: string): unknown => JSON.parse(text.replace(longId, '$1"$2"'));

/** Parses JSON text within JSON. The vendor sends some objects as JSON text, sometimes nested twice. */
export const unwrapped = (value: unknown): unknown => {
  let inner = value;
  for (let round = 0; round < 3 && typeof inner === 'string' && /^\s*["[{]/.test(inner); round += 1) {
    try {
      inner = parseJson(inner);
    } catch {
      return inner;
    }
  }
  return inner;
};

/** An object's fields, see {@link fieldsOfNode}. */
export type Fields = ReadonlyMap<string, unknown>;

/** An object's fields by lower-case name. Of two spellings the first with a value counts. A map, so that no name is special. */
export const fieldsOfNode = (object: unknown): Fields | undefined => {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  const fields = new Map<string, unknown>();
  for (const name of Object.keys(object).slice(0, maxFields)) {
    const key = name.toLowerCase();
    const inner = (object as Readonly<Record<string, unknown>>)[name];
    if (fields.get(key) === undefined || fields.get(key) === null) fields.set(key, inner);
  }
  return fields;
};

/** The fields of an object or of its JSON text. */
export const fieldsOf = (value: unknown): Fields | undefined => fieldsOfNode(unwrapped(value));

/** A text without white space around it, cut to `limit`; a number as text. Anything else, and an empty text, is `undefined`. */
export const textOf = (value: unknown, limit: number): string | undefined => {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' ? undefined : text.slice(0, limit);
};

/** The text of the first named field that has one. @param names - in lower case */
export const textIn = (fields: Fields | undefined, names: readonly string[], limit: number = textLimits.word) => {
  for (const name of names) {
    const text = textOf(fields?.get(name), limit);
    if (text !== undefined) return text;
  }
  return undefined;
};

/** A boolean, also as `true`, `1`, `false` or `0` in text. */
export const booleanOf = (value: unknown): boolean | undefined => {
  if (typeof value === 'boolean') return value;
  const text = textOf(value, textLimits.word)?.toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  return undefined;
};

/** Our status for a vendor's word, whatever its case; `unknown` for no word, and for one that `words` does not have in lower case. */
export const statusOfWord = (
  word: string | undefined,
  words: Readonly<Record<string, SubTaskStatus>>,
): SubTaskStatus => {
  const key = word?.toLowerCase() ?? '';
  return Object.hasOwn(words, key) ? (words[key] ?? 'unknown') : 'unknown';
};

/** The value of the first named field that has one. */
export const firstOf = (fields: Fields, names: readonly string[]): unknown => {
  for (const name of names) {
    const value = fields.get(name);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
};

/** Whether a value is an absolute URL of the form `scheme://...`. Image data in place (`data:...`) is none. */
export const isUrlText = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(value);

/** An image as a reply has it. */
export interface FoundImage {
  readonly imageUrl: string;
  readonly clothes?: string;
}

/**
 * Makes a function that turns found images into a sub-task's, each image once per sub-task. A sub-task that repeats another's image still has it:
 * the wait counts it once. The function takes at most {@link maxItems} images in all: hashing their URLs costs most. Make one for each reply.
 */
export const imageCollector = (
  imageIds: (imageUrl: string) => ImageIds,
): ((found: Iterable<FoundImage>, subTask: number) => PollImage[]) => {
  let count = 0;
  return (found, subTask) => {
    const images: PollImage[] = [];
    const known = new Set<string>();
    for (const one of found) {
      count += 1;
      if (count > maxItems) break;
      const ids = imageIds(one.imageUrl);
      const key = keyOfImage(ids);
      if (known.has(key)) continue;
      known.add(key);
      images.push({ ...ids, ...one, subTask });
    }
    return images;
  };
};

/** The images of a list of URLs, as those of sub-task 0. What is no URL is left out, and so is what a list has beyond {@link maxItems}. */
export const imagesOfUrls = (values: readonly unknown[], imageIds: (imageUrl: string) => ImageIds): PollImage[] => {
  const urls = values.slice(0, maxItems).filter(isUrlText);
  return imageCollector(imageIds)(
    urls.map((imageUrl) => ({ imageUrl })),
    0,
  );
};
