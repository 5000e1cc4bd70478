/** `temporal-tryon results [taskId]`. */
import { type Run, withClient } from '../command.js';
import { contactSheet, type SheetTask } from '../contact-sheet.js';
import { readableArchives, readListingSheet, readTaskSheet } from '../contact-sheet-reader.js';
import { CliError, exitCodes } from '../exit.js';
import { counted, imageLine, stateText, warningLine } from '../format.js';
import { writeOutputFile } from '../write-file.js';

const nameOf = ({ taskId, requestId }: Pick<SheetTask, 'taskId' | 'requestId'>): string =>
  taskId === undefined ? `request ${requestId}` : `task ${taskId}`;

export const run: Run<'results'> = ({ args: [taskId], options }, context) => {
  const { listing, html, loadImages = false, force = false } = options;
  const id = taskId === undefined ? listing : listing === undefined ? taskId : undefined;
  if (id === undefined) {
    throw new CliError('give a task id, or a listing with --listing <listingId>', exitCodes.usage);
  }
  if (html === undefined && (loadImages || force)) {
    throw new CliError('--load-images and --force are for a contact sheet; add --html <file.html>', exitCodes.usage);
  }
  return withClient(context, async (client) => {
    const { output, signal } = context;
    const isListing = listing !== undefined;
    const sheet = isListing ? await readListingSheet(client, id, signal) : await readTaskSheet(client, id);
    const lines = sheet.tasks.flatMap(({ taskId, requestId, garmentId = requestId ?? taskId, images }) =>
      images.map((image) => imageLine(image, isListing ? garmentId : undefined)),
    );
    output.data(sheet, lines);
    const ofTasks = isListing ? ` of ${counted(sheet.tasks.length, 'task')}` : '';
    output.note(`${stateText(sheet.state)}: ${counted(lines.length, 'image')}${ofTasks}`);
    for (const task of sheet.tasks) {
      const { error } = task;
      const notes = error === undefined ? task.notes : [`${error.layer} ${error.code}: ${error.message}`];
      for (const note of notes) output.note(warningLine(isListing ? `${nameOf(task)}: ${note}` : note));
    }
    if (html !== undefined) {
      const readable = await readableArchives(sheet);
      await writeOutputFile(html, contactSheet(sheet, { loadImages, readable }), force);
      const archived = readable.size === 0 ? '' : `, with ${counted(readable.size, 'image')} of the archive`;
      output.note(`the contact sheet is in ${html}${archived}`);
    }
    return exitCodes.done;
  });
};
