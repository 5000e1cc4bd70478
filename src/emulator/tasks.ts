/** Emulated tasks: their course over time, and their status at one time. Pure. */
import type { ApiName } from '../contract.js';
import { drawSeconds, type TaskDurations } from './durations.js';
import { hexOf, seededRandom } from './random.js';
import type { TaskView } from './step.js';

/** The vendor's four status words. */
export type StatusWord = 'submitted' | 'running' | 'finished' | 'failed';

/** A sub-task. Its end is known from the start. */
export interface SubTaskModel {
  readonly finishedAtMs: number;
  readonly imageCount: number;
  /** URL of the garment's photo, if the submit gave one. */
  readonly clothes?: string;
}

/** A task. Its course is known from the start. Times are Unix milliseconds of the vendor's clock. */
export interface TaskModel {
  readonly taskId: string;
  readonly api: ApiName;
  readonly submittedAtMs: number;
  readonly runningAtMs: number;
  /** When the last sub-task ends. From then on a query shows the end, unless a script differs. */
  readonly finishedAtMs: number;
  readonly subTasks: readonly SubTaskModel[];
  /** When it was cancelled, before it ran. */
  readonly cancelledAtMs?: number;
}

/** A task to make. */
export interface TaskPlan {
  readonly taskId: string;
  readonly api: TaskModel['api'];
  readonly submittedAtMs: number;
  /** One entry for each sub-task. */
  readonly subTasks: readonly { readonly imageCount: number; readonly clothes?: string }[];
  /** Default: drawn from the distribution. */
  readonly durationSeconds?: number;
}

/** Makes a task: draws its duration, and the ends of its sub-tasks between 40% of that and its end. */
export function makeTask(plan: TaskPlan, durations: TaskDurations, seed: number): TaskModel {
  const random = seededRandom(seed, 'task', plan.taskId);
  const drawnSeconds = drawSeconds(durations, random);
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

/** The object name of an image: 32 hex digits. */
export function imageIdOf(seed: number, taskId: string, subTask: number, image: number | 'clothes'): string {
  return hexOf(seed, 'image', taskId, subTask, image).slice(0, 32);
}

/** The statuses in one reply. */
export interface TaskSnapshot {
  readonly status: StatusWord;
  readonly subTasks: readonly StatusWord[];
}

/** The statuses of a task at one query. `stepPoll`: number of this query in the current step, from 1. */
export function snapshotOf(task: TaskModel, view: TaskView, nowMs: number, stepPoll: number): TaskSnapshot {
  const all = (word: StatusWord): StatusWord[] => task.subTasks.map(() => word);
  switch (view.state ?? 'live') {
    case 'live':
      if (nowMs < task.runningAtMs) return { status: 'submitted', subTasks: all('submitted') };
      return {
        status: nowMs >= task.finishedAtMs ? 'finished' : 'running',
        subTasks: task.subTasks.map(({ finishedAtMs }) => (nowMs >= finishedAtMs ? 'finished' : 'running')),
      };
    case 'running': {
      const { finishedSubTasks = 0 } = view;
      const isPerPoll = finishedSubTasks === 'per-poll';
      const finished = isPerPoll ? stepPoll : finishedSubTasks;
      const subTasks = all('running').map((word, index) => (index < finished ? 'finished' : word));
      return { status: isPerPoll && finished >= subTasks.length ? 'finished' : 'running', subTasks };
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
