/** Waits as `watch` shows them: what a list and a poll at each came to, as rows, lines and JSON. Pure. */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { TryOnWaitStatus, WaitStatusName } from '../client/status.js';
import { type Output, plain } from './output.js';
import { counted, lengthOf, stateText } from './show.js';

type Paint = Output['paint'];

/** A wait that is watched; plain JSON. What is not known is absent. */
export interface WatchedWait {
  readonly taskId: string;
  readonly state: WaitStatusName;
  readonly imageCount?: number;
  readonly subTasks?: { readonly finished: number; readonly all: number };
  readonly polls?: number;
  /** The vendor's word, or the errors that the last poll met. */
  readonly lastReply?: string;
  readonly isPolling?: boolean;
  readonly isPaused?: boolean;
  readonly nextPollAt?: string;
  readonly shareDone?: number;
  readonly medianFinishAt?: string;
  readonly p95FinishAt?: string;
  /** When the vendor accepted the task, or else when the wait began. */
  readonly since?: string;
  readonly closedAt?: string;
}

/** A wait by what a poll at it told. */
export function watchedWait(status: TryOnWaitStatus): WatchedWait {
  const { taskId, state, images, imagesOmitted = 0, subTasks, polls, pending, explanation, outcome, closedAt } = status;
  const error = outcome === undefined ? status.error : outcome.error;
  const lastReply =
    explanation?.lastReply ?? (error === undefined ? status.vendorStatus : `${error.layer} ${error.code}`);
  const { shareDone, medianFinishAt, p95FinishAt } = explanation ?? {};
  const nextPollAt = pending?.isRunning ? undefined : pending?.dueAt;
  return {
    taskId,
    state,
    imageCount: images.length + (outcome?.imagesOmitted ?? imagesOmitted),
    polls,
    since: status.submittedAt ?? status.startedAt,
    ...(subTasks.length === 0
      ? {}
      : {
          subTasks: {
            finished: subTasks.filter((one) => one.status === 'finished').length,
            all: subTasks.length,
          },
        }),
    ...(lastReply === undefined ? {} : { lastReply }),
    ...(pending?.isRunning ? { isPolling: true } : {}),
    ...(pending?.isPaused ? { isPaused: true } : {}),
    ...(nextPollAt === undefined ? {} : { nextPollAt }),
    ...(shareDone === undefined ? {} : { shareDone }),
    ...(medianFinishAt === undefined ? {} : { medianFinishAt }),
    ...(p95FinishAt === undefined ? {} : { p95FinishAt }),
    ...(closedAt === undefined ? {} : { closedAt }),
  };
}

/** What counts as a change of a wait where lines are printed: a poll that told nothing new is none. */
export const signature = ({ state, imageCount, subTasks, lastReply }: WatchedWait): string =>
  JSON.stringify([state, imageCount, subTasks?.finished, lastReply]);

function nextPollText({ closedAt, isPaused, isPolling, nextPollAt }: WatchedWait, nowMs: number): string {
  if (closedAt !== undefined) return '';
  if (isPaused) return 'paused';
  if (isPolling) return 'now';
  if (nextPollAt === undefined) return '';
  const ms = Date.parse(nextPollAt) - nowMs;
  return ms >= 0 ? `in ${lengthOf(ms)}` : `due ${lengthOf(ms)} ago`;
}

function finishText({ closedAt, medianFinishAt, p95FinishAt }: WatchedWait, nowMs: number): string {
  if (closedAt !== undefined) return `ended ${lengthOf(nowMs - Date.parse(closedAt))} ago`;
  if (p95FinishAt === undefined) return '';
  const [half, max] = [Date.parse(medianFinishAt ?? p95FinishAt) - nowMs, Date.parse(p95FinishAt) - nowMs];
  if (max <= 0) return 'overdue';
  return half <= 0 ? `within ${lengthOf(max)}` : `${lengthOf(half)} to ${lengthOf(max)}`;
}

interface Column {
  readonly head: string;
  readonly text: (wait: WatchedWait, nowMs: number) => string;
  /** May be cut to this width. */
  readonly min?: number;
  /** The lower, the sooner it is left out where there is no room; 0: never. */
  readonly keep: number;
}

/** The columns, left to right. */
const columns: readonly Column[] = [
  { head: 'task', text: ({ taskId }) => plain(taskId), min: 16, keep: 0 },
  { head: 'state', text: ({ state }) => state, keep: 0 },
  { head: 'images', text: ({ imageCount }) => (imageCount === undefined ? '' : String(imageCount)), keep: 0 },
  {
    head: 'sub-tasks',
    text: ({ subTasks }) => (subTasks === undefined ? '' : `${subTasks.finished}/${subTasks.all}`),
    keep: 1,
  },
  { head: 'last reply', text: ({ lastReply }) => plain(lastReply ?? ''), min: 10, keep: 4 },
  { head: 'next poll', text: nextPollText, keep: 5 },
  { head: 'expected', text: finishText, keep: 3 },
  {
    head: 'duration',
    text: ({ since, closedAt }, nowMs) =>
      since === undefined ? '' : lengthOf((closedAt === undefined ? nowMs : Date.parse(closedAt)) - Date.parse(since)),
    keep: 2,
  },
];

/** Between two columns. */
const GAP = 2;

/** Columns that fit, with their widths: the last reply is cut first, then whole columns are left out, and at last task ids are cut. */
function fitted(
  cells: readonly (readonly string[])[],
  maxWidth: number,
): { readonly indexes: number[]; readonly widths: number[] } {
  const natural = columns.map(({ head }, k) => Math.max(head.length, ...cells.map((row) => (row[k] ?? '').length)));
  let indexes = columns.map((_, k) => k);
  for (;;) {
    const widths = indexes.map((k) => natural[k] as number);
    const [first] = indexes
      .filter((k) => (columns[k] as Column).keep > 0)
      .sort((one, other) => (columns[one] as Column).keep - (columns[other] as Column).keep);
    let over = widths.reduce((sum, width) => sum + width + GAP, -GAP) - maxWidth;
    for (const [at, k] of indexes.entries()) {
      const { min, keep } = columns[k] as Column;
      if (over <= 0 || min === undefined || (keep === 0 && first !== undefined)) continue;
      const cut = Math.max(0, Math.min(over, (widths[at] as number) - min));
      widths[at] = (widths[at] as number) - cut;
      over -= cut;
    }
    if (over <= 0 || first === undefined) return { indexes, widths };
    indexes = indexes.filter((k) => k !== first);
  }
}

const noBorders = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((name) => [name, `${name}-mid`, `${name}-left`, `${name}-right`])
    .concat('middle')
    .map((name) => [name, '']),
);

/** Waits as a table without borders, a line each below the heads. Nothing is wider than `maxWidth`. */
export function waitTable(waits: readonly WatchedWait[], paint: Paint, nowMs: number, maxWidth: number): string[] {
  const cells = waits.map((wait) => columns.map(({ text }) => text(wait, nowMs)));
  const { indexes, widths } = fitted(cells, maxWidth);
  const table = new Table({
    chars: noBorders,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: widths.map((width, at) => width + (at < widths.length - 1 ? GAP : 0)),
    head: indexes.map((k) => paint.dim((columns[k] as Column).head)),
  });
  for (const row of cells) {
    table.push(
      indexes.map((k, at) => {
        const text = row[k] as string;
        const width = widths[at] as number;
        const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
        return columns[k]?.head === 'state' ? stateText(cut, paint) : cut;
      }),
    );
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** How many of each state: `3 waiting, 1 blocked`. */
export function statesText(waits: readonly WatchedWait[], paint: Paint): string {
  const counts = new Map<string, number>();
  for (const { state } of waits) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${stateText(state, paint)}`).join(', ') || 'no waits';
}

/** What a screen shows. */
export interface Screen {
  /** Those that there are, the first ones shown. */
  readonly waits: readonly WatchedWait[];
  /** There may be still more than `waits`. */
  readonly isCut: boolean;
  /** What is wrong. */
  readonly notes: readonly string[];
  readonly place: string;
}

/** Lines beside the waits: title, heads, the number of those left out, and the last one, on which the cursor rests. */
const FRAME_LINES = 4;
const SHOWN_NOTES = 2;

/** Most waits that a terminal of so many rows shows. */
export const roomFor = (rows: number, notes = SHOWN_NOTES): number => Math.max(1, rows - FRAME_LINES - notes);

/** A whole screen, as lines of at most `width` that leave the last row free. */
export function screenLines(screen: Screen, paint: Paint, nowMs: number, width: number, rows: number): string[] {
  const { waits, isCut, place } = screen;
  const notes = screen.notes.slice(0, SHOWN_NOTES);
  const cut = (text: string): string => (text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text);
  const shown = waits.slice(0, roomFor(rows, notes.length));
  const left = waits.length - shown.length;
  const states = statesText(waits, paint);
  const room = width - `waits ${stripVTControlCharacters(states)}`.length;
  const time = new Date(nowMs).toISOString().slice(11, 19);
  const about = `${place}, ${time} UTC, Ctrl-C ends`;
  const title =
    room < 0
      ? cut(`waits ${stripVTControlCharacters(states)}`)
      : `${paint.bold('waits')} ${room < about.length + 2 ? '' : `${paint.dim(about)}  `}${states}`;
  const more = `and ${left > 0 ? left : 'maybe'} more${isCut && left > 0 ? ' at least' : ''}; --state, --listing and --limit select`;
  return [
    title,
    ...waitTable(shown, paint, nowMs, width),
    ...(left > 0 || isCut ? [paint.dim(cut(more))] : []),
    ...notes.map((note) => paint.yellow(cut(`! ${plain(note)}`))),
  ];
}

/** A wait as one line, for where there is no terminal. */
export function waitLine(wait: WatchedWait, paint: Paint, nowMs: number): string {
  const { taskId, state, imageCount, subTasks, lastReply, polls } = wait;
  const told = [
    imageCount === undefined ? '' : counted(imageCount, 'image'),
    subTasks === undefined ? '' : `${subTasks.finished}/${subTasks.all} sub-tasks`,
    plain(lastReply ?? ''),
    polls === undefined ? '' : counted(polls, 'query', 'queries'),
    nextPollText(wait, nowMs) && `next poll ${nextPollText(wait, nowMs)}`,
  ].filter((text) => text !== '');
  return `${new Date(nowMs).toISOString()} ${plain(taskId)} ${stateText(state, paint)}: ${told.join(', ')}`;
}
