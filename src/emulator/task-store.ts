/** The tasks of an emulator, with their scripts and query counts. */
import type { ApiName } from '../contract.js';
import { defined } from '../defined.js';
import type { TaskDurations } from './durations.js';
import { faceOf } from './faces/faces.js';
import { checkSteps } from './faces/features.js';
import { uuidOf } from './random.js';
import { type CompiledScript, compileScript, type Script, ScriptRun } from './scripts.js';
import { makeTask, type TaskModel, type TaskPlan } from './tasks.js';

/** A task and its state. */
export interface TaskRecord {
  model: TaskModel;
  /** The account that submitted it. */
  readonly account?: string;
  run?: ScriptRun;
  /** When an answer first showed the end, in Unix milliseconds. */
  endServedAtMs?: number;
}

function checked(script: CompiledScript, api: ApiName): CompiledScript {
  checkSteps(script.steps, faceOf(api).limits ?? {}, api);
  return script;
}

/** See the file's description. */
export class TaskStore {
  readonly #seed: number;
  readonly #durations: TaskDurations;
  readonly #defaultScript: CompiledScript | undefined;
  readonly #records = new Map<string, TaskRecord>();
  readonly #polls = new Map<string, number>();
  /** Scripts by task id, also of tasks that do not exist yet. */
  readonly #scripts = new Map<string, CompiledScript>();
  #count = 0;

  constructor(seed: number, durations: TaskDurations, defaultScript: Script | undefined) {
    this.#seed = seed;
    this.#durations = durations;
    this.#defaultScript = defaultScript === undefined ? undefined : compileScript(defaultScript);
  }

  /**
   * Makes a task.
   * @param account - the account whose task it is
   * @throws RangeError if the id is in use, for a script that cannot be compiled, or that the face of the task's API cannot show
   */
  add(
    plan: Omit<TaskPlan, 'taskId'> & { readonly taskId?: string | undefined },
    ownScript?: Script,
    account?: string,
  ): TaskModel {
    this.#count += 1;
    const { taskIdOf = (uuid) => uuid } = faceOf(plan.api);
    const taskId = plan.taskId ?? taskIdOf(uuidOf(this.#seed, 'task', this.#count));
    if (this.#records.has(taskId)) throw new RangeError(`taskId ${taskId} is in use; give another`);
    const model = makeTask({ ...plan, taskId }, this.#durations, this.#seed);
    const script = ownScript === undefined ? this.#scripts.get(taskId) : checked(compileScript(ownScript), plan.api);
    const steps = script ?? this.#defaultScript;
    this.#records.set(taskId, defined({ model, account, run: steps && new ScriptRun(steps) }));
    return model;
  }

  get(taskId: string): TaskRecord | undefined {
    return this.#records.get(taskId);
  }

  /**
   * Replaces a task's script from its next query on. Works before the task exists.
   * @throws RangeError for a script that cannot be compiled, or that the face of the known task's API cannot show
   */
  setScript(taskId: string, script: Script | undefined): void {
    const record = this.#records.get(taskId);
    if (script === undefined) {
      this.#scripts.delete(taskId);
      delete record?.run;
      return;
    }
    const compiled = record === undefined ? compileScript(script) : checked(compileScript(script), record.model.api);
    this.#scripts.set(taskId, compiled);
    if (record !== undefined) record.run = new ScriptRun(compiled);
  }

  /** Counts a query that names a task; returns its number, from 1. */
  countPoll(taskId: string): number {
    const poll = this.pollsOf(taskId) + 1;
    this.#polls.set(taskId, poll);
    return poll;
  }

  /** Queries that named a task. */
  pollsOf(taskId: string): number {
    return this.#polls.get(taskId) ?? 0;
  }
}
