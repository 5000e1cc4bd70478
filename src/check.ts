/**
 * Unknown input to checked input, or all that is wrong with it at once. Interpreted, without eval, so that it runs in the workflow sandbox.
 */
import * as v from 'valibot';
import { limits } from './contract.js';

/** What {@link check} found: the value, or one sentence for each wrong field. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** More than this many wrong fields are counted, not told: the message must fit into a failure. */
const MAX_PROBLEMS = 20;

/**
 * A text without lone surrogates, each replaced by U+FFFD. What becomes part of a failure's message must be: the SDK writes it as it
 * is, and its native part takes only valid UTF-8. Cutting a text can leave one.
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

/** A field as it is named in a problem: control characters and the like as JSON escapes them. */
const named = (path: string): string => cut(JSON.stringify(path).slice(1, -1).replaceAll('\\"', '"')) || '""';

type Node = v.GenericSchema & { readonly entries?: Record<string, v.GenericSchema>; readonly item?: v.GenericSchema };

const isOptional = (schema: Node | undefined): boolean => schema?.type === 'optional';

const insideOf = (schema: Node): Node =>
  isOptional(schema) ? (schema as unknown as { readonly wrapped: Node }).wrapped : schema;

/** The schema of the field that a path leads to. */
function schemaAt(root: Node, path: readonly { readonly key: unknown }[]): Node | undefined {
  let at: Node | undefined = root;
  for (const { key } of path) {
    const inside: Node | undefined = at && insideOf(at);
    at = inside?.item ?? inside?.entries?.[String(key)];
  }
  return at;
}

/** Every field that a closed object does not know, by its path. */
function unknownFields(schema: Node, value: unknown, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { entries, item, type } = insideOf(schema);
  if (item !== undefined && Array.isArray(value)) {
    return value.flatMap((one, index) => unknownFields(item, one, [...path, String(index)]));
  }
  if (entries === undefined || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const inside = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (inside !== undefined) return unknownFields(inside, inner, [...path, key]);
    return type === 'strict_object' ? [[...path, key].join('.')] : [];
  });
}

/** The remedy that the contract gives; the validator's own words repeat the whole input. */
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
  if (issue.input === null && isOptional(schemaAt(root, issue.path ?? []))) {
    return `${field} is null; leave it out, or ${remedy}`;
  }
  return `${field} is ${shown(issue.input)}; ${remedy}`;
}

/**
 * Checks one input against a schema of the contract.
 * @param schema - one of `contractSchemas`
 * @param input - what came over the wire
 * @returns the input as typed, or what is wrong, each problem naming the field, its value and the remedy; the first 20, and how many more
 */
export function check<S extends v.GenericSchema>(schema: S, input: unknown): Checked<v.InferOutput<S>> {
  if (Array.isArray(input)) return { ok: false, problems: [`the input is ${shown(input)}; give one object`] };
  const result = v.safeParse(schema, input);
  // Of the fields that an object does not know the validator names the first alone.
  const isUnknown = (issue: v.BaseIssue<unknown>): boolean => issue.expected === 'never';
  const unknown = unknownFields(schema, input).map(
    (path) => `${named(path)} is not a known field; remove it or correct its spelling`,
  );
  const wrong = (result.issues ?? []).filter((issue) => !isUnknown(issue)).map((issue) => problemOf(schema, issue));
  // A text may break two rules that have one remedy.
  const problems = [...new Set([...wrong, ...unknown])];
  if (result.success && problems.length === 0) return { ok: true, value: result.output };
  const told = problems.slice(0, MAX_PROBLEMS);
  const more = problems.length - told.length;
  return { ok: false, problems: more === 0 ? told : [...told, `${more} more problems; mend these first`] };
}

/**
 * Refuses a `submittedAt` further ahead than clocks of two services differ.
 * @param submittedAt - RFC 3339, already checked in form; absent is fine
 * @param nowMs - the workflow's time
 */
export function submittedAtProblem(submittedAt: string | undefined, nowMs: number, field = 'submittedAt'): string[] {
  if (submittedAt === undefined || Date.parse(submittedAt) - nowMs <= limits.submittedAheadMs) return [];
  return [`${field} is "${submittedAt}"; give a time at most 5 minutes ahead of ${new Date(nowMs).toISOString()}`];
}
