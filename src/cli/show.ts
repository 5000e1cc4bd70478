/** Statuses, images and outcomes as lines for people. Pure. */
import { describeError, describeOutcome } from '../client/errors.js';
import type { TryOnWaitStatus } from '../client/status.js';
import type { TryOnImage, TryOnOutcome } from '../contract.js';
import { type Output, plain } from './output.js';

type Paint = Output['paint'];

/** A length of time as people say it: `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function lengthOf(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3_600)} h`;
}

/** A number of things: `1 query`, `2 queries`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** A number of queries. */
export const queries = (count: number): string => counted(count, 'query', 'queries');

/** A time and how far away it is. */
export function timeOf(text: string, nowMs: number): string {
  const ms = Date.parse(text) - nowMs;
  return `${text} (${ms >= 0 ? `in ${lengthOf(ms)}` : `${lengthOf(ms)} ago`})`;
}

/** A state in its colour. */
export function stateText(state: string, paint: Paint): string {
  if (state === 'finished' || state === 'complete') return paint.green(state);
  if (state === 'waiting') return paint.cyan(state);
  return state === 'partial' || state === 'timeout' || state === 'blocked' || state === 'incomplete'
    ? paint.yellow(state)
    : paint.red(state);
}

/** One image. */
export const imageLine = (image: TryOnImage, paint: Paint, of = ''): string =>
  `${paint.dim(of === '' ? `sub-task ${image.subTask}` : `${plain(of)}, sub-task ${image.subTask}`)}  ${plain(image.imageUrl)}`;

const table = (rows: readonly (readonly [string, string | undefined])[], paint: Paint): string[] => {
  const told = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const width = Math.max(...told.map(([name]) => name.length));
  return told.map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value}`);
};

const subTasksText = (subTasks: TryOnOutcome['subTasks']): string | undefined => {
  if (subTasks.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const { status } of subTasks) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
};

function pendingText(status: TryOnWaitStatus, nowMs: number): string | undefined {
  const { pending } = status;
  if (pending === undefined) return undefined;
  if (pending.isRunning) return `now (attempt ${pending.attempt})`;
  const when = pending.dueAt === undefined ? 'soon' : timeOf(pending.dueAt, nowMs);
  return `${when}, attempt ${pending.attempt}${pending.why === undefined ? '' : `, by ${pending.why}`}`;
}

/** A status as lines. */
export function statusLines(status: TryOnWaitStatus, paint: Paint, nowMs: number): string[] {
  const { pending, explanation, outcome } = status;
  const lines = table(
    [
      ['task', plain(status.taskId)],
      ['state', stateText(status.state, paint)],
      ['vendor says', status.vendorStatus === undefined ? undefined : plain(status.vendorStatus)],
      ['images', String(status.images.length + (status.imagesOmitted ?? 0))],
      ['sub-tasks', subTasksText(status.subTasks)],
      ['queries', String(status.polls)],
      ['next poll', pendingText(status, nowMs)],
      ['last poll', pending?.lastSeen === undefined ? undefined : plain(pending.lastSeen)],
      ['because', explanation === undefined ? undefined : plain(explanation.why)],
      ['expected', explanation === undefined ? undefined : finishText(explanation, nowMs)],
      ['submitted', submittedText(status, nowMs)],
      [
        'deadline',
        status.closedAt === undefined && status.deadline !== undefined ? timeOf(status.deadline, nowMs) : undefined,
      ],
      ['ended', status.closedAt === undefined ? undefined : timeOf(status.closedAt, nowMs)],
      [
        'took',
        outcome === undefined ? undefined : lengthOf(Date.parse(outcome.finishedAt) - Date.parse(outcome.submittedAt)),
      ],
      ['told to', status.subscribers?.map(({ workflowId }) => plain(workflowId)).join(', ') || undefined],
      ['workflow', plain(status.workflowId)],
    ],
    paint,
  );
  return [...lines, ...status.notes.map((note) => `${paint.yellow('!')} ${plain(note)}`)];
}

/** A wait that was told no time of submission takes that of its own first step; one that was told is given an earlier time. */
function submittedText({ submittedAt, startedAt }: TryOnWaitStatus, nowMs: number): string | undefined {
  if (submittedAt === undefined) return undefined;
  const isTaken = Date.parse(submittedAt) >= Date.parse(startedAt);
  return `${timeOf(submittedAt, nowMs)}${isTaken ? '; taken as submitted, since the wait was told no time' : ''}`;
}

function finishText(explanation: NonNullable<TryOnWaitStatus['explanation']>, nowMs: number): string | undefined {
  const { shareDone, medianFinishAt, p95FinishAt } = explanation;
  if (shareDone === undefined) return undefined;
  const done = `${Math.round(100 * shareDone)} % of jobs like this are over by now`;
  const by = (text: string): string => {
    const ms = Date.parse(text) - nowMs;
    return ms > 0 ? `within ${lengthOf(ms)}` : 'by now';
  };
  if (medianFinishAt === undefined || p95FinishAt === undefined)
    return `${done}, and the rest takes longer than any known`;
  return `${done}; of those that still run, half ${by(medianFinishAt)}, 95 % ${by(p95FinishAt)}`;
}

/** An outcome as one line, and one more for its error. */
export function outcomeLines(outcome: TryOnOutcome, paint: Paint): string[] {
  const { status, images, imagesOmitted = 0, shortfall, polls, error } = outcome;
  const took = lengthOf(Date.parse(outcome.finishedAt) - Date.parse(outcome.submittedAt));
  const short = shortfall === undefined ? '' : `, ${shortfall} fewer than expected`;
  return [
    `${stateText(status, paint)}: ${describeOutcome[status]}; ${counted(images.length + imagesOmitted, 'image')}${short}, ${queries(polls)}, ${took}`,
    ...(error === undefined ? [] : [`${paint.yellow('!')} ${plain(describeError(error))}`]),
  ];
}
