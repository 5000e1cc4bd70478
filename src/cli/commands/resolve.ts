/** `temporal-tryon resolve <requestId> --task-id <id> | --resubmit | --give-up`. */
import { describeError } from '../../client/errors.js';
import type { ResolveSubmission } from '../../contract.js';
import { resolveRemedy } from '../../job/describe.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';

export const run: Run<'resolve'> = async ({ args: [requestId], options }, context) => {
  const { taskId, resubmit, giveUp } = options;
  const resolutions: ResolveSubmission[] = [
    ...(taskId === undefined ? [] : [{ taskId }]),
    ...(resubmit ? [{ resubmit: true } as const] : []),
    ...(giveUp ? [{ giveUp: true } as const] : []),
  ];
  const [resolution, more] = resolutions;
  if (more !== undefined) throw new CliError('give one of --task-id, --resubmit and --give-up', exitCodes.usage);
  return await withClient(context, async (client) => {
    const status =
      resolution === undefined ? await client.jobs.status(requestId) : await client.jobs.resolve(requestId, resolution);
    const { state, submission, error, api } = status;
    const sent = submission.sentAt === undefined ? '' : `, sent at ${submission.sentAt}`;
    context.output.data(status, [
      `${state}; submission ${submission.state}${sent}${error === undefined ? '' : `; ${describeError(error, api)}`}`,
    ]);
    if (state === 'maybeSubmitted') context.output.note(`next: ${resolveRemedy(requestId)}`);
    return exitCodes.done;
  });
};
