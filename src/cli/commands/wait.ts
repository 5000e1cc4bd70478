/** `temporal-tryon wait <taskId>`. */
import type { TryOnClient } from '../../client/client.js';
import type { TryOnChange } from '../../client/events.js';
import type { TryOnOutcome, TryOnResultsInput } from '../../contract.js';
import { exitCodes, Interrupted } from '../exit.js';
import { plain } from '../output.js';
import type { Context, Run } from '../program.js';
import { startProgress } from '../progress.js';
import { imageLine, lengthOf, outcomeLines } from '../show.js';
import { withClient } from '../with-client.js';

function lookText(change: TryOnChange): string {
  const status = change.kind === 'status' ? change.status : change.kind === 'looked' ? change : undefined;
  if (status === undefined) return '';
  const { polls, vendorStatus = 'not asked yet', pending } = status;
  const inMs = pending?.dueAt === undefined ? undefined : Date.parse(pending.dueAt) - Date.now();
  const next = inMs === undefined || inMs < 0 ? '' : `, next look in ${lengthOf(inMs)}`;
  return `${plain(vendorStatus)}, ${polls} queries${next}`;
}

/** Shows a wait until its end. */
async function follow(
  client: TryOnClient,
  input: TryOnResultsInput,
  { output, signal }: Context,
): Promise<TryOnOutcome> {
  const progress = startProgress(output, 'images');
  let images = 0;
  let text = '';
  try {
    for await (const change of client.events(input.taskId, { signal })) {
      if (change.kind === 'outcome') return change.outcome;
      if (change.kind === 'ended') throw change.error;
      if (change.kind === 'images') {
        images += change.images.length;
        if (!output.isJson) for (const image of change.images) progress.line(imageLine(image, output.paint));
      }
      if (change.kind === 'note') for (const note of change.notes) progress.note(`! ${plain(note)}`);
      if (change.kind === 'blocked') progress.note(`! blocked: ${plain(change.error.message)}`);
      if (change.kind === 'unblocked') progress.note('goes on');
      text = lookText(change) || text;
      progress.update(images, Math.max(images, input.expectedImages ?? images, 1), text);
    }
  } finally {
    progress.stop();
  }
  throw new Error('the wait ended without a word');
}

export const run: Run = ({ args: [taskId = ''], options }, context) =>
  withClient(context, async (client) => {
    const { output, signal } = context;
    const { timeoutSeconds, expectedImages, submittedAt, account } = options;
    const input = {
      taskId,
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      ...(expectedImages === undefined ? {} : { expectedImages }),
      ...(submittedAt === undefined ? {} : { submittedAt }),
      ...(account === undefined ? {} : { account }),
    } as TryOnResultsInput;
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
