/** Waits as rows of a table, as lines and as JSON. Pure. */
import type { ListedWait } from '../client/list.js';
import type { TryOnWaitStatus, WaitStatusName } from '../client/status.js';
import { defined } from '../defined.js';
import { counted, formatDuration, stateText } from './format.js';
import { type Column, tableLines } from './table.js';

/** What is known of a wait; plain JSON. Unknown fields are absent; times are RFC 3339. */
export interface WaitRow {
  readonly taskId: string;
  readonly runId?: string;
  readonly state: WaitStatusName;
  readonly imageCount?: number;
  readonly subTasks?: { readonly finished: number; readonly all: number };
  readonly polls?: number;
  /** The vendor's status, or the error of the last poll. */
  readonly lastReply?: string;
  readonly isPolling?: boolean;
  readonly isPaused?: boolean;
  readonly nextPollAt?: string;
  readonly shareDone?: number;
  readonly medianFinishAt?: string;
  readonly p95FinishAt?: string;
  /** When the vendor accepted the task; the start of the wait where that is unknown. */
  readonly since?: string;
  readonly closedAt?: string;
}

/** The row of a wait that was read. */
export function rowOfStatus(status: TryOnWaitStatus): WaitRow {
  const { taskId, state, images, imagesOmitted = 0, subTasks, polls, pending, explanation, outcome, closedAt } = status;
  const error = outcome === undefined ? status.error : outcome.error;
  const { shareDone, medianFinishAt, p95FinishAt } = explanation ?? {};
  return defined({
    taskId,
    state,
    runId: status.runId,
    imageCount: images.length + (outcome?.imagesOmitted ?? imagesOmitted),
    polls,
    since: status.submittedAt ?? status.startedAt,
    subTasks:
      subTasks.length === 0
        ? undefined
        : { finished: subTasks.filter((one) => one.status === 'finished').length, all: subTasks.length },
    lastReply: explanation?.lastReply ?? (error === undefined ? status.vendorStatus : `${error.layer} ${error.code}`),
    isPolling: pending?.isRunning || undefined,
    isPaused: pending?.isPaused || undefined,
    nextPollAt: pending?.isRunning ? undefined : pending?.dueAt,
    shareDone,
    medianFinishAt,
    p95FinishAt,
    closedAt,
  });
}

/** The row of a wait that was only listed. */
export const rowOfListed = ({ taskId, state, runId, startedAt, closedAt, imageCount }: ListedWait): WaitRow =>
  defined({ taskId, state, runId, since: startedAt, closedAt, imageCount });

/** A text that changes when a wait has changed enough for another line. A poll without news does not change it. */
export const signature = ({ state, imageCount, subTasks, lastReply }: WaitRow): string =>
  JSON.stringify([state, imageCount, subTasks?.finished, lastReply]);

function nextPollText({ closedAt, isPaused, isPolling, nextPollAt }: WaitRow, nowMs: number): string {
  if (closedAt !== undefined) return '';
  if (isPaused) return 'paused';
  if (isPolling) return 'now';
  if (nextPollAt === undefined) return '';
  const ms = Date.parse(nextPollAt) - nowMs;
  return ms >= 0 ? `in ${formatDuration(ms)}` : `due ${formatDuration(ms)} ago`;
}

function expectedText({ closedAt, medianFinishAt, p95FinishAt }: WaitRow, nowMs: number): string {
  if (closedAt !== undefined) return `ended ${formatDuration(nowMs - Date.parse(closedAt))} ago`;
  if (p95FinishAt === undefined) return '';
  const [half, max] = [Date.parse(medianFinishAt ?? p95FinishAt) - nowMs, Date.parse(p95FinishAt) - nowMs];
  if (max <= 0) return 'overdue';
  return half <= 0 ? `within ${formatDuration(max)}` : `${formatDuration(half)} to ${formatDuration(max)}`;
}

const taskColumn: Column<{ readonly taskId: string }> = { head: 'task', text: ({ taskId }) => taskId, minWidth: 16 };
const stateColumn: Column<{ readonly state: string }> = {
  head: 'state',
  text: ({ state }) => state,
  style: stateText,
  minWidth: 10,
};
const imagesColumn: Column<{ readonly imageCount?: number }> = {
  head: 'images',
  text: ({ imageCount }) => String(imageCount ?? ''),
};

/** The table of `watch`: a line of heads and a line per wait, none wider than `maxWidth`. */
export function watchTable(rows: readonly WaitRow[], nowMs: number, maxWidth: number): string[] {
  const columns: readonly Column<WaitRow>[] = [
    taskColumn,
    stateColumn,
    imagesColumn,
    {
      head: 'sub-tasks',
      text: ({ subTasks }) => (subTasks === undefined ? '' : `${subTasks.finished}/${subTasks.all}`),
      dropOrder: 1,
    },
    { head: 'last reply', text: ({ lastReply }) => lastReply ?? '', minWidth: 10, dropOrder: 4 },
    { head: 'next poll', text: (row) => nextPollText(row, nowMs), dropOrder: 5 },
    { head: 'expected', text: (row) => expectedText(row, nowMs), dropOrder: 3 },
    {
      head: 'duration',
      text: ({ since, closedAt }) => {
        const endMs = closedAt === undefined ? nowMs : Date.parse(closedAt);
        return since === undefined ? '' : formatDuration(endMs - Date.parse(since));
      },
      dropOrder: 2,
    },
  ];
  return tableLines(columns, rows, maxWidth);
}

/** The table of `list`, as {@link watchTable}. */
export function listTable(waits: readonly ListedWait[], nowMs: number, maxWidth: number): string[] {
  const columns: readonly Column<ListedWait>[] = [
    taskColumn,
    stateColumn,
    imagesColumn,
    { head: 'started', text: ({ startedAt }) => `${formatDuration(nowMs - Date.parse(startedAt))} ago`, dropOrder: 2 },
    { head: 'account', text: ({ account }) => account ?? '', minWidth: 8, dropOrder: 1 },
  ];
  return tableLines(columns, waits, maxWidth);
}

/** A wait as one line, for output without a terminal. */
export function waitLine(row: WaitRow, nowMs: number): string {
  const { taskId, state, imageCount, subTasks, lastReply, polls } = row;
  const nextPoll = nextPollText(row, nowMs);
  const facts = [
    imageCount === undefined ? '' : counted(imageCount, 'image'),
    subTasks === undefined ? '' : `${subTasks.finished}/${subTasks.all} sub-tasks`,
    lastReply ?? '',
    polls === undefined ? '' : counted(polls, 'poll'),
    nextPoll === '' ? '' : `next poll ${nextPoll}`,
  ];
  const text = facts.filter((fact) => fact !== '').join(', ');
  return `${new Date(nowMs).toISOString()} ${taskId} ${stateText(state)}: ${text}`;
}
