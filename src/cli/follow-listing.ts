/** Shows a listing until its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TryOnClient } from '../client/client.js';
import {
  openJobStates,
  type TryOnListingInput,
  type TryOnListingResult,
  type TryOnListingStatus,
} from '../contract.js';
import { resolveRemedy } from '../job/describe.js';
import type { Context } from './command.js';
import { counted, imageLine, tally, warningLine } from './format.js';
import { paint } from './output.js';
import { startProgressBar } from './progress-bar.js';

const READ_EVERY_MS = 1_000;

type Image = TryOnListingResult['images'][number];
const ownerOf = ({ garmentId, requestId, taskId }: Image): string => garmentId ?? requestId ?? taskId;
const keyOf = (image: Image): string => JSON.stringify([image.requestId, image.taskId, image.id]);

/**
 * Shows the progress, the images and the task ids of a listing until its end. The listing goes on if it is interrupted.
 * @param input - what the listing was started with
 * @param everyMs - time between two queries of its status; default 1000
 * @returns its result
 */
export async function followListing(
  client: TryOnClient,
  { listingId, tasks: wanted }: TryOnListingInput,
  { output, signal }: Context,
  everyMs = READ_EVERY_MS,
): Promise<TryOnListingResult> {
  const bar = startProgressBar(output, { count: 'tasks' });
  const done = new AbortController();
  const shown = new Set<string>();
  const noted = new Set<string>();
  const open: readonly string[] = openJobStates;
  const showImages = (images: readonly Image[]): void => {
    for (const image of images.filter((one) => !shown.has(keyOf(one)))) {
      shown.add(keyOf(image));
      if (!output.isJson) bar.line(imageLine(image, ownerOf(image)));
    }
  };
  const note = (line: string): void => {
    if (!noted.has(line)) bar.note(line);
    noted.add(line);
  };
  const warn = (text: string): void => {
    if (!done.signal.aborted) note(warningLine(text));
  };
  const showSubmitted = (tasks: readonly { requestId?: string | undefined; taskId?: string | undefined }[]): void => {
    for (const { requestId, taskId } of tasks) {
      if (requestId === undefined || taskId === undefined) continue;
      const { garmentId = requestId } = wanted.find((task) => task.requestId === requestId) ?? {};
      note(`submitted ${paint.bold(garmentId)} as task ${taskId}`);
    }
  };
  const show = ({ tasks, images, imagesOmitted = 0, warnings = [] }: TryOnListingStatus): void => {
    if (done.signal.aborted) return;
    showSubmitted(tasks);
    showImages(images);
    for (const { requestId, state } of tasks) {
      if (state !== 'maybeSubmitted' || requestId === undefined) continue;
      warn(`request ${requestId} may have been submitted, and billed; ${resolveRemedy(requestId)}`);
    }
    for (const warning of warnings) warn(warning);
    const ids = new Set(tasks.flatMap(({ taskId, requestId }) => [taskId, requestId]));
    const missing = wanted.filter(({ taskId, requestId }) => !ids.has(requestId ?? taskId));
    if (missing.length > 0) warn(`the listing ran already, without ${counted(missing.length, 'task')} of the file`);
    const ended = tasks.filter(({ state }) => !open.includes(state)).length;
    const text = `${tally(tasks.map(({ state }) => state))}; ${counted(images.length + imagesOmitted, 'image')}`;
    bar.update(ended, tasks.length, text);
  };
  const showAll = async (): Promise<void> => {
    while (!done.signal.aborted) {
      await client.listings.status(listingId).then(show, (error: Error) => warn(error.message));
      await sleep(everyMs, undefined, { signal: done.signal }).catch(() => undefined);
    }
  };
  const showing = showAll();
  try {
    const result = await client.listings.result(listingId, { signal });
    showSubmitted(result.outcomes);
    showImages(result.images);
    return result;
  } finally {
    done.abort();
    // Its last reading may take as long as a query; nothing of that is shown.
    showing.catch(() => undefined);
    bar.stop();
  }
}

/** A line for each task of a listing that ended with an error. */
export const errorLines = ({ outcomes }: TryOnListingResult): string[] =>
  outcomes.flatMap(({ status, taskId, requestId, error }) => {
    if (error === undefined) return [];
    const name = requestId === undefined ? `task ${taskId}` : `request ${requestId}`;
    return [warningLine(`${name}: ${status}, ${error.layer} ${error.code}: ${error.message}`)];
  });
