/**
 * A contact sheet: the images of a task or a listing as one HTML file, for people. Pure. Whatever came from outside is hostile text: it is
 * escaped by the template, only http and https addresses become links, and the page's policy lets nothing run but its own script.
 */
import type { SubTask, TryOnError, TryOnImage } from '../contract.js';
import { type Html, html, page } from './contact-sheet-page.js';
import { type ImageUrlConcern, imageUrlConcernDescriptions, imageUrlConcerns } from './image-url.js';

/** Something that is known to have happened, or is expected, at a time. */
export interface SheetMoment {
  /** RFC 3339. */
  readonly at: string;
  readonly what: string;
  readonly kind: 'poll' | 'state' | 'end' | 'expected';
}

/** One task on a sheet. */
export interface SheetTask {
  readonly taskId: string;
  readonly garmentId?: string;
  readonly state: string;
  readonly images: readonly TryOnImage[];
  readonly subTasks: readonly SubTask[];
  /** More images that are not listed here. */
  readonly imagesOmitted?: number;
  readonly polls?: number;
  readonly error?: TryOnError;
  /** By time. Polls that brought nothing leave no trace but their number. */
  readonly moments: readonly SheetMoment[];
  readonly notes: readonly string[];
}

/** What a sheet shows; plain JSON. */
export interface Sheet {
  /** Absent for a single task. */
  readonly listingId?: string;
  readonly state: string;
  /** When all this was read, RFC 3339. */
  readonly readAt: string;
  readonly tasks: readonly SheetTask[];
  readonly imagesOmitted?: number;
}

/** How a sheet is made. */
export interface ContactSheetOptions {
  /** Load the images as the page opens; default: once a button is pressed. */
  readonly loadImages?: boolean;
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** The address as a link's, where it may be one. */
export function linkOf(imageUrl: string): string | undefined {
  try {
    const { protocol, href } = new URL(imageUrl);
    return protocol === 'http:' || protocol === 'https:' ? href : undefined;
  } catch {
    return undefined;
  }
}

/** Told of each image but for what is told by its not being a link. */
const told = (concern: ImageUrlConcern): boolean => concern !== 'scheme' && concern !== 'unreadable';

function figure(image: TryOnImage, number: number, loadImages: boolean): Html {
  const link = linkOf(image.imageUrl);
  const concerns = imageUrlConcerns(image.imageUrl).filter(told);
  const alt = `Image ${number} of sub-task ${image.subTask}`;
  const picture =
    link === undefined
      ? html`<div class="frame">no web address</div>`
      : html`<a class="frame" href="${link}" target="_blank" rel="noopener noreferrer">${
          loadImages
            ? html`<img src="${link}" alt="${alt}" referrerpolicy="no-referrer">`
            : html`<img data-src="${link}" alt="${alt}" referrerpolicy="no-referrer">`
        }</a>`;
  return html`<figure>${picture}<figcaption><b>${String(number)}</b> <span class="size">${
    link === undefined ? '' : 'size not known before it is loaded'
  }</span><code class="url">${image.imageUrl}</code>${concerns.map(
    (concern) => html`<span class="warn">! ${imageUrlConcernDescriptions[concern]}</span>`,
  )}</figcaption></figure>`;
}

/** Sub-tasks in order, those too of which only images are known. */
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

/** The time line as a picture and as a list. */
function timeLine(moments: readonly SheetMoment[]): Html {
  const known = moments
    .map((moment) => ({ ...moment, ms: Date.parse(moment.at) }))
    .filter(({ ms }) => !Number.isNaN(ms))
    .sort((one, other) => one.ms - other.ms);
  const [first, last] = [known.at(0), known.at(-1)];
  if (first === undefined || last === undefined) return html`<p>No poll is known.</p>`;
  const x = (ms: number): string =>
    (lineLeft + ((lineRight - lineLeft) * (ms - first.ms)) / Math.max(1, last.ms - first.ms)).toFixed(1);
  return html`<svg class="line" viewBox="0 0 1000 40" role="img" aria-label="Time line of polls"><line x1="${String(
    lineLeft,
  )}" x2="${String(lineRight)}" y1="20" y2="20"/>${known.map(
    ({ ms, what, kind }) =>
      html`<circle class="${kind}" cx="${x(ms)}" cy="20" r="${kind === 'poll' ? '8' : '5'}"><title>${what}, ${seconds(
        ms - first.ms,
      )}</title></circle>`,
  )}</svg><table class="moments">${known.map(
    ({ at, ms, what, kind }) =>
      html`<tr class="${kind}"><td>${seconds(ms - first.ms)}</td><td><time>${at}</time></td><td>${what}</td></tr>`,
  )}</table>`;
}

/** The only task of a sheet that is no listing's is named by the sheet's own head. */
function taskHead({ garmentId, taskId, state }: SheetTask, isAlone: boolean): Html | string {
  if (isAlone) return garmentId === undefined ? '' : html`<h2>${garmentId}</h2>`;
  return html`<h2>${garmentId ?? `Task ${taskId}`} ${badge(state)}</h2>`;
}

function taskSection(task: SheetTask, isAlone: boolean, loadImages: boolean): Html {
  const { garmentId, taskId, images, imagesOmitted = 0, polls, error } = task;
  return html`<article>${taskHead(task, isAlone)}<p>${
    garmentId === undefined ? '' : html`task <code>${taskId}</code>, `
  }${counted(images.length + imagesOmitted, 'image')}${
    imagesOmitted > 0 ? html`, ${String(imagesOmitted)} of them too many to be listed` : ''
  }${polls === undefined ? '' : html`, asked ${polls === 1 ? 'once' : `${polls} times`}`}</p>${
    error === undefined
      ? ''
      : html`<p class="warn">! ${error.layer} ${error.code}: ${error.message}${
          error.requestId === undefined ? '' : html` (request <code>${error.requestId}</code>)`
        }</p>`
  }${task.notes.map((note) => html`<p class="warn">! ${note}</p>`)}<details open><summary>Time line</summary>${timeLine(
    task.moments,
  )}</details>${subTasksOf(task).map((subTask) => subTaskSection(task, subTask, loadImages))}</article>`;
}

/**
 * Makes the sheet.
 * @param sheet - what there is by now; texts as the vendor gave them
 * @returns a whole HTML document in UTF-8 that needs no other file
 */
export function contactSheet(sheet: Sheet, { loadImages = false }: ContactSheetOptions = {}): string {
  const [only] = sheet.tasks;
  const name = sheet.listingId === undefined ? `Task ${only?.taskId ?? ''}` : `Listing ${sheet.listingId}`;
  const images = sheet.tasks.flatMap((task) => task.images);
  const loadable = images.filter(({ imageUrl }) => linkOf(imageUrl) !== undefined).length;
  const omitted = sheet.tasks.reduce((sum, task) => sum + (task.imagesOmitted ?? 0), sheet.imagesOmitted ?? 0);
  const body = html`<header><h1>${name} ${badge(sheet.state)}</h1><p>${counted(images.length + omitted, 'image')} of ${counted(
    sheet.tasks.length,
    'task',
  )}${omitted > 0 ? html`, ${String(omitted)} of them not listed` : ''}; as of <time>${sheet.readAt}</time></p>${
    loadImages || loadable === 0
      ? ''
      : html`<p><button id="load" type="button">Load ${counted(loadable, 'image')}</button> from the addresses below. Until then this page asks nobody for anything.</p>`
  }</header><main>${sheet.tasks.map((task) => taskSection(task, sheet.listingId === undefined, loadImages))}</main>`;
  return page(name, body);
}
