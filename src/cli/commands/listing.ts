/** `temporal-tryon listing --file <tasks>`. */
import { TryOnInputError } from '../../client/errors.js';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { exitCodes, Interrupted } from '../exit.js';
import { errorLines, followListing } from '../follow-listing.js';
import { counted, stateText } from '../format.js';
import { readListingFile } from '../listing-file.js';
import { readText } from '../read-request.js';

export const run: Run<'listing'> = async ({ options }, context) => {
  const { file, listingId, api, account, timeoutSeconds, minimumImages, detach = false } = options;
  const text = await readText(file, '--file');
  const { input, problems } = readListingFile(
    text,
    defined({ listingId, api, account, timeoutSeconds, minimumImages }),
  );
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
      const result = await followListing(client, input, context);
      output.json(result);
      for (const line of errorLines(result)) output.note(line);
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
