/** `temporal-tryon wait <taskId>`. */
import type { TryOnClient } from '../../client/client.js';
import { readWait, type TryOnWaitStatus, type WaitReading } from '../../client/status.js';
import type { TryOnOutcome, TryOnResultsInput } from '../../contract.js';
import { defined } from '../../defined.js';
import { type Context, type Run, withClient } from '../command.js';
import { exitCodes, Interrupted } from '../exit.js';
import { plain } from '../output.js';
import { startProgress } from '../progress.js';
import { imageLine, outcomeLines } from '../show.js';
import { percentOf, progressLine, progressText, shareDone } from '../wait-progress.js';

/** The bar moves between two polls, since time passes. */
const REDRAW_MS = 1_000;

/** Shows a wait until its end. */
async function follow(
  client: TryOnClient,
  input: TryOnResultsInput,
  { output, signal }: Context,
): Promise<TryOnOutcome> {
  const bar = startProgress(output, { percentOf: 'of such jobs over' });
  const { taskId, expectedImages } = input;
  let images = 0;
  let reading: WaitReading | undefined;
  let status: TryOnWaitStatus | undefined;
  const show = (): void => {
    if (status === undefined) return;
    const progress = { status, images, expectedImages };
    const nowMs = Date.now();
    const text = output.isInteractive ? progressText(progress, nowMs) : progressLine(progress, nowMs);
    bar.update(percentOf(shareDone(progress, nowMs) ?? 0), 100, text);
  };
  const timer = output.isInteractive ? setInterval(show, REDRAW_MS) : undefined;
  try {
    for await (const change of client.events(taskId, { signal })) {
      if (change.kind === 'outcome') return change.outcome;
      if (change.kind === 'ended') throw change.error;
      if (change.kind === 'images') {
        images += change.images.length;
        if (!output.isJson) for (const image of change.images) bar.line(imageLine(image, output.paint));
      }
      if (change.kind === 'note') for (const note of change.notes) bar.note(`! ${plain(note)}`);
      if (change.kind === 'blocked') bar.note(`! blocked: ${plain(change.error.message)}`);
      if (change.kind === 'unblocked') bar.note('goes on');
      if (change.kind === 'status') status = change.status;
      if (change.kind === 'polled' || change.kind === 'images') {
        // A change tells no sub-tasks, and images no polls; the wait itself is asked again only where its history has grown.
        reading = await readWait(client.temporal, taskId, defined({ before: reading }));
        status = reading.status;
      }
      show();
    }
  } finally {
    clearInterval(timer);
    bar.stop();
  }
  throw new Error('the wait ended without a word');
}

export const run: Run<'wait'> = ({ args: [taskId], options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { timeoutSeconds, expectedImages, submittedAt, account } = options;
    const input = defined({ taskId, timeoutSeconds, expectedImages, submittedAt, account });
    try {
      const started = await client.start(input);
      if (started.outcome !== undefined && !output.isJson) {
        for (const image of started.outcome.images) output.line(imageLine(image, output.paint));
      }
      const outcome = started.outcome ?? (await follow(client, input, context));
      output.json(outcome);
      for (const line of outcomeLines(outcome, output.paintNote)) output.note(line);
      return outcome.status === 'finished' ? exitCodes.done : exitCodes.notFinished;
    } catch (error) {
      if (signal.reason instanceof Interrupted) {
        output.note(`the wait goes on; \`temporal-tryon wait ${taskId}\` joins it again, \`cancel\` ends it`);
      }
      throw error;
    }
  });
