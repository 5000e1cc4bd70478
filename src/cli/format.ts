/** Statuses, images and outcomes as lines for people. Pure; {@link Output} cleans the lines. */
import { describeError, describeOutcome } from '../client/errors.js';
import type { TryOnWaitStatus } from '../client/status.js';
import { subscriberName, type TryOnImage, type TryOnJobResult, type TryOnOutcome } from '../contract.js';
import { paint } from './output.js';

/** A duration: `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3_600)} h`;
}

/** A number of things: `1 poll`, `2 polls`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** How many there are of each text, in order of first appearance: `3 waiting, 1 blocked`. */
export function tally(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} ${text}`).join(', ');
}

/** An RFC 3339 time and its distance from now. */
function formatTime(time: string, nowMs: number): string {
  const ms = Date.parse(time) - nowMs;
  return `${time} (${ms >= 0 ? `in ${formatDuration(ms)}` : `${formatDuration(ms)} ago`})`;
}

/** How long a task took, from its submission until its end was noticed. */
export const tookText = ({ submittedAt, finishedAt }: Pick<TryOnOutcome, 'submittedAt' | 'finishedAt'>): string =>
  formatDuration(Date.parse(finishedAt) - Date.parse(submittedAt));

const stateStyles = new Map([
  ['finished', paint.green],
  ['complete', paint.green],
  ['waiting', paint.cyan],
  ...['partial', 'timeout', 'blocked', 'incomplete'].map((state) => [state, paint.yellow] as const),
]);

/** A state in its colour; red for all others. */
export const stateText = (state: string): string => (stateStyles.get(state) ?? paint.red)(state);

/** A line that warns. */
export const warningLine = (text: string): string => `${paint.yellow('!')} ${text}`;

/** One image: where it belongs and its URL. */
export const imageLine = ({ subTask, imageUrl }: TryOnImage, owner?: string): string =>
  `${paint.dim(`${owner === undefined ? '' : `${owner}, `}sub-task ${subTask}`)}  ${imageUrl}`;

function pendingText({ pending }: TryOnWaitStatus, nowMs: number): string | undefined {
  if (pending === undefined) return undefined;
  if (pending.isRunning) return `now (attempt ${pending.attempt})`;
  const when = pending.dueAt === undefined ? 'soon' : formatTime(pending.dueAt, nowMs);
  return `${when}, attempt ${pending.attempt}${pending.why === undefined ? '' : `, by ${pending.why}`}`;
}

/** A wait without a given time of submission uses the time of its first step, which is not before its start. */
function submittedText({ submittedAt, startedAt }: TryOnWaitStatus, nowMs: number): string | undefined {
  if (submittedAt === undefined) return undefined;
  const isAssumed = Date.parse(submittedAt) >= Date.parse(startedAt);
  return `${formatTime(submittedAt, nowMs)}${isAssumed ? '; assumed, because the wait got no submittedAt' : ''}`;
}

function expectedText({ explanation }: TryOnWaitStatus, nowMs: number): string | undefined {
  const { shareDone, medianFinishAt, p95FinishAt } = explanation ?? {};
  if (shareDone === undefined) return undefined;
  const done = `${Math.round(100 * shareDone)}% of similar tasks are done by now`;
  const by = (time: string): string => {
    const ms = Date.parse(time) - nowMs;
    return ms > 0 ? `within ${formatDuration(ms)}` : 'by now';
  };
  return medianFinishAt === undefined || p95FinishAt === undefined
    ? `${done}; this one takes longer than any known task`
    : `${done}; of those still running, half are done ${by(medianFinishAt)}, 95% ${by(p95FinishAt)}`;
}

/** A status as lines. */
export function statusLines(status: TryOnWaitStatus, nowMs: number): string[] {
  const { pending, explanation, outcome, closedAt, deadline } = status;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['task', status.taskId],
    ['API', status.api === 'tryon' ? undefined : status.api],
    ['state', stateText(status.state)],
    ['vendor says', status.vendorStatus],
    ['images', String(status.images.length + (status.imagesOmitted ?? 0))],
    ['sub-tasks', tally(status.subTasks.map((subTask) => subTask.status)) || undefined],
    ['polls', String(status.polls)],
    ['next poll', pendingText(status, nowMs)],
    ['last poll', pending?.lastSeen],
    ['because', explanation?.why],
    ['expected', expectedText(status, nowMs)],
    ['submitted', submittedText(status, nowMs)],
    ['deadline', closedAt === undefined && deadline !== undefined ? formatTime(deadline, nowMs) : undefined],
    ['ended', closedAt === undefined ? undefined : formatTime(closedAt, nowMs)],
    ['took', outcome === undefined ? undefined : tookText(outcome)],
    ['subscribers', status.subscribers?.map(subscriberName).join(', ') || undefined],
    ['workflow', status.workflowId],
  ];
  const shown = rows.filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return [
    ...shown.map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value}`),
    ...status.notes.map(warningLine),
    ...(status.subscribers ?? []).flatMap(({ error }) => (error === undefined ? [] : [warningLine(error.message)])),
  ];
}

/** An outcome as one line, and one more for its error. */
export function outcomeLines(outcome: TryOnOutcome | TryOnJobResult): string[] {
  const { status, images, imagesOmitted = 0, shortfall, polls, error, api } = outcome;
  const missing = shortfall === undefined ? '' : `, ${shortfall} fewer than expected`;
  return [
    `${stateText(status)}: ${describeOutcome[status]}; ${counted(images.length + imagesOmitted, 'image')}${missing}, ${counted(polls, 'poll')}, ${tookText(outcome)}`,
    ...(error === undefined ? [] : [warningLine(describeError(error, api))]),
  ];
}
