/**
 * Scripts: the answers to a task's queries, in order. A script is a list of steps. Each step says how long it answers and how its
 * answer differs from the normal one. After the last step the task's own clock decides. Time is an argument.
 */
import { defined } from '../defined.js';
import { type BehaviourName, behaviours } from './behaviours.js';
import type { Step, StepLimit } from './step.js';

/** A step as written: complete, or a named behaviour with another limit or another number of seconds. */
export type ScriptStep = Step | (StepLimit & { readonly use: BehaviourName; readonly seconds?: number });

/**
 * A script as written. Text form: behaviours separated by commas. After a behaviour, ` x3` (queries), ` 20s` (seconds) or ` always`
 * replaces its own limit. Example: `http-500 x2, http-503 20s, partial`.
 */
export type Script = string | ScriptStep | readonly ScriptStep[];

/** A script ready to run. */
export interface CompiledScript {
  /** For the request log. */
  readonly name: string;
  readonly steps: readonly Step[];
}

function stepsOf(name: string): readonly Step[] {
  if (!Object.hasOwn(behaviours, name)) {
    throw new RangeError(`no behaviour is named ${name}; use one of ${Object.keys(behaviours).join(', ')}`);
  }
  return behaviours[name as BehaviourName].steps;
}

function withLimit(name: string, limit: StepLimit, seconds?: number): readonly Step[] {
  const steps = stepsOf(name);
  const hasLimit = Object.keys(limit).length > 0;
  if (!hasLimit && seconds === undefined) return steps;
  const [step] = steps;
  if (step === undefined || steps.length > 1) {
    throw new RangeError(`behaviour ${name} has ${steps.length} steps; use it without a limit and without seconds`);
  }
  const { polls, forSeconds, untilSeconds, ...changes } = step;
  const ownLimit = { polls, forSeconds, untilSeconds };
  return [defined({ ...changes, ...(hasLimit ? limit : ownLimit), seconds: seconds ?? changes.seconds })];
}

function parsePart(text: string): readonly Step[] {
  const [name = '', limit, ...rest] = text.trim().split(/\s+/);
  const match = /^(?:x(\d+)|(\d+(?:\.\d+)?)s|always)$/.exec(limit ?? 'always');
  if (match === null || rest.length > 0) {
    throw new RangeError(
      `"${text.trim()}" is not a part of a script; write a behaviour, then "x3", "20s", "always" or nothing`,
    );
  }
  if (limit === undefined) return stepsOf(name);
  if (match[1] !== undefined) return withLimit(name, { polls: Number(match[1]) });
  if (match[2] !== undefined) return withLimit(name, { forSeconds: Number(match[2]) });
  return withLimit(name, { polls: Number.POSITIVE_INFINITY });
}

/**
 * Resolves the behaviours that a script names.
 * @throws RangeError for an unknown behaviour, an unreadable part, or a limit on a behaviour of several steps
 */
export function compileScript(script: Script): CompiledScript {
  if (typeof script === 'string') return { name: script, steps: script.split(',').flatMap(parsePart) };
  const parts = Array.isArray(script) ? (script as readonly ScriptStep[]) : [script as ScriptStep];
  const steps = parts.flatMap((part) => {
    if (!('use' in part)) return [part];
    const { use, seconds, ...limit } = part;
    return withLimit(use, limit, seconds);
  });
  return { name: parts.map((part) => ('use' in part ? part.use : 'step')).join(', '), steps };
}

/** A script in use: gives the step for each query in turn. */
export class ScriptRun {
  /** For the request log. */
  readonly name: string;
  /** Queries that the current step has answered. */
  stepPolls = 0;
  readonly #steps: readonly Step[];
  #index = 0;
  /** When the current step answered its first query. */
  #sinceMs: number | undefined;

  constructor({ name, steps }: CompiledScript) {
    this.name = name;
    this.#steps = steps;
  }

  /** The step that answered last, or that answers first; `undefined` after the script's end. */
  get current(): Step | undefined {
    return this.#steps[this.#index];
  }

  /**
   * The step that answers the next query; `undefined` after the script's end.
   * @param nowMs - in Unix milliseconds
   * @param ageMs - age of the task
   */
  next(nowMs: number, ageMs: number): Step | undefined {
    for (let step = this.#steps[this.#index]; step !== undefined; step = this.#steps[this.#index]) {
      this.#sinceMs ??= nowMs;
      const { polls, forSeconds, untilSeconds } = step;
      const isOver =
        (polls !== undefined && this.stepPolls >= polls) ||
        (forSeconds !== undefined && nowMs - this.#sinceMs >= forSeconds * 1000) ||
        (untilSeconds !== undefined && ageMs >= untilSeconds * 1000);
      if (!isOver) {
        this.stepPolls += 1;
        return step;
      }
      this.#index += 1;
      this.stepPolls = 0;
      this.#sinceMs = undefined;
    }
    return undefined;
  }
}
