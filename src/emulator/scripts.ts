/**
 * Scripts: what a task's queries are answered, in order. A script is a list of steps; each step says for how long it answers
 * and what is different from the normal answer. Past its last step a task is answered as its clock says. Data and pure
 * functions.
 */
import { type BehaviourName, behaviours } from './behaviours.js';
import type { EnvelopeStyle, GatewayError, ServiceFields } from './bodies.js';

/** How long a step answers; the first limit reached ends it, and none means for ever. */
export interface StepLimit {
  /** Number of queries. */
  readonly polls?: number;
  /** Seconds from the first query that the step answered. */
  readonly forSeconds?: number;
  /** Age of the task, in seconds from its submit. */
  readonly untilSeconds?: number;
}

/** What a reply tells about the task. Where nothing is said the task's own clock decides. */
export interface TaskView {
  /** `partial`: the last sub-task failed, the others finished. Default `live`. */
  readonly state?: 'live' | 'submitted' | 'running' | 'finished' | 'failed' | 'partial';
  /** With `running`: so many sub-tasks are finished; `per-poll`: one more with each query of the step, then the task is. */
  readonly finishedSubTasks?: number | 'per-poll';
  /** The main status in other words; null is told as null. */
  readonly statusWord?: string | null;
  /** The main status is not told at all. */
  readonly noStatus?: boolean;
  /** Each sub-task's status in other words. */
  readonly subStatusWord?: string;
  /** The outer `taskResult`; default `list`, but `absent` while submitted. */
  readonly taskResult?: 'list' | 'absent' | 'null' | 'empty';
  /** What becomes of each finished sub-task's images; default `all`. */
  readonly images?: 'all' | 'none' | 'no-result' | 'fewer' | 'repeated' | 'reordered';
  /** Images per sub-task instead of the task's own number. */
  readonly imagesPerSubTask?: number;
  /** `re-signed`: another query text in each reply, under the same path. Default `same`. */
  readonly urls?: 'same' | 're-signed' | 'cut-escape' | 'odd-escapes' | 'expired' | 'loopback' | 'metadata' | 'file';
  /** `json-text`: the inner `taskResult` as JSON text; `struct-data` and `url`: shapes of two sibling APIs. */
  readonly shape?: 'nested' | 'json-text' | 'struct-data' | 'url' | 'data-text';
  /** Default `same`; `number`: as a number, where the id is all digits. */
  readonly taskId?: 'same' | 'other' | 'absent' | 'number';
  /** The service's message, beside an otherwise good envelope. */
  readonly message?: string;
  /** No `data`, or `data` null. */
  readonly data?: 'absent' | 'null';
}

/** A raw HTTP answer that is not the vendor's JSON. */
export interface HttpAnswer {
  readonly status: number;
  /** Text; default empty. */
  readonly body?: string;
  readonly contentType?: string;
  /** `Retry-After`, verbatim; `{seconds}` and `{date}` (that many seconds after the reply's `Date`) are filled in. */
  readonly retryAfter?: string;
  /** Redirects: `trap` is another server that should never see a request; `loop` answers by redirects for ever. */
  readonly location?: 'trap' | 'loop';
}

/** How the answer travels, where not in one piece at once. */
export type WireMode =
  | 'reset-before-headers'
  | 'reset-mid-body'
  | 'hang'
  | 'hang-after-headers'
  | 'drip'
  | 'endless'
  | 'huge'
  | 'gzip'
  | 'gzip-bomb'
  | 'truncated'
  | 'slow'
  | 'dead-keep-alive';

/** What a step changes of the answer. `http`, `gateway`, `service` replace the task's reply; the rest alters it. */
export interface Saying {
  readonly task?: TaskView;
  readonly http?: HttpAnswer;
  readonly gateway?: GatewayError;
  /** The service refuses; the task is not told about unless `task` is there too. */
  readonly service?: ServiceFields;
  /** The answer for an unknown task. */
  readonly notFound?: NotFoundAnswer;
  readonly envelope?: EnvelopeStyle;
  readonly wire?: WireMode;
  /** Before the JSON text, such as a byte order mark. */
  readonly prefix?: string;
  /** `Content-Type` of a JSON answer. */
  readonly contentType?: string;
  /** The number in bans and `Retry-After`, and how long `slow` waits. */
  readonly seconds?: number;
  /** On a submit: whether the task comes into being all the same. Default: yes where only the wire is bad. */
  readonly accepted?: boolean;
}

/**
 * How an unknown task is told. The vendor documents none: all three are guesses. `http404` answers 404; `service` a `resCode`
 * 700 with a text; `task-failed-text` a failed task whose message says so.
 */
export type NotFoundAnswer = 'http404' | 'service' | 'task-failed-text';

/** One step, complete. */
export interface Step extends StepLimit, Saying {}

/** A step as written: complete, or a behaviour's with other limits or another number of seconds. */
export type ScriptStep = Step | (StepLimit & { readonly use: BehaviourName; readonly seconds?: number });

/**
 * A script as written. As text: behaviours separated by commas, each with ` x3` (queries), ` 20s` (seconds) or ` always` where
 * its own limits do not suit: `http-500 x2, http-503 20s, partial`.
 */
export type Script = string | ScriptStep | readonly ScriptStep[];

/** A script ready to run. */
export interface CompiledScript {
  /** For the log. */
  readonly name: string;
  readonly steps: readonly Step[];
}

function stepsOf(name: string): readonly Step[] {
  if (!Object.hasOwn(behaviours, name)) {
    throw new RangeError(`no behaviour is named ${name}; there are ${Object.keys(behaviours).join(', ')}`);
  }
  return behaviours[name as BehaviourName].steps;
}

function limited(name: string, limit: StepLimit, seconds?: number): readonly Step[] {
  const steps = stepsOf(name);
  if (Object.keys(limit).length === 0 && seconds === undefined) return steps;
  const [step] = steps;
  if (step === undefined || steps.length > 1) {
    throw new RangeError(
      `behaviour ${name} has ${steps.length} steps, so that no limit or seconds can be given for it`,
    );
  }
  const { polls, forSeconds, untilSeconds, ...saying } = step;
  const own = { polls, forSeconds, untilSeconds };
  const chosen = Object.keys(limit).length > 0 ? limit : own;
  return [dropUndefined({ ...saying, ...chosen, seconds: seconds ?? saying.seconds }) as Step];
}

function dropUndefined<T extends object>(value: T): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}

function parsePart(text: string): readonly Step[] {
  const [name = '', limit, ...more] = text.trim().split(/\s+/);
  const match = /^(?:x(\d+)|(\d+(?:\.\d+)?)s|always)$/.exec(limit ?? 'always');
  if (match === null || more.length > 0) {
    throw new RangeError(
      `"${text.trim()}" is no part of a script; write a behaviour, then "x3", "20s", "always" or nothing`,
    );
  }
  if (limit === undefined) return stepsOf(name);
  if (match[1] !== undefined) return limited(name, { polls: Number(match[1]) });
  if (match[2] !== undefined) return limited(name, { forSeconds: Number(match[2]) });
  return limited(name, { polls: Number.POSITIVE_INFINITY });
}

/**
 * Resolves behaviours by name.
 * @throws RangeError, naming what is wrong, for an unknown behaviour or a limit on one of several steps
 */
export function compileScript(script: Script): CompiledScript {
  if (typeof script === 'string') return { name: script, steps: script.split(',').flatMap(parsePart) };
  const parts = Array.isArray(script) ? (script as readonly ScriptStep[]) : [script as ScriptStep];
  const steps = parts.flatMap((part) => {
    if (!('use' in part)) return [part];
    const { use, seconds, ...limit } = part;
    return limited(use, limit, seconds);
  });
  return { name: parts.map((part) => ('use' in part ? part.use : 'step')).join(', '), steps };
}

/** Where a task is in its script. JSON. */
export interface Cursor {
  readonly index: number;
  /** Queries that the step has answered. */
  readonly polls: number;
  /** When it answered its first, Unix milliseconds. */
  readonly sinceMs?: number;
}

export const startOfScript: Cursor = { index: 0, polls: 0 };

/** Which step answers the next query, and the cursor after it. `step` is absent past the script's end. */
export function advance(
  steps: readonly Step[],
  cursor: Cursor,
  at: { readonly nowMs: number; readonly ageMs: number },
): { readonly cursor: Cursor; readonly step?: Step } {
  let { index, polls } = cursor;
  let sinceMs = cursor.sinceMs ?? at.nowMs;
  for (;;) {
    const step = steps[index];
    if (step === undefined) return { cursor: { index, polls: 0 } };
    const { polls: max, forSeconds, untilSeconds } = step;
    const over =
      (max !== undefined && polls >= max) ||
      (forSeconds !== undefined && at.nowMs - sinceMs >= forSeconds * 1000) ||
      (untilSeconds !== undefined && at.ageMs >= untilSeconds * 1000);
    if (!over) return { step, cursor: { index, polls: polls + 1, sinceMs } };
    index += 1;
    polls = 0;
    sinceMs = at.nowMs;
  }
}
