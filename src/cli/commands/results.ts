/** `temporal-tryon results [taskId]`. */
import { writeFile } from 'node:fs/promises';
import { contactSheet } from '../../client/contact-sheet.js';
import { readListingSheet, readTaskSheet } from '../../client/contact-sheet-data.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { mapWithConcurrency } from '../map-with-concurrency.js';
import { plain } from '../output.js';
import { counted, imageLine, stateText } from '../show.js';

/** Writes a file that must be new, unless `isForced`. */
async function write(file: string, text: string, isForced: boolean): Promise<void> {
  await writeFile(file, text, { flag: isForced ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      error.code === 'EEXIST'
        ? `${file} is there already; give another name, or --force to overwrite it`
        : `cannot write ${file} (${error.code}); give a path that can be written`,
    );
  });
}

export const run: Run<'results'> = ({ args: [taskId], options }, context) => {
  const { listing, html, loadImages = false, force = false } = options;
  const id = taskId === undefined ? listing : listing === undefined ? taskId : undefined;
  if (id === undefined) {
    throw new CliError('give a task id, or a listing with --listing <listingId>', exitCodes.usage);
  }
  if (html === undefined && (loadImages || force)) {
    throw new CliError('--load-images and --force are for a sheet; give --html <file.html> too', exitCodes.usage);
  }
  return withClient(context, async (client) => {
    const { output, signal } = context;
    const sheet =
      taskId === undefined
        ? await readListingSheet(client, id, Date.now(), (items, work) =>
            mapWithConcurrency(items, (item) => {
              signal.throwIfAborted();
              return work(item);
            }),
          )
        : await readTaskSheet(client, id, Date.now());
    output.json(sheet);
    if (!output.isJson) {
      for (const task of sheet.tasks) {
        const of = sheet.listingId === undefined ? '' : (task.garmentId ?? task.taskId);
        for (const image of task.images) output.line(imageLine(image, output.paint, of));
      }
    }
    const images = sheet.tasks.reduce((sum, task) => sum + task.images.length, 0);
    const tasks = sheet.listingId === undefined ? '' : ` of ${counted(sheet.tasks.length, 'task')}`;
    output.note(`${stateText(sheet.state, output.paintNote)}: ${counted(images, 'image')}${tasks}`);
    for (const { taskId: id, error, notes } of sheet.tasks) {
      const of = sheet.listingId === undefined ? '' : `task ${plain(id)}: `;
      const told = error === undefined ? notes : [`${error.layer} ${error.code}: ${error.message}`];
      for (const note of told) output.note(`${output.paintNote.yellow('!')} ${of}${plain(note)}`);
    }
    if (html !== undefined) {
      await write(html, contactSheet(sheet, { loadImages }), force);
      output.note(`the contact sheet is in ${html}`);
    }
    return exitCodes.done;
  });
};
