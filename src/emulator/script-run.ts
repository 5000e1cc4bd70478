/** A script in use: the script and the position in it. */
import { advance, type Cursor, compileScript, type Script, startOfScript } from './scripts.js';
import type { Step } from './step.js';

/** Gives the step for each query in turn. */
export class ScriptRun {
  /** For the request log. */
  readonly name: string;
  readonly #steps: readonly Step[];
  #cursor: Cursor = startOfScript;

  /** @throws RangeError for a script that cannot be compiled */
  constructor(script: Script) {
    const { name, steps } = compileScript(script);
    this.name = name;
    this.#steps = steps;
  }

  /** The step that answers the next query; `undefined` after the script's end. */
  next(nowMs: number, ageMs: number): Step | undefined {
    const { cursor, step } = advance(this.#steps, this.#cursor, { nowMs, ageMs });
    this.#cursor = cursor;
    return step;
  }

  /** Queries that the current step has answered. */
  get stepPolls(): number {
    return this.#cursor.polls;
  }
}
