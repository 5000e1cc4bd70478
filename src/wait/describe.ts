/** What people read of a wait or a listing in the Temporal UI. Pure; vendor texts are escaped, since the UI renders Markdown. */
import { wellFormed } from '../check.js';
import { openJobStates, subscriberName } from '../contract.js';
import { utf8Bytes } from '../json-size.js';
import type { ListingSummary } from './listing.js';
import { errorOf, stateOf } from './wait-report.js';
import type { WaitState } from './wait-state.js';

const SHOWN_CHARACTERS = 200;

/**
 * A word joiner renders as nothing and breaks up what GitHub's Markdown would turn into a link in spite of any escape. An entity, because
 * summaries are limited in bytes.
 */
const WORD_JOINER = '&#8288;';

/**
 * Vendor text as Markdown that renders as just that text: cut to 200 characters, control and format characters replaced by spaces, markup
 * escaped, addresses not linked. Works for all readers: the UI's server accepts backslashes before fewer marks than GitHub's Markdown,
 * knows entities by number only, and takes text between dollar signs for mathematics.
 * @see https://github.com/temporalio/ui-server/blob/main/server/route/ui.go
 */
export function escapeMarkdown(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 3)}...` : text;
  return wellFormed(cut)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/^\s+/, ' ') // more would begin a block of code
    .replace(/[\\`*_{}[\]()#+\-.!|~:&<>@$]/g, (mark) => ('&<>@$'.includes(mark) ? entityOf(mark) : `\\${mark}`))
    .replace(/&#64;|\\:(?=\/\/)|(?<=www)\\\./gi, (mark) => `${WORD_JOINER}${mark}`);
}

const entityOf = (mark: string): string => `&#${mark.charCodeAt(0)};`;

/** The UI's frame for details is about one line too low for a heading and a table: this empty line takes the cut. */
export const FOOT = '\n\n&#160;';

/** A Markdown table without a head. */
export const table = (rows: readonly (readonly [string, string])[]): string =>
  ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');

/** A time as the UI writes it, to the second. */
export const shownTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const SHOWN_ROWS = 20;

/** Up to 20 names, escaped. */
export function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_ROWS).map(escapeMarkdown).join(', ') || 'none';
  return names.length > SHOWN_ROWS ? `${shown} and ${names.length - SHOWN_ROWS} more` : shown;
}

/** Current details of a wait; up to 20 subscribers by name. */
export function describeWait(wait: WaitState): string {
  const { poll, images, expectedImages } = wait;
  const state = stateOf(wait);
  const error = errorOf(wait);
  const finished = poll.subTasks.filter((subTask) => subTask.status === 'finished').length;
  const rows: [string, string][] = [
    ['task', escapeMarkdown(wait.taskId)],
    ['state', state],
    ['vendor status', escapeMarkdown(poll.vendorStatus ?? poll.status ?? 'none yet')],
    ['images', `${images.length}${expectedImages === undefined ? '' : ` of ${expectedImages}`}`],
    ['sub\\-tasks finished', poll.subTasks.length === 0 ? 'not known yet' : `${finished} of ${poll.subTasks.length}`],
    ['polls up to the last report', String(poll.polls)],
    ['deadline', shownTime(wait.deadlineMs)],
    ['subscribers', namesOf(wait.subscribers.map(subscriberName))],
  ];
  if (error !== undefined) {
    rows.push(['error', `${error.layer} ${escapeMarkdown(error.code)}: ${escapeMarkdown(error.message)}`]);
  }
  if (poll.conflict !== undefined) rows.push(['the vendor contradicts itself', escapeMarkdown(poll.conflict)]);
  return `### Virtual try-on: ${state}\n\n${table(rows)}${FOOT}`;
}

/** Current details of a listing: totals, then up to 20 tasks. */
export function describeListing({ listingId, state, tasks, deadline }: ListingSummary): string {
  const open: readonly string[] = openJobStates;
  const ended = tasks.filter((task) => !open.includes(task.state)).length;
  const rows: [string, string][] = [
    ['state', state],
    ['tasks ended', `${ended} of ${tasks.length}`],
    ['images', String(tasks.reduce((sum, task) => sum + task.imageCount, 0))],
    ['deadline', shownTime(Date.parse(deadline))],
    ...tasks
      .slice(0, SHOWN_ROWS)
      .map((task): [string, string] => [
        escapeMarkdown(task.garmentId ?? task.requestId ?? task.taskId ?? ''),
        `${task.state}, ${task.imageCount} images`,
      ]),
  ];
  if (tasks.length > SHOWN_ROWS) rows.push(['more tasks', String(tasks.length - SHOWN_ROWS)]);
  return `### Listing ${escapeMarkdown(listingId)}: ${state}\n\n${table(rows)}${FOOT}`;
}

/** The server takes a summary of this many bytes. */
const SUMMARY_BYTES = 200;

/**
 * A workflow's summary. Its own page in the Temporal UI renders it as Markdown, its parent's page shows it plain. Only the id is escaped,
 * and a usual id reads the same in both.
 */
const summary = (words: string, id: string): string => cutToBytes(`${words} ${escapeMarkdown(id)}`, SUMMARY_BYTES);

/** The summary of a wait. */
export const summaryOf = (taskId: string): string => summary('Virtual try-on of task', taskId);

/** The summary of a listing. */
export const summaryOfListing = (listingId: string): string => summary('Virtual try-on of listing', listingId);

/** As much of a text, from its beginning, as fits into so many bytes of UTF-8. */
export function cutToBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let cut = '';
  for (const character of text) {
    bytes += utf8Bytes(character);
    if (bytes > maxBytes) break;
    cut += character;
  }
  return cut;
}

/** The summary of a job. */
export const summaryOfJob = (requestId: string): string => summary('Virtual try-on of request', requestId);
