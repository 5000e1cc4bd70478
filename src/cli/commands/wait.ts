/** `temporal-tryon wait <taskId>`. */
import type { TryOnClient } from '../../client/client.js';
import type { TryOnWaitStatus } from '../../client/status.js';
import type { TryOnOutcome } from '../../contract.js';
import { defined } from '../../defined.js';
import { type Context, type Run, withClient } from '../command.js';
import { exitCodes, Interrupted } from '../exit.js';
import { imageLine, outcomeLines, warningLine } from '../format.js';
import { startProgressBar } from '../progress-bar.js';
import { percentOf, progressLine, progressText, shareDone } from '../wait-progress.js';

/** The bar moves between two polls, because it shows a share that grows with time. */
const REDRAW_MS = 1_000;

/** Shows a wait until its end. */
async function follow(
  client: TryOnClient,
  taskId: string,
  expectedImages: number | undefined,
  { output, signal }: Context,
): Promise<TryOnOutcome> {
  const bar = startProgressBar(output, { percentOf: 'of similar tasks done' });
  let images = 0;
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
      status = change.status;
      switch (change.kind) {
        case 'outcome':
          return change.outcome;
        case 'ended':
          throw change.error;
        case 'images':
          images += change.images.length;
          if (!output.isJson) for (const image of change.images) bar.line(imageLine(image));
          break;
        case 'note':
          for (const note of change.notes) bar.note(warningLine(note));
          break;
        case 'blocked':
          bar.note(warningLine(`blocked: ${change.error.message}`));
          break;
        case 'unblocked':
          bar.note('no longer blocked');
          break;
      }
      show();
    }
  } finally {
    clearInterval(timer);
    bar.stop();
  }
  throw new Error('the wait ended without an outcome');
}

export const run: Run<'wait'> = ({ args: [taskId], options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { timeoutSeconds, expectedImages, submittedAt, account, api, cancelTask } = options;
    try {
      const input = defined({ taskId, api, timeoutSeconds, expectedImages, submittedAt, account, cancelTask });
      const started = await client.start(input);
      if (started.outcome !== undefined && !output.isJson) {
        for (const image of started.outcome.images) output.line(imageLine(image));
      }
      const outcome = started.outcome ?? (await follow(client, taskId, expectedImages, context));
      output.json(outcome);
      for (const line of outcomeLines(outcome)) output.note(line);
      return outcome.status === 'finished' ? exitCodes.done : exitCodes.notFinished;
    } catch (error) {
      if (signal.reason instanceof Interrupted) {
        output.note(`the wait goes on; \`temporal-tryon wait ${taskId}\` joins it again, \`cancel\` ends it`);
      }
      throw error;
    }
  });
