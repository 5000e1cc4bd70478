/** Emulated tasks: what they are made of, and what of them is to be seen at a time. Pure. */
import { chanceOf, hexOf } from './chance.js';
import { type DurationDistribution, drawSeconds } from './durations.js';
import type { TaskView } from './step.js';

/** The vendor's four words. */
export type StatusWord = 'submitted' | 'running' | 'finished' | 'failed';

/** A sub-task as it was drawn: when it ends, and how. */
export interface SubTaskModel {
  readonly finishedAtMs: number;
  readonly imageCount: number;
  /** Address of the garment's photo, where the submit gave one. */
  readonly clothes?: string;
}

/** A task; its whole course is settled when it is made. Times are Unix milliseconds of the vendor's clock. */
export interface TaskModel {
  readonly taskId: string;
  readonly api: 'tryon' | 'tryon-pro';
  readonly submittedAtMs: number;
  readonly runningAtMs: number;
  /** When the last sub-task ends: from then on a query sees the end, unless a script says otherwise. */
  readonly finishedAtMs: number;
  readonly subTasks: readonly SubTaskModel[];
}

/** What a new task is made of. */
export interface TaskPlan {
  readonly taskId: string;
  readonly api: TaskModel['api'];
  readonly submittedAtMs: number;
  /** One entry for each sub-task. */
  readonly subTasks: readonly { readonly imageCount: number; readonly clothes?: string }[];
  /** Instead of a draw from the distribution. */
  readonly durationSeconds?: number;
}

/** Settles a task's course: its duration from `distribution`, its sub-tasks' ends between 40 % of that and its end. */
export function makeTask(plan: TaskPlan, distribution: DurationDistribution, seed: number): TaskModel {
  const random = chanceOf(seed, 'task', plan.taskId);
  const drawnSeconds = drawSeconds(distribution, random);
  const durationMs = Math.round(1000 * (plan.durationSeconds ?? drawnSeconds));
  const shares = plan.subTasks.map(() => 0.4 + 0.6 * random());
  const latest = Math.max(...shares, 0);
  const finishedAtMs = plan.submittedAtMs + durationMs;
  return {
    taskId: plan.taskId,
    api: plan.api,
    submittedAtMs: plan.submittedAtMs,
    runningAtMs: plan.submittedAtMs + Math.round(durationMs * 0.1),
    finishedAtMs,
    subTasks: plan.subTasks.map((subTask, index) => {
      const share = (shares[index] ?? 1) / latest;
      return { ...subTask, finishedAtMs: plan.submittedAtMs + Math.round(durationMs * share) };
    }),
  };
}

/** 32 hex characters: the object name of an image. */
export function imageIdOf(seed: number, taskId: string, subTask: number, image: number | 'clothes'): string {
  return hexOf(seed, 'image', taskId, subTask, image).slice(0, 32);
}

/** A task as one reply tells it. */
export interface Reading {
  readonly status: StatusWord;
  readonly subTasks: readonly StatusWord[];
}

/** What is to be seen of a task. `nth` counts the queries that the current step has answered, from 1. */
export function readingOf(task: TaskModel, view: TaskView, nowMs: number, nth: number): Reading {
  const all = (word: StatusWord): StatusWord[] => task.subTasks.map(() => word);
  switch (view.state ?? 'live') {
    case 'live':
      if (nowMs < task.runningAtMs) return { status: 'submitted', subTasks: all('submitted') };
      return {
        status: nowMs >= task.finishedAtMs ? 'finished' : 'running',
        subTasks: task.subTasks.map(({ finishedAtMs }) => (nowMs >= finishedAtMs ? 'finished' : 'running')),
      };
    case 'running': {
      const wanted = view.finishedSubTasks ?? 0;
      const done = wanted === 'per-poll' ? nth : wanted;
      const subTasks = all('running').map((word, index) => (index < done ? 'finished' : word));
      const over = wanted === 'per-poll' && done >= subTasks.length;
      return { status: over ? 'finished' : 'running', subTasks };
    }
    case 'partial': {
      const subTasks = task.subTasks.length > 1 ? all('finished') : [...all('finished'), 'finished' as const];
      subTasks[subTasks.length - 1] = 'failed';
      return { status: 'finished', subTasks };
    }
    case 'submitted':
      return { status: 'submitted', subTasks: all('submitted') };
    case 'finished':
      return { status: 'finished', subTasks: all('finished') };
    case 'failed':
      return { status: 'failed', subTasks: all('failed') };
  }
}
