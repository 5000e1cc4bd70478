/**
 * Unknown input to checked input, or all that is wrong with it at once. Interpreted, without eval, so that it runs in the workflow sandbox.
 */
import * as v from 'valibot';
import { limits } from './contract.js';

/** What {@link check} found: the value, or one sentence for each wrong field. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

const problemOf = (issue: v.BaseIssue<unknown>): string => {
  const path = v.getDotPath(issue) ?? '';
  const key = issue.path?.at(-1);
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `${shown(path).slice(1, -1)} is not a known field; remove it or correct its spelling`;
  }
  if (issue.type === 'strict_object') {
    const missing = key !== undefined && !(String(key.key) in (key.input as object));
    if (missing) return `${path} is missing; give it`;
    return `${path || 'the input'} is ${shown(issue.input)}; give one object`;
  }
  if (issue.input === null) return `${path} is null; leave it out, or ${issue.message}`;
  return `${path || 'the input'} is ${shown(issue.input)}; ${issue.message}`;
};

/**
 * Checks one input against a schema of the contract.
 * @param schema - one of `contractSchemas`
 * @param input - what came over the wire
 * @returns the input as typed, or every problem, each naming the field, its value and the cure
 */
export function check<S extends v.GenericSchema>(schema: S, input: unknown): Checked<v.InferOutput<S>> {
  const result = v.safeParse(schema, input);
  return result.success ? { ok: true, value: result.output } : { ok: false, problems: result.issues.map(problemOf) };
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
