/** Checks input, and reports all problems at once. Interprets schemas without eval, and so runs in the workflow sandbox. */
import * as v from 'valibot';
import { limits } from './contract.js';

/** The result of {@link check}: the value, or one sentence for each wrong field. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** More problems than this are only counted: the message must fit into a failure. */
const MAX_PROBLEMS = 20;

/**
 * Replaces each lone surrogate of a text by U+FFFD. Every text in a failure's message needs this: the SDK writes it as it is, and its native
 * part takes only valid UTF-8. Cutting a text can leave a lone surrogate.
 */
export const wellFormed = (text: string): string =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');

const cut = (text: string): string => (text.length > 60 ? wellFormed(`${text.slice(0, 57)}...`) : text);

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  try {
    return cut(JSON.stringify(value) ?? typeof value);
  } catch {
    return typeof value;
  }
}

/** The name of a field in a problem, with control characters escaped as in JSON. */
const named = (path: string): string => cut(JSON.stringify(path).slice(1, -1).replaceAll('\\"', '"')) || '""';

type Node = v.GenericSchema & {
  readonly entries?: Record<string, v.GenericSchema>;
  readonly item?: v.GenericSchema;
  readonly pipe?: readonly unknown[];
};

const isOptional = (schema: Node | undefined): boolean => schema?.type === 'optional';

const insideOf = (schema: Node): Node =>
  isOptional(schema) ? (schema as unknown as { readonly wrapped: Node }).wrapped : schema;

/** The schema of the field at a path. */
function schemaAt(root: Node, path: readonly { readonly key: unknown }[]): Node | undefined {
  let at: Node | undefined = root;
  for (const { key } of path) {
    const inside: Node | undefined = at && insideOf(at);
    at = inside?.item ?? inside?.entries?.[String(key)];
  }
  return at;
}

/** Further unknown fields are not even counted: an input may have as many as a payload holds. */
const MAX_UNKNOWN = 1_000;
/** More problems than this are not distinguished: not all of them are counted. */
const MANY = 500;

/** The paths of the first fields that a closed object does not know. */
function unknownFields(schema: Node, value: unknown, prefix = '', found: string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return found;
  const { entries, item, type } = insideOf(schema);
  if (item !== undefined && Array.isArray(value)) {
    for (let index = 0; index < value.length && found.length < MAX_UNKNOWN; index += 1) {
      unknownFields(item, value[index], `${prefix}${index}.`, found);
    }
    return found;
  }
  if (entries === undefined || Array.isArray(value)) return found;
  for (const key of Object.keys(value)) {
    if (found.length >= MAX_UNKNOWN) break;
    const inner = (value as Record<string, unknown>)[key];
    const inside = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (inside !== undefined) unknownFields(inside, inner, `${prefix}${key}.`, found);
    else if (type === 'strict_object') found.push(`${prefix}${key}`);
  }
  return found;
}

/** As many items as a list may have, and one more: enough to refuse a longer one. */
function itemsOf({ pipe = [] }: Node, value: readonly unknown[]): readonly unknown[] {
  const action = (pipe as readonly { readonly type: string; readonly requirement?: unknown }[]).find(
    ({ type }) => type === 'max_length',
  );
  const { requirement } = action ?? {};
  return typeof requirement === 'number' && value.length > requirement ? value.slice(0, requirement + 1) : value;
}

/**
 * The value without optional fields that are null: many languages write an absent value so. A value without any stays the same object. Of a
 * list that is too long only what refuses it is kept: its length must cost nothing.
 */
function normalised(schema: Node, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { entries, item } = insideOf(schema);
  if (item !== undefined && Array.isArray(value)) {
    const given = itemsOf(insideOf(schema), value);
    const items = given.map((one) => normalised(item, one));
    return items.every((one, index) => one === given[index]) ? given : items;
  }
  if (entries === undefined || Array.isArray(value)) return value;
  const given = value as Record<string, unknown>;
  const changed: Record<string, unknown> = {};
  for (const [key, inside] of Object.entries(entries)) {
    if (!Object.hasOwn(given, key)) continue;
    const inner = given[key] === null && isOptional(inside) ? undefined : normalised(inside, given[key]);
    if (inner !== given[key]) changed[key] = inner;
  }
  if (Object.keys(changed).length === 0) return value;
  const kept = Object.entries({ ...given, ...changed }).filter(
    ([key, inner]) => !(inner === undefined && key in changed),
  );
  return Object.fromEntries(kept);
}

const unknownProblem = (path: string): string =>
  `${named(path)} is not a known field; remove it or correct its spelling`;

/** The remedy of the contract. The validator's own messages repeat the whole input. */
function remedyOf({ expected, message }: v.BaseIssue<unknown>): string {
  if (expected === 'Object') return 'give one object';
  return message.startsWith('Invalid ') && expected !== null ? `give ${expected}` : message;
}

function problemOf(root: Node, issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? '';
  const field = path === '' ? 'the input' : named(path);
  const last = issue.path?.at(-1);
  const isMissing = last !== undefined && !Array.isArray(last.input) && !(String(last.key) in Object(last.input));
  const remedy = remedyOf(issue);
  if (isMissing) {
    const wanted = schemaAt(root, issue.path ?? []);
    const request = wanted && v.safeParse(wanted, undefined).issues?.[0].message;
    return `${field} is missing; ${request ?? 'give it'}`;
  }
  return `${field} is ${shown(issue.input)}; ${remedy}`;
}

function listProblem(issue: v.BaseIssue<unknown>): string {
  const path = issue.path ?? [];
  const keys = path.slice(0, -1).map(({ key }) => String(key));
  return `${named(keys.join('.'))} is ${shown(path.at(-1)?.input)}; give one object`;
}

/**
 * Checks one input against a schema of the contract. An optional field that is null counts as absent.
 * @param schema - one of `contractSchemas`
 * @param given - as it came over the wire
 * @returns the typed input, or the first 20 problems, each with field, value and remedy, and how many more there are
 */
export function check<S extends v.GenericSchema>(schema: S, given: unknown): Checked<v.InferOutput<S>> {
  if (Array.isArray(given)) return { ok: false, problems: [`the input is ${shown(given)}; give one object`] };
  const input = normalised(schema, given);
  const result = v.safeParse(schema, input);
  // The validator names only the first field that an object does not know.
  const isUnknown = (issue: v.BaseIssue<unknown>): boolean => issue.expected === 'never';
  const unknown = unknownFields(schema, input);
  const wrong = (result.issues ?? []).filter((issue) => !isUnknown(issue)).map((issue) => problemOf(schema, issue));
  // A text may break two rules with the same remedy. Of very many unknown fields only the first are written out.
  const found = [...new Set([...wrong, ...unknown.slice(0, MAX_PROBLEMS).map(unknownProblem)])];
  // A list where an object without required fields belongs: all that is wrong are its indexes.
  const problems = found.length > 0 ? found : (result.issues ?? []).slice(0, 1).map(listProblem);
  if (result.success && problems.length === 0) return { ok: true, value: result.output };
  const first = problems.slice(0, MAX_PROBLEMS);
  const more = problems.length + Math.max(0, unknown.length - MAX_PROBLEMS) - first.length;
  const count = more > MANY ? `over ${MANY}` : more;
  return { ok: false, problems: more === 0 ? first : [...first, `${count} more problems; fix these first`] };
}

/**
 * Checks that a `submittedAt` is not further ahead than the clocks of two services may differ.
 * @param submittedAt - RFC 3339, checked before; may be absent
 * @param nowMs - Unix milliseconds
 * @returns one problem, or none
 */
export function submittedAtProblem(submittedAt: string | undefined, nowMs: number, field = 'submittedAt'): string[] {
  if (submittedAt === undefined || Date.parse(submittedAt) - nowMs <= limits.submittedAheadMs) return [];
  return [`${field} is "${submittedAt}"; give a time at most 5 minutes ahead of ${new Date(nowMs).toISOString()}`];
}
