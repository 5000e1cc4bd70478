/** What people read of a wait or a listing in the Temporal UI. Pure; vendor texts are escaped, since the UI renders Markdown. */
import { wellFormed } from '../check.js';
import { utf8Bytes } from '../json-size.js';
import type { ListingState } from './listing.js';
import { listingStatus } from './listing.js';
import type { WaitState } from './wait.js';
import { statusOf } from './wait.js';

const SHOWN_CHARACTERS = 200;

/**
 * A word joiner renders as nothing, and parts what would be taken for an address: GitHub's Markdown links those in spite of any escape.
 * As an entity, since summaries are limited in bytes.
 */
const WORD_JOINER = '&#8288;';

/**
 * Vendor text as Markdown that renders as just that text: cut to 200 characters, control and format characters as spaces, markup escaped,
 * addresses not linked. What is read alike everywhere: the UI's server takes backslashes before fewer marks than GitHub's Markdown
 * does, knows entities by number only, and takes text between dollar signs for mathematics.
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

/** The UI makes the frame of the details too low for a heading and a table by about a line: let that be an empty one. */
const FOOT = '\n\n&#160;';

const table = (rows: readonly (readonly [string, string])[]): string =>
  ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');

/** As the UI writes times, to the second. */
const shownTime = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;

const SHOWN_ROWS = 20;

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_ROWS).map(escapeMarkdown).join(', ') || 'none';
  return names.length > SHOWN_ROWS ? `${shown} and ${names.length - SHOWN_ROWS} more` : shown;
}

/** Current details of a wait; up to 20 subscribers by name. */
export function describeWait(wait: WaitState): string {
  const status = statusOf(wait);
  const finished = status.subTasks.filter((subTask) => subTask.status === 'finished').length;
  const rows: [string, string][] = [
    ['task', escapeMarkdown(status.taskId)],
    ['state', status.state],
    ['vendor says', escapeMarkdown(status.vendorStatus ?? wait.poll.status ?? 'nothing yet')],
    ['images', `${wait.images.length}${wait.expectedImages === undefined ? '' : ` of ${wait.expectedImages}`}`],
    [
      'sub\\-tasks finished',
      status.subTasks.length === 0 ? 'not known yet' : `${finished} of ${status.subTasks.length}`,
    ],
    ['queries as of the last report', String(status.polls)],
    ['deadline', shownTime(status.deadline)],
    ['subscribers', namesOf(status.subscribers.map((one) => one.workflowId))],
  ];
  if (status.error !== undefined) {
    const { layer, code, message } = status.error;
    rows.push(['error', `${layer} ${escapeMarkdown(code)}: ${escapeMarkdown(message)}`]);
  }
  if (wait.poll.conflict !== undefined)
    rows.push(['the vendor contradicts itself', escapeMarkdown(wait.poll.conflict)]);
  if (wait.poll.pauseUntilMs !== undefined) {
    rows.push(['vendor ordered a pause until', shownTime(new Date(wait.poll.pauseUntilMs).toISOString())]);
  }
  return `### Virtual try-on: ${status.state}\n\n${table(rows)}${FOOT}`;
}

/** Current details of a listing: totals, then up to 20 tasks. */
export function describeListing(listing: ListingState, isOver: boolean): string {
  const status = listingStatus(listing, isOver);
  const ended = status.tasks.filter((task) => task.state !== 'waiting' && task.state !== 'blocked').length;
  const rows: [string, string][] = [
    ['state', status.state],
    ['tasks ended', `${ended} of ${status.tasks.length}`],
    ['images', String(status.tasks.reduce((sum, task) => sum + task.imageCount, 0))],
    ['deadline', shownTime(status.deadline)],
    ...status.tasks
      .slice(0, SHOWN_ROWS)
      .map((task): [string, string] => [
        escapeMarkdown(task.garmentId ?? task.taskId),
        `${task.state}, ${task.imageCount} images`,
      ]),
  ];
  if (status.tasks.length > SHOWN_ROWS) rows.push(['more tasks', String(status.tasks.length - SHOWN_ROWS)]);
  return `### Listing ${escapeMarkdown(status.listingId)}: ${status.state}\n\n${table(rows)}${FOOT}`;
}

/** The server takes a summary of this many bytes. */
const SUMMARY_BYTES = 200;

/**
 * A workflow's summary. Its own page in the Temporal UI renders it as Markdown, that of its parent shows it plain: so of the words that
 * people read first, only the id is escaped, and a usual id reads the same in both.
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
