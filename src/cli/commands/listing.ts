/** `temporal-tryon listing --file <tasks>`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TryOnClient } from '../../client/client.js';
import { TryOnInputError } from '../../client/errors.js';
import {
  openJobStates,
  type TryOnListingInput,
  type TryOnListingResult,
  type TryOnListingStatus,
} from '../../contract.js';
import { defined } from '../../defined.js';
import { resolveRemedy } from '../../job/describe.js';
import { type Context, type Run, withClient } from '../command.js';
import { exitCodes, Interrupted } from '../exit.js';
import { counted, imageLine, stateText, tally, warningLine } from '../format.js';
import { readListingFile } from '../listing-file.js';
import { startProgressBar } from '../progress-bar.js';
import { readText } from '../read-request.js';

const READ_EVERY_MS = 1_000;

type Image = TryOnListingResult['images'][number];
const ownerOf = ({ garmentId, requestId, taskId }: Image): string => garmentId ?? requestId ?? taskId;
const keyOf = (image: Image): string => JSON.stringify([image.requestId, image.taskId, image.id]);

/** Shows a listing until its end. */
async function follow(
  client: TryOnClient,
  { listingId, tasks: wanted }: TryOnListingInput,
  { output, signal }: Context,
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
  const note = (text: string): void => {
    if (!noted.has(text) && !done.signal.aborted) bar.note(warningLine(text));
    noted.add(text);
  };
  const show = ({ tasks, images, imagesOmitted = 0, warnings = [] }: TryOnListingStatus): void => {
    if (done.signal.aborted) return;
    showImages(images);
    for (const { requestId, state } of tasks) {
      if (state !== 'maybeSubmitted' || requestId === undefined) continue;
      note(`request ${requestId} may have been submitted, and billed; ${resolveRemedy(requestId)}`);
    }
    for (const warning of warnings) note(warning);
    const ids = new Set(tasks.flatMap(({ taskId, requestId }) => [taskId, requestId]));
    const missing = wanted.filter(({ taskId, requestId }) => !ids.has(requestId ?? taskId));
    if (missing.length > 0) note(`the listing ran already, without ${counted(missing.length, 'task')} of the file`);
    const ended = tasks.filter(({ state }) => !open.includes(state)).length;
    const text = `${tally(tasks.map(({ state }) => state))}; ${counted(images.length + imagesOmitted, 'image')}`;
    bar.update(ended, tasks.length, text);
  };
  const showAll = async (): Promise<void> => {
    while (!done.signal.aborted) {
      await client.listings.status(listingId).then(show, (error: Error) => note(error.message));
      await sleep(READ_EVERY_MS, undefined, { signal: done.signal }).catch(() => undefined);
    }
  };
  const showing = showAll();
  try {
    const result = await client.listings.result(listingId, { signal });
    showImages(result.images);
    return result;
  } finally {
    done.abort();
    // Its last reading may take as long as a query; nothing of that is shown.
    showing.catch(() => undefined);
    bar.stop();
  }
}

export const run: Run<'listing'> = async ({ options }, context) => {
  const { file, listingId, account, timeoutSeconds, minimumImages, detach = false } = options;
  const text = await readText(file, '--file');
  const { input, problems } = readListingFile(text, defined({ listingId, account, timeoutSeconds, minimumImages }));
  if (problems !== undefined) throw new TryOnInputError(problems);
  return await withClient(context, async (client) => {
    const { output, signal } = context;
    const started = await client.listings.start(input);
    if (detach) {
      output.data(started, [`listing ${started.listingId}`]);
      return exitCodes.done;
    }
    output.note(`listing ${started.listingId}`);
    try {
      const result = await follow(client, input, context);
      output.json(result);
      for (const { status, taskId, requestId, error } of result.outcomes) {
        if (error === undefined) continue;
        const name = requestId === undefined ? `task ${taskId}` : `request ${requestId}`;
        output.note(warningLine(`${name}: ${status}, ${error.layer} ${error.code}: ${error.message}`));
      }
      const { status, images, imagesOmitted = 0, outcomes } = result;
      const count = counted(images.length + imagesOmitted, 'image');
      output.note(`${stateText(status)}: ${count} of ${counted(outcomes.length, 'task')}`);
      return status === 'complete' ? exitCodes.done : exitCodes.notFinished;
    } catch (error) {
      if (signal.reason instanceof Interrupted) {
        output.note('the listing goes on; the same command joins it again');
      }
      throw error;
    }
  });
};
