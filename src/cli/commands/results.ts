/** `temporal-tryon results [taskId]`. */
import { type Run, withClient } from '../command.js';
import { contactSheet } from '../contact-sheet.js';
import { readListingSheet, readTaskSheet } from '../contact-sheet-reader.js';
import { CliError, exitCodes } from '../exit.js';
import { counted, imageLine, stateText, warningLine } from '../format.js';
import { writeOutputFile } from '../write-file.js';

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
    output.json(sheet);
    if (!output.isJson) {
      for (const task of sheet.tasks) {
        const owner = isListing ? (task.garmentId ?? task.taskId) : undefined;
        for (const image of task.images) output.line(imageLine(image, owner));
      }
    }
    const images = sheet.tasks.reduce((sum, task) => sum + task.images.length, 0);
    const ofTasks = isListing ? ` of ${counted(sheet.tasks.length, 'task')}` : '';
    output.note(`${stateText(sheet.state)}: ${counted(images, 'image')}${ofTasks}`);
    for (const task of sheet.tasks) {
      const { error } = task;
      const notes = error === undefined ? task.notes : [`${error.layer} ${error.code}: ${error.message}`];
      for (const note of notes) output.note(warningLine(isListing ? `task ${task.taskId}: ${note}` : note));
    }
    if (html !== undefined) {
      await writeOutputFile(html, contactSheet(sheet, { loadImages }), force);
      output.note(`the contact sheet is in ${html}`);
    }
    return exitCodes.done;
  });
};
