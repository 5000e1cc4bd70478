/**
 * A contact sheet: the images of a task or a listing as one HTML file. Pure. All text from outside is hostile: the template escapes it,
 * only http and https URLs and the files of archived images become links, and the page's policy runs no script but its own.
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
  readonly taskId: string;
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

/** The `file:` URL of an archived image; `undefined` for one in another store, on another host, or not archived. */
export function archivedFile({ archived }: TryOnImage): string | undefined {
  if (archived === undefined || !URL.canParse(archived.location)) return undefined;
  const { protocol, hostname, href } = new URL(archived.location);
  return protocol === 'file:' && hostname === '' ? href : undefined;
}

function figure(image: TryOnImage, number: number, loadImages: boolean): Html {
  // An archived image is there after the vendor's URL has died.
  const link = archivedFile(image) ?? linkOf(image.imageUrl);
  // An image without a link says so already.
  const concerns = imageUrlConcerns(image.imageUrl).filter((one) => one !== 'scheme' && one !== 'unreadable');
  const alt = `Image ${number} of sub-task ${image.subTask}`;
  const picture =
    link === undefined
      ? html`<div class="frame">not a web address</div>`
      : html`<a class="frame" href="${link}" target="_blank" rel="noopener noreferrer">${
          loadImages
            ? html`<img src="${link}" alt="${alt}" referrerpolicy="no-referrer">`
            : html`<img data-src="${link}" alt="${alt}" referrerpolicy="no-referrer">`
        }</a>`;
  return html`<figure>${picture}<figcaption><b>${String(number)}</b> <span class="size">${
    link === undefined ? '' : 'size unknown until loaded'
  }</span><code class="url">${image.imageUrl}</code>${concerns.map(
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
  loadImages: boolean,
): Html {
  const images = task.images.filter((image) => image.subTask === subTask.index);
  const clothes = [...new Set(images.map((image) => image.clothes).filter((text) => text !== undefined))];
  const { status, vendorStatus } = subTask;
  return html`<section><h3>Sub-task ${String(subTask.index)} ${badge(status ?? 'unknown')}</h3><p>${counted(
    images.length,
    'image',
  )}${vendorStatus === undefined ? '' : html`; the vendor says <q>${vendorStatus}</q>`}${clothes.map(
    (text) => html`; clothes <code>${text}</code>`,
  )}</p><div class="grid">${images.map((image, k) => figure(image, k + 1, loadImages))}</div></section>`;
}

const good = ['finished', 'complete'];
const open = ['waiting', 'submitted', 'running'];
const mixed = ['partial', 'timeout', 'blocked', 'incomplete', 'unknown'];

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
function taskHead({ garmentId, taskId, state }: SheetTask, isAlone: boolean): Html | string {
  if (isAlone) return garmentId === undefined ? '' : html`<h2>${garmentId}</h2>`;
  return html`<h2>${garmentId ?? `Task ${taskId}`} ${badge(state)}</h2>`;
}

function taskSection(task: SheetTask, isAlone: boolean, loadImages: boolean): Html {
  const { garmentId, taskId, images, imagesOmitted = 0, polls, error } = task;
  return html`<article>${taskHead(task, isAlone)}<p>${
    garmentId === undefined ? '' : html`task <code>${taskId}</code>, `
  }${counted(images.length + imagesOmitted, 'image')}${
    imagesOmitted > 0 ? html`, ${String(imagesOmitted)} of them not listed` : ''
  }${polls === undefined ? '' : html`, ${counted(polls, 'poll')}`}</p>${
    error === undefined
      ? ''
      : html`<p class="warn">! ${error.layer} ${error.code}: ${error.message}${
          error.requestId === undefined ? '' : html` (request <code>${error.requestId}</code>)`
        }</p>`
  }${task.notes.map((note) => html`<p class="warn">! ${note}</p>`)}<details open><summary>Timeline</summary>${timelineSection(
    task.timeline,
  )}</details>${subTasksOf(task).map((subTask) => subTaskSection(task, subTask, loadImages))}</article>`;
}

/**
 * Renders a sheet.
 * @param sheet - may hold any text
 * @returns a self-contained HTML document
 */
export function contactSheet(sheet: Sheet, { loadImages = false }: ContactSheetOptions = {}): string {
  const [only] = sheet.tasks;
  const name = sheet.listingId === undefined ? `Task ${only?.taskId ?? ''}` : `Listing ${sheet.listingId}`;
  const images = sheet.tasks.flatMap((task) => task.images);
  const loadable = images.filter((image) => (archivedFile(image) ?? linkOf(image.imageUrl)) !== undefined).length;
  const omitted = sheet.tasks.reduce((sum, task) => sum + (task.imagesOmitted ?? 0), sheet.imagesOmitted ?? 0);
  const body = html`<header><h1>${name} ${badge(sheet.state)}</h1><p>${counted(images.length + omitted, 'image')} of ${counted(
    sheet.tasks.length,
    'task',
  )}${omitted > 0 ? html`, ${String(omitted)} of them not listed` : ''}; as of <time>${sheet.readAt}</time></p>${
    loadImages || loadable === 0
      ? ''
      : html`<p><button id="load" type="button">Load ${counted(loadable, 'image')}</button> from the URLs below. Until then this page loads nothing.</p>`
  }</header><main>${sheet.tasks.map((task) => taskSection(task, sheet.listingId === undefined, loadImages))}</main>`;
  return page(name, body);
}
