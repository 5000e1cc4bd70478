/** The tasks of an emulator, with their scripts and query counts. */
import type { TaskDurations } from './durations.js';
import { uuidOf } from './random.js';
import { type CompiledScript, compileScript, type Script, ScriptRun } from './scripts.js';
import { makeTask, type TaskModel, type TaskPlan } from './tasks.js';

/** A task and its state. */
export interface TaskRecord {
  readonly model: TaskModel;
  run?: ScriptRun;
  /** When an answer first showed the end, in Unix milliseconds. */
  endServedAtMs?: number;
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
   * @throws RangeError if the id is in use, or for a script that cannot be compiled
   */
  add(plan: Omit<TaskPlan, 'taskId'> & { readonly taskId?: string | undefined }, ownScript?: Script): TaskModel {
    this.#count += 1;
    const taskId = plan.taskId ?? uuidOf(this.#seed, 'task', this.#count);
    if (this.#records.has(taskId)) throw new RangeError(`taskId ${taskId} is in use; give another`);
    const model = makeTask({ ...plan, taskId }, this.#durations, this.#seed);
    const script =
      ownScript === undefined ? (this.#scripts.get(taskId) ?? this.#defaultScript) : compileScript(ownScript);
    this.#records.set(taskId, script === undefined ? { model } : { model, run: new ScriptRun(script) });
    return model;
  }

  get(taskId: string): TaskRecord | undefined {
    return this.#records.get(taskId);
  }

  /** Replaces a task's script from its next query on. Works before the task exists. */
  setScript(taskId: string, script: Script | undefined): void {
    const record = this.#records.get(taskId);
    if (script === undefined) {
      this.#scripts.delete(taskId);
      delete record?.run;
      return;
    }
    const compiled = compileScript(script);
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
