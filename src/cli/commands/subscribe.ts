/** `temporal-tryon subscribe <taskId>`, and its undo with `--remove`. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { TryOnClient } from '../../client/client.js';
import { defaults } from '../../contract.js';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { plain } from '../output.js';
import { counted, stateText } from '../show.js';

/** Whether a workflow runs that can be told. Where the server does not say, it is taken to. */
async function isRunning({ temporal }: TryOnClient, workflowId: string, runId?: string): Promise<boolean> {
  try {
    const { status } = await temporal.workflow.getHandle(workflowId, runId).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    return !(error instanceof WorkflowNotFoundError);
  }
}

export const run: Run<'subscribe'> = ({ args: [taskId], options }, context) => {
  const { workflowId, runId, signal, timeoutSeconds, remove = false } = options;
  const who = defined({ workflowId, signal });
  const more = defined({ runId, timeoutSeconds });
  if (remove && Object.keys(more).length > 0) {
    throw new CliError('--remove goes by --workflow-id and --signal; leave the other options out', exitCodes.usage);
  }
  return withClient(context, async (client) => {
    const { output } = context;
    const status = remove ? await client.unsubscribe(taskId, who) : await client.subscribe(taskId, { ...who, ...more });
    output.json(status);
    if (!remove && !(await isRunning(client, who.workflowId, more.runId))) {
      const run = more.runId === undefined ? '' : ` with run ${plain(more.runId)}`;
      output.note(
        `${output.paintNote.yellow('!')} no workflow ${plain(who.workflowId)}${run} is running in ${client.temporal.options.namespace}; ` +
          'it is subscribed all the same, and told if it runs by then',
      );
    }
    if (output.isJson) return exitCodes.done;
    const name = `${plain(who.workflowId)} (signal ${plain(who.signal ?? defaults.signal)})`;
    const { state, images, imagesOmitted = 0, subscribers } = status;
    output.line(
      `${name} is ${remove ? 'not told any more' : 'told'} of task ${plain(taskId)}: ${stateText(state, output.paint)}, ` +
        `${counted(images.length + imagesOmitted, 'image')} so far, ${counted(subscribers.length, 'subscriber')}`,
    );
    return exitCodes.done;
  });
};
