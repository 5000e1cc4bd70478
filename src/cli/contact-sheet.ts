/**
 * A contact sheet: the images of a task or a listing as one HTML file. Pure. All text from outside is hostile: the template escapes it,
 * only http and https URLs become links, and files alone that the caller names; the page's policy runs no script but its own.
 */
import { imageUrlConcernDescriptions, imageUrlConcerns } from '../client/image-url.js';
import type { SubTask, TryOnError, TryOnImage } from '../contract.js';
import { type Html, html, page } from './contact-sheet-html.js';
import { counted } from './format.js';

/** What happened, or is expected, at a time. */
export interface TimelineEntry {
  /** RFC 3339. */
  readonly at: string;
  readonly text: string;
  readonly kind: 'poll' | 'state' | 'end' | 'expected';
}

/** One task on a sheet. */
export interface SheetTask {
  /** Absent while the vendor has not accepted the request. */
  readonly taskId?: string;
  readonly requestId?: string;
  readonly garmentId?: string;
  readonly state: string;
  readonly images: readonly TryOnImage[];
  readonly subTasks: readonly SubTask[];
  /** How many more images there are. */
  readonly imagesOmitted?: number;
  readonly polls?: number;
  readonly error?: TryOnError;
  /** By time. A poll without news only counts in `polls`. */
  readonly timeline: readonly TimelineEntry[];
  readonly notes: readonly string[];
}

/** What a sheet shows; plain JSON. */
export interface Sheet {
  /** Absent for a single task. */
  readonly listingId?: string;
  readonly state: string;
  /** When the data was read; RFC 3339. */
  readonly readAt: string;
  readonly tasks: readonly SheetTask[];
  readonly imagesOmitted?: number;
}

/** Options of {@link contactSheet}. */
export interface ContactSheetOptions {
  /** Load the images when the page opens; by default only after a button is pressed. */
  readonly loadImages?: boolean;
  /** `file:` locations of archived images that can be read: these are shown in place of the vendor's. */
  readonly readable?: ReadonlySet<string>;
}

/** The URL as a link; `undefined` unless it is http or https. */
export function linkOf(imageUrl: string): string | undefined {
  try {
    const { protocol, href } = new URL(imageUrl);
    return protocol === 'http:' || protocol === 'https:' ? href : undefined;
  } catch {
    return undefined;
  }
}

/** The archived file of an image, if the caller can read it. */
const fileOf = ({ archived }: TryOnImage, { readable }: ContactSheetOptions): string | undefined =>
  archived !== undefined && readable?.has(archived.location) ? new URL(archived.location).href : undefined;

function archiveNote({ archived, archiveError }: TryOnImage, isShown: boolean): Html | string {
  if (archived === undefined) {
    if (archiveError === undefined) return '';
    return html`<span class="warn">! not archived: ${archiveError.code}: ${archiveError.message}</span>`;
  }
  const what = isShown ? 'archived' : "archived, but not readable here; the picture has the vendor's URL:";
  return html`<span>${what} <code>${archived.location}</code></span>`;
}

function figure(image: TryOnImage, number: number, options: ContactSheetOptions): Html {
  const file = fileOf(image, options);
  const link = file ?? linkOf(image.imageUrl);
  // A file loads from this machine alone.
  const isLoaded = options.loadImages || file !== undefined;
  // An image without a link says so already.
  const concerns = imageUrlConcerns(image.imageUrl).filter((one) => one !== 'scheme' && one !== 'unreadable');
  const alt = `Image ${number} of sub-task ${image.subTask}`;
  const picture =
    link === undefined
      ? html`<div class="frame">not a web address</div>`
      : html`<a class="frame" href="${link}" target="_blank" rel="noopener noreferrer">${
          isLoaded
            ? html`<img src="${link}" alt="${alt}" referrerpolicy="no-referrer">`
            : html`<img data-src="${link}" alt="${alt}" referrerpolicy="no-referrer">`
        }</a>`;
  return html`<figure>${picture}<figcaption><b>${String(number)}</b> <span class="size">${
    link === undefined ? '' : 'size unknown until loaded'
  }</span><code class="url">${image.imageUrl}</code>${archiveNote(image, file !== undefined)}${concerns.map(
    (concern) => html`<span class="warn">! ${imageUrlConcernDescriptions[concern]}</span>`,
  )}</figcaption></figure>`;
}

/** Sub-tasks in order, including those that only images mention. */
function subTasksOf(task: SheetTask): (Partial<SubTask> & { readonly index: number })[] {
  const indexes = new Set([...task.subTasks.map(({ index }) => index), ...task.images.map(({ subTask }) => subTask)]);
  return [...indexes]
    .sort((one, other) => one - other)
    .map((index) => ({ index, ...task.subTasks.find((subTask) => subTask.index === index) }));
}

function subTaskSection(
  task: SheetTask,
  subTask: Partial<SubTask> & { readonly index: number },
  options: ContactSheetOptions,
): Html {
  const images = task.images.filter((image) => image.subTask === subTask.index);
  const clothes = [...new Set(images.map((image) => image.clothes).filter((text) => text !== undefined))];
  const { status, vendorStatus } = subTask;
  return html`<section><h3>Sub-task ${String(subTask.index)} ${badge(status ?? 'unknown')}</h3><p>${counted(
    images.length,
    'image',
  )}${vendorStatus === undefined ? '' : html`; the vendor says <q>${vendorStatus}</q>`}${clothes.map(
    (text) => html`; clothes <code>${text}</code>`,
  )}</p><div class="grid">${images.map((image, k) => figure(image, k + 1, options))}</div></section>`;
}

const good = ['finished', 'complete'];
const open = ['waiting', 'submitting', 'submitted', 'running', 'archiving'];
const mixed = ['partial', 'timeout', 'blocked', 'incomplete', 'unknown', 'maybeSubmitted', 'unresolved'];

/** A state as a badge; the class never comes from the text. */
function badge(state: string): Html {
  const name = good.includes(state) ? 'good' : open.includes(state) ? 'open' : mixed.includes(state) ? 'mixed' : 'bad';
  return html`<span class="badge ${name}">${state}</span>`;
}

const [lineLeft, lineRight] = [10, 990];
const seconds = (ms: number): string => `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(ms < 100_000 ? 1 : 0)} s`;

/** The timeline as a picture and as a table. */
function timelineSection(timeline: readonly TimelineEntry[]): Html {
  const known = timeline
    .map((entry) => ({ ...entry, ms: Date.parse(entry.at) }))
    .filter(({ ms }) => !Number.isNaN(ms))
    .sort((one, other) => one.ms - other.ms);
  const [first, last] = [known.at(0), known.at(-1)];
  if (first === undefined || last === undefined) return html`<p>No times are known.</p>`;
  const x = (ms: number): string =>
    (lineLeft + ((lineRight - lineLeft) * (ms - first.ms)) / Math.max(1, last.ms - first.ms)).toFixed(1);
  return html`<svg class="line" viewBox="0 0 1000 40" role="img" aria-label="Timeline of polls"><line x1="${String(
    lineLeft,
  )}" x2="${String(lineRight)}" y1="20" y2="20"/>${known.map(
    ({ ms, text, kind }) =>
      html`<circle class="${kind}" cx="${x(ms)}" cy="20" r="${kind === 'poll' ? '8' : '5'}"><title>${text}, ${seconds(
        ms - first.ms,
      )}</title></circle>`,
  )}</svg><table class="timeline">${known.map(
    ({ at, ms, text, kind }) =>
      html`<tr class="${kind}"><td>${seconds(ms - first.ms)}</td><td><time>${at}</time></td><td>${text}</td></tr>`,
  )}</table>`;
}

/** The heading of the sheet already names the task of a sheet without a listing. */
function taskHead({ garmentId, taskId, requestId, state }: SheetTask, isAlone: boolean): Html | string {
  if (isAlone) return garmentId === undefined ? '' : html`<h2>${garmentId}</h2>`;
  const name = taskId === undefined ? `Request ${requestId ?? ''}` : `Task ${taskId}`;
  return html`<h2>${garmentId ?? name} ${badge(state)}</h2>`;
}

function taskSection(task: SheetTask, isAlone: boolean, options: ContactSheetOptions): Html {
  const { garmentId, taskId, requestId, images, imagesOmitted = 0, polls, error } = task;
  return html`<article>${taskHead(task, isAlone)}<p>${
    garmentId === undefined || taskId === undefined ? '' : html`task <code>${taskId}</code>, `
  }${requestId === undefined ? '' : html`request <code>${requestId}</code>, `}${counted(images.length + imagesOmitted, 'image')}${
    imagesOmitted > 0 ? html`, ${String(imagesOmitted)} of them not listed` : ''
  }${polls === undefined ? '' : html`, ${counted(polls, 'poll')}`}</p>${
    error === undefined
      ? ''
      : html`<p class="warn">! ${error.layer} ${error.code}: ${error.message}${
          error.requestId === undefined ? '' : html` (request <code>${error.requestId}</code>)`
        }</p>`
  }${task.notes.map((note) => html`<p class="warn">! ${note}</p>`)}<details open><summary>Timeline</summary>${timelineSection(
    task.timeline,
  )}</details>${subTasksOf(task).map((subTask) => subTaskSection(task, subTask, options))}</article>`;
}

/**
 * Renders a sheet.
 * @param sheet - may hold any text
 * @returns a self-contained HTML document
 */
export function contactSheet(sheet: Sheet, options: ContactSheetOptions = {}): string {
  const { loadImages = false } = options;
  const [only] = sheet.tasks;
  const name = sheet.listingId === undefined ? `Task ${only?.taskId ?? ''}` : `Listing ${sheet.listingId}`;
  const images = sheet.tasks.flatMap((task) => task.images);
  const remote = images.filter((image) => fileOf(image, options) === undefined);
  const loadable = remote.filter(({ imageUrl }) => linkOf(imageUrl) !== undefined).length;
  const omitted = sheet.tasks.reduce((sum, task) => sum + (task.imagesOmitted ?? 0), sheet.imagesOmitted ?? 0);
  const body = html`<header><h1>${name} ${badge(sheet.state)}</h1><p>${counted(images.length + omitted, 'image')} of ${counted(
    sheet.tasks.length,
    'task',
  )}${omitted > 0 ? html`, ${String(omitted)} of them not listed` : ''}; as of <time>${sheet.readAt}</time></p>${
    loadImages || loadable === 0
      ? ''
      : html`<p><button id="load" type="button">Load ${counted(loadable, 'image')}</button> from the URLs below. Until then this page loads nothing from the web.</p>`
  }</header><main>${sheet.tasks.map((task) => taskSection(task, sheet.listingId === undefined, options))}</main>`;
  return page(name, body, { showsFiles: remote.length < images.length });
}
